"""What a shopper narrows a search by; a list means any of, different keys mean all of."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from catalog.errors import InvalidFilter
from catalog.product import Price, Word

MAX_VALUES = 1000  # per key; far below Elasticsearch's 65,536 terms, above any shop's facet


def _as_tuple(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Words = Annotated[tuple[Word, ...], Field(max_length=MAX_VALUES), BeforeValidator(_as_tuple)]


class PriceRange(BaseModel):
    """Bounds on the effective price, both included."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    gte: Price | None = None
    lte: Price | None = None


class Filters(BaseModel):
    """The filter of §3.5 of the design; `size=M` means M is in stock."""

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
    "item_group_id": "item_group_id",
}


def parse(data: Any) -> Filters:
    """Filters from plain data; raises InvalidFilter that names the key and, for an unknown one, those there are."""
    try:
        return Filters.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"])) or "filter"
        known = ", ".join(Filters.model_fields)
        hint = f"unknown filter; there are {known}" if first["type"] == "extra_forbidden" else first["msg"]
        raise InvalidFilter(f"{key}: {hint}", key=key) from error


def clauses(filters: Filters) -> dict[str, dict[str, Any]]:
    """Elasticsearch filter clause per filter key that is set; all of them must match."""
    found: dict[str, dict[str, Any]] = {}
    for key, field in TERM_FIELDS.items():
        if values := getattr(filters, key):
            found[key] = {"terms": {field: list(values)}}
    if filters.available is not None:
        found["available"] = {"term": {"available": filters.available}}
    if filters.price is not None:
        bounds = filters.price.model_dump(exclude_none=True)
        found["price"] = (
            {"range": {"effective_price": bounds}} if bounds else {"exists": {"field": "effective_price"}}
        )
    for name, values in filters.attributes.items():
        found[f"attributes.{name}"] = {"terms": {f"attributes.{name}": list(values)}}
    return found
