"""Report of a run: requests, their times and their failures, kept as JSON and as CSV."""

import csv
from pathlib import Path
from typing import Annotated, Any

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from loadtest.errors import LoadFailed

STATISTICS = "statistics.json"  # what the locustfile leaves behind: locust's own figures at the end
Rounded = Annotated[float, AfterValidator(lambda value: round(value, 2))]


class RequestStatistics(BaseModel):
    """One kind of request; times in milliseconds. The aliases are locust's names."""

    model_config = ConfigDict(frozen=True)

    name: str
    requests: int = Field(validation_alias="num_requests")
    failures: int = Field(validation_alias="num_failures")
    per_second: Rounded = Field(validation_alias="total_rps")
    p50_ms: float = Field(validation_alias="response_time_percentile_0.5")
    p95_ms: float = Field(validation_alias="response_time_percentile_0.95")
    p99_ms: float = Field(validation_alias="response_time_percentile_0.99")
    max_ms: Rounded = Field(validation_alias="max_response_time")


class RequestFailure(BaseModel):
    """One reason why answers failed, and how many did."""

    model_config = ConfigDict(frozen=True)

    name: str
    error: str
    times: int = Field(validation_alias="occurrences")


class LoadtestSummary(BaseModel):
    """All of a run. It passed when something was asked and nothing was answered wrongly."""

    model_config = ConfigDict(frozen=True)

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
        return {**self.model_dump(), "passed": self.is_passed}


def write_report(folder: Path, host: str, users: int) -> LoadtestSummary:
    """Makes summary.json and summary.csv in `folder` of what locust left there.

    Raises LoadFailed where it left nothing.
    """
    path = folder / STATISTICS
    if not path.exists():
        raise LoadFailed(f"locust ended without a result; see {folder / 'locust.log'}")
    summary = LoadtestSummary(host=host, users=users, **orjson.loads(path.read_bytes()))
    path.unlink()
    (folder / "summary.json").write_bytes(orjson.dumps(summary.to_dict(), option=orjson.OPT_INDENT_2) + b"\n")
    with (folder / "summary.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(RequestStatistics.model_fields))
        writer.writeheader()
        writer.writerows(line.model_dump() for line in (*summary.lines, summary.total))
    return summary
