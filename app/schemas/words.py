"""The vocabulary that parameters and bodies share: types, caps, descriptions."""

from collections.abc import Sequence
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, Field, WithJsonSchema, model_validator

from app.inputs import unknown
from catalog.ports import FACETS, MAX_WINDOW, SORTS
from catalog.queries import PUBLIC_FIELDS

MAX_LIMIT = 200
MAX_EXCLUDED = 1000
MAX_FACTOR = 1000.0


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


Facet = Annotated[str, _check("facet", FACETS), _enum(FACETS)]
FieldName = Annotated[str, _check("field", PUBLIC_FIELDS), _enum(PUBLIC_FIELDS)]
Sort = Annotated[str, _check("sort", SORTS), _enum(SORTS)]
Facets = Annotated[
    tuple[Facet, ...],
    Field(max_length=len(FACETS), description="count the values of these over all products that pass"),
]
FieldNames = Annotated[
    tuple[FieldName, ...],
    Field(max_length=len(PUBLIC_FIELDS), description="product fields in the answer; default all"),
]
Factor = Annotated[float, Field(ge=0, le=MAX_FACTOR, allow_inf_nan=False)]
Band = Annotated[tuple[Factor, Factor], AfterValidator(_rising)]
ProductId = Annotated[str, Field(min_length=1, max_length=256)]
ModelName = Annotated[str, Field(min_length=1, max_length=256)]
Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT, description=f"hits per page, at most {MAX_LIMIT}")]
Offset = Annotated[
    int, Field(ge=0, le=MAX_WINDOW - 1, description=f"hits to skip; offset + limit is at most {MAX_WINDOW}")
]
Threshold = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False, description="least cosine of a hit")]


class Page(BaseModel):
    """Which hits of all."""

    limit: Limit = 10
    offset: Offset = 0

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if self.offset + self.limit > MAX_WINDOW:
            raise ValueError(f"offset + limit is {self.offset + self.limit}; pages end at {MAX_WINDOW}")
        return self


class SimilarOptions(Page):
    """What every question for similar products may say, in a query string or in a body."""

    model: ModelName | None = Field(None, description="a model or `<model>__<version>`; default the promoted one")
    price_band: Band | None = Field(
        None, description="factors of the source's price: `0.5,1.5` is from half to one and a half times"
    )
    score_threshold: Threshold | None = None
    exclude_source: bool = Field(True, description="leave out the source product and its group")
    exact: bool = Field(False, description="compare with every product that passes, whatever it costs")
    total: bool = Field(False, description="count all products that pass")
    explain: bool = Field(False, description="say why a hit is there")
    facets: Facets = ()
    fields: FieldNames = ()

    def options(self) -> dict[str, Any]:
        """The arguments of `catalog.similar.SimilarRequest` that these are."""
        chosen = {name: getattr(self, name) for name in SimilarOptions.model_fields}
        return chosen | {"fields": self.fields or None}
