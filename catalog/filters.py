"""What a shopper narrows a search by; a list means any of, different keys mean all of."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import orjson
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


def values_of(source: Mapping[str, Any], key: str) -> list[Any]:
    """The values a filter key looks at in a stored product, always as a list."""
    if key.startswith("attributes."):
        value = source.get("attributes", {}).get(key.removeprefix("attributes."))
    else:
        value = source.get(TERM_FIELDS.get(key, key))
    return value if isinstance(value, list) else [] if value is None else [value]


def _text(value: Any) -> str:
    # A flattened field indexes numbers and booleans as they are written in JSON.
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _any_of(source: Mapping[str, Any], key: str, wanted: Sequence[str]) -> bool:
    return not {_text(value) for value in values_of(source, key)}.isdisjoint(wanted)


def passes(source: Mapping[str, Any], filters: Filters) -> bool:
    """Whether a stored product passes: the same as `clauses` say to Elasticsearch."""
    if not all(_any_of(source, key, words) for key in TERM_FIELDS if (words := getattr(filters, key))):
        return False
    if not all(_any_of(source, f"attributes.{name}", words) for name, words in filters.attributes.items()):
        return False
    if filters.available is not None and source.get("available") is not filters.available:
        return False
    if filters.price is None:
        return True
    price, low, high = source.get("effective_price"), filters.price.gte, filters.price.lte
    return price is not None and (low is None or price >= low) and (high is None or price <= high)


def all_of(filter_clauses: Iterable[Mapping[str, Any]], must_not: Iterable[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """A query that passes where all of `filter_clauses` and none of `must_not` match, without scores."""
    body = {"filter": list(filter_clauses), "must_not": list(must_not)}
    return {"bool": {key: value for key, value in body.items() if value}}
