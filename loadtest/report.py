"""What a run found: requests, their times and their failures, kept as JSON and as CSV."""

import csv
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import orjson

from loadtest.errors import LoadFailed

MEASURED = "measured.json"  # what the locustfile leaves behind


@dataclass(frozen=True, slots=True)
class Line:
    """One kind of request; times in milliseconds."""

    name: str
    requests: int
    failures: int
    per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float


@dataclass(frozen=True, slots=True)
class Failure:
    name: str
    error: str
    times: int


@dataclass(frozen=True, slots=True)
class Summary:
    """All of a run. It passed when something was asked and nothing was answered wrongly."""

    host: str
    users: int
    total: Line
    lines: tuple[Line, ...]
    failures: tuple[Failure, ...]

    @property
    def passed(self) -> bool:
        return self.total.requests > 0 and self.total.failures == 0 and not self.failures


def write(folder: Path, host: str, users: int) -> Summary:
    """The summary of what locust left in `folder`, also as summary.json and summary.csv there; raises LoadFailed."""
    path = folder / MEASURED
    if not path.exists():
        raise LoadFailed(f"locust ended without a result; see {folder / 'locust.log'}")
    found: dict[str, Any] = orjson.loads(path.read_bytes())
    summary = Summary(
        host=host,
        users=users,
        total=Line(**found["total"]),
        lines=tuple(Line(**line) for line in found["lines"]),
        failures=tuple(Failure(**failure) for failure in found["failures"]),
    )
    path.unlink()
    body = {**asdict(summary), "passed": summary.passed}
    (folder / "summary.json").write_bytes(orjson.dumps(body, option=orjson.OPT_INDENT_2) + b"\n")
    _write_csv(folder / "summary.csv", (*summary.lines, summary.total))
    return summary


def _write_csv(path: Path, lines: tuple[Line, ...]) -> None:
    names = [field.name for field in fields(Line)]
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows([getattr(line, name) for name in names] for line in lines)
