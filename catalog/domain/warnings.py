"""Warnings that an answer has beside its hits: where it is not quite what was asked for, or only probably right."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class AnswerWarning:
    """One warning: `code` for programs, `message` for people, `detail` for programs and whoever has to mend it.

    A page may show the message, so what an operator could do about it stands in `detail["hint"]`.
    """

    code: str
    message: str
    detail: Mapping[str, Any] = field(default_factory=dict)
