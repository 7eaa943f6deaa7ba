"""Outcomes of a row: read as a product with these values, or reported with a code and a reason."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """What becomes of a row: `values` of its product (None: there is none), or `code` and a part of the `reason`."""

    values: dict[str, Any] | None = None
    code: str = ""
    reason: str = ""
    notes: tuple[str, ...] = field(default=())


def read_as(*notes: str, **values: Any) -> Outcome:
    """The row is in, with these values; each note says one of these."""
    return Outcome(values=values, notes=notes)


def refused(code: str, reason: str) -> Outcome:
    return Outcome(code=code, reason=reason)


def invalid(reason: str) -> Outcome:
    return refused("invalid_product", reason)
