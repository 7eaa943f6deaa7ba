"""Parses prices as feeds spell them. Strict: what could mean two amounts is refused."""

import math
import re
from decimal import Decimal
from typing import Any

from catalog.feeds.events import RowError

SIGNS = {"€": "EUR", "£": "GBP"}  # `$` and `¥` are signs of several currencies
_MONEY = re.compile(
    r"(?:([A-Za-z]{3}|[€£])\s*)?([+-]?)\s*([0-9](?:[0-9.,'’\s]{0,30}[0-9])?)(?:\s*([A-Za-z]{3}|[€£]))?"
)
# One separator with one, two, or more than three digits behind it is a decimal one, and so is that of `0.125`.
_PLAIN = re.compile(r"([0-9]{1,12})(?:[.,]([0-9]{1,2}|[0-9]{4,12}|(?<=^0[.,])[0-9]{3}))?")
# `1,299.00`, `1.299,00`, `1 299`, `1'299.00`, `1.234.567`
_GROUPED = re.compile(r"([0-9]{1,3}(?:([.,'’\s])[0-9]{3})(?:\2[0-9]{3}){0,3})(?:(?!\2)[.,]([0-9]{1,2}))?")


def parse_money(name: str, value: Any) -> tuple[float, str | None]:
    """Returns (amount, currency if given); raises RowError for a negative, ambiguous or unreadable price."""
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return _check_amount(name, float(value), value), None
    match = _MONEY.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise RowError(f"{name}: '{str(value)[:40]}' is not a price such as 12.50 EUR{_advise(value)}")
    before, sign, number, behind = match.groups()
    if before and behind:
        raise RowError(f"{name}: '{value}' names two currencies")
    amount = _check_amount(name, float(f"{sign}{_normalize_number(name, number)}"), value)
    currency = before or behind
    return amount, (SIGNS.get(currency) or currency.upper() if currency else None)


def _advise(value: Any) -> str:
    return " (its sign means several currencies: write its three letters)" if set("$¥") & set(str(value)[:40]) else ""


def _normalize_number(name: str, written: str) -> str:
    """Returns a number as Python writes it; raises RowError where a separator may stand for thousands or decimals."""
    if plain := _PLAIN.fullmatch(written):
        whole, decimals = plain.groups()
    elif grouped := _GROUPED.fullmatch(written):
        whole, separator, decimals = grouped.groups()
        if separator in ".," and decimals is None and whole.count(separator) == 1:
            raise RowError(f"{name}: '{written}' could be a thousand times more or less: write two decimals")
        whole = re.sub("[^0-9]", "", whole)
    else:
        raise RowError(f"{name}: '{written}' is not a price such as 12.50 EUR")
    return f"{whole}.{decimals or 0}"


def _check_amount(name: str, amount: float, written: Any) -> float:
    if not math.isfinite(amount):
        raise RowError(f"{name}: '{written}' is not a number")
    if amount < 0:
        raise RowError(f"{name}: '{written}' is negative")
    return amount
