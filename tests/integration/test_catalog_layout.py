"""What the layout settings say is what Elasticsearch has, before and after a reindex."""

from typing import Any

import numpy as np
import pytest

from catalog import mapping, similarity
from catalog.elastic import Catalogue, connect
from catalog.elastic.reindex import reindex
from catalog.product import document, parse
from catalog.questions import SimilarQuery
from catalog.records import Change, Outcome
from catalog.settings import Settings
from catalog.space import Space

SPACE = Space("layout", "v1", 8)


def fill(index: Catalogue, count: int, vector_of: Any) -> None:
    products = [
        {"id": f"p{n:02d}", "title": "x", "brand": f"b{n % 3}", "image_url": f"file:///{n}"} for n in range(count)
    ]
    index.write([Change(one["id"], document(parse(one))) for one in products])
    index.ensure_space(SPACE)
    outcomes = [Outcome(one["id"], one["image_url"], "done", vector=vector_of(n)) for n, one in enumerate(products)]
    index.write_outcomes(SPACE, outcomes)
    index.refresh()


def random_vector(seed: int) -> Any:
    return similarity.normalize(np.random.default_rng(seed).normal(size=SPACE.dims))


def index_settings(index: Catalogue) -> Any:
    found: Any = index.client.indices.get(index=index.names.products)
    return next(iter(found.values()))["settings"]["index"]


def test_sort_order_and_preloading_are_applied_and_a_reindex_brings_them(settings: Settings) -> None:
    plain = connect(settings)
    plain.create()
    fill(plain, 12, random_vector)
    assert "sort" not in index_settings(plain)
    changed = connect(settings.model_copy(update={"index_sort": ("brand", "available"), "index_preload": True}))
    reindex(changed)
    for _ in range(2):
        found = index_settings(changed)
        assert found["sort"]["field"] == ["brand", "available"]
        assert found["store"]["preload"] == list(mapping.VECTOR_FILES)
        query = SimilarQuery(SPACE, random_vector(3), limit=12)
        assert changed.similar(query).hits[0].id == "p03"
        reindex(changed)


@pytest.mark.parametrize(("expected", "index_type"), [(0, "flat"), (20_000_000, "int8_hnsw")])
def test_auto_takes_the_index_type_that_the_expected_size_asks_for(
    settings: Settings, expected: int, index_type: str
) -> None:
    index = connect(settings.model_copy(update={"expected_products": expected}))
    index.create()
    index.ensure_space(SPACE)
    assert index.read_shape().index_types == {SPACE.name: index_type}
    assert index.spaces() == [SPACE]


def test_equal_scores_are_told_by_id_on_every_page(catalogue: Catalogue) -> None:
    same = random_vector(1)
    fill(catalogue, 30, lambda n: same if n % 2 else random_vector(100 + n))
    query = SimilarQuery(SPACE, same, limit=30)
    whole = [hit.id for hit in catalogue.similar(query).hits]
    assert whole[:15] == [f"p{n:02d}" for n in range(1, 30, 2)]
    for limit in (1, 4, 15):
        pages = [
            hit.id
            for offset in range(0, 30, limit)
            for hit in catalogue.similar(SimilarQuery(SPACE, same, limit=limit, offset=offset)).hits
        ]
        assert pages == whole


def test_a_space_added_from_here_is_seen_at_once(catalogue: Catalogue) -> None:
    assert catalogue.spaces() == []
    catalogue.ensure_space(SPACE)
    assert catalogue.spaces() == [SPACE]
