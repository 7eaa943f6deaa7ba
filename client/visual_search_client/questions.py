"""What can be asked, as TypedDicts: plain dicts with the names of the API, which a type checker knows."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

Words = str | Sequence[str]  # several mean any of them


class PriceRange(TypedDict, total=False):
    """Bounds of the effective price, both included."""

    gte: float
    lte: float


class Filter(TypedDict, total=False):
    """Narrows a search: different keys mean all of them, several values of a key any of them."""

    available: bool
    category: Words
    brand: Words
    color: Words
    color_family: Words
    pattern: Words
    material: Words
    gender: Words
    age_group: Words
    size: Words
    price: PriceRange
    price_min: float
    price_max: float
    currency: Words
    item_group_id: Words
    attributes: Mapping[str, Words]


class SearchOptions(TypedDict, total=False):
    """Options of every search for similar products; docs/api.md of the service says what each means."""

    filter: Filter | None
    limit: int
    offset: int
    model: str
    models: Mapping[str, float]
    price_band: tuple[float, float]
    score_threshold: float | Literal["none"]
    exclude_source: bool
    exclude_ids: Sequence[str]
    exact: bool
    total: bool
    explain: bool
    facets: Sequence[str]
    fields: Sequence[str]
    group_by: Literal["item_group_id"]
    group_size: int
    diversity: float
    hide_near_duplicates: bool
    relax: Sequence[str]
    fallback: Literal["category"]
    fill: Literal["category"]


class PhotoOptions(SearchOptions, total=False):
    """Options of a search that starts from a photo."""

    bounding_box: tuple[float, float, float, float]


class BrowseOptions(TypedDict, total=False):
    """Options of browsing."""

    filter: Filter | None
    limit: int
    offset: int
    sort: str
    facets: Sequence[str]
    fields: Sequence[str]


class Query(TypedDict, total=False):
    """What to look like: exactly one of product_id, image_url, image, vector and positive."""

    product_id: str
    image_url: str
    image: str | bytes  # base64, or the bytes of a photo
    vector: Sequence[float]
    positive: Sequence[str]
    negative: Sequence[str]


class Search(PhotoOptions, total=False):
    """One search of a batch."""

    query: Query


class RuleScope(TypedDict, total=False):
    """Some products: by ids, by a filter, or both."""

    ids: Sequence[str]
    filter: Filter


class Rule(TypedDict, total=False):
    """A merchandising rule; one that was read can be sent back."""

    id: str
    action: Literal["pin", "hide", "boost"]
    when: RuleScope
    target: RuleScope
    position: int | None
    amount: float | None
    valid_from: str | None
    valid_until: str | None
    note: str | None
    updated_at: str | None


ProductData = Mapping[str, Any]  # fields of a product: `title`, `price`, `currency`, `image_url`, `variants` ...
