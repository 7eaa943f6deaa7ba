"""Parameters of GETs and fields of forms, and the requests to the catalogue that they make."""

from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, create_model, model_validator

from app.http.inputs import Query
from app.photos.addresses import WIDTH, WIDTHS
from app.schemas.options import PageOptions, SimilarOptions
from app.schemas.types import BOX, FIELDS, Box, Facets, FieldNames, Limit, Models, Sort, choose_fields
from catalog.domain.filter_fields import FILTER_FIELDS, Kind
from catalog.domain.filters import Filters, Words
from catalog.domain.filters import parse as parse_filters
from catalog.domain.product import Price, Word
from catalog.limits import BROWSE_PAGE_SIZE, MAX_MODELS, MAX_SHOWN_FAILURES
from catalog.search.search_types import BrowseQuery, Counts, Page
from catalog.similar import SimilarRequest


class _FilterParamsBase(Query):
    """Filters of the catalogue: a repeated key means any of, different keys mean all of."""

    if TYPE_CHECKING:
        price_min: float | None
        price_max: float | None

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.price_min is not None and self.price_max is not None and self.price_min > self.price_max:
            raise ValueError(f"price_min {self.price_min:g} is above price_max {self.price_max:g}")
        return self

    def filters(self) -> Filters:
        """Returns the same as a catalogue filter; raises InvalidFilter for attributes it refuses."""
        keys = (*Filters.model_fields, *Filters.more_keys)
        return parse_filters({name: getattr(self, name) for name in keys if name != "price"})


if TYPE_CHECKING:

    class FilterParams(_FilterParamsBase):
        """Has a parameter per entry of FILTER_FIELDS, of the price two."""

else:
    TYPES: dict[Kind, Any] = {
        "flag": (bool | None, None),
        "words": (Words, ()),
        "id": (Words, ()),
        "attributes": (dict[Word, Words], {}),
        "price": (Price | None, None),
    }
    FilterParams = create_model(
        "FilterParams",
        __base__=_FilterParamsBase,
        __doc__=_FilterParamsBase.__doc__,
        __module__=__name__,
        **{
            name: (TYPES[each.kind][0], Field(TYPES[each.kind][1], description=description))
            for each in sorted(FILTER_FIELDS, key=lambda each: each.kind == "price")
            for name, description in each.api_parameters.items()
        },
    )


def _weights(words: object) -> object:
    """`["resnet18:0.7", "color:0.3"]` as weights by name; a name alone weighs 1."""
    if not isinstance(words, list):
        return words
    pairs = [word.partition(":") for word in words]
    if len({name for name, _, _ in pairs}) < len(pairs):
        raise ValueError("a model is named twice")
    return {name: weight if colon else 1.0 for name, colon, weight in pairs}


WORDS_OF_MODELS = {"type": "array", "items": {"type": "string"}, "maxItems": MAX_MODELS}


class SimilarParams(FilterParams, SimilarOptions):
    """Parameters of `GET /v1/products/{id}/similar`."""

    models: Annotated[Models, BeforeValidator(_weights), WithJsonSchema(WORDS_OF_MODELS)] = Field(
        default_factory=dict,
        description="several models and their weights, `resnet18:0.7,color:0.3`: the score is the weighted mean",
    )

    def request(self, product_id: str | None = None) -> SimilarRequest:
        """Returns the request about `product_id`, or still without the vectors of a photo."""
        return self.to_request(self.filters(), product_id=product_id)


class ImageForm(SimilarParams):
    """Fields of `POST /v1/search/image`."""

    image: Annotated[bytes, WithJsonSchema({"type": "string", "format": "binary"})] = Field(
        description="a photo: JPEG, PNG, WebP, GIF or AVIF"
    )
    bounding_box: Box | None = Field(None, description=BOX)


class BrowseParams(FilterParams, PageOptions):
    """Parameters of `GET /v1/products`."""

    q: Annotated[str, Field(min_length=1, max_length=500)] | None = Field(None, description="words of the title")
    sort: Sort | None = Field(None, description="default `relevance` with q, `id` without; `-` is descending")
    limit: Limit = BROWSE_PAGE_SIZE
    facets: Facets = ()
    fields: FieldNames = ()

    def query(self) -> BrowseQuery:
        """Returns the query that is asked for."""
        return BrowseQuery(
            filters=self.filters(),
            q=self.q,
            sort=self.sort or ("relevance" if self.q else "id"),
            page=Page(self.limit, self.offset, choose_fields(self.fields)),
            counts=Counts(self.facets),
        )


class StatusParams(Query):
    """Parameters of `GET /v1/catalog/status`."""

    failures: int = Field(
        0,
        ge=0,
        le=MAX_SHOWN_FAILURES,
        description="how many photos without an embedding to name, of all models together",
    )


class NoParams(Query):
    """Refuses all parameters, for an endpoint that takes none."""


class FieldParams(Query):
    """Parameters of `GET /v1/products/{id}`."""

    fields: FieldNames = Field((), description=f"{FIELDS}; default all")


class PhotoParams(Query):
    """Parameters of `GET /v1/products/{id}/photo`."""

    width: Annotated[int, Field(ge=1, le=WIDTHS[-1])] = Field(
        WIDTH, description=f"pixels; the next of {', '.join(map(str, WIDTHS))} is served"
    )
    v: Annotated[str, Field(pattern="^[0-9a-f]{8,64}$")] | None = Field(
        None, description="first digits of the SHA-256 of the photo that is meant; with them it may be kept for long"
    )
