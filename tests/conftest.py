"""Fixtures that every test may use: a real Elasticsearch, and index names of one's own on it."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from filelock import FileLock

import engine

# Servers of tests live for minutes and never earn back what the JVM's better compiler costs: 40 % of their CPU time.
SHORT_LIVED = "-XX:TieredStopAtLevel=1 -XX:-UseG1GC -XX:+UseSerialGC -XX:-AlwaysPreTouch"
RUN_FOLDER = "VISUAL_SEARCH_TEST_RUN"  # what the processes of one test run share; set by the first of them


def pytest_configure(config: pytest.Config) -> None:
    """Makes the folder that all processes of this run share."""
    if _leads(config):
        os.environ.setdefault("ENGINE_JVM_OPTIONS", SHORT_LIVED)
        os.environ.setdefault("OMP_NUM_THREADS", "1")  # several processes share the cores already
        os.environ[RUN_FOLDER] = tempfile.mkdtemp(prefix="visual-search-tests-")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stops the server, whichever process started it, when all processes are done."""
    folder = os.environ.get(RUN_FOLDER)
    if folder is None or not _leads(config):
        return
    started = Path(folder, "engine.json")
    if started.exists():
        server = json.loads(started.read_text())
        engine.stop(server["port"], engine.EngineSettings.load())
        shutil.rmtree(server["data"], ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


def _leads(config: pytest.Config) -> bool:
    return not hasattr(config, "workerinput")  # set by pytest-xdist in the processes that it starts


@pytest.fixture(scope="session")
def elasticsearch_url() -> str:
    """Returns the server named by ELASTICSEARCH_URL, else one that all processes of this run share."""
    settings = engine.EngineSettings.load()
    if settings.elasticsearch_url:
        return settings.elasticsearch_url
    folder = Path(os.environ[RUN_FOLDER])
    with FileLock(folder / "engine.lock"):
        started = folder / "engine.json"
        if not started.exists():
            # Not pytest's tmp_path: its parent is closed to the user as whom root's server runs.
            memory = Path("/dev/shm")  # where every write of the server's is on its disk at once
            roomy = memory.is_dir() and shutil.disk_usage(memory).free > 4 * 2**30
            data = Path(tempfile.mkdtemp(prefix="visual-search-engine-", dir=memory if roomy else None))
            data.chmod(0o755)
            running = engine.start(engine.StartOptions(port=engine.find_free_port(), data=data, heap="1g"), settings)
            started.write_text(json.dumps({"url": running.url, "port": running.port, "data": str(data)}))
        return str(json.loads(started.read_text())["url"])


@pytest.fixture
def index_prefix(elasticsearch_url: str) -> Iterator[str]:
    """A fresh INDEX_PREFIX such as `t_1a2b3c4d_`; every index with it is deleted at the end of the test."""
    prefix = f"t_{secrets.token_hex(4)}_"
    yield prefix
    url = elasticsearch_url.partition(",")[0].strip().rstrip("/")
    found = requests.get(f"{url}/_cat/indices/{prefix}*", params={"format": "json", "h": "index"}, timeout=30)
    found.raise_for_status()
    for row in found.json():
        # One by one: the server refuses to delete by wildcard.
        requests.delete(f"{url}/{row['index']}", timeout=60).raise_for_status()
