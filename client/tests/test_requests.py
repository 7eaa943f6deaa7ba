"""What is sent for each question, and what is made of the answer."""

from __future__ import annotations

import asyncio
import base64
import inspect
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from scripted_server import PAGE, Reply, ScriptedServer, scripted_server

from visual_search_client import (
    ApiError,
    AsyncVisualSearch,
    FacetValue,
    NoAnswerError,
    NotFoundError,
    PagesEndError,
    PriceFacet,
    SimilarPage,
    UnreadableAnswerError,
    VisualSearch,
)

HIT = {"id": "p-1", "score": 0.9, "product": {"id": "p-1", "title": "Dress", "updated_at": "2026-01-02T03:04:05Z"}}


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


@pytest.fixture
def shop(server: ScriptedServer) -> Iterator[VisualSearch]:
    with VisualSearch(server.url + "/", "vs_key") as client:
        yield client


def pairs(server: ScriptedServer) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(server.asked[-1].path).query)


def test_a_question_by_product_is_a_get(server: ScriptedServer, shop: VisualSearch) -> None:
    shop.similar(
        "a/b ü",
        filter={"color": ["red", "blue"], "size": "M", "available": True, "price": {"gte": 5, "lte": 80.5}}
        | {"attributes": {"fit": ["slim"]}},  # type: ignore[arg-type]
        limit=3,
        models={"color": 0.3},
        price_band=(0.5, 1.5),
    )
    asked = server.asked[0]
    assert (asked.method, asked.path.partition("?")[0]) == ("GET", "/v1/products/a%2Fb%20%C3%BC/similar")
    assert asked.headers["authorization"] == "Bearer vs_key"
    assert sorted(pairs(server)) == [
        ("attributes.fit", "slim"),
        ("available", "true"),
        ("color", "blue"),
        ("color", "red"),
        ("limit", "3"),
        ("models", "color:0.3"),
        ("price_band", "0.5"),
        ("price_band", "1.5"),
        ("price_max", "80.5"),
        ("price_min", "5"),
        ("size", "M"),
    ]


@pytest.mark.parametrize(
    ("name", "segment"), [("..", "%2E%2E"), (".", "%2E"), ("a?b#c", "a%3Fb%23c"), ("%2F", "%252F")]
)
def test_no_id_is_more_than_an_id(server: ScriptedServer, shop: VisualSearch, name: str, segment: str) -> None:
    server.script = [Reply({"id": name})]
    assert shop.product(name).id == name
    assert server.asked[0].path == f"/v1/products/{segment}"
    with pytest.raises(ValueError, match="not empty"):
        shop.product("")


def test_a_question_by_body_says_what_was_said(server: ScriptedServer, shop: VisualSearch) -> None:
    shop.search({"positive": ["p-1"], "negative": ["p-2"]}, filter={"color": "red"}, diversity=0.3)
    assert server.asked[0].json == {
        "query": {"positive": ["p-1"], "negative": ["p-2"]},
        "filter": {"color": "red"},
        "diversity": 0.3,
    }
    shop.search({"image": b"photo"})
    assert base64.b64decode(server.asked[1].json["query"]["image"]) == b"photo"
    shop.search({"vector": (1, 2)})
    assert server.asked[2].json == {"query": {"vector": [1.0, 2.0]}}


def test_a_photo_is_a_file_of_a_form(server: ScriptedServer, shop: VisualSearch, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"\xff\xd8photo")
    for photo in (path, str(path), b"\xff\xd8photo", io.BytesIO(b"\xff\xd8photo")):
        shop.search_photo(photo, filter={"color": ["red", "blue"]}, limit=2)
        asked = server.asked[-1]
        assert asked.headers["content-type"].startswith("multipart/form-data")
        assert b"\xff\xd8photo" in asked.body and asked.body.count(b'name="color"') == 2
    with pytest.raises(TypeError, match="rb"):
        shop.search_photo(io.StringIO("text"))  # type: ignore[arg-type]


def test_an_answer_is_read_into_dataclasses(server: ScriptedServer, shop: VisualSearch) -> None:
    facets = {"color": [{"value": "red", "count": 2}], "price": {"min": 1, "max": 2.5}}
    product = {**HIT["product"], "variants": [{"sku": "s"}], "new_field": 1}  # type: ignore[dict-item]
    hit = {**HIT, "product": product, "group": [HIT]}
    server.script = [Reply({**PAGE, "hits": [hit], "facets": facets, "total": 1, "newer": "ignored"})]
    page = shop.similar("p-1")
    assert isinstance(page, SimilarPage) and page.plan.candidates == 3 and page.model.name == "color"
    (found,) = page.hits
    assert (found.id, found.score, found.product.title) == ("p-1", 0.9, "Dress")
    assert found.product.updated_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert found.product.variants[0].available and found.product.extra == {"new_field": 1}
    assert found.product.brand is None and found.group[0].id == "p-1"
    assert page.facets == {"color": [FacetValue("red", 2)], "price": PriceFacet(1, 2.5)}


def test_a_search_of_a_batch_that_fails_is_an_error_in_its_place(server: ScriptedServer, shop: VisualSearch) -> None:
    failed = {"status": 404, "code": "product_not_found", "message": "no such product", "detail": {"id": "x"}}
    server.script = [Reply({"results": [PAGE, failed]})]
    good, bad = shop.batch([{"query": {"product_id": "p-1"}}, {"query": {"product_id": "x"}, "limit": 3}])
    assert server.asked[0].json["searches"][1] == {"query": {"product_id": "x"}, "limit": 3}
    assert isinstance(good, SimilarPage) and isinstance(bad, NotFoundError)
    assert (bad.status, bad.code, bad.detail) == (404, "product_not_found", {"id": "x"})


