"""Parses single values of a feed: money, stock, lists, dates. Strict: what could mean two things is refused."""

import math
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson

from catalog.feeds.events import RowError

# `12.50 EUR`, `EUR 12.50`, `12,50`. One separator with one or two digits behind it is a decimal one.
_MONEY = re.compile(r"(?:([A-Za-z]{3})\s*)?([+-]?)([0-9]{1,12})(?:[.,]([0-9]{1,2}))?(?:\s*([A-Za-z]{3}))?")
STOCK = {
    "in_stock": True,
    "instock": True,
    "out_of_stock": False,
    "outofstock": False,
    "preorder": False,  # announced or awaited: `size=M` means M can be sent today
    "pre_order": False,
    "backorder": False,
    "back_order": False,
}
FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
EXACT_FLOAT = 2**53  # beyond it a float no longer tells whole numbers apart


def is_blank(value: Any) -> bool:
    """Returns whether a cell is empty: null, blank text, an empty list or object."""
    return value is None or (value.strip() == "" if isinstance(value, str) else value in ([], {}))


def parse_text(value: Any) -> Any:
    """Returns the text of a number or text; anything else as it is, for the product's check to refuse."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT_FLOAT:
        return str(int(value))  # a column of whole numbers with gaps becomes one of floats in many tools
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return str(value)
    return value


def parse_money(name: str, value: Any) -> tuple[float, str | None]:
    """Returns (amount, currency if given); raises RowError for a negative, ambiguous or unreadable price."""
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return _check_amount(name, float(value), value), None
    match = _MONEY.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise RowError(f"{name}: '{str(value)[:40]}' is not a price such as 12.50 EUR (no thousands separators)")
    before, sign, whole, cents, behind = match.groups()
    if before and behind:
        raise RowError(f"{name}: '{value}' names two currencies")
    amount = _check_amount(name, float(f"{sign}{whole}.{cents or 0}"), value)
    return amount, (before or behind or "").upper() or None


def _check_amount(name: str, amount: float, written: Any) -> float:
    if not math.isfinite(amount):
        raise RowError(f"{name}: '{written}' is not a number")
    if amount < 0:
        raise RowError(f"{name}: '{written}' is negative")
    return amount


def parse_stock(name: str, value: Any) -> bool:
    """Returns whether it can be sent today; raises RowError for an unknown word."""
    if isinstance(value, bool):
        return value
    word = re.sub(r"[\s_-]+", "_", str(value).strip().lower())
    found = {**FLAGS, **STOCK}.get(word)
    if found is None:
        raise RowError(f"{name}: '{str(value)[:40]}' is none of in_stock, out_of_stock, preorder, backorder")
    return found


def parse_structure(name: str, value: Any) -> Any:
    """Returns a list or object, from JSON where a cell holds text only; raises RowError for broken JSON."""
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise RowError(f"{name}: broken JSON: {error}") from error


def parse_list(name: str, value: Any, separator: str) -> list[Any]:
    """Returns a list of texts, from a JSON list, a list, or text split at `separator`."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        value = parse_structure(name, value)
    if isinstance(value, list):
        return [parse_text(part) for part in value if not is_blank(part)]
    if not isinstance(value, str):
        return [parse_text(value)]
    return [part.strip() for part in value.split(separator) if part.strip()]


def parse_moment(name: str, value: Any) -> datetime:
    """Returns a point in time, UTC where no zone is given; raises RowError unless it is ISO 8601."""
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
    except ValueError as error:
        raise RowError(f"{name}: '{str(value)[:40]}' is not an ISO 8601 date") from error
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def is_in_period(name: str, window: Any, now: datetime) -> bool:
    """Returns whether `now` lies in `from/to` (both ISO 8601); raises RowError for anything else."""
    ends = str(window).split("/")
    if len(ends) != 2:
        raise RowError(
            f"{name}: '{str(window)[:60]}' is not a period such as 2026-02-24T13:00+01:00/2026-03-01T15:30+01:00"
        )
    start, end = (parse_moment(name, part) for part in ends)
    if end < start:
        raise RowError(f"{name}: '{window}' ends before it starts")
    return start <= now <= end


def to_attribute(value: Any) -> Any:
    """Returns an attribute's value as the index keeps it: text, a number, a flag, or a list of texts."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, (str, bool, int, float)):
        return value.strip() if isinstance(value, str) else value
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, list) and not any(isinstance(part, (list, dict)) for part in value):
        return [str(part).strip() for part in value if part is not None]
    return orjson.dumps(value, default=str).decode()
