"""Parses single values of a feed: texts, stock, lists, attributes."""

import math
import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import orjson

from catalog.feeds.events import RowError

STOCK = {
    "in_stock": True,
    "instock": True,
    "out_of_stock": False,
    "outofstock": False,
    "preorder": False,  # announced or awaited: `size=M` means M can be sent today
    "pre_order": False,
    "backorder": False,
    "back_order": False,
    "available_for_order": False,  # Meta's word for what is sent in a week or two
    "discontinued": False,
    "sold_out": False,
    "soldout": False,
    "limited_availability": True,
    "limitedavailability": True,
    "available": True,
    "unavailable": False,
}
_SCHEMA = re.compile("https?://schema[.]org/")
FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
EXACT_FLOAT = 2**53  # beyond it a float no longer tells whole numbers apart


def is_blank(value: Any) -> bool:
    """Returns whether a cell is empty: null, not a number, blank text, an empty list or object."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or value != value or value in ([], {})  # noqa: PLR0124 - NaN, a gap in many tables


def parse_text(value: Any) -> Any:
    """Returns the text of a number or text; anything else as it is, for the product's check to refuse."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT_FLOAT:
        return str(int(value))  # a column of whole numbers with gaps becomes one of floats in many tools
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return str(value)
    return value


def parse_stock(name: str, value: Any) -> bool:
    """Returns whether it can be sent today; raises RowError for an unknown word."""
    if isinstance(value, bool):
        return value
    word = re.sub(r"[\s_-]+", "_", _SCHEMA.sub("", str(value).strip().lower()))
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


def to_attribute(value: Any) -> Any:
    """Returns an attribute's value as the index keeps it: text, a number, a flag, or a list; raises RowError."""
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
    try:
        return orjson.dumps(value, default=str).decode()
    except orjson.JSONEncodeError as error:
        raise RowError(f"a column holds a structure that cannot be kept: {error}") from error
