"""Real servers: what status says, TLS and roles, a cluster that loses a node, a start that fails."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

import engine
from engine.errors import OptionsError, StartFailed

ROOT = Path(__file__).parents[2]


@pytest.fixture
def settings() -> engine.EngineSettings:
    """As the environment says, but with a server of our own, as users start it, not as other tests do."""
    return engine.EngineSettings.load().model_copy(
        update={"elasticsearch_url": None, "engine_port": engine.find_free_port(), "engine_jvm_options": ""}
    )


@pytest.fixture
def data(settings: engine.EngineSettings) -> Iterator[Path]:
    """A data folder; what was started on the settings' port is stopped afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="visual-search-engine-"))
    folder.chmod(0o755)
    yield folder
    engine.stop(settings.engine_port, settings)
    shutil.rmtree(folder)


@pytest.mark.slow
def test_a_server_is_described_found_again_and_stopped(settings, data):
    options = engine.StartOptions(data=data, heap="512m")
    running = engine.start(options, settings)
    (pid,) = running.pids
    assert running.url == f"http://127.0.0.1:{settings.engine_port}"
    assert psutil.Process(pid).uids().real != 0

    status = engine.status(settings=settings)
    assert status | {"running": True, "version": "8.19.21", "heap": "512m", "data": str(data)} == status
    assert (status["health"], status["nodes"][0]["pid"]) == ("green", pid)
    assert runner_says("status", settings)["nodes"] == status["nodes"]
    # What Lucene itself says about vector instructions must match: on a JDK with the module they are on.
    assert status["simd"] is (engine.install.jdk.inspect(Path(status["java_home"])).major >= 21)

    again = engine.start(options, settings)
    assert again.already and again.pids == [pid]
    with pytest.raises(OptionsError, match="another engine runs"):
        engine.start(engine.StartOptions(data=data, nodes=2), settings)

    requests.put(f"{running.url}/kept/_doc/1", json={"a": 1}, timeout=30).raise_for_status()
    assert engine.stop(settings=settings) == [pid]
    assert engine.status(settings=settings)["running"] is False
    restarted = engine.start(options, settings)
    assert requests.get(f"{restarted.url}/kept/_doc/1", timeout=30).json()["_source"] == {"a": 1}


def runner_says(command: str, settings: engine.EngineSettings) -> dict[str, Any]:
    """The command line's JSON, asked in a process of its own."""
    environment = {
        "PATH": os.environ["PATH"],
        "ENGINE_CACHE": str(settings.engine_cache),
        "ENGINE_PORT": str(settings.engine_port),
    }
    arguments = [sys.executable, "-m", "engine", command, "--json"]
    done = subprocess.run(arguments, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def test_a_server_that_cannot_start_shows_its_last_words(settings, data):
    with pytest.raises(StartFailed, match="node-1 ended with status") as failure:
        engine.start(engine.StartOptions(data=data, heap="1m"), settings)
    assert "Too small maximum heap" in failure.value.log
    assert engine.status(settings=settings)["running"] is False


def test_a_start_that_takes_too_long_is_ended(settings, data):
    with pytest.raises(StartFailed, match=r"not ready after 2 s \(no answer\)"):
        engine.start(engine.StartOptions(data=data, heap="512m", wait_s=2), settings)
    assert engine.stop(settings=settings) == []


@pytest.mark.slow
def test_security_asks_for_tls_a_password_and_the_right_role(settings, data, tmp_path):
    may = {
        **{user: ["read"] for user in ("search", "rules", "products", "keys")},
        "etl": ["read", "write", "create_index"],
    }
    roles = tmp_path / "roles.json"
    granted = {name: {"indices": [{"names": ["products"], "privileges": of}]} for name, of in may.items()}
    roles.write_text(json.dumps(granted))
    options = engine.StartOptions(
        data=data, heap="512m", security=True, passwords={"search": "only-looking"}, roles=roles
    )
    running = engine.start(options, settings)
    assert running.url.startswith("https://") and running.access
    passwords = running.access.read_passwords()

    def call(method: str, path: str, user: str, password: str, **body: object) -> requests.Response:
        ca = str(running.access.ca)
        return requests.request(
            method, running.url + path, auth=(user, password), verify=ca, json=body or None, timeout=30
        )

    with pytest.raises(requests.ConnectionError):
        requests.get(running.url.replace("https", "http"), timeout=30)
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(running.url, timeout=30)
    assert call("GET", "/products/_search", "search", "wrong").status_code == 401
    assert call("PUT", "/products/_doc/1?refresh=true", "etl", passwords["etl"], title="dress").status_code == 201
    found = call("GET", "/products/_search", "search", "only-looking")
    assert found.json()["hits"]["hits"][0]["_source"] == {"title": "dress"}
    assert call("PUT", "/products/_doc/2", "search", "only-looking", title="x").status_code == 403
    assert call("DELETE", "/products", "search", "only-looking").status_code == 403
    assert call("GET", "/accounts/_search", "search", "only-looking").status_code == 403
    assert call("GET", "/accounts/_search", "etl", passwords["etl"]).status_code == 403
    assert call("GET", "/_cluster/health", "admin", passwords["admin"]).json()["number_of_nodes"] == 1
    assert engine.status(settings=settings)["health"] in ("green", "yellow")


def found_within(seconds: float, url: str) -> Any:
    """The document at `url`, once the cluster that lost a node has found itself again."""
    deadline = time.monotonic() + seconds
    while True:
        answer = requests.get(url, timeout=60)
        if answer.ok or time.monotonic() > deadline:
            return answer.json().get("_source", answer.json())
        time.sleep(0.5)


@pytest.mark.slow
@pytest.mark.chaos
def test_three_nodes_lose_one_and_get_it_back(settings, data):
    options = engine.StartOptions(data=data, nodes=3)
    running = engine.start(options, settings)
    assert len(set(running.pids)) == len(set(running.urls)) == 3
    assert engine.status(settings=settings)["cluster_nodes"] == 3
    index = {"settings": {"number_of_shards": 1, "number_of_replicas": 2}}
    created = f"{running.urls[0]}/copies?wait_for_active_shards=all"
    requests.put(created, json=index, timeout=60).raise_for_status()
    requests.put(f"{running.urls[0]}/copies/_doc/1", json={"a": 1}, timeout=60).raise_for_status()

    os.kill(running.pids[0], 9)
    psutil.wait_procs([psutil.Process(pid) for pid in running.pids[:1] if psutil.pid_exists(pid)], timeout=60)
    assert found_within(300, f"{running.urls[1]}/copies/_doc/1") == {"a": 1}

    back = engine.start(options, settings)
    assert not back.already
    assert back.pids[1:] == running.pids[1:] and back.pids[0] != running.pids[0]
    assert engine.status(settings=settings)["health"] == "green"
    assert sorted(engine.stop(settings=settings)) == sorted(back.pids)
