"""Fixtures that every test may use: a real Elasticsearch, and index names of one's own on it."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

import engine


@pytest.fixture(scope="session")
def elasticsearch_url() -> Iterator[str]:
    """The server named by ELASTICSEARCH_URL, else one started for this session on a free port."""
    settings = engine.EngineSettings.load()
    if settings.elasticsearch_url:
        yield settings.elasticsearch_url
        return
    # Not pytest's tmp_path: its parent is closed to the user as whom root's server runs.
    data = Path(tempfile.mkdtemp(prefix="visual-search-engine-"))
    data.chmod(0o755)
    running = engine.start(engine.StartOptions(port=engine.find_free_port(), data=data, heap="512m"), settings)
    try:
        yield running.url
    finally:
        engine.stop(running.port, settings)
        shutil.rmtree(data, ignore_errors=True)


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
