"""The API as it is run: gunicorn in processes of its own, and a small shop for it in the real Elasticsearch."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import requests

import engine
from catalog.domain.embedding_space import Space
from catalog.domain.product import document, parse
from catalog.domain.records import Change, Outcome
from catalog.elastic import Catalogue, connect
from catalog.settings import CatalogSettings
from catalog.similarity import normalize
from tests.unit.app_shop import product

ROOT = Path(__file__).parents[2]
SPACE = Space("color", "abc", 4)
COUNT = 60


def vectors() -> np.ndarray:
    return np.random.default_rng(7).normal(size=(COUNT, SPACE.dims)).astype(np.float32)


def fill(url: str, prefix: str) -> Catalogue:
    """Sixty dresses, all but the last embedded; the photo of p-6 lies in a file."""
    catalogue = connect(CatalogSettings(elasticsearch_url=(url,), index_prefix=prefix))
    catalogue.layout.create()
    sources = [document(parse(product(number))) for number in range(COUNT)]
    sources[6]["image_url"] = "file:///photos/6.jpg"
    assert {done.status for done in catalogue.products.write([Change(s["id"], s) for s in sources])} == {"created"}
    catalogue.spaces.ensure(SPACE)
    catalogue.products.refresh()
    catalogue.embeddings.write_outcomes(
        SPACE,
        [
            Outcome(source["id"], source["image_url"], "done", vector=normalize(vector), image_sha256="0" * 64)
            for source, vector in zip(sources[:-1], vectors(), strict=False)
        ],
    )
    catalogue.products.refresh()
    return catalogue


class Server:
    """`python -m app serve`, running."""

    def __init__(self, process: subprocess.Popen[str], port: int, health_port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self.health_url = f"http://127.0.0.1:{health_port}"
        self.url = f"http://127.0.0.1:{port}"
        self._log = log

    @property
    def log(self) -> str:
        return self._log.read_text()

    def get(self, path: str, **params: str) -> requests.Response:
        return requests.get(self.url + path, params=params, timeout=120, headers={"Connection": "close"})

    def health(self, path: str) -> requests.Response:
        """The answer of the health port."""
        return requests.get(self.health_url + path, timeout=30, headers={"Connection": "close"})

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def wait_alive(self) -> None:
        for _ in range(1200):
            with contextlib.suppress(requests.ConnectionError):
                if self.get("/healthz").ok:
                    return
            assert self.process.poll() is None, self.log
            time.sleep(0.1)
        raise AssertionError(f"not up after two minutes: {self.log}")


@contextlib.contextmanager
def serving(tmp_path: Path, **environ: str) -> Iterator[Server]:
    """The server for the time of a test."""
    port, health_port = engine.find_free_port(), engine.find_free_port()
    log = tmp_path / f"api-{port}.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "serve", "--port", str(port)],
            cwd=ROOT,
            env={**os.environ, "LOG_FORMAT": "json", "HEALTH_PORT": str(health_port), **environ},
            stdout=out,
            stderr=subprocess.STDOUT,
            text=True,
        )
    server = Server(process, port, health_port, log)
    try:
        server.wait_alive()
        yield server
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(30)
