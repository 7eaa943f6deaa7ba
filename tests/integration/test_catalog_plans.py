"""Every plan gives the same answer: exact and approximate, one space and several, pages and groups."""

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from catalog import similarity
from catalog.domain import filters
from catalog.domain.embedding_space import Space
from catalog.domain.product import document, parse
from catalog.domain.records import Change, Outcome
from catalog.elastic import Catalogue, connect
from catalog.search.planning.plan_cost import Breadth
from catalog.search.planning.planner import Planner
from catalog.search.planning.prices import Costs, SearchPrice
from catalog.search.search_types import QueryPart
from catalog.settings import CatalogSettings
from catalog.similar.floor import cut_hits
from tests.asking import changed, similar_query
from tests.fakes import FakeCatalogue

WIDE, NARROW = Space("wide", "v1", 64), Space("narrow", "v1", 8)
COUNT = 300
ALWAYS_KNN = Costs(small_ms=0, script=SearchPrice(base=1e6), bulk=None)
COLORS = ("red", "blue", "green")
QUICK = hypothesis_settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def make(number: int) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "color": COLORS[number % 3],
        "price": number,
        "item_group_id": f"g{number // 3}" if number % 4 else None,
    }
    data: dict[str, Any] = {"id": f"p{number:04d}", "title": "x", "image_url": f"file:///{number}.jpg", **fields}
    return document(parse(data))


def vectors(space: Space) -> Any:
    return similarity.normalize(np.random.default_rng(space.dims).normal(size=(COUNT, space.dims)))


def fill(index: Any) -> Any:
    index.layout.create()
    index.products.write([Change(f"p{n:04d}", make(n)) for n in range(COUNT)])
    for space, embedded in ((WIDE, COUNT), (NARROW, COUNT - 20)):
        index.spaces.ensure(space)
        rows = vectors(space)
        outcomes = [Outcome(f"p{n:04d}", f"file:///{n}.jpg", "done", vector=rows[n]) for n in range(embedded)]
        index.embeddings.write_outcomes(space, outcomes)
    index.products.refresh()
    return index


@pytest.fixture(scope="module")
def fake() -> Any:
    return fill(FakeCatalogue())


@pytest.fixture(params=["flat", "int8_flat", "bbq_flat", "hnsw", "int8_hnsw", "bbq_hnsw"])
def approximate(request: pytest.FixtureRequest, settings: CatalogSettings) -> Catalogue:
    """A catalogue on each index type whose planner always takes knn, and looks at everything."""
    index = connect(settings.model_copy(update={"vector_index": request.param}))
    index.layout.create()
    rows = vectors(WIDE)
    index.products.write([Change(f"p{n:04d}", make(n)) for n in range(COUNT)])
    index.spaces.ensure(WIDE)
    index.embeddings.write_outcomes(
        WIDE, [Outcome(f"p{n:04d}", f"file:///{n}.jpg", "done", vector=rows[n]) for n in range(COUNT)]
    )
    index.products.refresh()
    index.similar.planner = Planner(ALWAYS_KNN, Breadth(pool=50, num_candidates=300, oversample=6))
    return index


def test_knn_gives_the_scores_of_the_script_for_the_same_products(approximate: Catalogue, fake: Any) -> None:
    for seed in range(5):
        query = similar_query(
            WIDE,
            similarity.normalize(np.random.default_rng(seed + 100).normal(size=64)),
            filters.parse({"color": ["red", "blue"], "price": {"lte": 250}} if seed % 2 else {}),
            limit=10,
            facets=("color",),
            total=True,
        )
        found, expected = approximate.similar.search(query), fake.similar.search(query)
        exact = approximate.similar.search(changed(query, exact=True))
        assert (found.plan.strategy, exact.plan.strategy) == ("knn", "exact")
        assert [hit.id for hit in exact.hits] == [hit.id for hit in expected.hits]
        scores = {hit.id: hit.score for hit in fake.similar.search(changed(query, limit=COUNT)).hits}
        assert [hit.score for hit in found.hits] == pytest.approx([scores[hit.id] for hit in found.hits], abs=1e-6)
        assert len({hit.id for hit in found.hits} & {hit.id for hit in expected.hits}) >= 9
        assert (found.total, found.plan.candidates) == (expected.total, expected.total)
        assert found.facets == exact.facets


def test_pages_of_an_approximate_search_are_disjoint_and_complete(approximate: Catalogue) -> None:
    query = similar_query(WIDE, vectors(WIDE)[0], filters.parse({"price": {"lte": 180}}), limit=20)
    pages = [approximate.similar.search(changed(query, offset=offset)).hits for offset in range(0, 200, 20)]
    ids = [hit.id for page in pages for hit in page]
    assert sorted(ids) == [f"p{n:04d}" for n in range(181)]
    again = approximate.similar.search(changed(query, limit=65, offset=15))
    assert [hit.id for hit in again.hits] == ids[15:80]


