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

from tests.integration.app_proxy import Relay, relay_to
from tests.integration.app_serving import Server, fill, serving

SIMILAR = "/v1/products/p-1/similar"


@pytest.fixture
def relay(elasticsearch_url: str, index_prefix: str) -> Iterator[Relay]:
    fill(elasticsearch_url, index_prefix).client.close()
    with relay_to(elasticsearch_url) as relay:
        yield relay


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


def until(server: Server, path: str, status: int, seconds: float) -> float:
    """Seconds until `path` answers with `status`."""
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        if server.get(path).status_code == status:
            return time.monotonic() - started
        time.sleep(0.1)
    raise AssertionError(f"{path} is not {status} after {seconds} s: {server.log}")


def test_it_serves_counts_over_all_processes_and_logs_json(server: Server, tmp_path: Path) -> None:
    assert server.get("/readyz").json()["status"] == "ready"
    answers = [server.get(SIMILAR, size="M") for _ in range(20)]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    counted = 'visual_search_requests_total{endpoint="search.similar",method="GET",status="200"} 20.0'
    assert counted in server.get("/metrics").text
    assert list((tmp_path / "metrics").glob("*.db"))
    lines = [json.loads(line) for line in server.log.splitlines()]
    ids = {line.get("query_id") for line in lines}
    assert {answer.headers["X-Query-Id"] for answer in answers} <= ids


def test_elasticsearch_down_is_a_fast_503_and_heals_by_itself(server: Server, relay: Relay) -> None:
    assert server.get(SIMILAR).status_code == 200
    relay.cut()
    for _ in range(10):
        server.get(SIMILAR)  # the breaker of each process opens
    started = time.monotonic()
    refused = [server.get(SIMILAR) for _ in range(20)]
    assert (time.monotonic() - started) / 20 < 0.1
    assert {answer.status_code for answer in refused} == {503}
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in refused)
    assert refused[0].json()["code"] == "unavailable"
    assert server.get("/healthz").status_code == 200
    for _ in range(10):
        last = server.get("/readyz")
    assert last.status_code == 503
    relay.mend()
    time.sleep(1.1)
    for _ in range(3):  # both processes
        assert until(server, SIMILAR, 200, 10) < 10
    assert until(server, "/readyz", 200, 10) < 10


def test_a_hanging_elasticsearch_does_not_hold_everybody_up(server: Server, relay: Relay) -> None:
    assert server.get(SIMILAR).status_code == 200
    relay.delay = 30
    with ThreadPoolExecutor(12) as pool:
        slow = list(pool.map(lambda _: server.get(SIMILAR), range(12)))
    assert {answer.status_code for answer in slow} == {503}
    started = time.monotonic()
    statuses = [server.get(SIMILAR).status_code for _ in range(4)]
    assert statuses.count(503) == 4 and time.monotonic() - started < 9  # at most one per process waited its 4 s


def test_sigterm_fails_readiness_drains_and_stops(server: Server, relay: Relay) -> None:
    for _ in range(4):
        assert server.get("/readyz").status_code == 200
    relay.delay = 1.2  # a request needs several answers of Elasticsearch: it outlives the shutdown delay
    with ThreadPoolExecutor(3) as pool:
        running = [pool.submit(server.get, SIMILAR) for _ in range(3)]
        time.sleep(0.3)
        server.terminate()
        assert until(server, "/readyz", 503, 1.2) < 1.2
        answer = server.get("/readyz")
        assert "shutting down" in answer.json()["message"]
        assert server.get("/healthz").status_code == 200  # still taking what was sent before the news spread
        assert {each.result().status_code for each in running} == {200}
    assert server.process.wait(20) == 0
    with pytest.raises(requests.ConnectionError):
        server.get("/healthz")


def test_a_second_sigterm_does_not_wait(server: Server) -> None:
    server.terminate()
    time.sleep(0.2)
    started = time.monotonic()
    server.terminate()
    assert server.process.wait(20) == 0
    assert time.monotonic() - started < 1.2


def test_a_reload_keeps_serving_and_counting(server: Server) -> None:
    assert server.get(SIMILAR).status_code == 200
    server.process.send_signal(signal.SIGHUP)
    time.sleep(1.0)
    assert {server.get(SIMILAR).status_code for _ in range(10)} == {200}
    assert "visual_search_requests_total" in server.get("/metrics").text
