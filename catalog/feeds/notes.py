"""Collects what a feed's readers left out or took leniently: one line per kind, however many rows it is about."""

from collections.abc import Iterator
from dataclasses import dataclass

MAX_KINDS = 50  # further ones are not kept: column names are the feed's, and there may be any number


@dataclass(slots=True)
class FeedNote:
    """Says what was done to `rows` rows; `line` is the first of them, `example` what stood there."""

    text: str
    line: int
    example: str
    rows: int = 0

    def __str__(self) -> str:
        rows = "1 row" if self.rows == 1 else f"{self.rows:,} rows"
        example = f": '{self.example}'" if self.example else ""
        return f"{self.text} ({rows}, first in line {self.line}{example})"


class FeedNotes:
    """Counts notes by their text; `line` is that of the row being read."""

    def __init__(self) -> None:
        self.line = 0
        self._notes: dict[str, FeedNote] = {}

    def __iter__(self) -> Iterator[FeedNote]:
        return iter(self._notes.values())

    def add(self, text: str, example: object = "") -> None:
        note = self._notes.get(text)
        if note is None:
            if len(self._notes) == MAX_KINDS:
                return
            note = self._notes[text] = FeedNote(text, self.line, str(example)[:40])
        note.rows += 1