def test_an_approximate_threshold_cuts_at_the_same_cosine(approximate: Catalogue, fake: Any) -> None:
    query = similar_query(WIDE, vectors(WIDE)[5], limit=40, score_threshold=0.1)
    found = approximate.similar.search(query)
    assert found.plan.strategy == "knn"
    assert found.hits and min(hit.score for hit in found.hits) >= 0.1
    assert {hit.id for hit in found.hits} <= {hit.id for hit in fake.similar.search(changed(query, limit=COUNT)).hits}


@pytest.fixture
def filled(catalogue: Catalogue) -> Catalogue:
    found: Catalogue = fill(catalogue)
    return found


def test_mixes_groups_and_exclusions_answer_like_the_fake(filled: Catalogue, fake: Any) -> None:
    @QUICK
    @given(
        seed=st.integers(0, 1000),
        weights=st.tuples(st.floats(0.05, 5), st.floats(0.05, 5)) | st.none(),
        group_size=st.integers(0, 3),
        limit=st.integers(1, 30),
        offset=st.integers(0, 120),
        colors=st.lists(st.sampled_from(COLORS), max_size=2),
        excluded=st.lists(st.integers(0, COUNT - 1).map("p{:04d}".format), max_size=3),
        floor=st.none() | st.floats(-0.3, 0.3),
    )
    def check(
        seed: int,
        weights: Any,
        group_size: int,
        limit: int,
        offset: int,
        colors: Any,
        excluded: Any,
        floor: float | None,
    ) -> None:
        rng = np.random.default_rng(seed)
        more = ()
        if weights:
            more = (QueryPart(NARROW, similarity.normalize(rng.normal(size=8)), weights[1]),)
        query = similar_query(
            WIDE,
            similarity.normalize(rng.normal(size=64)),
            filters.parse({"color": colors}),
            limit=limit,
            offset=offset,
            exclude_ids=tuple(excluded),
            group_size=group_size,
            weight=weights[0] if weights else 1.0,
            more=more,
            total=True,
            facets=("color",),
            with_vectors=True,
            floor=floor,
        )
        found, expected = filled.similar.search(query), fake.similar.search(query)
        hits, others = cut_hits(found.hits, floor), cut_hits(expected.hits, floor)
        assert [hit.id for hit in hits] == [hit.id for hit in others]
        assert [h.score for h in hits] == pytest.approx([h.score for h in others], abs=2e-6)
        assert found.total == expected.total
        for hit, other in zip(hits, others, strict=True):
            assert [h.id for h in hit.group or ()] == [h.id for h in other.group or ()]
            for name, vector in (other.vectors or {}).items():
                np.testing.assert_allclose(hit.vectors[name], vector, atol=1e-6)  # type: ignore[index]

    check()


def test_a_floor_leaves_an_approximate_page_as_it_is_and_its_total_open(approximate: Catalogue) -> None:
    query = similar_query(WIDE, vectors(WIDE)[5], limit=40, total=True, facets=("color",))
    plain, floored = approximate.similar.search(query), approximate.similar.search(changed(query, floor=0.1))
    assert (plain.total, floored.total, floored.plan.strategy) == (COUNT, None, "knn")
    assert [hit.id for hit in floored.hits] == [hit.id for hit in plain.hits]
    assert floored.facets == plain.facets


def test_an_approximate_mix_scores_the_union_exactly(filled: Catalogue, fake: Any) -> None:
    filled.similar.planner = Planner(ALWAYS_KNN, Breadth(pool=50))
    query = similar_query(
        WIDE, vectors(WIDE)[3], limit=10, weight=0.7, more=(QueryPart(NARROW, vectors(NARROW)[3], 0.3),)
    )
    found = filled.similar.search(query)
    assert found.plan.strategy == "knn"
    scores = {hit.id: hit.score for hit in fake.similar.search(changed(query, limit=COUNT)).hits}
    assert [hit.score for hit in found.hits] == pytest.approx([scores[hit.id] for hit in found.hits], abs=1e-6)
    best = {hit.id for hit in fake.similar.search(query).hits}
    assert len(best & {hit.id for hit in found.hits}) >= 9
    deep = [filled.similar.search(changed(query, limit=30, offset=offset)).hits for offset in range(0, 300, 30)]
    assert sorted(hit.id for page in deep for hit in page) == [f"p{n:04d}" for n in range(COUNT - 20)]


def test_groups_are_never_answered_approximately(filled: Catalogue) -> None:
    filled.similar.planner = Planner(ALWAYS_KNN)
    page = filled.similar.search(similar_query(WIDE, vectors(WIDE)[0], group_size=1, limit=100))
    assert page.plan.strategy == "exact"
    keys = [hit.product["group_key"] for hit in page.hits]
    assert len(keys) == len(set(keys))
