"""Shapes of answers. They document: views build plain data, and a test holds the two together."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, create_model
from pydantic_core import CoreSchema

from app.schemas.types import remove_null
from catalog.domain.product import Product

FamilySource = Literal["color", "photo"]


class Answer(BaseModel):
    """Base of all; a field that has a default may be left out, and then it is: it is never null."""

    model_config = ConfigDict(extra="forbid")

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        reference = handler(core_schema)
        schema = handler.resolve_ref_schema(reference)
        for name in schema.get("properties", {}).keys() - set(schema.get("required", ())):
            schema["properties"][name] = remove_null(schema["properties"][name])
        return reference


# Fields that are empty or not asked for are left out, so none is required.
ProductAnswer: type[BaseModel] = create_model(
    "ProductAnswer",
    __base__=Answer,
    __doc__="A product as answers show it; empty fields are left out.",
    **{
        **{name: (field.annotation, Field(default=None)) for name, field in Product.model_fields.items()},
        "photo": (
            str,
            Field(default=None, description="address of the photo that a browser can load; relative ones start here"),
        ),
        "effective_price": (
            float,
            Field(default=None, description="sale price if any, the lowest in stock"),
        ),
        "sizes_available": (list[str], Field(default=None, description="sizes in stock")),
        "group_key": (str, Field(default=None, description="item_group_id, or id where there is none")),
        "color_family_from": (
            FamilySource,
            Field(
                default=None,
                description="what `color_family` was derived from; absent: it is the shop's own",
            ),
        ),
    },  # type: ignore[call-overload]
)


class FacetValue(Answer):
    value: str | bool
    count: int


class PriceFacet(Answer):
    min: float | None
    max: float | None


Facets = dict[str, list[FacetValue] | PriceFacet]


Cosine = Annotated[float, Field(ge=-1.0001, le=1.0001, description="the raw cosine, of several models the mean")]


class GroupHit(Answer):
    id: str
    score: Cosine | None = Field(description="null where there was nothing to compare with")
    product: ProductAnswer


class Explanation(Answer):
    """Why a hit is where it is; ranks count from 1."""

    cosines: dict[str, float] = Field(description="by space, `<model>__<version>`")
    weights: dict[str, float] = Field(description="by space")
    rank_before: int | None = Field(description="by cosine alone; null for one that a rule fetched from far behind")
    rank_after: int = Field(description="as shown")
    rules: list[str] = Field(default_factory=list, description="merchandising rules that acted on it")


class SimilarHit(Answer):
    id: str
    score: Cosine | None = Field(description="null where there was nothing to compare with")
    product: ProductAnswer
    fill: Literal["category"] | None = Field(
        None,
        description="why a product is here that was not compared with anything: `fill` or `fallback` asked for it",
    )
    group: list[GroupHit] | None = Field(None, description="the best of its group; only with `group_by`")
    explain: Explanation | None = Field(None, description="only with `explain`")


class ModelAnswer(Answer):
    name: str
    version: str


class PlanAnswer(Answer):
    strategy: Literal["exact", "knn", "fallback"]
    candidates: int | None = Field(description="products that were scored, where that is known")
    reason: str


class WarningAnswer(Answer):
    """Where an answer is not quite what was asked for, or only probably right."""

    code: str = Field(description="stable, for programs")
    message: str = Field(description="for people")
    detail: dict[str, Any] = Field(description="names and figures; `hint` is what an operator can do about it")


class SimilarAnswer(Answer):
    """Similar products, most similar first, ties by id."""

    hits: list[SimilarHit]
    score_floor: float | None = Field(
        description="cosine below which hits were left out because `score_threshold` was not given; null: none were"
    )
    facets: Facets | None
    limit: int
    offset: int
    total: int | None = Field(description="null where it was not asked for, or is not known; then a warning says so")
    model: ModelAnswer
    plan: PlanAnswer
    missing_ids: list[str]
    warnings: list[WarningAnswer]


class ErrorAnswer(Answer):
    """Every error of this API."""

    code: str = Field(description="stable, for programs")
    message: str = Field(description="what to do, for people")
    detail: dict[str, Any] = Field(description="names and figures; `hint` is what an operator can do about it")


class SearchError(ErrorAnswer):
    """A search of a batch that has no answer."""

    status: int = Field(ge=400, le=599, description="what the search alone would have been answered with")


class BatchAnswer(Answer):
    """Per search, in order, its answer or its error."""

    results: list[SimilarAnswer | SearchError]


class BrowseHit(Answer):
    id: str
    product: ProductAnswer


class BrowseAnswer(Answer):
    """A page of the catalogue."""

    hits: list[BrowseHit]
    facets: Facets | None
    limit: int
    offset: int
    total: int
    warnings: list[WarningAnswer]


class SpaceAnswer(Answer):
    """One model's progress; done, pending, retry and all of failed together are the products with a photo."""

    space: str
    model: str
    version: str
    dims: int
    serving: bool
    done: int
    pending: int
    retry: int
    failed: dict[str, int] = Field(description="by reason")
    retry_reasons: dict[str, int]
    next_try_at: datetime | None = Field(description="when the first of `retry` is tried again")


class FailureAnswer(Answer):
    """Names a photo without an embedding."""

    space: str
    product_id: str
    image_url: str | None = Field(description="null for a `file:` address, unless asked on the health port")
    status: Literal["failed", "retry"]
    reason: str
    attempts: int
    next_try_at: datetime | None = Field(description="null: not until `etl retry`")


class StatusAnswer(Answer):
    index: str
    products: int
    with_image: int
    available: int
    spaces: list[SpaceAnswer]
    failures: list[FailureAnswer] = Field(description="as many as `failures` asks for, by space and product id")
    writes_blocked: bool = Field(description="whether writes wait: a reindex is about to swap, or was killed then")
    reindex: Literal["running", "killed"] | None = Field(
        description="`killed`: the next catalogue command (import, etl run, reindex …) undoes it and lets writes in"
    )
    left_over: list[str] = Field(description="indices that a reindex has left and nobody needs")
    old_index: bool = Field(description="whether an older version made the index: `python -m catalog reindex`")


class HealthAnswer(Answer):
    status: Literal["ok"]


class ReadyAnswer(Answer):
    status: Literal["ready"]
    failures: int = Field(description="probes in a row that Elasticsearch did not answer, still tolerated")
