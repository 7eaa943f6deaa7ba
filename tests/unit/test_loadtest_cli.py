"""The command line: this machine only, bounds, settings, reports."""

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from loadtest import report, settings, target
from loadtest.__main__ import app
from loadtest.errors import CannotStart, LoadFailed, TargetRefused
from loadtest.run import LoadPlan, build_command


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    for name in settings.LoadtestSettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    return CliRunner()


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/", "http://localhost:1", "http://[::1]:9200"])
def test_this_machine_is_allowed(url: str) -> None:
    assert target.check_address(url, allow_remote=False) == url.rstrip("/")


@pytest.mark.parametrize("url", ["http://shop.example", "https://10.0.0.1", "http://127.0.0.1.shop.example"])
def test_another_machine_needs_a_word(url: str) -> None:
    with pytest.raises(TargetRefused, match="--allow-remote"):
        target.check_address(url, allow_remote=False)
    assert target.check_address(url, allow_remote=True) == url


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://127.0.0.1", "http://", ""])
def test_no_address(url: str) -> None:
    with pytest.raises(CannotStart, match="is no address"):
        target.check_address(url, allow_remote=True)


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "--host", "http://shop.example"],
        ["run", "--host", "nonsense"],
        ["run", "--users", "100000"],
        ["run", "--duration", "0"],
        ["load", "--dims", "0"],
        ["load", "--products", "999999999"],
        ["unknown"],
    ],
)
def test_wrong_use_is_status_2_without_a_traceback(cli: CliRunner, arguments: list[str]) -> None:
    done = cli.invoke(app, arguments)
    assert done.exit_code == 2
    assert done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [["load"], ["local"]])
def test_elasticsearch_elsewhere_is_not_loaded(
    cli: CliRunner, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setenv("ELASTICSEARCH_URL", "http://es.shop.example:9200")
    done = cli.invoke(app, arguments)
    assert done.exit_code == 2
    assert "es.shop.example is not this machine" in done.stderr


def test_settings_name_the_wrong_variable(cli: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOADTEST_SECONDS", "forever")
    done = cli.invoke(app, ["run"])
    assert done.exit_code == 2
    assert "LOADTEST_SECONDS" in done.stderr


def test_settings_find_the_servers() -> None:
    assert settings.LoadtestSettings.load({"API_PORT": "8123"}).api == "http://127.0.0.1:8123"
    assert settings.LoadtestSettings.load({}).elasticsearch_url == ""
    assert settings.load_catalogue_settings({"ENGINE_PORT": "9300"}).elasticsearch_url == ("http://127.0.0.1:9300",)


@pytest.mark.parametrize(("given", "used"), [({}, "flat"), ({"VECTOR_INDEX": "int8_hnsw"}, "int8_hnsw")])
def test_drawn_products_are_on_the_plain_index_type_unless_one_is_named(given: dict[str, str], used: str) -> None:
    found = settings.load_catalogue_settings(given)
    assert found.vector_index == used
    assert found.elasticsearch_timeout == settings.LOADING_TIMEOUT


def test_the_command_is_bounded(tmp_path: Path) -> None:
    line = " ".join(build_command(LoadPlan(tmp_path, users=7, seconds=9, max_requests=50), "http://127.0.0.1:1"))
    assert "--headless" in line
    assert "-u 7" in line
    assert "-t 9s" in line
    assert "--max-requests 50" in line


def leave_statistics(folder: Path, requests: int, failures: int, crashes: int = 0) -> None:
    """What the locustfile writes: locust's own names."""
    shares = {"0.5": 20, "0.95": 40, "0.99": 60}
    entry = {
        **{"name": "GET /v1/products", "num_requests": requests, "num_failures": failures},
        **{"total_rps": 2.499, "max_response_time": 90.5, "min_response_time": 1},
        **{f"response_time_percentile_{share}": ms for share, ms in shares.items()},
    }
    found = [("GET /v1/products", "status 500", failures), ("the user's code", "KeyError", crashes)]
    wrong = [{"name": name, "error": error, "occurrences": times} for name, error, times in found if times]
    body = {"total": {**entry, "name": "all"}, "lines": [entry], "failures": wrong}
    (folder / report.STATISTICS).write_text(json.dumps(body))


def test_a_report_is_kept_as_json_and_csv(tmp_path: Path) -> None:
    leave_statistics(tmp_path, requests=10, failures=1)
    found = report.write_report(tmp_path, "http://127.0.0.1:1", 3)
    assert not found.is_passed
    assert [line.name for line in found.lines] == ["GET /v1/products"]
    assert (found.total.p50_ms, found.total.p95_ms, found.total.p99_ms) == (20, 40, 60)
    assert found.failures == (report.RequestFailure(name="GET /v1/products", error="status 500", occurrences=1),)
    written = json.loads((tmp_path / "summary.json").read_text())
    assert written["passed"] is False
    assert written["total"]["per_second"] == 2.5
    rows = list(csv.DictReader((tmp_path / "summary.csv").read_text().splitlines()))
    assert [row["name"] for row in rows] == ["GET /v1/products", "all"]
    assert rows[1]["p95_ms"] == "40.0"


@pytest.mark.parametrize(
    ("requests", "failures", "crashes", "passed"), [(10, 0, 0, True), (0, 0, 0, False), (10, 0, 1, False)]
)
def test_passing_needs_right_answers_and_some(
    tmp_path: Path, requests: int, failures: int, crashes: int, passed: bool
) -> None:
    leave_statistics(tmp_path, requests, failures, crashes)
    assert report.write_report(tmp_path, "http://127.0.0.1:1", 3).is_passed is passed


def test_no_result_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LoadFailed, match="without a result"):
        report.write_report(tmp_path, "http://127.0.0.1:1", 3)
