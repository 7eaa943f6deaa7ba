"""Chooses the currency that prices are compared in: prices in different currencies are never compared."""

from collections.abc import Sequence
from dataclasses import dataclass

from catalog.domain.filters import Filters
from catalog.domain.synonyms import fold
from catalog.domain.warnings import AnswerWarning
from catalog.errors import InvalidFilter
from catalog.ports import SearchIndex


@dataclass(frozen=True, slots=True)
class CurrencyChoice:
    """Holds filters that let one currency pass where prices are compared, and the currencies of the price facet.

    `implied` is the currency of the source, where nobody asked for one and it was taken.
    """

    filters: Filters
    facet: tuple[str, ...] | None = None
    implied: str | None = None
    warnings: tuple[AnswerWarning, ...] = ()


def choose_currency(
    index: SearchIndex, filters: Filters, source_currency: str | None, *, compared: bool, facet: bool
) -> CurrencyChoice:
    """Chooses the one currency of a question that compares prices, or shows their range.

    It is the one asked for, else the source's, else the only one in the catalogue. Where products name no currency,
    prices are taken as they are. Raises InvalidFilter where prices are compared and the catalogue has several.
    """
    if not (compared or facet):
        return CurrencyChoice(filters)
    asked = {fold(name): name for name in filters.currency}
    found = tuple(asked.values()) or (
        (source_currency,) if source_currency else tuple(index.filter_values.get("currency"))
    )
    if not found:
        return CurrencyChoice(filters)
    if len(found) > 1:
        if compared:
            raise _refuse_several(found)
        return CurrencyChoice(filters, (), warnings=(_warn_of_no_facet(found),) if facet else ())
    implied = source_currency if compared and not asked else None
    return CurrencyChoice(filters.model_copy(update={"currency": found}) if compared else filters, found, implied)


def _refuse_several(currencies: Sequence[str]) -> InvalidFilter:
    known = list(currencies)
    message = f"currency: prices in {', '.join(known)} cannot be compared; name one of them as `currency`"
    return InvalidFilter(message, key="currency", currencies=known)


def _warn_of_no_facet(currencies: Sequence[str]) -> AnswerWarning:
    known = list(currencies)
    message = f"there are prices in {', '.join(known)}: name one as `currency` for the facet `price`"
    return AnswerWarning("several_currencies", message, {"currencies": known})
