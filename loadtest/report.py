"""What a run found: requests, their times and their failures, read from locust's CSV files."""

import csv
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from loadtest.errors import LoadFailed


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
        return self.total.requests > 0 and self.total.failures == 0


def write(folder: Path, host: str, users: int) -> Summary:
    """The summary of the CSV files in `folder`, also as summary.json there; raises LoadFailed without them."""
    stats = folder / "locust_stats.csv"
    if not stats.exists():
        raise LoadFailed(f"locust ended without a result; see {folder / 'locust.log'}")
    lines = [_line(row) for row in _rows(stats)]
    summary = Summary(
        host=host,
        users=users,
        total=next(line for line in lines if line.name == "Aggregated"),
        lines=tuple(line for line in lines if line.name != "Aggregated"),
        failures=tuple(
            Failure(f"{row['Method']} {row['Name']}".strip(), row["Error"], int(row["Occurrences"]))
            for row in _rows(folder / "locust_failures.csv")
        ),
    )
    body = {**asdict(summary), "passed": summary.passed}
    (folder / "summary.json").write_bytes(orjson.dumps(body, option=orjson.OPT_INDENT_2) + b"\n")
    return summary


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _line(row: dict[str, str]) -> Line:
    def number(name: str) -> float:
        value = row[name]
        return 0.0 if value in ("", "N/A") else round(float(value), 2)

    return Line(
        name=f"{row['Type']} {row['Name'].removeprefix(row['Type']).strip()}".strip(),
        requests=int(row["Request Count"]),
        failures=int(row["Failure Count"]),
        per_second=number("Requests/s"),
        p50_ms=number("50%"),
        p95_ms=number("95%"),
        p99_ms=number("99%"),
        max_ms=number("Max Response Time"),
    )
