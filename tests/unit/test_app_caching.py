"""What may be kept of answers, what need not be sent again, and how it is compressed."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.http.compression import SMALLEST
from tests.fakes import FakeCatalogue
from tests.unit.app_shop import client_of, shop

SIMILAR = "/v1/products/p-1/similar"
QUESTIONS = (SIMILAR, "/v1/products", "/v1/products/p-1", "/v1/rules", "/openapi.json")
GZIP = {"Accept-Encoding": "gzip, deflate, br"}
BUNDLE = "/static/swagger-ui/swagger-ui-bundle.js"


@pytest.fixture
def catalogue() -> FakeCatalogue:
    return shop()


@pytest.fixture
def client(catalogue: FakeCatalogue) -> FlaskClient:
    return client_of(catalogue, allow_anonymous_writes=True, public_status=True)


def words(answer: Any, header: str) -> set[str]:
    return {word.strip() for each in answer.headers.getlist(header) for word in each.split(",")}


@pytest.mark.parametrize("path", QUESTIONS)
def test_what_the_client_has_is_not_sent_again(client: FlaskClient, path: str) -> None:
    for headers in ({}, GZIP):
        first = client.get(path, headers=headers)
        tag = first.headers["ETag"]
        assert first.status_code == 200 and tag.startswith('"')  # strong
        assert client.get(path, headers=headers).headers["ETag"] == tag
        for condition in (tag, f'"other", {tag}', "*", f"W/{tag}"):
            again = client.get(path, headers={**headers, "If-None-Match": condition})
            assert (again.status_code, again.data) == (304, b""), condition
            assert again.headers["ETag"] == tag
            assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
            assert {"X-Query-Id"} <= set(again.headers.keys()) and "Content-Type" not in again.headers
            assert words(again, "Vary") == words(first, "Vary")
        for condition in ('"other"', "nonsense", '"', ""):
            assert client.get(path, headers={**headers, "If-None-Match": condition}).status_code == 200


def test_an_answer_that_changed_has_another_tag(client: FlaskClient) -> None:
    for path in ("/v1/products/p-1", SIMILAR, "/v1/products"):
        tag = client.get(path).headers["ETag"]
        assert client.patch("/v1/products/p-1", json={"title": path}).status_code == 200
        assert client.patch("/v1/products/p-2", json={"title": path}).status_code == 200
        assert client.get(path, headers={"If-None-Match": tag}).status_code == 200, path


def test_other_fields_are_another_answer_of_the_same_product(client: FlaskClient) -> None:
    whole, part = client.get("/v1/products/p-1"), client.get("/v1/products/p-1?fields=title")
    assert whole.headers["ETag"] != part.headers["ETag"]
    for answer in (whole, part, client.get("/v1/products/p-1", headers=GZIP)):
        headers = {"If-Match": answer.headers["ETag"]}
        assert client.patch("/v1/products/p-1", json={"material": "linen"}, headers=headers).status_code == 200
        client.patch("/v1/products/p-1", json={"material": None})
    client.patch("/v1/products/p-1", json={"title": "Gown"})
    late = client.patch("/v1/products/p-1", json={"price": 1}, headers={"If-Match": part.headers["ETag"]})
    assert late.status_code == 412


def test_who_may_keep_what(client: FlaskClient, catalogue: FakeCatalogue) -> None:
    key = {"X-API-Key": catalogue.api_keys.give("search")}
    closed = client_of(catalogue, public_search=False, public_status=True)
    for path, kept in ((SIMILAR, "max-age=2"), ("/v1/products", "max-age=2"), ("/v1/products/p-1", "no-cache")):
        assert client.get(path).headers["Cache-Control"] == f"public, {kept}"
        assert client.get(path, headers=key).headers["Cache-Control"] == f"private, {kept}"
        answer = closed.get(path, headers=key)
        assert answer.headers["Cache-Control"] == f"private, {kept}"
        assert {"Authorization", "X-API-Key"} <= words(answer, "Vary")
        assert closed.get(path).headers["Cache-Control"] == "no-store"
    assert "Authorization" not in words(client.get(SIMILAR), "Vary")
    photo = "/v1/products/p-1/photo"
    assert "public" in client.get(photo).headers["Cache-Control"]
    assert "private" in closed.get(photo, headers=key).headers["Cache-Control"]
    for path in ("/healthz", "/readyz", "/metrics", "/v1/catalog/status", "/v1/products/nope", "/nowhere"):
        answer = client.get(path)
        assert answer.headers["Cache-Control"] == "no-store" and "ETag" not in answer.headers, path
    assert "Cache-Control" not in client.post("/v1/search", json={"query": {"product_id": "p-1"}}).headers


def test_texts_are_compressed_for_who_takes_it(client: FlaskClient) -> None:
    asked = {"query": {"product_id": "p-1"}}
    plain, zipped = client.post("/v1/search", json=asked), client.post("/v1/search", json=asked, headers=GZIP)
    assert len(plain.data) > SMALLEST and "Content-Encoding" not in plain.headers
    assert zipped.headers["Content-Encoding"] == "gzip" and gzip.decompress(zipped.data) == plain.data
    assert int(zipped.headers["Content-Length"]) == len(zipped.data) < len(plain.data) / 2
    for answer in (plain, zipped):
        assert "Accept-Encoding" in words(answer, "Vary")
    assert client.post("/v1/search", json=asked, headers=GZIP).data == zipped.data  # byte for byte
    assert client.get(SIMILAR).headers["ETag"] != client.get(SIMILAR, headers=GZIP).headers["ETag"]


@pytest.mark.parametrize("taken", ["gzip", "*", "gzip;q=0.5, identity;q=0.1", "br, GZIP"])
def test_who_takes_gzip(client: FlaskClient, taken: str) -> None:
    assert client.get(SIMILAR, headers={"Accept-Encoding": taken}).headers["Content-Encoding"] == "gzip"


@pytest.mark.parametrize("taken", ["", "identity", "br", "gzip;q=0", "*;q=0", "gzip;q=nonsense,", ";;;", "zip"])
def test_who_does_not(client: FlaskClient, taken: str) -> None:
    answer = client.get(SIMILAR, headers={"Accept-Encoding": taken})
    assert answer.status_code == 200
    assert "Content-Encoding" not in answer.headers or taken == "gzip;q=nonsense,"


def test_what_is_short_is_sent_as_it_is(client: FlaskClient) -> None:
    for path in ("/healthz", "/v1/rules", "/v1/products/nope", "/v1/products/p-1?fields=title"):
        assert "Content-Encoding" not in client.get(path, headers=GZIP).headers, path


def test_files_of_the_pages_are_compressed_too_and_known_again(client: FlaskClient) -> None:
    for path in (BUNDLE, "/static/shop/shop.js", "/"):
        with client.get(path) as plain, client.get(path, headers=GZIP) as zipped:
            assert plain.headers["ETag"] != zipped.headers["ETag"]
            assert gzip.decompress(zipped.data) == plain.data
            tag = zipped.headers["ETag"]
        with client.get(path, headers={**GZIP, "If-None-Match": tag}) as again:
            assert again.status_code == 304, path
        with client.get(path, headers={"If-None-Match": plain.headers["ETag"]}) as again:
            assert again.status_code == 304, path


def test_head_has_the_headers_of_get_and_no_body(client: FlaskClient) -> None:
    for path in (*QUESTIONS, "/healthz"):
        for headers in ({}, GZIP):
            got, head = client.get(path, headers=headers), client.head(path, headers=headers)
            assert head.status_code == 200 and head.data == b""
            for name in ("ETag", "Content-Length", "Content-Type", "Content-Encoding", "Cache-Control", "Vary"):
                assert head.headers.get(name) == got.headers.get(name), (path, name)
    tag = client.head(SIMILAR).headers["ETag"]
    assert client.head(SIMILAR, headers={"If-None-Match": tag}).status_code == 304


def test_a_browser_of_another_origin_gets_an_answer_of_its_own(catalogue: FakeCatalogue) -> None:
    client = client_of(catalogue, cors_origins=("https://a.example",))
    answer = client.get(SIMILAR, headers={"Origin": "https://a.example"})
    assert {"Origin", "Accept-Encoding"} <= words(answer, "Vary")
    assert "ETag" in answer.headers["Access-Control-Expose-Headers"]


def test_errors_that_are_long_are_compressed_as_well(client: FlaskClient) -> None:
    answer = client.get("/v1/products?wrong=1&nonsense=1&foolish=1", headers=GZIP)
    assert answer.status_code == 422 and b"invalid_request" in gzip.decompress(answer.data)
