"""Warnings that an answer has beside its hits: where it is not quite what was asked for, or only probably right."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class AnswerWarning:
    """One warning: `code` for programs, `message` for a shop's developer, `detail` for whoever has to mend it."""

    code: str
    message: str
    detail: Mapping[str, Any] | None = None
