"""Bodies of POSTs, and the requests to the catalogue that they make."""

import base64
import binascii
from collections.abc import Callable
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    WrapValidator,
    model_validator,
)
from pydantic_core import to_json

from app.http.errors import InvalidRequest
from app.http.inputs import refusal
from app.schemas.options import SimilarOptions
from app.schemas.types import BOX, Box, ProductId, require
from catalog.domain.embedding_space import MAX_DIMS
from catalog.domain.filters import Filters
from catalog.domain.product import Url
from catalog.limits import MAX_EXAMPLES, MAX_SEARCHES
from catalog.similar import SimilarRequest

LARGEST = 3.4e38  # float32 ends there, and so does what the index could hold
KINDS = ("product_id", "image_url", "image", "vector", "positive")


def from_base64(text: object) -> object:
    """Returns the bytes of base64 `text`, with or without the `data:image/...;base64,` of a browser."""
    if not isinstance(text, str):
        return text
    encoded = text.partition(",")[2] if text.startswith("data:") else text
    try:
        return base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"is not base64: {error}") from error


Base64 = Annotated[
    bytes,
    BeforeValidator(from_base64),
    WithJsonSchema({"type": "string", "contentEncoding": "base64", "minLength": 4}),
]
Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
Vector = Annotated[tuple[Number, ...], Field(min_length=1, max_length=MAX_DIMS)]
Examples = Annotated[tuple[ProductId, ...], Field(max_length=MAX_EXAMPLES)]


class SearchSource(BaseModel):
    """What to look like: exactly one of product_id, image_url, image, vector and positive."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        json_schema_extra={
            "oneOf": [require(kind) for kind in KINDS],
            "dependentRequired": {"negative": ["positive"]},
        },
    )

    product_id: ProductId | None = Field(None, description="a product of the catalogue")
    image_url: Url | None = Field(None, description="http(s) address of a photo")
    image: Base64 | None = Field(None, description="a photo in base64: JPEG, PNG, WebP, GIF or AVIF")
    vector: Vector | None = Field(None, description="an embedding of the model, of any length but zero")
    positive: Examples | None = Field(None, description="products that are right; their mean is looked for")
    negative: Examples = Field((), description="products that are wrong; the search turns away from their mean")

    @model_validator(mode="after")
    def _one(self) -> Self:
        named = [kind for kind in KINDS if getattr(self, kind) not in (None, ())]
        if len(named) != 1:
            said = f"it names {' and '.join(named)}" if named else "it names none"
            raise ValueError(f"name exactly one of {', '.join(KINDS)}; {said}")
        if self.negative and not self.positive:
            raise ValueError("negative examples need positive ones")
        return self

    @property
    def is_photo(self) -> bool:
        return self.image is not None or self.image_url is not None


class SearchBody(SimilarOptions):
    """Body of `POST /v1/search`."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    query: SearchSource
    filter: Filters = Field(Filters(), description="a list means any of, different keys mean all of")
    bounding_box: Box | None = Field(None, description=BOX)

    @model_validator(mode="after")
    def _suits(self) -> Self:
        if self.bounding_box is not None and not self.query.is_photo:
            raise ValueError("bounding_box is for photos: query.image or query.image_url")
        if self.query.vector is not None and len(self.models) > 1:
            raise ValueError("query.vector belongs to one model: name it in `model` instead of several in `models`")
        return self

    def request(self) -> SimilarRequest:
        """Returns the request, still without the vectors of a photo or a vector."""
        source = self.query
        return self.to_request(
            self.filter, product_id=source.product_id, positive=source.positive or (), negative=source.negative
        )


def _keep_error(value: Any, _: Callable[[Any], SearchBody]) -> SearchBody | InvalidRequest:
    """Keeps the error of a wrong search as its result: it does not spoil the others."""
    if not isinstance(value, dict):
        raise ValueError("a search is an object, the body of POST /v1/search")
    try:
        # As JSON again, or lists would not pass for tuples: what is strict knows them from JSON only.
        return SearchBody.model_validate_json(to_json(value, inf_nan_mode="constants"))
    except ValidationError as error:
        return refusal(error, SearchBody, "field")


class BatchBody(BaseModel):
    """Body of `POST /v1/search/batch`."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    searches: Annotated[
        tuple[Annotated[SearchBody, WrapValidator(_keep_error)], ...], Field(min_length=1, max_length=MAX_SEARCHES)
    ] = Field(description=f"bodies of POST /v1/search, at most {MAX_SEARCHES}")
