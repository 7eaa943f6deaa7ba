"""Counts what an import did."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from catalog.feeds.events import RowProblem
from catalog.feeds.notes import FeedNote

SHOWN = 10  # problems and examples kept for the terminal; `--report` has them all


@dataclass(slots=True)
class ImportSummary:
    """Counts what one import did; `rows` are the feed's, good and bad; `kept_newer_offer` are those that stayed."""

    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    merged: int = 0  # rows that are sizes of another row's product
    replaced: int = 0  # products of single sizes that went into the one of all sizes
    deleted: int = 0
    failed: int = 0
    failed_by: dict[str, int] = field(default_factory=dict)
    kept_newer_offer: int = 0
    kept_newer_product: int = 0  # not in the feed, but with a price or stock newer than it
    photos_changed: int = 0
    embeddings_cleared: int = 0  # products that had an embedding and lost it, as their photo has another address
    first_problems: list[RowProblem] = field(default_factory=list)
    notes: list[FeedNote] = field(default_factory=list)  # what was left out of rows or read leniently
    cut: str = ""  # why the feed seems to have lost its end
    cut_for_certain: bool = False
    refused: str = ""  # why nothing was written
    seconds: float = 0.0

    def count_problem(self, problem: RowProblem) -> None:
        self.failed += 1
        self.failed_by[problem.code] = self.failed_by.get(problem.code, 0) + 1
        if len(self.first_problems) < SHOWN:
            self.first_problems.append(problem)

    @property
    def failed_share(self) -> float:
        """Returns the share of failed rows among all rows, 0 to 1."""
        return self.failed / self.rows if self.rows else 0.0

    @property
    def rows_per_second(self) -> float:
        return self.rows / self.seconds if self.seconds else 0.0

    def to_dict(self) -> Mapping[str, Any]:
        body = asdict(self) | {"failed_share": round(self.failed_share, 4)}
        body["rows_per_second"] = round(self.rows_per_second, 1)
        body["seconds"] = round(self.seconds, 3)
        body["first_problems"] = [problem_to_dict(problem) for problem in self.first_problems]
        return body


def problem_to_dict(problem: RowProblem) -> dict[str, Any]:
    """Returns a problem as one line of a report."""
    return {"line": problem.line, "id": problem.id, "code": problem.code, "reason": problem.reason}
