"""Options of searches, declared once: query strings, forms and bodies share them."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, Field, model_validator

from app.schemas.types import (
    Band,
    Facets,
    Fallback,
    FieldNames,
    Fill,
    FilterKeys,
    GroupBy,
    Limit,
    ModelName,
    Models,
    Offset,
    ProductIds,
    Share,
    Threshold,
    choose_fields,
)
from catalog.domain.filters import Filters
from catalog.limits import MAX_GROUP_SIZE, MAX_WINDOW, RERANK_POOL, SIMILAR_PAGE_SIZE
from catalog.search.diversity import NEAR_DUPLICATE
from catalog.search.search_types import Counts, Page
from catalog.similar import SimilarRequest

TOTAL = (
    "count all products (with `group_by` groups) that pass the filters and reach `score_threshold` or the floor; "
    "null, with a warning, where there is either and the search was approximate"
)


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
    """Options of every search for similar products, in a query string, a form or a body."""

    model: ModelName | None = Field(None, description="a model or `<model>__<version>`; default the promoted one")
    models: Models = Field({}, description="weights of several models, whose weighted mean of cosines is the score")
    price_band: Band | None = Field(
        None, description="factors of the source's price: `0.5,1.5` is from half to one and a half times"
    )
    score_threshold: Threshold | None = Field(
        None,
        description="least cosine of a hit; default the floor of the model, below which nothing looks alike "
        "(`score_floor` of the answer); `none`: no floor",
    )
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
    diversity: Share = Field(
        0.0, description=f"0 is likeness alone, 1 variety alone (MMR over the {RERANK_POOL} best)"
    )
    hide_near_duplicates: bool = Field(
        False,
        description="leave out hits whose cosine to a better one is "
        f"{NEAR_DUPLICATE} or more (of the {RERANK_POOL} best)",
    )
    relax: FilterKeys = Field(
        (), description="filters that may be dropped, in this order, while fewer than `limit` products pass"
    )
    fallback: Fallback | None = Field(
        None,
        description="for a product without an embedding, instead of 409: products of its most specific category that "
        "pass the filters, available and recently updated ones first, with `score` null",
    )
    fill: Fill | None = Field(
        None,
        description="where fewer than `limit` products look alike, complete the page with others of the source's "
        "most specific category that pass the filters, available and recently updated ones first, marked `fill`",
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.model is not None and self.models:
            raise ValueError("name either `model` or `models`, not both")
        if self.group_size is not None and self.group_by is None:
            raise ValueError("group_size says how many of each group: add `group_by`")
        return self

    def to_request(self, filters: Filters, **source: Any) -> SimilarRequest:
        """Returns the catalogue's request with these options; `source` names what to look like."""
        group_size = (self.group_size or 1) if self.group_by else 0
        same = SimilarOptions.model_fields.keys() & SimilarRequest.__dataclass_fields__.keys()
        return SimilarRequest(
            filters=filters,
            page=Page(self.limit, self.offset, choose_fields(self.fields), group_size),
            counts=Counts(self.facets, self.total),
            near_duplicates=NEAR_DUPLICATE if self.hide_near_duplicates else None,
            **{name: getattr(self, name) for name in same},
            **source,
        )
