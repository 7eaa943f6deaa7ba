"""The vocabulary that parameters and bodies share: types, caps, descriptions."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, WithJsonSchema, model_validator

from app.http.inputs import unknown
from catalog.domain.filter_fields import RELAXABLE_KEYS
from catalog.search.diversity import NEAR_DUPLICATE
from catalog.search.queries import PUBLIC_FIELDS
from catalog.search.search_types import FACETS, MAX_PAGE_SIZE, MAX_WINDOW, SIMILAR_PAGE_SIZE, SORTS, Counts, Page
from catalog.similar import SimilarRequest

MAX_EXCLUDED = 1000
MAX_FACTOR = 1000.0
MAX_GROUP_SIZE = 20
MAX_MODELS = 8
TOTAL = (
    "count all products (with `group_by` groups) that pass the filters and reach `score_threshold`; "
    "null, with a warning, where there is a threshold and the search was approximate"
)
BOX = "part of the photo to look for: left, top, right, bottom as shares of its upright width and height"
GROUPS = ("item_group_id",)


def _check(what: str, known: Sequence[str]) -> AfterValidator:
    def check(word: str) -> str:
        if word not in known:
            raise ValueError(f"'{word}': {unknown(what, word, known)}")
        return word

    return AfterValidator(check)


def _enum(known: Sequence[str]) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "enum": list(known)})


def _rising(band: tuple[float, float]) -> tuple[float, float]:
    if band[0] > band[1]:
        raise ValueError("the lower factor comes first")
    return band


def _box(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    left, top, right, bottom = box
    if left >= right or top >= bottom:
        raise ValueError(
            "a box is left, top, right, bottom as shares of the photo, left before right, top before bottom"
        )
    return box


Facet = Annotated[str, _check("facet", FACETS), _enum(FACETS)]
FieldName = Annotated[str, _check("field", PUBLIC_FIELDS), _enum(PUBLIC_FIELDS)]
Sort = Annotated[str, _check("sort", SORTS), _enum(SORTS)]
Facets = Annotated[
    tuple[Facet, ...],
    Field(
        max_length=len(FACETS),
        description="count the values of these over all products that pass the filters, whatever their score",
    ),
]
FieldNames = Annotated[
    tuple[FieldName, ...],
    Field(max_length=len(PUBLIC_FIELDS), description="product fields in the answer; default all"),
]
Factor = Annotated[float, Field(ge=0, le=MAX_FACTOR, allow_inf_nan=False)]
Band = Annotated[tuple[Factor, Factor], AfterValidator(_rising)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Box = Annotated[tuple[Share, Share, Share, Share], AfterValidator(_box)]
ProductId = Annotated[str, Field(min_length=1, max_length=256)]
ModelName = Annotated[str, Field(min_length=1, max_length=256)]
ProductIds = Annotated[tuple[ProductId, ...], Field(max_length=MAX_EXCLUDED)]
Weight = Annotated[float, Field(gt=0, le=MAX_FACTOR, allow_inf_nan=False)]
Models = Annotated[dict[ModelName, Weight], Field(max_length=MAX_MODELS)]
GroupBy = Annotated[str, _check("group", GROUPS), _enum(GROUPS)]
FilterKey = Annotated[str, _check("filter", RELAXABLE_KEYS), _enum(RELAXABLE_KEYS)]
Fallback = Annotated[Literal["category"], _enum(("category",))]
FilterKeys = Annotated[tuple[FilterKey, ...], Field(max_length=len(RELAXABLE_KEYS))]
Limit = Annotated[int, Field(ge=1, le=MAX_PAGE_SIZE, description=f"hits per page, at most {MAX_PAGE_SIZE}")]
Offset = Annotated[
    int, Field(ge=0, le=MAX_WINDOW - 1, description=f"hits to skip; offset + limit is at most {MAX_WINDOW}")
]
Threshold = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False, description="least cosine of a hit")]


class PageOptions(BaseModel):
    """Which hits of all."""

    limit: Limit = SIMILAR_PAGE_SIZE
    offset: Offset = 0

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if self.offset + self.limit > MAX_WINDOW:
            raise ValueError(f"offset + limit is {self.offset + self.limit}; pages end at {MAX_WINDOW}")
        return self


class SimilarOptions(PageOptions):
    """What every question for similar products may say, in a query string, a form or a body."""

    model: ModelName | None = Field(None, description="a model or `<model>__<version>`; default the promoted one")
    models: Models = Field({}, description="weights of several models, whose weighted mean of cosines is the score")
    price_band: Band | None = Field(
        None, description="factors of the source's price: `0.5,1.5` is from half to one and a half times"
    )
    score_threshold: Threshold | None = None
    exclude_source: bool = Field(True, description="leave out the source product and its group")
    exclude_ids: ProductIds = Field((), description="products that shall not be in the answer")
    exact: bool = Field(False, description="compare with every product that passes, whatever it costs")
    total: bool = Field(False, description=TOTAL)
    explain: bool = Field(
        False, description="say why a hit is there: its cosine per model, its rank before and after"
    )
    facets: Facets = ()
    fields: FieldNames = ()
    group_by: GroupBy | None = Field(None, description="show groups, best first, instead of products")
    group_size: Annotated[int, Field(ge=1, le=MAX_GROUP_SIZE)] | None = Field(
        None, description="products of each group in `group`; default 1; needs `group_by`"
    )
    diversity: Share = Field(0.0, description="0 is likeness alone, 1 variety alone (MMR over the 200 best)")
    hide_near_duplicates: bool = Field(
        False,
        description=f"leave out hits whose cosine to a better one is {NEAR_DUPLICATE} or more (of the 200 best)",
    )
    relax: FilterKeys = Field(
        (), description="filters that may be dropped, in this order, while fewer than `limit` products pass"
    )
    fallback: Fallback | None = Field(
        None,
        description="for a product without an embedding, instead of 409: products of its most specific category that "
        "pass the filters, available and recently updated ones first, with `score` null",
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.model is not None and self.models:
            raise ValueError("name either `model` or `models`, not both")
        if self.group_size is not None and self.group_by is None:
            raise ValueError("group_size says how many of each group: add `group_by`")
        return self

    def options(self) -> dict[str, Any]:
        """The arguments of `catalog.similar.SimilarRequest` that these are."""
        same = SimilarOptions.model_fields.keys() & SimilarRequest.__dataclass_fields__.keys()
        return {name: getattr(self, name) for name in same} | {
            "page": Page(
                self.limit, self.offset, self.fields or None, (self.group_size or 1) if self.group_by else 0
            ),
            "counts": Counts(self.facets, self.total),
            "near_duplicates": NEAR_DUPLICATE if self.hide_near_duplicates else None,
        }


def require(field: str) -> dict[str, Any]:
    """Returns JSON Schema that holds where `field` is there and neither null nor an empty list."""
    return {"required": [field], "properties": {field: {"not": {"enum": [None, []]}}}}
