"""Errors as strangers see them: no host, user, index or path of ours in a body or header; the log has them by id."""

from __future__ import annotations

import importlib
import json
import logging
import pkgutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

import app
import catalog
import models
from app import create_app
from app.settings import ApiSettings
from catalog.elastic import connect
from catalog.errors import VisualSearchError
from catalog.settings import CatalogSettings
from models.photos.errors import PhotoError, Reason
from models.photos.settings import PhotoSettings
from models.settings import ModelSettings
from tests.fake_stores import FakeProducts
from tests.fakes import FakeCatalogue
from tests.unit.app_shop import shop
from tests.unit.photo_shop import client_of

HOST, USER, PASSWORD, PREFIX, FOLDER = "127.0.0.77", "agent-k", "s3cret-word", "hidden-shop_", "/srv/hidden-folder"
SECRETS = (HOST, USER, PASSWORD, PREFIX, "hidden-shop", "hidden-folder", "hidden-node", "hidden.example")
INDEX = f"{PREFIX}products-000001"
TOLD = f"[{INDEX}] on hidden-node at {FOLDER}/nodes/0 for user [{USER}]"


def error_of(kind: str, reason: str = TOLD) -> dict[str, Any]:
    cause = {"type": kind, "reason": reason, "index": INDEX, "index_uuid": "x"}
    return {**cause, "root_cause": [cause]}


def refused(status: int, kind: str) -> tuple[int, Any]:
    return status, {"error": error_of(kind), "status": status}


LOST = {"total": 2, "successful": 1, "skipped": 0, "failed": 1}
LOST_SHARD = {"shard": 0, "index": INDEX, "node": "hidden-node", "reason": error_of("node_disconnected_exception")}
HALF = {"took": 1, "status": 200, "count": 1, "_shards": LOST | {"failures": [LOST_SHARD]}, "hits": {"hits": []}}
SHAPE = {
    INDEX: {
        "aliases": {},
        "mappings": {
            "properties": {
                "embedding": {
                    "properties": {
                        "color__abc": {
                            "properties": {"vector": {"dims": 4, "index_options": {"type": "flat"}, "meta": {}}}
                        }
                    }
                }
            }
        },
        "settings": {"index": {"number_of_shards": "1"}},
    }
}
STORED = {"id": "p-1", "group_key": "p-1", "embedding": {"color__abc": {"vector": [1, 0, 0, 0]}}}
FOUND = {"_index": INDEX, "_id": "p-1", "found": True, "_seq_no": 1, "_primary_term": 1, "_source": STORED}
# What the server says to everything, or, where it is a dictionary, by how the path begins.
TROUBLES: dict[str, Any] = {
    "a wrong password": refused(401, "security_exception"),
    "a role that may not": refused(403, "security_exception"),
    "no index": refused(404, "index_not_found_exception"),
    "something else is not there": refused(404, "resource_not_found_exception"),
    "a closed index": refused(400, "index_closed_exception"),
    "a wrong question": refused(400, "parsing_exception"),
    "too busy": refused(429, "es_rejected_execution_exception"),
    "a mistake of the server": refused(500, "null_pointer_exception"),
    "no shards": refused(503, "no_shard_available_action_exception"),
    "not JSON": (200, b"<html>" + TOLD.encode()),
    "no answer at all": (0, None),
    "parts that are refused": {
        f"/{PREFIX}products/_mget": (200, {"docs": [{"_id": "p-1", "error": error_of("no_shard_available")}]}),
        f"/{PREFIX}products/_msearch": (200, refused(400, "query_shard_exception")[1]),
        f"/{PREFIX}rules/_msearch": (200, refused(503, "no_shard_available")[1]),
        f"/{PREFIX}products/": refused(400, "parsing_exception"),
        f"/{PREFIX}products": (200, SHAPE),
        "": refused(400, "parsing_exception"),
    },
    "half an answer": {
        f"/{PREFIX}products/_mget": (200, {"docs": [FOUND]}),
        f"/{PREFIX}products/": (200, HALF),
        f"/{PREFIX}products": (200, SHAPE),
        "": (200, HALF),
    },
}
PIN = {"action": "pin", "target": {"ids": ["p-1"]}, "position": 1}
ASKED: list[tuple[str, str, Any]] = [
    ("GET", "/v1/products/p-1/similar", None),
    ("GET", "/v1/products/p-1/similar?model=color&total=true&facets=color", None),
    ("GET", "/v1/products", None),
    ("GET", "/v1/products/p-1", None),
    ("POST", "/v1/search", {"query": {"vector": [1, 0, 0, 0]}, "model": "color"}),
    ("POST", "/v1/search/batch", {"searches": [{"query": {"product_id": "p-1"}}, {"query": {"product_id": 1}}]}),
    ("GET", "/v1/rules", None),
    ("PUT", "/v1/rules/r", PIN),
    ("DELETE", "/v1/rules/r", None),
    ("GET", "/v1/models", None),
    ("GET", "/v1/models/color", None),
    ("GET", "/v1/catalog/status", None),
    ("GET", "/readyz", None),
    ("GET", "/v1/products/p-1/photo", None),
]


