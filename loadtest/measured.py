"""What locust counted, exactly as it stands at the end: its own CSV files lag behind by up to five seconds."""

from typing import Any

from locust.env import Environment
from locust.stats import StatsEntry

PERCENTILES = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99}


def measured(environment: Environment) -> dict[str, Any]:
    """Plain data: a line per kind of request, the total, and failures (errors of the users' own code included)."""
    stats = environment.stats
    entries = sorted(stats.entries.values(), key=lambda entry: (entry.method, entry.name))
    failures = [
        {"name": _name(error.method, error.name), "error": str(error.error), "times": int(error.occurrences)}
        for error in stats.errors.values()
    ]
    crashes = environment.runner.exceptions.values() if environment.runner else ()
    return {
        "total": _line(stats.total, "all"),
        "lines": [_line(entry, _name(entry.method, entry.name)) for entry in entries],
        "failures": failures
        + [{"name": "the user's code", "error": crash["msg"], "times": crash["count"]} for crash in crashes],
    }


def _name(method: str | None, name: str) -> str:
    return name if name.startswith(f"{method} ") else f"{method} {name}"


def _line(entry: StatsEntry, name: str) -> dict[str, Any]:
    times = {key: float(entry.get_response_time_percentile(share)) for key, share in PERCENTILES.items()}
    return {
        "name": name,
        "requests": entry.num_requests,
        "failures": entry.num_failures,
        "per_second": round(entry.total_rps, 2),
        **times,
        "max_ms": round(float(entry.max_response_time), 2),
    }
