"""Promotions: which space shall serve, since when, who said so and why; nothing is ever taken out of that list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Action = Literal["promote", "rollback"]


@dataclass(frozen=True, slots=True)
class Promotion:
    """One entry of the index `promotions`; `number` counts from 1, 0 for an entry that no promotion here wrote."""

    space: str
    by: str
    reason: str
    action: Action = "promote"
    figures: Mapping[str, Any] = field(default_factory=dict)
    at: datetime | None = None  # set when it is written
    number: int = 0


def serving_stack(entries: Sequence[Promotion]) -> list[Promotion]:
    """Returns the promotions that stand, oldest first: a rollback takes back what came after the space it returns to.

    `entries` oldest first. The last one serves; the one before it is what a rollback returns to.
    """
    stack: list[Promotion] = []
    for entry in entries:
        if entry.action == "rollback" and entry.space in (standing := [one.space for one in stack]):
            latest = len(standing) - 1 - standing[::-1].index(entry.space)
            stack = stack[: latest + 1]
        else:
            stack.append(entry)
    return stack