class Server(ThreadingHTTPServer):
    """An Elasticsearch in trouble; also a host of photos that redirects into the inside."""

    trouble: Any = (0, None)

    def answer(self, path: str) -> tuple[int, Any]:
        if isinstance(self.trouble, dict):
            return next(told for start, told in self.trouble.items() if path.startswith(start))  # type: ignore[no-any-return]
        return self.trouble  # type: ignore[no-any-return]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def _answer(self) -> None:
        lines = self.rfile.read(int(self.headers.get("Content-Length") or 0)).splitlines()
        if self.path.startswith("/photos/"):
            self.send_response(302)
            self.send_header("Location", f"http://hidden.example.invalid{FOLDER}/a.jpg")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        status, body = self.server.answer(self.path)
        if not status:
            self.close_connection = True
            return
        if self.path.endswith("_msearch") and isinstance(self.server.trouble, dict):
            body = {"responses": [body] * (len(lines) // 2)}
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("X-Elastic-Product", "Elasticsearch")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _answer

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    found = Server((HOST, 0), Handler)
    threading.Thread(target=found.serve_forever, daemon=True).start()
    yield found
    found.shutdown()
    found.server_close()


def troubled(port: int) -> FlaskClient:
    url = f"http://{USER}:{PASSWORD}@{HOST}:{port}"
    index = connect(CatalogSettings(elasticsearch_url=(url,), index_prefix=PREFIX, elasticsearch_timeout=5))
    return create_app(index, ApiSettings(allow_anonymous_writes=True, public_status=True)).test_client()


def shown(answer: Any) -> str:
    return f"{answer.status} {answer.headers} {answer.get_data(as_text=True)}"


def leaked(answer: Any, *more: str) -> list[str]:
    return [secret for secret in (*SECRETS, *more) if secret in shown(answer)]


@pytest.fixture(autouse=True)
def everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def logged(caplog: pytest.LogCaptureFixture, answer: Any) -> str:
    """What the log says of the request that this is the answer to."""
    name = answer.headers["X-Query-Id"]
    ours = [record for record in caplog.records if name in record.getMessage() and record.name == "app.http.errors"]
    assert all(record.fields["query_id"] == name for record in ours)  # type: ignore[attr-defined]
    return "\n".join(record.getMessage() + str(record.exc_info or "") for record in ours)


@pytest.mark.parametrize("trouble", [*TROUBLES, "nobody there"])
def test_no_trouble_of_elasticsearch_names_anything_of_ours(
    server: Server, trouble: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.trouble = TROUBLES.get(trouble)
    failed = 0
    for method, path, body in ASKED:
        # A new one: no breaker open, nothing remembered.
        client = troubled(9 if trouble == "nobody there" else server.server_port)
        caplog.clear()
        answer = client.open(path, method=method, json=body)
        assert leaked(answer, str(server.server_port)) == [], (path, shown(answer))
        if answer.status_code >= 400:
            failed += 1
            assert set(answer.get_json()) == {"code", "message", "detail"}
        if answer.status_code in (400, 500) or (answer.status_code == 503 and trouble != "half an answer"):
            assert logged(caplog, answer), (path, shown(answer))
            if trouble not in ("not JSON", "no answer at all", "nobody there") and path != "/readyz":
                assert any(secret in logged(caplog, answer) for secret in SECRETS), (path, logged(caplog, answer))
    assert failed >= 8


def every_error() -> set[type[VisualSearchError]]:
    """All classes of intended errors that anything under the API may raise."""
    for package in (app, catalog, models):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.endswith(("__main__", "wsgi", "gunicorn_conf")) and ".torch" not in found.name:
                importlib.import_module(found.name)

    def below(kind: type[VisualSearchError]) -> set[type[VisualSearchError]]:
        return {kind}.union(*map(below, kind.__subclasses__()))

    return {
        kind for kind in below(VisualSearchError) if kind.__module__.partition(".")[0] in ("app", "catalog", "models")
    }


# Their messages are written for strangers. Who adds one reads every place that raises it.
FOR_STRANGERS = (
    "AccessDenied ApiKeyNotFound BlockedAddress BundleMissing BundleNotFound Incomplete InvalidBatch InvalidFilter "
    "InvalidInput InvalidProduct InvalidRequest InvalidRule InvalidVector KeyRefused KeyRequired NoEmbedding "
    "NotFound NotPublic PhotoError PhotoNotFound PreconditionFailed ProductNotEmbedded ProductNotFound RateLimited "
    "RuleNotFound "
    "ScopeLacking ShuttingDown SpaceNotFound UnreadableBody"
)


def with_products(kind: type[FakeProducts]) -> FakeCatalogue:
    catalogue = FakeCatalogue()
    catalogue.products = kind(catalogue)
    return catalogue


def test_only_errors_that_were_looked_through_are_told_as_they_are() -> None:
    assert sorted(kind.__name__ for kind in every_error() if kind.public is None) == FOR_STRANGERS.split()


def test_every_other_error_is_told_in_its_own_plain_words(caplog: pytest.LogCaptureFixture) -> None:
    kinds = [kind for kind in every_error() if kind.public is not None]
    assert len(kinds) > 15
    for kind in kinds:
        error = VisualSearchError.__new__(kind)
        VisualSearchError.__init__(error, f"{TOLD} {PASSWORD}", path=f"{FOLDER}/x", hint=HOST)

        class Broken(FakeProducts):
            def read(self, product_id: str) -> Any:
                raise error  # noqa: B023

        if kind.__name__ == "CircuitOpen":
            error.retry_after, error._told = 1.0, None  # type: ignore[attr-defined]
        with caplog.at_level(logging.DEBUG):
            answer = client_of(with_products(Broken)).get("/v1/products/p-1")
        body = answer.get_json()
        assert leaked(answer) == [] and body["code"] == kind.code and len(body["message"]) > 20, kind
        assert TOLD in logged(caplog, answer), kind


@pytest.mark.parametrize("reason", list(Reason))
def test_a_photo_that_cannot_be_had_names_no_host_and_no_file(
    reason: Reason, caplog: pytest.LogCaptureFixture
) -> None:
    told = f"http://hidden.example{FOLDER}" if reason.public else "about the photo alone"

    class Broken(FakeProducts):
        def read(self, product_id: str) -> Any:
            raise PhotoError(reason, told)

    answer = client_of(with_products(Broken)).get("/v1/products/p-1")
    assert answer.status_code == 400 and leaked(answer) == []
    assert answer.get_json()["detail"] == {"reason": str(reason)}
    if reason.public:
        assert told in logged(caplog, answer)


def test_photos_of_shoppers_and_of_the_shop(server: Server, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    photos = PhotoSettings(image_allowed_hosts=(f"{HOST}:{server.server_port}",), image_roots=str(tmp_path))
    bundles = ModelSettings(bundles=Path("bundles"))
    catalogue = shop()
    (tmp_path / "hidden-folder").mkdir()
    catalogue.put({**catalogue.docs["p-1"], "image_url": f"file://{FOLDER}/1.jpg"})
    catalogue.put({**catalogue.docs["p-2"], "image_url": f"file://{tmp_path}/hidden-folder/2.jpg"})
    client = create_app(catalogue, ApiSettings(), photos, bundles).test_client()
    path = f"http://{HOST}:{server.server_port}/photos/a.jpg"
    answer = client.post("/v1/models/color/predict", json={"image_url": path})
    assert answer.status_code == 400 and leaked(answer) == [], shown(answer)
    assert "hidden.example" in logged(caplog, answer)
    for name in ("p-1", "p-2"):
        answer = client.get(f"/v1/products/{name}/photo")
        assert answer.status_code == 404 and leaked(answer, str(tmp_path)) == [], shown(answer)
        assert logged(caplog, answer)


def test_models_that_are_broken_or_not_here(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    folder = tmp_path / "hidden-folder"
    (folder / "color" / "0123456789ab").mkdir(parents=True)
    (folder / "color" / "0123456789ab" / "bundle.json").write_text("{}")
    client = client_of(shop(), models=ModelSettings(bundles=folder))
    listed = client.get("/v1/models")
    assert [one["name"] for one in listed.get_json()["broken"]] == ["color"], shown(listed)
    assert leaked(listed) == []
    for method, path, body in (
        ("GET", "/v1/models/color", None),
        ("GET", "/v1/models/nope", None),
        ("POST", "/v1/models/color/predict", {"image": "AAAA"}),
        ("POST", "/v1/search", {"query": {"image": "AAAA"}}),
    ):
        answer = client.open(path, method=method, json=body)
        assert answer.status_code >= 400 and leaked(answer, str(tmp_path)) == [], shown(answer)
        if answer.status_code == 500:
            assert str(folder) in logged(caplog, answer)
    assert "hidden-folder" in logged(caplog, listed)
