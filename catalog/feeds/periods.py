"""Parses the period of a sale: two moments in ISO 8601 with a slash between them, as Google Merchant has it."""

import calendar
import re
from datetime import MAXYEAR, datetime, timedelta
from typing import Any

from catalog.feeds.events import RowError

_MOMENT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:(?:\s*[Tt]\s*|\s+)([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?))?"
    r"\s*([Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)
_MOMENT_EXAMPLE = "2026-02-24T13:00+01:00"
_EXAMPLE = f"{_MOMENT_EXAMPLE}/2026-03-01T15:30+01:00"


def is_in_period(name: str, window: Any, now: datetime) -> bool:
    """Returns whether `now` lies in `from/to`; a side left out is open. Raises RowError for anything else.

    A moment without a zone is UTC, a last day without a time counts whole, and a day that its month does not have
    (2026-02-29) is the month's last one.
    """
    sides = [side.strip() for side in str(window).split("/")]
    if len(sides) != 2 or not any(sides):
        raise RowError(f"{name}: '{str(window)[:60]}' is not a period such as {_EXAMPLE}")
    start = _parse_moment(name, sides[0], timedelta(0)) if sides[0] else now
    end = _parse_moment(name, sides[1], timedelta(days=1)) if sides[1] else now
    if all(sides) and end < start:
        raise RowError(f"{name}: '{str(window)[:60]}' ends before it starts")
    return start <= now <= end


def _parse_moment(name: str, written: str, length_of_day: timedelta) -> datetime:
    """Returns a point in time; where only a day is given, what `length_of_day` after its start is."""
    match = _MOMENT.fullmatch(written)
    try:
        if match is None:
            raise ValueError
        year, month, day = (int(part) for part in match.groups()[:3])
        day = min(day, calendar.monthrange(year, month)[1]) if day <= 31 else day
        date = f"{year:04d}-{month:02d}-{day:02d}"
        time, zone = match[4] or "", (match[5] or "Z").upper()
        if time and not time.startswith("24:00"):
            return datetime.fromisoformat(f"{date}T{time}{zone}")
        midnight = datetime.fromisoformat(f"{date}T00:00{zone}")
        return midnight if year == MAXYEAR else midnight + length_of_day  # 9999-12-31 is for ever
    except ValueError as error:
        raise RowError(f"{name}: '{written[:40]}' is no ISO 8601 date such as {_MOMENT_EXAMPLE}") from error
