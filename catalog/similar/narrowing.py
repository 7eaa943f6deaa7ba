"""Filters that follow from the source, and filters that may be dropped again."""

from collections.abc import Mapping
from typing import Any

from catalog.errors import InvalidInput
from catalog.filters import Filters, PriceRange

INHERITED = ("gender", "age_group")  # a women's dress asks for women's dresses unless told otherwise


def implied_filters(
    filters: Filters, source: Mapping[str, Any], price_band: tuple[float, float] | None = None
) -> Filters:
    """The filters, completed by the source's gender and age group where they name none, and by its price band."""
    changes: dict[str, Any] = {
        key: (source[key],) for key in INHERITED if not getattr(filters, key) and source.get(key)
    }
    if price_band is not None:
        changes["price"] = _banded(filters.price, source, price_band)
    return filters.model_copy(update=changes) if changes else filters


def _banded(asked: PriceRange | None, source: Mapping[str, Any], band: tuple[float, float]) -> PriceRange:
    price = source.get("effective_price")
    if price is None:
        raise InvalidInput("price_band: there is no source product with a price; use price_min and price_max")
    low, high = round(price * band[0], 2), round(price * band[1], 2)
    if asked is not None:
        low = low if asked.gte is None else max(low, asked.gte)
        high = high if asked.lte is None else min(high, asked.lte)
    return PriceRange(gte=low, lte=high)


def without(filters: Filters, key: str) -> Filters:
    """The filters with `key` dropped; raises InvalidInput for a key that is none."""
    if key not in Filters.model_fields:
        raise InvalidInput(f"relax: there is no filter '{key}'; there are {', '.join(Filters.model_fields)}")
    return filters.model_copy(update={key: Filters.model_fields[key].default})
