"""The package of client/ against the served API and the real Elasticsearch, and its README."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.integration.app_serving import ROOT, Server
from tests.unit.photo_shop import COUNT, encoded, picture
from visual_search_client import (
    AsyncVisualSearch,
    Hit,
    InvalidRequestError,
    NotFoundError,
    SimilarPage,
    VisualSearch,
)

README = (ROOT / "client/README.md").read_text()


def test_every_question_and_write(photo_server: Server) -> None:
    with VisualSearch(photo_server.url) as shop:
        _ask(shop)
        _write(shop)


def _ask(shop: VisualSearch) -> None:
    everything: Any = {"score_threshold": "none", "exclude_source": False}
    page = shop.similar("p-1", filter={"color_family": ["red", "blue"], "price": {"lte": 20}}, facets=["price"])
    assert page.hits and page.model.name == "color" and page.facets
    found = shop.search_photo(encoded(picture(3)), limit=3, fields=["title"])
    assert found.hits[0].id == "p-3" and found.hits[0].product.title == "Shirt 3"
    assert shop.search({"image": encoded(picture(3))}, limit=3, fields=["title"]) == found
    pages = list(shop.iter_similar("p-1", page_size=5, **everything))
    assert [hit.id for hit in pages] == [hit.id for hit in shop.similar("p-1", limit=50, **everything).hits]
    assert len(pages) == COUNT
    good, bad = shop.batch([{"query": {"product_id": "p-1"}, **everything}, {"query": {"product_id": "nope"}}])
    assert isinstance(good, SimilarPage) and isinstance(bad, NotFoundError) and bad.code == "product_not_found"
    assert shop.browse("shirt", sort="-price", limit=1).hits[0].id == f"p-{COUNT - 1}"
    assert len(list(shop.iter_browse(page_size=5))) == COUNT
    assert shop.product("p-2").price == 12
    with pytest.raises(InvalidRequestError, match="limit") as caught:
        shop.similar("p-1", limit=5000)
    assert caught.value.detail["problems"] and caught.value.query_id


def _write(shop: VisualSearch) -> None:
    assert shop.put_product("new", {"title": "Hat", "price": 5, "currency": "EUR"}).result == "created"
    assert shop.patch_product("new", {"price": 4}).result == "updated"
    assert shop.product("new").price == 4
    result = shop.bulk([{"id": "more", "title": "Cap"}, {"title": "no id"}, {"op": "delete", "id": "new"}])
    assert (result.created, result.failed, result.deleted) == (1, 1, 1)
    assert result.items[1].code == "invalid_request"
    with pytest.raises(NotFoundError):
        shop.delete_product("new")
    rule = shop.put_rule("r", {"action": "hide", "target": {"ids": ["p-2"]}})
    assert shop.rules() == [rule] and shop.put_rule("r", rule)["id"] == "r"
    shop.delete_rule("r")
    assert shop.rules() == []


def test_in_asyncio_many_at_once(photo_server: Server) -> None:
    async def ask() -> tuple[list[SimilarPage], list[Hit]]:
        async with AsyncVisualSearch(photo_server.url) as shop:
            pages = await asyncio.gather(*(shop.similar(f"p-{number}", limit=3) for number in range(COUNT)))
            return pages, [hit async for hit in shop.iter_browse(page_size=5)]

    pages, hits = asyncio.run(ask())
    with VisualSearch(photo_server.url) as shop:
        assert pages == [shop.similar(f"p-{number}", limit=3) for number in range(COUNT)]
    assert [hit.id for hit in hits] == sorted(f"p-{number}" for number in range(COUNT))


def test_the_examples_of_the_readme_run(photo_server: Server, tmp_path: Path) -> None:
    examples = re.findall(r"^```python\n(.*?)^```", README, re.S | re.M)
    assert len(examples) == 5
    (tmp_path / "shoe.jpg").write_bytes(encoded(picture(1), "JPEG"))
    code = "\n".join(examples).replace("http://127.0.0.1:8000", photo_server.url)
    for demo, here in (("p000014", "p-1"), ("p000192", "p-2"), ("p000047", "p-3")):
        code = code.replace(demo, here)
    environ = {"PYTHONPATH": str(ROOT / "client"), "PYTHONWARNINGS": "error"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "color ['p-1'" in done.stdout and "404 product_not_found" in done.stdout and "['summer']" in done.stdout
