"""The command line: exit statuses and one-line messages, without starting a server."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.cluster import ports

ROOT = Path(__file__).parents[2]


@pytest.fixture
def cache() -> Iterator[Path]:
    """A cache folder that every user may enter, unlike pytest's tmp_path."""
    folder = Path(tempfile.mkdtemp(prefix="visual-search-cache-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def run(cache: Path):
    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
        environment = {**kept, "ENGINE_CACHE": str(cache), "ENGINE_PORT": str(ports.find_free_port()), **environment}
        command = [sys.executable, "-m", "engine", *arguments]
        return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)

    return run


def test_no_jdk_is_one_clear_line(run, cache):
    done = run("start", ES_JAVA_HOME=str(cache))
    assert done.returncode == 2
    assert done.stderr.strip().endswith("correct it, or unset it to search for a JDK")
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_one_clear_line(run):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        done = run("start", "--json", ENGINE_PORT=port)
    assert done.returncode == 2
    assert f"port {port} on 127.0.0.1 is in use" in done.stderr
    assert json.loads(done.stdout)["error"] == "PortInUse"


def test_elasticsearch_url_means_start_nothing(run):
    url = f"http://127.0.0.1:{ports.find_free_port()}"
    done = run("start", "--json", ELASTICSEARCH_URL=url)
    assert done.returncode == 0
    assert json.loads(done.stdout) | {"started": False, "url": url, "pids": []} == json.loads(done.stdout)
    status = run("status", "--json", ELASTICSEARCH_URL=url)
    assert status.returncode == 1
    assert f"{url} does not answer" in json.loads(status.stdout)["message"]


def test_status_stop_and_logs_where_nothing_runs(run):
    assert run("status").returncode == 1
    stopped = run("stop", "--json")
    assert (stopped.returncode, json.loads(stopped.stdout)) == (0, {"stopped": []})
    assert run("logs").returncode == 2


@pytest.mark.parametrize(
    "wrong", [["--nodes", "0"], ["--heap", "big"], ["--password", "x"], ["--port", "0"]], ids=str
)
def test_wrong_use_ends_with_status_2(run, wrong):
    done = run("start", *wrong)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
