"""A server that leaves vectors out of `_source`, as 9.2 does: nothing that reads or writes products may lose one."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

from catalog import similarity
from catalog.domain.embedding_space import Space
from catalog.domain.product import document, parse
from catalog.domain.records import Change, Outcome, Written
from catalog.elastic import Catalogue, connect
from catalog.elastic.reindexing.reindex import reindex
from catalog.feeds import read_products
from catalog.importing import writes
from catalog.importing.importer import Importer
from catalog.settings import CatalogSettings
from catalog.similar import similar_to
from evaluation.data import stored_catalogue as evaluation_stored
from tests.asking import similar_query, similar_request
from tests.integration.http_proxy import HttpProxy, proxy_to, without_vectors

COLOR, SHAPE = Space("color", "v1", 8), Space("shape", "v1", 8)
COUNT = 24
NOW = datetime(2026, 5, 1, tzinfo=UTC)
VECTORS = {
    space: similarity.normalize(np.random.default_rng(number).normal(size=(COUNT, 8)))
    for number, space in enumerate((COLOR, SHAPE))
}


def make(number: int, **fields: Any) -> dict[str, Any]:
    plain = {"id": f"p{number:02d}", "title": "x", "image_url": f"https://s.example/{number}.jpg", "price": 5}
    return document(parse({**plain, "brand": "a", "category": [f"c{number % 2}"], **fields}))


def outcome(number: int, space: Space) -> Outcome:
    return Outcome(
        f"p{number:02d}", make(number)["image_url"], "done", vector=VECTORS[space][number], image_sha256="0"
    )


@pytest.fixture
def proxy(elasticsearch_url: str) -> Iterator[HttpProxy]:
    with proxy_to(elasticsearch_url, change=without_vectors) as found:
        yield found


@pytest.fixture
def stripped(catalogue: Catalogue, settings: CatalogSettings, proxy: HttpProxy) -> Iterator[Catalogue]:
    """A filled catalogue behind a server that leaves vectors out of `_source`."""
    index = connect(settings.model_copy(update={"elasticsearch_url": (proxy.url,)}))
    index.products.write([Change(f"p{n:02d}", make(n)) for n in range(COUNT)])
    for space in (COLOR, SHAPE):
        index.spaces.ensure(space)
        results = index.embeddings.write_outcomes(space, [outcome(n, space) for n in range(COUNT)])
        assert {result.result for result in results} == {Written.WRITTEN}
    index.products.refresh()
    yield index
    index.client.close()


def lose_vector(index: Catalogue, number: int) -> None:
    """Leave a product as an importer of before left it: `done`, and no vector."""
    state = {"status": "done", "image_url": make(number)["image_url"], "attempts": 1}
    body = {**make(number), "embedding": {COLOR.name: state}}
    index.client.index(index=index.names.products, id=f"p{number:02d}", document=body, refresh=True)


def check_vectors(index: Catalogue, *spaces: Space) -> None:
    """Raises AssertionError unless all products have their vectors in `spaces`, for searches and when read."""
    index.products.refresh()
    found = index.products.read_vectors([f"p{n:02d}" for n in range(COUNT)], spaces)
    assert len(found) == COUNT
    for space in spaces:
        assert index.status.read_space(space).done == COUNT
        for number in range(COUNT):
            np.testing.assert_allclose(found[f"p{number:02d}"][1][space.name], VECTORS[space][number], atol=1e-6)
        hits = index.similar.search(similar_query(space, VECTORS[space][3], limit=COUNT, with_vectors=True)).hits
        assert hits[0].id == "p03" and len(hits) == COUNT
        for hit in hits:
            assert hit.vectors is not None
            np.testing.assert_allclose(hit.vectors[space.name], VECTORS[space][int(hit.id[1:])], atol=1e-6)


def test_the_proxy_strips_as_9_2_does(stripped: Catalogue, proxy: HttpProxy) -> None:
    name = f"{stripped.names.products}/_doc/p01?_source_includes=embedding"  # a real 9.2.0 gives what is named
    assert "vector" not in requests.get(f"{proxy.url}/{name}", timeout=30).text
    assert "vector" in requests.get(f"{proxy.target}/{name}", timeout=30).text
    asked = {"_source": {"exclude_vectors": False}}
    url = f"{proxy.url}/{stripped.names.products}/_search"
    assert "vector" in requests.post(url, json=asked, timeout=30).text


def test_an_import_keeps_every_vector(stripped: Catalogue, tmp_path: Path) -> None:
    feed = tmp_path / "feed.csv"
    rows = [f"p{n:02d},x,https://s.example/{n}.jpg,{n + 10} EUR,c{n % 2}" for n in range(COUNT)]
    feed.write_text("\n".join(["id,title,image_link,price,product_type", *rows]) + "\n")
    items = read_products(feed, None, now=NOW)
    summary = Importer(stripped.products, as_of=datetime.now(UTC), now=datetime.now(UTC)).run(items)
    assert summary.updated == COUNT
    product = stripped.products.read("p03")
    assert product is not None and product.source["price"] == 13 and "brand" not in product.source
    check_vectors(stripped, COLOR, SHAPE)


def test_writes_of_one_product_keep_vectors_that_no_search_sees_yet(stripped: Catalogue) -> None:
    """Two writes without a refresh between them: the second finds the vectors of the first."""
    assert writes.patch(stripped.products, "p05", {"price": 6}).status == "updated"
    assert writes.patch(stripped.products, "p05", {"brand": None}).status == "updated"
    check_vectors(stripped, COLOR, SHAPE)


def test_a_new_photo_still_clears_the_vectors(stripped: Catalogue) -> None:
    writes.patch(stripped.products, "p05", {"image_url": "https://s.example/other.jpg"})
    stripped.products.refresh()
    assert stripped.products.read_vectors(["p05"], [COLOR, SHAPE])["p05"][1] == {}
    assert [one.product_id for one in stripped.embeddings.read_unprocessed(COLOR)] == ["p05"]


def test_an_outcome_of_one_model_leaves_the_vectors_of_the_others(stripped: Catalogue) -> None:
    stripped.embeddings.write_outcomes(SHAPE, [Outcome("p07", make(7)["image_url"], "failed", reason="http_404")])
    found = stripped.products.read_vectors(["p07"], [COLOR])["p07"][1]
    np.testing.assert_allclose(found[COLOR.name], VECTORS[COLOR][7], atol=1e-6)


def test_reindex_and_a_dropped_space_keep_the_other_vectors(stripped: Catalogue) -> None:
    reindex(stripped)
    check_vectors(stripped, COLOR, SHAPE)
    reindex(stripped, without=(SHAPE.name,))
    check_vectors(stripped, COLOR)
    assert [space.name for space in stripped.spaces.read_all()] == [COLOR.name]


def test_questions_and_the_measurement_find_their_vectors(stripped: Catalogue) -> None:
    answer = similar_to(stripped, similar_request("p03", limit=5, model=COLOR.name))
    expected = np.argsort(-(VECTORS[COLOR] @ VECTORS[COLOR][3]))[1:6]
    assert [hit.id for hit in answer.hits] == [f"p{n:02d}" for n in expected]
    table = evaluation_stored.read_catalogue(stripped, COLOR.name)
    np.testing.assert_allclose(table.vectors, VECTORS[COLOR], atol=1e-6)


@pytest.mark.parametrize("behind", ["proxy", "plain"])
def test_done_without_a_vector_is_unprocessed(stripped: Catalogue, catalogue: Catalogue, behind: str) -> None:
    index = stripped if behind == "proxy" else catalogue
    lose_vector(index, 4)
    status = index.status.read_space(COLOR)
    assert (status.done, status.pending) == (COUNT - 1, 1)
    assert index.embeddings.count_unprocessed(COLOR) == 1
    assert [one.product_id for one in index.embeddings.read_unprocessed(COLOR)] == ["p04"]
    assert index.products.read_vectors(["p04"], [COLOR])["p04"][1] == {}
    assert writes.patch(index.products, "p04", {"price": 7}).status == "updated"  # it does not stop other writes
    index.products.refresh()
    assert [one.product_id for one in index.embeddings.read_unprocessed(COLOR)] == ["p04"]
    assert index.embeddings.write_outcomes(COLOR, [outcome(4, COLOR)])[0].result == Written.WRITTEN
    assert index.embeddings.count_unprocessed(COLOR) == 0
    check_vectors(index, COLOR)


def test_a_server_that_gives_vectors_is_asked_no_more_than_before(
    catalogue: Catalogue, stripped: Catalogue, settings: CatalogSettings, elasticsearch_url: str
) -> None:
    with proxy_to(elasticsearch_url) as plain:
        index = connect(settings.model_copy(update={"elasticsearch_url": (plain.url,)}))
        index.status.ping()
        plain.asked.clear()
        assert len(index.products.read_vectors(["p01", "p02"], [COLOR, SHAPE])) == 2
        assert len(plain.asked) == 1
        index.client.close()
