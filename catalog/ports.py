"""What the rest of the house may ask of the product index; `catalog.elastic` answers for real, tests with a fake."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, Protocol

from catalog.filters import Filters
from catalog.rules import Rule
from catalog.similarity import Vectors
from catalog.space import Space

FACETS = (
    "available",
    "category",
    "brand",
    "color",
    "color_family",
    "pattern",
    "material",
    "gender",
    "age_group",
    "size",
    "price",
)
SORTS = ("id", "-id", "price", "-price", "updated_at", "-updated_at", "title", "-title", "relevance")
IN_STOCK_NEWEST = "in_stock_newest"  # available ones first, then most recently updated; not for shoppers
MAX_WINDOW = 1000  # limit + offset


@dataclass(frozen=True, slots=True)
class StoredProduct:
    """A product as it is in the index, without vectors; `seq_no` and `primary_term` condition a write on it."""

    id: str
    source: Mapping[str, Any]
    seq_no: int
    primary_term: int


@dataclass(frozen=True, slots=True)
class Part:
    """One space of a query over several: its vector (float32 [space.dims], unit length) and its weight."""

    space: Space
    vector: Vectors
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class SimilarQuery:
    """Nearest products to `vector` (float32 [space.dims], unit length) among those that pass `filters`.

    With `more` parts the score is the weighted mean of the cosines, over products that have a vector in every space.
    `group_size` above 0 collapses hits by `group_key` and puts up to that many of each group into `Hit.group`.
    What passes any of `exclude_filters` is left out; `only_ids` and `only_groups`, where given, leave out the rest.
    """

    space: Space
    vector: Vectors
    filters: Filters = Filters()
    limit: int = 10
    offset: int = 0
    exclude_ids: tuple[str, ...] = ()
    exclude_groups: tuple[str, ...] = ()
    exclude_filters: tuple[Filters, ...] = ()
    only_ids: tuple[str, ...] | None = None
    only_groups: tuple[str, ...] | None = None
    score_threshold: float | None = None
    fields: tuple[str, ...] | None = None
    facets: tuple[str, ...] = ()
    total: bool = False
    weight: float = 1.0
    more: tuple[Part, ...] = ()
    exact: bool = False
    group_size: int = 0
    with_vectors: bool = False

    @property
    def parts(self) -> tuple[Part, ...]:
        """All spaces of the query."""
        return (Part(self.space, self.vector, self.weight), *self.more)


@dataclass(frozen=True, slots=True)
class Hit:
    """One similar product; `score` is the raw cosine, -1 to 1, and None where there was nothing to compare with.

    `group` has the best hits of its group where groups were asked for, `vectors` one per space where asked for.
    """

    id: str
    score: float | None
    product: Mapping[str, Any]
    group: Sequence["Hit"] | None = None
    vectors: Mapping[str, Vectors] | None = None


@dataclass(frozen=True, slots=True)
class FacetValue:
    value: str | bool
    count: int


@dataclass(frozen=True, slots=True)
class Plan:
    """How a similar query ran: `candidates` is the number of products it scored, where that is known."""

    strategy: Literal["exact", "knn", "fallback"]
    reason: str
    candidates: int | None = None


@dataclass(frozen=True, slots=True)
class SimilarPage:
    hits: Sequence[Hit]
    plan: Plan
    total: int | None = None
    facets: Mapping[str, Any] | None = None
    server_ms: float = 0.0  # Elasticsearch's own `took`


@dataclass(frozen=True, slots=True)
class BrowseQuery:
    """Products that pass `filters` and `within`, and match `q`, where given, in the title.

    Sorted by one of SORTS or by IN_STOCK_NEWEST. The `exclude_*` leave out what they name or what passes them.
    """

    filters: Filters = Filters()
    q: str | None = None
    sort: str = "id"
    limit: int = 20
    offset: int = 0
    fields: tuple[str, ...] | None = None
    facets: tuple[str, ...] = ()
    within: Filters = Filters()
    exclude_ids: tuple[str, ...] = ()
    exclude_groups: tuple[str, ...] = ()
    exclude_filters: tuple[Filters, ...] = ()


@dataclass(frozen=True, slots=True)
class BrowsePage:
    products: Sequence[Mapping[str, Any]]
    total: int
    facets: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class SpaceStatus:
    """How far a model has come: every product with a photo is in one of the four counts."""

    space: Space
    done: int
    pending: int
    retry: int
    failed: Mapping[str, int]  # by reason
    retry_reasons: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class CatalogStatus:
    products: int
    with_image: int
    available: int
    spaces: Sequence[SpaceStatus]
    index: str


@dataclass(frozen=True, slots=True)
class Pending:
    """A product whose photo has no embedding in a space yet, or a retry that is due."""

    product_id: str
    image_url: str
    attempts: int = 0
    etag: str | None = None


EmbeddingStatus = Literal["done", "failed", "retry"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one photo: `vector` (float32 [dims], unit length) when `status` is done, else a `reason`."""

    product_id: str
    image_url: str
    status: EmbeddingStatus
    vector: Vectors | None = None
    image_sha256: str | None = None
    reason: str | None = None
    attempts: int = 1
    next_try_at: datetime | None = None
    etag: str | None = None


