"""What the service answers, as frozen dataclasses.

Fields that the service leaves out are None or empty. A newer service may answer more than this version knows: that is
kept in `Product.extra` and ignored elsewhere, so that an update of the service breaks no client.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Variant:
    """One size of a product; a price left out is the product's own."""

    sku: str
    size: str | None = None
    price: float | None = None
    sale_price: float | None = None
    available: bool = True


@dataclass(frozen=True, slots=True)
class Product:
    """A product, as far as its fields are there and were asked for with `fields`."""

    id: str | None = None
    title: str | None = None
    description: str | None = None
    brand: str | None = None
    category: list[str] = field(default_factory=list)
    color: str | None = None
    color_family: str | None = None
    color_family_from: str | None = None
    pattern: str | None = None
    material: str | None = None
    gender: str | None = None
    age_group: str | None = None
    item_group_id: str | None = None
    link: str | None = None
    photo: str | None = None
    image_url: str | None = None
    additional_image_urls: list[str] = field(default_factory=list)
    currency: str | None = None
    price: float | None = None
    sale_price: float | None = None
    variants: list[Variant] = field(default_factory=list)
    available: bool | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    updated_at: datetime | None = None
    effective_price: float | None = None
    sizes_available: list[str] = field(default_factory=list)
    group_key: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)  # what this version of the client does not know


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a hit is where it is; ranks count from 1, cosines and weights are by embedding space."""

    cosines: Mapping[str, float]
    weights: Mapping[str, float]
    rank_after: int
    rank_before: int | None = None
    rules: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Hit:
    """A product of an answer. `score` is the cosine, None where nothing was compared; then `fill` may say why."""

    id: str
    product: Product
    score: float | None = None
    fill: str | None = None
    group: list["Hit"] = field(default_factory=list)
    explain: Explanation | None = None


@dataclass(frozen=True, slots=True)
class FacetValue:
    """A value of a filter and how many products have it."""

    value: str | bool
    count: int


@dataclass(frozen=True, slots=True)
class PriceFacet:
    """Least and highest price of the products that pass."""

    min: float | None
    max: float | None


Facets = Mapping[str, list[FacetValue] | PriceFacet]


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """The model that an answer was made with."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Plan:
    """How a search ran, and why so."""

    strategy: str
    reason: str
    candidates: int | None = None


@dataclass(frozen=True, slots=True)
class AnswerNote:
    """A warning: where an answer is not quite what was asked for, or only probably right."""

    code: str
    message: str
    detail: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class SimilarPage:
    """A page of similar products, most similar first."""

    hits: list[Hit]
    limit: int
    offset: int
    model: ModelVersion
    plan: Plan
    score_floor: float | None = None
    total: int | None = None
    facets: Facets | None = None
    missing_ids: list[str] = field(default_factory=list)
    warnings: list[AnswerNote] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class BrowsePage:
    """A page of the catalogue."""

    hits: list[Hit]
    limit: int
    offset: int
    total: int
    facets: Facets | None = None
    warnings: list[AnswerNote] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What became of a product: `created`, `updated`, `unchanged` or `deleted`."""

    id: str
    result: str


@dataclass(frozen=True, slots=True)
class BulkLine:
    """What became of one line of a bulk: `result` where it was carried out, else `code`, `message` and `detail`."""

    line: int
    status: int
    id: str | None = None
    result: str | None = None
    code: str | None = None
    message: str | None = None
    detail: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What became of each line of a bulk, in order, and how many of each."""

    created: int
    updated: int
    unchanged: int
    deleted: int
    failed: int
    items: list[BulkLine]
