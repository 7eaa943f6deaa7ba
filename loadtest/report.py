"""Report of a run: requests, their times and their failures, kept as JSON and as CSV."""

import csv
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import orjson

from loadtest.errors import LoadFailed

STATISTICS = "statistics.json"  # what the locustfile leaves behind: locust's own figures at the end


@dataclass(frozen=True, slots=True)
class RequestStatistics:
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
class RequestFailure:
    """One reason why answers failed, and how many did."""

    name: str
    error: str
    times: int


@dataclass(frozen=True, slots=True)
class LoadtestSummary:
    """All of a run. It passed when something was asked and nothing was answered wrongly."""

    host: str
    users: int
    total: RequestStatistics
    lines: tuple[RequestStatistics, ...]
    failures: tuple[RequestFailure, ...]

    @property
    def is_passed(self) -> bool:
        return self.total.requests > 0 and self.total.failures == 0 and not self.failures

    def to_dict(self) -> dict[str, Any]:
        """Returns what is written as JSON."""
        return {**asdict(self), "passed": self.is_passed}


def write_report(folder: Path, host: str, users: int) -> LoadtestSummary:
    """Makes summary.json and summary.csv in `folder` of what locust left there.

    Raises LoadFailed where it left nothing.
    """
    path = folder / STATISTICS
    if not path.exists():
        raise LoadFailed(f"locust ended without a result; see {folder / 'locust.log'}")
    summary = read_statistics(orjson.loads(path.read_bytes()), host, users)
    path.unlink()
    (folder / "summary.json").write_bytes(orjson.dumps(summary.to_dict(), option=orjson.OPT_INDENT_2) + b"\n")
    _write_csv(folder / "summary.csv", (*summary.lines, summary.total))
    return summary


def read_statistics(body: Mapping[str, Any], host: str, users: int) -> LoadtestSummary:
    """Builds the summary from locust's entries, errors, and exceptions of the users' own code."""
    entries = sorted(body["entries"], key=lambda entry: (entry["method"], entry["name"]))
    failures = [(_name(error), error["error"], error["occurrences"]) for error in body["errors"]]
    failures += [("the user's code", crash["msg"], crash["count"]) for crash in body["exceptions"]]
    return LoadtestSummary(
        host=host,
        users=users,
        total=_read_entry(body["total"], "all"),
        lines=tuple(_read_entry(entry, _name(entry)) for entry in entries),
        failures=tuple(RequestFailure(*failure) for failure in failures),
    )


def _name(entry: Mapping[str, Any]) -> str:
    return f"{entry['method']} {entry['name']}"


def _read_entry(entry: Mapping[str, Any], name: str) -> RequestStatistics:
    p50, p95, p99 = (float(entry[f"response_time_percentile_{share}"]) for share in (0.5, 0.95, 0.99))
    return RequestStatistics(
        name=name,
        requests=entry["num_requests"],
        failures=entry["num_failures"],
        per_second=round(entry["total_rps"], 2),
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
        max_ms=round(float(entry["max_response_time"]), 2),
    )


def _write_csv(path: Path, lines: tuple[RequestStatistics, ...]) -> None:
    names = [field.name for field in fields(RequestStatistics)]
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows([getattr(line, name) for name in names] for line in lines)
