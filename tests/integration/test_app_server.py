"""gunicorn and Elasticsearch failing, coming back, and being told to stop."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from app.http.errors import RETRY_AFTER
from tests.integration.app_proxy import Relay
from tests.integration.app_serving import Server, serving

SIMILAR = "/v1/products/p-1/similar"


@pytest.fixture
def server(relay: Relay, index_prefix: str, tmp_path: Path) -> Iterator[Server]:
    with serving(
        tmp_path,
        ELASTICSEARCH_URL=relay.url,
        INDEX_PREFIX=index_prefix,
        SHUTDOWN_DELAY="1.5",
        SEARCH_TIMEOUT="4",
        ACCESS_LOG="true",
        PROMETHEUS_MULTIPROC_DIR=str(tmp_path / "metrics"),
    ) as running:
        yield running


@pytest.fixture
def patient(relay: Relay, index_prefix: str, tmp_path: Path) -> Iterator[Server]:
    """A server whose delays never run out within a test."""
    with serving(
        tmp_path,
        ELASTICSEARCH_URL=relay.url,
        INDEX_PREFIX=index_prefix,
        SHUTDOWN_DELAY="300",
        GRACEFUL_TIMEOUT="300",
        SEARCH_TIMEOUT="60",
    ) as running:
        yield running


def wait_for(server: Server, path: str, status: int) -> requests.Response:
    """Returns the first answer of `path` with `status`; raises AssertionError after two minutes."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        answer = server.get(path)
        if answer.status_code == status:
            return answer
        time.sleep(0.1)
    raise AssertionError(f"{path} is not {status} after two minutes: {server.log}")


def test_it_serves_counts_over_all_processes_and_logs_json(server: Server, tmp_path: Path) -> None:
    assert server.get("/readyz").json()["status"] == "ready"
    answers = [server.get(SIMILAR, size="M") for _ in range(20)]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    counted = 'visual_search_requests_total{endpoint="search.similar",method="GET",status="200"} 20.0'
    assert counted in server.health("/metrics").text
    assert list((tmp_path / "metrics").glob("*.db"))
    lines = [json.loads(line) for line in server.log.splitlines()]
    ids = {line.get("query_id") for line in lines}
    assert {answer.headers["X-Query-Id"] for answer in answers} <= ids


def test_elasticsearch_down_is_a_fast_503_and_heals_by_itself(server: Server, relay: Relay) -> None:
    assert server.get(SIMILAR).status_code == 200
    relay.cut()
    for _ in range(10):
        server.get(SIMILAR)  # the breaker of each process opens
    refused = [server.get(SIMILAR) for _ in range(20)]
    assert {answer.status_code for answer in refused} == {503}
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in refused)
    assert refused[0].json()["code"] == "unavailable"
    assert server.get("/healthz").status_code == 200
    for _ in range(10):
        last = server.get("/readyz")
    assert last.status_code == 503
    relay.mend()
    for _ in range(3):  # both processes
        wait_for(server, SIMILAR, 200)
    wait_for(server, "/readyz", 200)


def test_a_hanging_elasticsearch_does_not_hold_everybody_up(server: Server, relay: Relay) -> None:
    assert server.get(SIMILAR).status_code == 200
    relay.passing.clear()
    with ThreadPoolExecutor(12) as pool:
        slow = list(pool.map(lambda _: server.get(SIMILAR), range(12)))
    assert {answer.status_code for answer in slow} == {503}
    before, started = relay.pieces, time.monotonic()
    with ThreadPoolExecutor(12) as pool:
        refused = list(pool.map(lambda _: server.get(SIMILAR), range(60)))
    assert {answer.status_code for answer in refused} == {503}
    # While its breaker is open each of the two processes lets one question through per RETRY_AFTER.
    pauses = (time.monotonic() - started) / RETRY_AFTER
    assert relay.pieces - before <= 2 * (pauses + 1)
    relay.passing.set()
    wait_for(server, SIMILAR, 200)


def test_sigterm_fails_readiness_drains_and_a_second_one_skips_the_delay(patient: Server, relay: Relay) -> None:
    for _ in range(4):
        assert patient.get("/readyz").status_code == 200
    relay.passing.clear()
    before = relay.pieces
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(patient.get, SIMILAR)
        while relay.pieces == before:
            time.sleep(0.05)
        patient.terminate()
        answer = wait_for(patient, "/readyz", 503)
        assert "shutting down" in answer.json()["message"]
        assert patient.get("/healthz").status_code == 200  # still taking what was sent before the news spread
        patient.terminate()
        relay.passing.set()
        assert running.result().status_code == 200
    assert patient.process.wait(120) == 0  # the delay alone is five minutes
    with pytest.raises(requests.ConnectionError):
        patient.get("/healthz")


def test_it_stops_by_itself_after_the_shutdown_delay(server: Server) -> None:
    server.terminate()
    assert server.process.wait(120) == 0


def test_a_reload_keeps_serving_and_counting(server: Server) -> None:
    assert server.get(SIMILAR).status_code == 200
    server.process.send_signal(signal.SIGHUP)
    while server.log.count("Booting worker") < 4:
        time.sleep(0.1)
    assert {server.get(SIMILAR).status_code for _ in range(10)} == {200}
    assert "visual_search_requests_total" in server.health("/metrics").text
