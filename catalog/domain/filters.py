"""Filters of a search: a list means any of, different keys mean all of."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, create_model, model_validator

from catalog.domain.filter_fields import FILTER_FIELDS, TERM_FIELDS, Kind
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
            raise ValueError(f"the least price {self.gte:g} is above the highest {self.lte:g}")
        return self

    @property
    def is_bounded(self) -> bool:
        """Says whether prices are compared at all."""
        return self.gte is not None or self.lte is not None


class _FilterBase(BaseModel):
    """Narrows a search; `size=M` means M is in stock.

    Size, price and stock hold for one and the same variant. Words match whatever their case.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


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
        known = ", ".join(Filters.model_fields)
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
