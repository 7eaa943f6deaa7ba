"""Models the product: one document per thing a shopper sees (a style in a colour), its sizes inside."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from catalog.domain.colors.derivation import PHOTO_COLOR, SOURCE, derive_family, drop_derived_family
from catalog.domain.offers import derive_fields
from catalog.errors import InvalidProduct

MAX_URL = 2048
MAX_VARIANTS = 500
MAX_ID_BYTES = 512  # Elasticsearch's limit for _id
CONTROLS = r"\u0000-\u001f\u007f-\u009f\u2028\u2029"
CONTROL = re.compile(f"[{CONTROLS}]")
Price = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False), AfterValidator(lambda value: round(value, 2))]
Text = Annotated[str, Field(max_length=32_000)]
Word = Annotated[str, Field(min_length=1, max_length=256)]


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def has_control(text: str) -> bool:
    """Says whether `text` holds a control character or a line separator, which no address may."""
    return CONTROL.search(text) is not None


def _one_line(address: str) -> str:
    if has_control(address):
        raise ValueError("an address holds no line ends, tabs or other control characters")
    return address


def _utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _short(product_id: str) -> str:
    if len(product_id.encode()) > MAX_ID_BYTES:  # one longer id makes Elasticsearch refuse its whole bulk request
        raise ValueError(f"an id has at most {MAX_ID_BYTES} bytes")
    return product_id


Url = Annotated[
    str,
    Field(min_length=1, max_length=MAX_URL, json_schema_extra={"pattern": f"^[^{CONTROLS}]*$"}),
    AfterValidator(_one_line),
]
Moment = Annotated[datetime, AfterValidator(_utc)]


class Variant(BaseModel):
    """One size of a product; a price left out is the product's own."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    sku: Word
    size: Word | None = None
    price: Price | None = None
    sale_price: Price | None = None
    available: bool = True


class Product(BaseModel):
    """What a shop tells us of a product. Derived fields are made by `document`, never given."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    id: Annotated[
        str, Field(min_length=1, max_length=256, pattern=r"^[^\s/\x00-\x1f][^\x00-\x1f/]*$"), AfterValidator(_short)
    ]
    title: Annotated[str, Field(min_length=1, max_length=1000)]
    description: Text | None = None
    brand: Word | None = None
    category: Annotated[list[Word], BeforeValidator(_as_list), Field(max_length=20)] = []
    color: Word | None = None
    color_family: Word | None = None
    pattern: Word | None = None
    material: Word | None = None
    gender: Word | None = None
    age_group: Word | None = None
    item_group_id: Word | None = None
    link: Url | None = None
    image_url: Url | None = None
    additional_image_urls: Annotated[list[Url], BeforeValidator(_as_list), Field(max_length=50)] = []
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    price: Price | None = None
    sale_price: Price | None = None
    variants: Annotated[list[Variant], Field(max_length=MAX_VARIANTS)] = []
    available: bool = True
    attributes: dict[Word, str | int | float | bool | list[str]] = {}
    updated_at: Moment | None = None


PRODUCT_FIELDS = tuple(Product.model_fields)
OFFER_FIELDS = ("currency", "price", "sale_price", "variants", "available")
SHOWN_DERIVED_FIELDS = ("effective_price", "sizes_available", "group_key", SOURCE)
SEARCH_FIELDS = ("offer_prices", "sized_prices", "folded_attributes", "skus")  # searched by, never shown
HIDDEN_FIELDS = (*SEARCH_FIELDS, PHOTO_COLOR)
DERIVED_FIELDS = (*SHOWN_DERIVED_FIELDS, *HIDDEN_FIELDS, "offer_updated_at")
ADDED_FIELDS = (*HIDDEN_FIELDS, SOURCE)  # which an index of an older mapping lacks


def parse(data: Any) -> Product:
    """Reads a product from plain data; raises InvalidProduct that names the field and what is wrong with it."""
    try:
        return Product.model_validate(data)
    except ValidationError as error:
        problems = [
            {"field": ".".join(map(str, e["loc"])), "problem": e["msg"]} for e in error.errors(include_url=False)
        ]
        first = problems[0]
        raise InvalidProduct(f"{first['field'] or 'product'}: {first['problem']}", problems=problems) from error


def document(product: Product, photo_color: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Returns the product as it is stored: with derived fields, without `embedding` and empty values.

    `photo_color` is what is known of the colour in its photo.
    """
    return rederive({**product.model_dump(mode="json", exclude_none=True), PHOTO_COLOR: photo_color})


def rederive(source: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a product as it is stored with its derived fields as they are derived today."""
    given = drop_derived_family(source)
    body = {**given, **derive_fields(given), **derive_family(given)}
    return {key: value for key, value in body.items() if value not in (None, [], {})}


def select_given(source: Mapping[str, Any]) -> dict[str, Any]:
    """Returns those fields of a product as it is stored that its shop gave."""
    given = drop_derived_family(source)
    return {name: given[name] for name in PRODUCT_FIELDS if name in given}
