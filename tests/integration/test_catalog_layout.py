"""What the layout settings say is what Elasticsearch has, before and after a reindex."""

from typing import Any

import numpy as np
import pytest

from catalog import index_mapping, similarity
from catalog.domain.embedding_space import Space
from catalog.domain.product import document, parse
from catalog.domain.records import Change, Outcome
from catalog.elastic import Catalogue, connect
from catalog.elastic.reindexing.reindex import reindex
from catalog.settings import CatalogSettings
from catalog.similar import resolve_space
from tests.asking import similar_query

SPACE = Space("layout", "v1", 8)


def fill(index: Catalogue, count: int, vector_of: Any) -> None:
    products = [
        {"id": f"p{n:02d}", "title": "x", "brand": f"b{n % 3}", "image_url": f"file:///{n}"} for n in range(count)
    ]
    index.products.write([Change(one["id"], document(parse(one))) for one in products])
    index.spaces.ensure(SPACE)
    outcomes = [Outcome(one["id"], one["image_url"], "done", vector=vector_of(n)) for n, one in enumerate(products)]
    index.embeddings.write_outcomes(SPACE, outcomes)
    index.products.refresh()


def random_vector(seed: int) -> Any:
    return similarity.normalize(np.random.default_rng(seed).normal(size=SPACE.dims))


def index_settings(index: Catalogue) -> Any:
    found: Any = index.client.indices.get(index=index.names.products)
    return next(iter(found.values()))["settings"]["index"]


def test_sort_order_and_preloading_are_applied_and_a_reindex_brings_them(settings: CatalogSettings) -> None:
    plain = connect(settings)
    plain.layout.create()
    fill(plain, 12, random_vector)
    assert "sort" not in index_settings(plain)
    changed = connect(settings.model_copy(update={"index_sort": ("brand", "available"), "index_preload": True}))
    reindex(changed)
    for _ in range(2):
        found = index_settings(changed)
        assert found["sort"]["field"] == ["brand", "available"]
        assert found["store"]["preload"] == list(index_mapping.VECTOR_FILES)
        query = similar_query(SPACE, random_vector(3), limit=12)
        assert changed.similar.search(query).hits[0].id == "p03"
        reindex(changed)


@pytest.mark.parametrize(("expected", "index_type"), [(0, "flat"), (20_000_000, "int8_hnsw")])
def test_auto_takes_the_index_type_that_the_expected_size_asks_for(
    settings: CatalogSettings, expected: int, index_type: str
) -> None:
    index = connect(settings.model_copy(update={"expected_products": expected}))
    index.layout.create()
    index.spaces.ensure(SPACE)
    assert index.spaces.read_shape().index_types == {SPACE.name: index_type}
    assert index.spaces.get_all() == [SPACE]


def test_equal_scores_are_told_by_id_on_every_page(catalogue: Catalogue) -> None:
    same = random_vector(1)
    fill(catalogue, 30, lambda n: same if n % 2 else random_vector(100 + n))
    query = similar_query(SPACE, same, limit=30)
    whole = [hit.id for hit in catalogue.similar.search(query).hits]
    assert whole[:15] == [f"p{n:02d}" for n in range(1, 30, 2)]
    for limit in (1, 4, 15):
        pages = [
            hit.id
            for offset in range(0, 30, limit)
            for hit in catalogue.similar.search(similar_query(SPACE, same, limit=limit, offset=offset)).hits
        ]
        assert pages == whole


def test_a_space_added_from_here_is_seen_at_once(catalogue: Catalogue) -> None:
    assert catalogue.spaces.get_all() == []
    catalogue.spaces.ensure(SPACE)
    assert catalogue.spaces.get_all() == [SPACE]


def put_vectors(index: Catalogue, space: Space, count: int) -> None:
    index.spaces.ensure(space)
    ids = [f"p{n:02d}" for n in range(count)]
    rows = np.random.default_rng(7).normal(size=(count, space.dims))
    outcomes = [
        Outcome(name, f"file:///{n}", "done", vector=similarity.normalize(rows[n])) for n, name in enumerate(ids)
    ]
    index.embeddings.write_outcomes(space, outcomes)
    index.products.refresh()


def test_the_order_in_which_spaces_came_outlives_a_reindex(catalogue: Catalogue, settings: CatalogSettings) -> None:
    fill(catalogue, 12, random_vector)
    later, last = Space("zebra", "v1", 4), Space("apple", "v1", 4)
    for space in (later, last):
        put_vectors(catalogue, space, 12)
    for name in ("p00", "p01"):  # from now on the first one has the fewest vectors
        stored = catalogue.products.read(name)
        assert stored is not None
        at = {"seq_no": stored.seq_no, "primary_term": stored.primary_term}
        moved = {**stored.source, "image_url": f"file:///{name}-new"}
        assert catalogue.products.write([Change(name, moved, **at)])[0].status == "updated"  # type: ignore[arg-type]
    for space in (later, last):
        outcomes = [
            Outcome(name, f"file:///{name}-new", "done", vector=similarity.normalize([1, 2, 3, 4]))
            for name in ("p00", "p01")
        ]
        catalogue.embeddings.write_outcomes(space, outcomes)
    for index in (catalogue, connect(settings)):
        assert index.spaces.read_shape().order == {SPACE.name: 1, later.name: 2, last.name: 3}
        assert resolve_space(index, None) == SPACE
        reindex(catalogue)
    assert {one.space.name: (one.added, one.done) for one in connect(settings).status.read().spaces} == {
        SPACE.name: (1, 10),
        later.name: (2, 12),
        last.name: (3, 12),
    }


def test_a_catalogue_that_kept_no_order_goes_by_the_fullest_and_takes_up_the_order(catalogue: Catalogue) -> None:
    fill(catalogue, 12, random_vector)
    other, new = Space("another", "v1", 4), Space("new", "v1", 4)
    for space in (SPACE, other):  # as a catalogue of before has them
        catalogue.spaces.put(catalogue.names.products, space, {})
    put_vectors(catalogue, other, 11)
    assert catalogue.spaces.read_shape().order == {SPACE.name: 0, other.name: 0}
    assert resolve_space(catalogue, None) == SPACE
    put_vectors(catalogue, new, 12)
    assert catalogue.spaces.read_shape().order == {SPACE.name: 0, other.name: 0, new.name: 1}
    assert resolve_space(catalogue, None) == SPACE


def test_a_floor_is_noted_beside_the_space_and_outlives_a_reindex(
    catalogue: Catalogue, settings: CatalogSettings
) -> None:
    fill(catalogue, 3, random_vector)
    later = Space("zebra", "v1", 4)
    catalogue.spaces.ensure(later)
    catalogue.spaces.write_floor(SPACE, 0.4125)
    catalogue.spaces.write_floor(later, -0.5)
    for index in (catalogue, connect(settings)):
        assert index.spaces.get_floors() == {SPACE.name: 0.4125, later.name: -0.5}
        assert index.spaces.read_shape().order == {SPACE.name: 1, later.name: 2}
        reindex(catalogue)
    catalogue.spaces.write_floor(SPACE, None)
    assert catalogue.spaces.get_floors() == {later.name: -0.5}
    assert connect(settings).spaces.read_shape().index_types == {SPACE.name: "flat", later.name: "flat"}
