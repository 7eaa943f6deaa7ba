"""Types of searches in the product index, and of their answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from catalog.domain.embedding_space import Space
from catalog.domain.filter_fields import FACET_FIELDS, SORT_FIELDS
from catalog.domain.filters import Filters
from catalog.domain.warnings import AnswerWarning
from catalog.index_mapping import VERSION
from catalog.limits import BROWSE_PAGE_SIZE, SIMILAR_PAGE_SIZE
from catalog.search.product_fields import list_stored
from catalog.similarity import Vectors

FACETS = tuple(FACET_FIELDS)
# key of `sort`, which with `-` before it is descending -> Elasticsearch field; products come by `id` without one
SORT_KEYS = {"id": None, **SORT_FIELDS, "updated_at": "updated_at", "title": "title.raw"}
SORTS = (*(f"{sign}{key}" for key in SORT_KEYS for sign in ("", "-")), "relevance")
IN_STOCK_NEWEST = "in_stock_newest"  # available ones first, then most recently updated; not for shoppers


@dataclass(frozen=True, slots=True)
class QueryPart:
    """Holds one space of a query: its vector (float32 [space.dims], unit length) and, of several spaces, its
    weight."""

    space: Space
    vector: Vectors
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Exclusions:
    """Names products that a query leaves out beside those that its filters leave out.

    These are products by id, whole groups by `group_key`, and what passes any of `filters`; where `only_names` or
    `only_groups` is given, all others too. `source_ids` are the products that the question is about, where these are
    left out, and `source_groups` the keys of their groups: apart from `ids`, so that what is counted can be the same
    for every source. `names` are ids or SKUs, as people and rules name products.
    """

    ids: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    filters: tuple[Filters, ...] = ()
    source_ids: tuple[str, ...] = ()
    source_groups: tuple[str, ...] = ()
    only_names: tuple[str, ...] | None = None
    only_groups: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Says which hits of all are returned, and what of each.

    `group_size` above 0 collapses hits by `group_key` and puts up to that many of each group into `Hit.group`.
    `fields` are the product fields of a hit, None all public ones.
    """

    limit: int = SIMILAR_PAGE_SIZE
    offset: int = 0
    fields: tuple[str, ...] | None = None
    group_size: int = 0
    with_vectors: bool = False

    @property
    def end(self) -> int:
        """Rank (from 1) of the last hit that fits on the page."""
        return self.offset + self.limit

    def select_fields(self, product: Mapping[str, Any]) -> Mapping[str, Any]:
        """Returns what is read of a product for the page."""
        if self.fields is None:
            return product
        roots = {name.split(".")[0] for name in list_stored(self.fields)}
        return {name: value for name, value in product.items() if name in roots}


@dataclass(frozen=True, slots=True)
class Counts:
    """Says what is counted beside the hits: values of `facets`, and the `total`.

    The facet `price` counts prices in `price_currencies` only (None: it does not look at currencies). Where the query
    has no threshold, the total counts what reaches the `floor`; an exact search then need not find anything else.
    """

    facets: tuple[str, ...] = ()
    total: bool = False
    price_currencies: tuple[str, ...] | None = None
    floor: float | None = None


@dataclass(frozen=True, slots=True)
class SimilarQuery:
    """Asks for the products nearest to the vector of `parts` among those that pass `filters`.

    With several parts the score is the weighted mean of the cosines, over products that have a vector in every space.
    `mapping_version` is that of the index, which sets it itself.
    """

    parts: tuple[QueryPart, ...]
    filters: Filters = Filters()
    exclusions: Exclusions = Exclusions()
    page: Page = Page()
    counts: Counts = Counts()
    score_threshold: float | None = None
    exact: bool = False
    mapping_version: int = VERSION


@dataclass(frozen=True, slots=True)
class Hit:
    """Holds one similar product; `score` is the raw cosine, -1 to 1, and None where there was nothing to compare
    with.

    `group` has the best hits of its group where groups were asked for, `vectors` one per space where asked for.
    `fill` says why a product is there that was not compared with anything: "category".
    """

    id: str
    score: float | None
    product: Mapping[str, Any]
    group: Sequence["Hit"] | None = None
    vectors: Mapping[str, Vectors] | None = None
    fill: Literal["category"] | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Says how a similar query ran: `candidates` is the number of products it scored, where that is known."""

    strategy: Literal["exact", "knn", "fallback"]
    reason: str
    candidates: int | None = None


@dataclass(frozen=True, slots=True)
class SimilarPage:
    """Holds hits, and what was asked to be counted: `total` is None, too, where a threshold cuts and nobody scored
    all.

    `facets` count what passes the filters, `total` what reaches the threshold as well.
    """

    hits: Sequence[Hit]
    plan: Plan
    total: int | None = None
    facets: Mapping[str, Any] | None = None
    server_ms: float = 0.0  # Elasticsearch's own `took`


@dataclass(frozen=True, slots=True)
class BrowseQuery:
    """Asks for products that pass `filters` and `within`, and match `q`, where given, in the title.

    Sorted by one of SORTS or by IN_STOCK_NEWEST; in groups only the first product of each is found. `mapping_version`
    as in SimilarQuery.
    """

    filters: Filters = Filters()
    q: str | None = None
    sort: str = "id"
    within: Filters = Filters()
    exclusions: Exclusions = Exclusions()
    page: Page = Page(limit=BROWSE_PAGE_SIZE)
    counts: Counts = Counts()
    mapping_version: int = VERSION


@dataclass(frozen=True, slots=True)
class BrowsePage:
    products: Sequence[Mapping[str, Any]]
    total: int
    facets: Mapping[str, Any] | None = None
    warnings: tuple[AnswerWarning, ...] = ()
