"""Filters of a search: a list means any of, different keys mean all of."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    create_model,
    model_validator,
)

from catalog.domain.filter_fields import FIELD_BY_KEY, FILTER_FIELDS, TERM_FIELDS, Kind
from catalog.domain.product import Price, Word
from catalog.errors import InvalidFilter
from catalog.limits import MAX_FILTER_VALUES


def _as_tuple(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Words = Annotated[tuple[Word, ...], Field(max_length=MAX_FILTER_VALUES), BeforeValidator(_as_tuple)]


class PriceRange(BaseModel):
    """Bounds on the price of something that can be bought, both included."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    gte: Price | None = None
    lte: Price | None = None

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.gte is not None and self.lte is not None and self.gte > self.lte:
            raise ValueError(f"price_min {self.gte:g} is above price_max {self.lte:g}")
        return self

    @property
    def is_bounded(self) -> bool:
        """Says whether prices are compared at all."""
        return self.gte is not None or self.lte is not None


# Query strings, forms and JSON all say `price_min` and `price_max`; JSON may also say `price: {gte, lte}`.
PRICE_BOUNDS = {"price_min": "gte", "price_max": "lte"}
ONE_PRICE: TypeAdapter[float | None] = TypeAdapter(Price | None)


def _add_bounds(schema: dict[str, Any]) -> None:
    """Adds the bounds of the price to the JSON Schema of filters."""
    for name in PRICE_BOUNDS:
        schema["properties"][name] = {
            **ONE_PRICE.json_schema(),
            "default": None,
            "description": FIELD_BY_KEY["price"].parameters[name],
        }


class _FilterBase(BaseModel):
    """Narrows a search; `size=M` means M is in stock.

    Size, price and stock hold for one and the same variant. Words match whatever their case.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra=_add_bounds)
    more_keys: ClassVar[tuple[str, ...]] = tuple(PRICE_BOUNDS)

    @model_validator(mode="before")
    @classmethod
    def _read_bounds(cls, data: Any) -> Any:
        """Turns `price_min` and `price_max` into the `price` that is kept."""
        if not isinstance(data, Mapping) or not PRICE_BOUNDS.keys() & data.keys():
            return data
        bounds = {}
        for name, bound in PRICE_BOUNDS.items():
            try:
                bounds[bound] = ONE_PRICE.validate_python(data.get(name))
            except ValidationError as error:
                raise ValueError(f"{name}: {error.errors(include_url=False)[0]['msg']}") from error
        rest = {name: value for name, value in data.items() if name not in PRICE_BOUNDS}
        if bounds == {"gte": None, "lte": None}:
            return rest
        if rest.get("price") is not None:
            raise ValueError("name the price by price_min and price_max or by price, not by both")
        return {**rest, "price": bounds}


if TYPE_CHECKING:

    class Filters(_FilterBase):
        """Holds a value per key of FILTER_FIELDS; keys that are not named here are `Words`."""

        available: bool | None
        price: PriceRange | None
        attributes: dict[str, tuple[str, ...]]

        def __init__(
            self,
            *,
            available: bool | None = None,
            price: PriceRange | None = None,
            attributes: Mapping[str, Sequence[str]] = {},
            **words: tuple[str, ...],
        ) -> None: ...

        def __getattr__(self, key: str) -> tuple[str, ...]: ...

else:
    TYPES: dict[Kind, Any] = {
        "flag": (bool | None, None),
        "words": (Words, ()),
        "id": (Words, ()),
        "price": (PriceRange | None, None),
        "attributes": (Annotated[dict[Word, Words], Field(max_length=50)], {}),
    }
    Filters = create_model(
        "Filters",
        __base__=_FilterBase,
        __doc__=_FilterBase.__doc__,
        __module__=__name__,
        **{each.key: TYPES[each.kind] for each in FILTER_FIELDS},
    )


def parse(data: Any) -> Filters:
    """Reads filters from plain data; raises InvalidFilter that names the key and, for an unknown one, all keys."""
    try:
        return Filters.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"])) or "filter"
        known = ", ".join((*Filters.model_fields, *Filters.more_keys))
        problem = first["msg"].removeprefix("Value error, ")
        hint = f"unknown filter; there are {known}" if first["type"] == "extra_forbidden" else problem
        raise InvalidFilter(f"{key}: {hint}", key=key) from error


def values_of(source: Mapping[str, Any], key: str) -> list[Any]:
    """Returns the values a filter key looks at in a stored product, always as a list."""
    if key.startswith("attributes."):
        value = source.get("attributes", {}).get(key.removeprefix("attributes."))
    else:
        value = source.get(TERM_FIELDS.get(key, key))
    return value if isinstance(value, list) else [] if value is None else [value]
