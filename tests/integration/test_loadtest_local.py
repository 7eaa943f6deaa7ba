"""`python -m loadtest local`: starts what is not there, and leaves nothing behind, even when stopped half-way."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from loadtest.local import ROOT


def start(url: str, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "loadtest", "local", "--products", "1000", "--report", str(folder), *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "ELASTICSEARCH_URL": url},
    )


def children(pid: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout.split()
    return [int(child) for child in found]


def indices(url: str) -> set[str]:
    rows: list[dict[str, Any]] = requests.get(f"{url}/_cat/indices/loadtest_*?format=json&h=index", timeout=30).json()
    return {row["index"] for row in rows}


@pytest.fixture
def url(elasticsearch_url: str) -> str:
    return elasticsearch_url.split(",", maxsplit=1)[0].strip().rstrip("/")


def test_a_whole_run(url: str, tmp_path: Path) -> None:
    before = indices(url)
    process = start(url, tmp_path, "--users", "2", "--duration", "12", "--json")
    out, err = process.communicate(timeout=180)
    assert process.returncode == 0, err
    assert json.loads(out)["passed"]
    assert "loaded 1000 drawn products" in err
    assert indices(url) <= before


def test_stopped_half_way_it_takes_everything_with_it(url: str, tmp_path: Path) -> None:
    before = indices(url)
    process = start(url, tmp_path, "--users", "2", "--duration", "300")
    started: list[int] = []  # the API and locust, when both are there
    deadline = time.monotonic() + 120
    while len(started) < 2 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.2)
        started = children(process.pid)
    workers = [worker for child in started for worker in children(child)]
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=90)
    assert process.returncode == 128 + signal.SIGTERM, err
    assert len(started) == 2
    assert not [pid for pid in (*started, *workers) if Path(f"/proc/{pid}").exists()]
    assert indices(url) <= before
