"""What a shopper narrows a search by; a list means any of, different keys mean all of."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from catalog.domain.product import Price, Word
from catalog.errors import InvalidFilter

MAX_VALUES = 1000  # per key; far below Elasticsearch's 65,536 terms, above any shop's facet


def _as_tuple(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Words = Annotated[tuple[Word, ...], Field(max_length=MAX_VALUES), BeforeValidator(_as_tuple)]


class PriceRange(BaseModel):
    """Bounds on the price of something that can be bought, both included."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    gte: Price | None = None
    lte: Price | None = None

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.gte is not None and self.lte is not None and self.gte > self.lte:
            raise ValueError(f"the least price {self.gte:g} is above the highest {self.lte:g}")
        return self

    @property
    def bounded(self) -> bool:
        """Whether prices are compared at all."""
        return self.gte is not None or self.lte is not None


class Filters(BaseModel):
    """The filters of a search; `size=M` means M is in stock.

    Size, price and stock hold for one and the same variant. Words match whatever their case.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    available: bool | None = None
    category: Words = ()
    brand: Words = ()
    color: Words = ()
    color_family: Words = ()
    pattern: Words = ()
    material: Words = ()
    gender: Words = ()
    age_group: Words = ()
    size: Words = ()
    price: PriceRange | None = None
    currency: Words = ()
    item_group_id: Words = ()
    attributes: Annotated[dict[Word, Words], Field(max_length=50)] = {}


# filter key -> indexed field
TERM_FIELDS = {
    "category": "category",
    "brand": "brand",
    "color": "color",
    "color_family": "color_family",
    "pattern": "pattern",
    "material": "material",
    "gender": "gender",
    "age_group": "age_group",
    "size": "sizes_available",
    "currency": "currency",
    "item_group_id": "item_group_id",
}
WORD_KEYS = frozenset(TERM_FIELDS) - {"item_group_id"}  # an id is compared letter by letter


def parse(data: Any) -> Filters:
    """Filters from plain data; raises InvalidFilter that names the key and, for an unknown one, those there are."""
    try:
        return Filters.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"])) or "filter"
        known = ", ".join(Filters.model_fields)
        problem = first["msg"].removeprefix("Value error, ")
        hint = f"unknown filter; there are {known}" if first["type"] == "extra_forbidden" else problem
        raise InvalidFilter(f"{key}: {hint}", key=key) from error


def values_of(source: Mapping[str, Any], key: str) -> list[Any]:
    """The values a filter key looks at in a stored product, always as a list."""
    if key.startswith("attributes."):
        value = source.get("attributes", {}).get(key.removeprefix("attributes."))
    else:
        value = source.get(TERM_FIELDS.get(key, key))
    return value if isinstance(value, list) else [] if value is None else [value]
