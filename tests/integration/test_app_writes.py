"""The served API over the real Elasticsearch: writing products, and answers that need not be sent again."""

from __future__ import annotations

import gzip
import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from catalog.elastic import Catalogue
from catalog.limits import MAX_BULK_LINES
from tests.integration.app_serving import SPACE, Server, fill, serving

SIMILAR = "/v1/products/p-1/similar"
LINES = {"Content-Type": "application/x-ndjson"}


@pytest.fixture
def shop(elasticsearch_url: str, index_prefix: str) -> Iterator[Catalogue]:
    found = fill(elasticsearch_url, index_prefix)
    yield found
    found.client.close()


@pytest.fixture
def server(shop: Catalogue, elasticsearch_url: str, index_prefix: str, tmp_path: Path) -> Iterator[Server]:
    environ = {"ELASTICSEARCH_URL": elasticsearch_url, "INDEX_PREFIX": index_prefix}
    with serving(tmp_path, **environ, ALLOW_ANONYMOUS_WRITES="true") as running:
        yield running


class Caller:
    """Asks everything over one connection, so that an answer that is not framed rightly spoils the next."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any, bytes]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._connection.request(method, path, body, named)
        answer = self._connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def client(server: Server) -> Iterator[Caller]:
    found = Caller(server.port)
    yield found
    found.close()


def test_answers_are_framed_rightly_whatever_is_asked(client: Caller) -> None:
    for _ in range(2):
        status, headers, body = client.ask("GET", SIMILAR)
        assert (status, int(headers["Content-Length"])) == (200, len(body))
        assert client.ask("GET", SIMILAR, If_None_Match=headers["ETag"])[::2] == (304, b"")
        status, head, nothing = client.ask("HEAD", SIMILAR)
        assert (status, head["Content-Length"], nothing) == (200, headers["Content-Length"], b"")
        status, zipped, small = client.ask("GET", SIMILAR, Accept_Encoding="gzip")
        assert gzip.decompress(small) == body and int(zipped["Content-Length"]) == len(small)
        assert client.ask("HEAD", SIMILAR, Accept_Encoding="gzip")[2] == b""
        assert client.ask("GET", SIMILAR, Accept_Encoding="gzip", If_None_Match=zipped["ETag"])[::2] == (304, b"")
        assert client.ask("HEAD", SIMILAR, If_None_Match=headers["ETag"])[::2] == (304, b"")
        assert client.ask("OPTIONS", SIMILAR)[0] == 200
        assert client.ask("GET", "/static/swagger-ui/swagger-ui-bundle.js", Accept_Encoding="gzip")[0] == 200


def test_writes_keep_vectors_and_lose_no_other_write(client: Caller, shop: Catalogue) -> None:
    json_type = {"Content_Type": "application/json"}
    tag = client.ask("GET", "/v1/products/p-1")[1]["ETag"]
    done = client.ask("PATCH", "/v1/products/p-1", json.dumps({"price": 5}), If_Match=tag, **json_type)
    assert (done[0], json.loads(done[2])) == (200, {"id": "p-1", "result": "updated"})
    assert client.ask("PATCH", "/v1/products/p-1", json.dumps({"price": 6}), If_Match=tag, **json_type)[0] == 412
    assert json.loads(client.ask("GET", "/v1/products/p-1")[2])["price"] == 5.0  # read at once
    assert SPACE.name in shop.products.read_vectors(["p-1"], [SPACE])["p-1"][1]
    moved = json.dumps({"image_url": "https://photos.example/other.jpg"})
    assert client.ask("PATCH", "/v1/products/p-1", moved, **json_type)[0] == 200
    assert shop.products.read_vectors(["p-1"], [SPACE])["p-1"][1] == {}
    assert client.ask("PUT", "/v1/products/new", json.dumps({"title": "Hat"}), **json_type)[0] == 201
    assert client.ask("DELETE", "/v1/products/p-2")[0] == 200 and shop.products.read("p-2") is None
    shop.products.refresh()
    assert [hit["id"] for hit in json.loads(client.ask("GET", "/v1/products?q=hat")[2])["hits"]] == ["new"]


def test_ten_thousand_lines_and_a_bad_one(client: Caller, shop: Catalogue) -> None:
    lines = [json.dumps({"id": f"n-{number}", "title": f"Hat {number}"}).encode() for number in range(MAX_BULK_LINES)]
    lines[17], lines[9_000] = b'{"id":"n-17","title":"\xff"}', b'{"id":"n-9000","ti'
    status, _, body = client.ask("POST", "/v1/products/bulk", b"\n".join(lines), **LINES)
    done = json.loads(body)
    assert (status, done["created"], done["failed"]) == (200, MAX_BULK_LINES - 2, 2)
    assert [item["line"] for item in done["items"] if item["status"] != 201] == [18, 9001]
    assert shop.products.count() == 60 + MAX_BULK_LINES - 2
    changes = [json.dumps({"op": "patch", "id": f"p-{number}", "color": "sand"}).encode() for number in range(60)]
    again = json.loads(client.ask("POST", "/v1/products/bulk", b"\n".join(changes), **LINES)[2])
    assert (again["updated"], again["failed"]) == (60, 0)
    kept = shop.products.read_vectors([f"p-{number}" for number in range(60)], [SPACE])
    assert sum(SPACE.name in vectors for _, vectors in kept.values()) == 59
