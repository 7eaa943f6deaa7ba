"""The load test against the real engine and API, and against targets that fail."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from catalog.domain.embedding_space import Space
from catalog.domain.filters import Filters
from catalog.elastic import Catalogue, connect
from catalog.settings import CatalogSettings
from loadtest import loader
from loadtest.drawn_products import draw_products
from loadtest.local import ROOT, find_free_port, run_api
from tests.asking import similar_query

PRODUCT = {"id": "a", "available": True, "effective_price": 5.0, "brand": "Alder"}


def loadtest(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "loadtest", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env={**os.environ, **environment},
    )


def ask(host: str, report: Path, most: int) -> subprocess.CompletedProcess[str]:
    """Runs two users against the API there until so many requests are made."""
    limits = ("--users", "2", "--duration", "40", "--max-requests", str(most))
    return loadtest("run", "--host", host, *limits, "--report", str(report), "--json")


def test_loads_asks_and_finds_nothing_wrong(
    elasticsearch_url: str, index_prefix: str, catalogue: Catalogue, tmp_path: Path
) -> None:
    environment = {"ELASTICSEARCH_URL": elasticsearch_url, "INDEX_PREFIX": index_prefix}
    loaded = loadtest("load", "--products", "2000", "--dims", "40", "--json", **environment)
    assert loaded.returncode == 0, loaded.stderr
    assert json.loads(loaded.stdout)["products"] == 2000
    with run_api(catalogue.settings, tmp_path) as host:
        done = ask(host, tmp_path, most=150)  # one in ten browses: fewer may not have all three names
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["passed"]
    assert summary["total"]["requests"] > 20
    assert summary["total"]["failures"] == 0
    assert 0 < summary["total"]["p50_ms"] <= summary["total"]["p95_ms"] <= summary["total"]["p99_ms"]
    assert {line["name"] for line in summary["lines"]} == {
        "GET /v1/products",
        "GET /v1/products/{id}/similar",
        "POST /v1/search",
    }
    assert "<html" in (tmp_path / "report.html").read_text().lower()
    assert json.loads((tmp_path / "summary.json").read_text())["total"] == summary["total"]


def test_loaded_vectors_are_the_drawn_ones_and_settings_are_restored(
    settings: CatalogSettings, index_prefix: str
) -> None:
    catalogue = connect(settings.model_copy(update={"index_refresh": "7s", "index_replicas": 1}))
    catalogue.layout.create()
    loader.load(catalogue, Space.parse("drawn16__v1", 16), draw_products(1500, 16, seed=4))
    drawn = list(draw_products(1500, 16, seed=4))
    (space,) = catalogue.spaces.read_all()
    found = catalogue.similar.search(similar_query(space, drawn[0].vector, Filters(brand=("Alder",)), limit=20)).hits
    cosines = {one.document["id"]: float(one.vector @ drawn[0].vector) for one in drawn}
    wanted = sorted((cosines[d.document["id"]] for d in drawn if d.document["brand"] == "Alder"), reverse=True)[:20]
    assert np.allclose([hit.score for hit in found], wanted, atol=1e-5)
    (status,) = catalogue.status.read().spaces
    assert (status.done, status.pending) == (1500, 0)
    index = catalogue.client.indices.get_settings(index=catalogue.layout.read_serving_index(), flat_settings=True)
    values: Any = next(iter(index.values()))["settings"]
    assert (values["index.refresh_interval"], values["index.number_of_replicas"]) == ("7s", "1")
    catalogue.client.close()


def answer_wrongly(product_id: str) -> tuple[int, Any]:
    hits = [{"id": key, "score": score, "product": PRODUCT} for key, score in (("x", 0.1), ("y", 0.9))]
    return 200, {"hits": hits[:2], "total": 2}


def answer_500(product_id: str) -> tuple[int, Any]:
    return 500, {"code": "internal", "message": "broken"}


def answer_rightly(product_id: str) -> tuple[int, Any]:
    return 200, {"hits": [], "total": 0}


def not_embedded(product_id: str) -> tuple[int, Any]:
    return 409, {"code": "product_not_embedded", "message": "not yet"}


@contextmanager
def fake_api(similar: Any, products: list[dict[str, Any]]) -> Iterator[str]:
    """An API with these products whose answers about similar ones come from `similar`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path.startswith("/v1/products?"):
                hits = [{"id": product["id"], "product": product} for product in products]
                self.reply(200, {"hits": hits[:1], "total": len(hits)})
            elif self.path == "/readyz":
                self.reply(200, {"status": "ready"})
            else:
                self.reply(*similar(self.path))

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.reply(*similar(self.path))

        def reply(self, status: int, body: Any) -> None:
            content = orjson.dumps(body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("similar", "told"), [(answer_wrongly, "scores are not descending"), (answer_500, "status 500 internal")]
)
def test_a_target_that_answers_wrongly_is_status_1(similar: Any, told: str, tmp_path: Path) -> None:
    with fake_api(similar, [PRODUCT]) as host:
        done = ask(host, tmp_path, most=30)
    assert done.returncode == 1, done.stderr
    assert told in done.stderr
    summary = json.loads(done.stdout)
    assert not summary["passed"]
    assert 0 < summary["total"]["failures"] <= summary["total"]["requests"]


def test_the_number_of_requests_is_bounded(tmp_path: Path) -> None:
    with fake_api(answer_rightly, [PRODUCT]) as host:
        done = ask(host, tmp_path, most=10)
    assert done.returncode == 0, done.stderr
    assert 10 <= json.loads(done.stdout)["total"]["requests"] <= 12


@pytest.mark.parametrize("command", [["run", "--host"], ["run", "--allow-remote", "--host"]])
def test_nobody_there_is_status_2(command: list[str], tmp_path: Path) -> None:
    done = loadtest(*command, f"http://127.0.0.1:{find_free_port()}", "--report", str(tmp_path))
    assert done.returncode == 2
    assert "nothing answers at http://127.0.0.1:" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("similar", "products", "told"),
    [(answer_500, [], "is empty"), (not_embedded, [PRODUCT], "no product that was asked about has an embedding")],
)
def test_a_shop_with_nothing_to_ask_about_is_status_2(
    similar: Any, products: list[dict[str, Any]], told: str, tmp_path: Path
) -> None:
    with fake_api(similar, products) as host:
        done = loadtest("run", "--host", host, "--users", "2", "--duration", "20", "--report", str(tmp_path))
    assert done.returncode == 2, done.stderr
    assert told in done.stderr


def test_loading_without_a_catalogue_or_a_server_is_status_2(elasticsearch_url: str, index_prefix: str) -> None:
    none = loadtest("load", "--products", "5", ELASTICSEARCH_URL=elasticsearch_url, INDEX_PREFIX=index_prefix)
    assert none.returncode == 2
    assert "catalog create" in none.stderr
    down = loadtest("load", "--products", "5", ELASTICSEARCH_URL=f"http://127.0.0.1:{find_free_port()}")
    assert down.returncode == 2
    assert "does not answer" in down.stderr
