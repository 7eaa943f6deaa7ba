"""Completes the filters of a request by those that follow from its source, and drops filters again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from catalog.domain.filter_fields import FOR_EVERYONE
from catalog.domain.filters import Filters, PriceRange
from catalog.domain.pricing import choose_currency
from catalog.domain.synonyms import fold, same_meaning
from catalog.domain.warnings import AnswerWarning
from catalog.errors import InvalidFilter, InvalidInput
from catalog.ports import SearchIndex
from catalog.search import filter_warnings
from catalog.similar.request import SimilarRequest

# A women's dress asks for women's and unisex ones unless told otherwise.
INHERITED = tuple(FOR_EVERYONE)


@dataclass(frozen=True, slots=True)
class CompletedFilters:
    """Holds the filters of a search with the `implied` ones that nobody named, and its price facet's currencies."""

    filters: Filters
    price_currencies: tuple[str, ...] | None = None
    implied: Mapping[str, Sequence[str]] = field(default_factory=dict)
    warnings: tuple[AnswerWarning, ...] = ()

    def warn_of_implied(self, left: Filters) -> tuple[AnswerWarning, ...]:
        """Returns the warnings of an answer in which the filters `left` hold: implied ones may have been dropped."""
        implied = {key: values for key, values in self.implied.items() if getattr(left, key)}
        return (*_warn_of_implied(implied), *self.warnings)


def complete_filters(index: SearchIndex, request: SimilarRequest, source: Mapping[str, Any]) -> CompletedFilters:
    """Completes the filters of `request` by what follows from its `source` (empty: no product).

    Raises InvalidFilter where prices in several currencies would be compared, InvalidInput for a price band without
    a price.
    """
    inherited = {
        key: values
        for key in INHERITED
        if not getattr(request.filters, key) and (values := find_suitable(key, source))
    }
    changes: dict[str, Any] = {**inherited}
    if request.price_band is not None:
        changes["price"] = _limit_to_band(request.filters.price, source, request.price_band)
    never = filter_warnings.warn_of_prices(changes.get("price"))
    filters = request.filters.model_copy(update=changes) if changes else request.filters
    old = filter_warnings.warn_of_old_index(index)
    if old:  # it compares whatever prices there are, as it did before
        return CompletedFilters(filters, None, inherited, (*old, *never))
    if request.price_band is not None:
        _refuse_other_currencies(request.filters, source)
    compared = filters.price is not None and filters.price.is_bounded
    found = choose_currency(
        index, filters, source.get("currency"), compared=compared, facet="price" in request.counts.facets
    )
    implied = inherited | ({"currency": (found.implied,)} if found.implied else {})
    return CompletedFilters(found.filters, found.facet, implied, (*found.warnings, *never))


def find_suitable(key: str, source: Mapping[str, Any]) -> tuple[str, ...]:
    """Returns the values for those whom the source suits: its own and the one for everyone; none where they are one.

    The source's is spelled as in the feed, so that an index of an older mapping finds it too.
    """
    word, everyone = source.get(key), FOR_EVERYONE[key]
    if not word or everyone in same_meaning(key, word):
        return ()
    return (word, everyone)


def _warn_of_implied(filters: Mapping[str, Sequence[str]]) -> tuple[AnswerWarning, ...]:
    if not filters:
        return ()
    said = ", ".join(f"{key} {' or '.join(values)}" for key, values in filters.items())
    message = f"these filters follow from the source product: {said}; name a filter to ask for others"
    return (AnswerWarning("implied_filters", message, {key: list(values) for key, values in filters.items()}),)


def _limit_to_band(asked: PriceRange | None, source: Mapping[str, Any], band: tuple[float, float]) -> PriceRange:
    price = source.get("effective_price")
    if price is None:
        raise InvalidInput("price_band: there is no source product with a price; use price_min and price_max")
    low, high = round(price * band[0], 2), round(price * band[1], 2)
    if asked is not None:
        low = low if asked.gte is None else max(low, asked.gte)
        high = high if asked.lte is None else min(high, asked.lte)
    return PriceRange.model_construct(gte=low, lte=high)  # unchecked: a band beside the bounds asked for is empty


def _refuse_other_currencies(filters: Filters, source: Mapping[str, Any]) -> None:
    """Raises InvalidFilter where a band around the source's price would be one of prices in another currency."""
    own = source.get("currency")
    if not own or all(fold(name) == fold(own) for name in filters.currency):
        return
    message = (
        f"price_band: the source's price is in {own}, so there is no band around it in "
        f"{', '.join(filters.currency)}; use price_min and price_max"
    )
    raise InvalidFilter(message, key="price_band", currencies=[own])


def drop_filter(filters: Filters, key: str) -> Filters:
    """Returns the filters without `key`; raises InvalidInput for a key that is none."""
    if key not in Filters.model_fields:
        raise InvalidInput(f"relax: there is no filter '{key}'; there are {', '.join(Filters.model_fields)}")
    return filters.model_copy(update={key: Filters.model_fields[key].default})