class Written(StrEnum):
    """What the index made of an outcome."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    MOVED = "moved"  # the product has another photo by now; it stays unprocessed
    GONE = "gone"  # the product was deleted meanwhile
    REFUSED = "refused"  # Elasticsearch would not take it; see the message


@dataclass(frozen=True, slots=True)
class WriteResult:
    outcome: Outcome
    result: Written
    message: str = ""


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One line of `feature_history`, keyed by (image_url, space)."""

    image_url: str
    space: Space
    snapshot_date: datetime
    product_ids: tuple[str, ...]
    status: EmbeddingStatus
    reason: str | None
    attempts: int
    run_id: str


@dataclass(frozen=True, slots=True)
class Change:
    """A write to one product: `source` is the whole new document without `embedding`, None deletes it.

    It happens only if the product still is at (`seq_no`, `primary_term`); without them only if it does not exist yet.
    `embedding` is kept unless `image_url` differs from the stored one.
    """

    id: str
    source: Mapping[str, Any] | None
    keep_embedding: bool = True
    seq_no: int | None = None
    primary_term: int | None = None


@dataclass(frozen=True, slots=True)
class ChangeResult:
    change: Change
    status: Literal["created", "updated", "deleted", "conflict", "failed"]
    message: str = ""


Embedded = Mapping[str, tuple[StoredProduct, Mapping[str, Vectors]]]  # id -> product, its vector by space name


class SearchPort(Protocol):
    """What is asked to answer a shopper."""

    def ping(self) -> None: ...  # a tiny search; raises Unavailable
    def get(self, product_id: str) -> StoredProduct | None: ...
    def get_vectors(self, ids: Sequence[str], spaces: Sequence[Space]) -> Embedded: ...
    def similar(self, query: SimilarQuery) -> SimilarPage: ...
    def browse(self, query: BrowseQuery) -> BrowsePage: ...
    def status(self) -> CatalogStatus: ...
    def spaces(self) -> Sequence[Space]: ...
    def promoted(self) -> str | None: ...  # name of the space the newest promotion names
    def rules(self) -> Sequence[Rule]: ...  # remembered for seconds; none where there is no index of them


class RulePort(Protocol):
    """What those ask who write merchandising rules."""

    def list_rules(self) -> Sequence[Rule]: ...  # as they are this moment, by id
    def put_rule(self, rule: Rule) -> None: ...  # raises InvalidRule when there are too many
    def delete_rule(self, rule_id: str) -> bool: ...  # False when there was none


class ShopPort(SearchPort, RulePort, Protocol):
    """All that the API asks."""


class EmbeddingPort(Protocol):
    """What the ETL asks."""

    def ensure_space(self, space: Space) -> None: ...  # adds its mapping; refuses other dims
    def count_unprocessed(self, space: Space) -> int: ...
    def unprocessed(
        self, space: Space, limit: int | None = None
    ) -> Iterator[Pending]: ...  # point in time, refreshed
    def write_outcomes(self, space: Space, outcomes: Sequence[Outcome]) -> list[WriteResult]: ...
    def append_history(self, entries: Iterable[HistoryEntry]) -> None: ...
    def refresh(self) -> None: ...
    def space_status(self, space: Space) -> SpaceStatus: ...
    def make_due(self, space: Space, statuses: Sequence[str], reasons: Sequence[str] = ()) -> int: ...  # `etl retry`


class ProductPort(Protocol):
    """What the importer asks."""

    def create(self) -> str: ...  # the index and its alias, if there are none; returns the concrete name
    def get_many(self, ids: Sequence[str]) -> dict[str, StoredProduct]: ...
    def write(self, changes: Sequence[Change]) -> list[ChangeResult]: ...
    def ids(self) -> Iterator[str]: ...  # every product id, in id order
    def count(self) -> int: ...
    def refresh(self) -> None: ...
