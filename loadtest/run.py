"""One bounded locust run without a window, in a process of its own because locust patches the standard library."""

import logging
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import requests

from loadtest import report, settings
from loadtest.errors import ApiUnreachable
from loadtest.report import LoadtestSummary

ROOT = Path(__file__).resolve().parent.parent
LOCUSTFILE = Path(__file__).with_name("locustfile.py")
log = logging.getLogger("loadtest")
GRACE = 60  # seconds beyond the run time before a hanging run is ended
API_UNREADABLE = 2  # locust's exit status, set in the locustfile, for an API it could not read at the start


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """Says how many users ask for how long (seconds), at most `max_requests` in all, with pauses of `pause` s."""

    folder: Path
    users: int
    seconds: int
    max_requests: int = 1_000_000
    seed: int = 0
    pause: float = 0.0


def require_api(host: str, patience: float = 0.0) -> None:
    """Waits up to `patience` seconds until the API is ready; raises ApiUnreachable with the reason."""
    deadline = time.monotonic() + patience
    while problem := _find_problem(host):
        if time.monotonic() > deadline:
            raise ApiUnreachable(f"{problem}; start it with `python -m app serve`, or give another --host")
        time.sleep(0.2)


def _find_problem(host: str) -> str | None:
    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.get(f"{host}/readyz", timeout=10)
        except requests.RequestException as error:
            return f"nothing answers at {host} ({type(error).__name__})"
    return None if answer.status_code == 200 else f"{host}/readyz answers {answer.status_code}"


def run_load(plan: LoadPlan, host: str) -> LoadtestSummary:
    """Runs locust and writes report.html, summary.json and summary.csv into the plan's folder.

    Raises ApiUnreachable where the API does not answer or has no products to ask about.
    """
    require_api(host)
    plan.folder.mkdir(parents=True, exist_ok=True)
    log.info("%s users ask %s for %s s", plan.users, host, plan.seconds)
    log_file = plan.folder / "locust.log"
    with log_file.open("wb") as output:
        process = subprocess.Popen(
            build_command(plan, host),
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=settings.build_environment({"PYTHONPATH": str(ROOT)}),
        )
        try:
            status = process.wait(plan.seconds + GRACE)
        except BaseException:
            process.kill()
            process.wait()
            raise
    if status == API_UNREADABLE:
        raise ApiUnreachable(_read_last_error(log_file))
    return report.write_report(plan.folder, host, plan.users)


def build_command(plan: LoadPlan, host: str) -> list[str]:
    """Builds the locust command line of a plan."""
    return [
        *(sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless", "--host", host),
        *("-u", str(plan.users), "-r", str(max(1, plan.users // 2)), "-t", f"{plan.seconds}s"),
        *("--stop-timeout", "10"),
        *("--seed", str(plan.seed), "--max-requests", str(plan.max_requests), "--pause", str(plan.pause)),
        *("--statistics", str(plan.folder / report.STATISTICS), "--html", str(plan.folder / "report.html")),
        *("--exit-code-on-error", "1", "--only-summary", "--loglevel", "WARNING"),
    ]


def _read_last_error(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if "/ERROR/" in line]
    return lines[-1].split(": ", 1)[-1] if lines else f"locust could not read the API; see {log}"