def test_writes(server: ScriptedServer, shop: VisualSearch) -> None:
    server.script = [Reply({"id": "p-1", "result": "created"}, 201)]
    assert shop.put_product("p-1", {"title": "Hat"}).result == "created"
    assert shop.patch_product("p-1", {"sale_price": None}).id == "p-1"
    assert shop.delete_product("p-1").id == "p-1"
    assert [each.method for each in server.asked] == ["PUT", "PATCH", "DELETE"]
    assert server.asked[1].json == {"sale_price": None}
    failed = {"line": 2, "id": None, "status": 422, "code": "invalid_request", "message": "id: …", "detail": {}}
    counts = {"created": 1, "updated": 0, "unchanged": 0, "deleted": 0, "failed": 1}
    server.script = [Reply({**counts, "items": [{"line": 1, "id": "ü", "status": 201, "result": "created"}, failed]})]
    result = shop.bulk([{"id": "ü", "title": "Hut"}, {"title": "no id"}])
    assert server.asked[3].headers["content-type"] == "application/x-ndjson"
    assert server.asked[3].body.decode() == '{"id": "ü", "title": "Hut"}\n{"title": "no id"}\n'
    assert (result.created, result.failed, result.items[1].code) == (1, 1, "invalid_request")


def page_of(numbers: range, limit: int, offset: int, total: int | None) -> dict[str, Any]:
    found = list(numbers)[offset : offset + limit]
    hits = [{"id": f"p-{n}", "score": 0.5, "product": {}} for n in found]
    return {**PAGE, "hits": hits, "limit": limit, "offset": offset, "total": total}


@pytest.mark.parametrize(("limit", "total", "requests"), [(None, None, 4), (None, 7, 3), (5, None, 2), (3, 7, 1)])
def test_pages_are_gone_through(
    server: ScriptedServer, shop: VisualSearch, limit: int | None, total: int | None, requests: int
) -> None:
    offsets = [0, 3, 6, 9]
    sizes = [3, 3, 3, 3] if limit is None else [min(3, max(0, limit - offset)) for offset in offsets]
    server.script = [
        Reply(page_of(range(7), size, offset, total)) for size, offset in zip(sizes, offsets, strict=True) if size
    ]
    options: Any = {} if limit is None else {"limit": limit}
    found = [hit.id for hit in shop.iter_similar("x", page_size=3, **options)]
    assert found == [f"p-{n}" for n in range(limit or 7)]
    assert len(server.asked) == requests


def test_nobody_takes_a_thousand_products_for_the_whole_catalogue(server: ScriptedServer, shop: VisualSearch) -> None:
    server.script = [Reply(page_of(range(2000), 100, 0, 2000))]
    with pytest.raises(PagesEndError, match="2000 products"):
        next(shop.iter_browse(filter={"brand": "Acme"}))
    assert next(shop.iter_browse(limit=50)).id == "p-0"


@pytest.mark.parametrize(
    "body",
    [b"<html>", b"", b"[]", b"null", {"hits": 1}, {**PAGE, "hits": [{"id": "p"}]}, {**PAGE, "limit": "ten"}, b"\xff"],
)
def test_garbage_is_called_so(server: ScriptedServer, shop: VisualSearch, body: Any) -> None:
    server.script = [Reply(body)]
    with pytest.raises(UnreadableAnswerError, match="not an answer of the visual search service") as caught:
        shop.similar("p-1")
    assert caught.value.status == 200


def test_a_broken_encoding_is_no_answer(server: ScriptedServer, shop: VisualSearch) -> None:
    server.script = [Reply(b"no gzip", headers={"Content-Encoding": "gzip"})]
    with pytest.raises(NoAnswerError, match="DecodingError"):
        shop.similar("p-1")


def test_what_cannot_be_an_address_is_refused() -> None:
    with pytest.raises(ValueError, match="starts with https:// or http://"):
        VisualSearch("search.shop.example")


def test_the_key_is_shown_nowhere(server: ScriptedServer, shop: VisualSearch) -> None:
    server.script = [Reply({"code": "invalid_key", "message": "no such key", "detail": {}}, 401)]
    with pytest.raises(ApiError) as caught:
        shop.rules()
    assert "vs_key" not in repr(shop) + str(caught.value) + repr(caught.value)


def test_both_clients_have_the_same_methods() -> None:
    def methods(kind: type) -> dict[str, str]:
        found = inspect.getmembers(kind, inspect.isfunction)
        return {
            name: str(inspect.signature(each)).partition(" -> ")[0]
            for name, each in found
            if not name.startswith("_")
        }

    assert methods(VisualSearch) == methods(AsyncVisualSearch)
    for name in methods(VisualSearch):
        assert getattr(AsyncVisualSearch, name).__doc__ == getattr(VisualSearch, name).__doc__


def test_the_asynchronous_client_asks_the_same(server: ScriptedServer) -> None:
    async def ask() -> list[str]:
        async with AsyncVisualSearch(server.url) as shop:
            assert (await shop.similar("p-1", limit=2)).hits == []
            server.script = [Reply(page_of(range(3), 2, 0, None)), Reply(page_of(range(3), 2, 2, 3))]
            return [hit.id async for hit in shop.iter_search({"product_id": "p-1"}, page_size=2)]

    assert asyncio.run(ask()) == ["p-0", "p-1", "p-2"]
    assert server.asked[0].path == "/v1/products/p-1/similar?limit=2"
    assert server.asked[2].json == {"query": {"product_id": "p-1"}, "limit": 2, "offset": 2}
