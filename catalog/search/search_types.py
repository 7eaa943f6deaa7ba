"""What can be asked of the product index, and what it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from catalog.domain.filters import Filters
from catalog.domain.space import Space
from catalog.domain.warnings import AnswerWarning
from catalog.mapping import VERSION
from catalog.similarity import Vectors

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
    `source_ids` are the products that the question is about, where these are left out, and `source_groups` the keys
    of all their groups: they are apart from `exclude_ids` so that what is counted can be the same for every source.
    The facet `price` counts prices in `price_currencies` only (None: it does not look at them). `mapping_version` is
    that of the index, which sets it itself.
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
    source_ids: tuple[str, ...] = ()
    source_groups: tuple[str, ...] = ()
    price_currencies: tuple[str, ...] | None = None
    mapping_version: int = VERSION

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
class Plan:
    """How a similar query ran: `candidates` is the number of products it scored, where that is known."""

    strategy: Literal["exact", "knn", "fallback"]
    reason: str
    candidates: int | None = None


@dataclass(frozen=True, slots=True)
class SimilarPage:
    """Hits, and what was asked to be counted: `total` is None, too, where a threshold cuts and nobody scored all.

    `facets` count what passes the filters, `total` what reaches the threshold as well.
    """

    hits: Sequence[Hit]
    plan: Plan
    total: int | None = None
    facets: Mapping[str, Any] | None = None
    server_ms: float = 0.0  # Elasticsearch's own `took`


@dataclass(frozen=True, slots=True)
class BrowseQuery:
    """Products that pass `filters` and `within`, and match `q`, where given, in the title.

    Sorted by one of SORTS or by IN_STOCK_NEWEST. The `exclude_*` leave out what they name or what passes them.
    `price_currencies` and `mapping_version` as in SimilarQuery.
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
    price_currencies: tuple[str, ...] | None = None
    mapping_version: int = VERSION


@dataclass(frozen=True, slots=True)
class BrowsePage:
    products: Sequence[Mapping[str, Any]]
    total: int
    facets: Mapping[str, Any] | None = None
    warnings: tuple[AnswerWarning, ...] = ()
