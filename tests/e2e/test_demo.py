"""What `make demo` does, twice, on a small shop of its own; and that it needs no torch."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

import engine

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture
def environ(elasticsearch_url: str, index_prefix: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    made = {
        **os.environ,
        "ELASTICSEARCH_URL": elasticsearch_url,
        "INDEX_PREFIX": index_prefix,
        "API_PORT": str(engine.find_free_port()),
        "DEMO_DIR": str(tmp_path / "demo"),
        "DEMO_PRODUCTS": "150",
        "VECTOR_STORE": str(tmp_path / "vectors"),
        "COLUMNS": "200",
    }
    yield made
    demo(made, "stop")


def demo(environ: dict[str, str], verb: str) -> str:
    command = [sys.executable, "-m", "demo", verb]
    done = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, check=False, timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_demo_answers_and_its_second_run_embeds_nothing(environ: dict[str, str]) -> None:
    first = demo(environ, "start")
    assert "150 photos embedded" in first
    address = re.search(r"curl -s '(\S+)'", first)
    assert address is not None
    answer = requests.get(address[1], timeout=30).json()
    assert len(answer["hits"]) == 5
    for hit in answer["hits"]:
        assert hit["id"] in first
        assert hit["product"].get("sale_price", hit["product"]["price"]) <= 80
    second = demo(environ, "start")
    assert "nothing to embed" in second
    assert "150 unchanged" in second
    assert "API stopped." in demo(environ, "stop")
    with pytest.raises(requests.ConnectionError):
        requests.get(address[1], timeout=5)
    assert "Nothing to stop." in demo(environ, "stop")


def test_a_port_that_is_taken_is_named(environ: dict[str, str]) -> None:
    with subprocess.Popen([sys.executable, "-m", "http.server", environ["API_PORT"], "--bind", "127.0.0.1"]) as other:
        try:
            command = [sys.executable, "-m", "demo", "start"]
            done = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, check=False)
        finally:
            other.terminate()
    assert done.returncode == 2
    assert environ["API_PORT"] in done.stderr


def test_the_demo_needs_no_torch() -> None:
    locked = (ROOT / "requirements-demo.txt").read_text()
    assert "\ntorch==" not in locked
    assert "\nonnxruntime==" in locked
