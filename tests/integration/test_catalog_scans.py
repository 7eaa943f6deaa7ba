"""The exact plan by the plugin and by the script: one answer, and the script where there is no plugin."""

from typing import Any

import numpy as np
import pytest

from catalog import similarity
from catalog.domain import filters
from catalog.elastic import Catalogue, connect
from catalog.errors import InvalidInput
from catalog.search import queries
from catalog.search.planning.planner import IN_BULK
from catalog.search.search_types import QueryPart, SimilarQuery
from catalog.settings import CatalogSettings
from tests.asking import changed, similar_query
from tests.integration.numpy_shop import NARROW, WIDE, NumpyShop


@pytest.fixture
def filled(settings: CatalogSettings) -> Catalogue:
    """A catalogue with gaps, on a server that knows the query."""
    found = connect(settings)
    NumpyShop(5, 240).fill(found)
    if IN_BULK not in found.similar.search(similar_query(WIDE, vector(WIDE, 0))).plan.reason:
        pytest.skip("this server has no vector_scan: it was started without the plugin, or with an older one")
    return found


def vector(space: Any, seed: int) -> Any:
    return similarity.normalize(np.random.default_rng(seed).normal(size=space.dims))


def questions() -> list[SimilarQuery]:
    plain = similar_query(WIDE, vector(WIDE, 1), limit=12)
    mixed = changed(plain, more=(QueryPart(NARROW, vector(NARROW, 2), 0.7),))
    red = filters.parse({"color_family": ["red"], "price": {"gte": 20}})
    found = []
    for base in (plain, mixed):
        found += [
            base,
            changed(base, offset=30, total=True, facets=("color_family",)),
            changed(base, filters=red, exclude_ids=("p001", "p002", "p003")),
            changed(base, filters=red, score_threshold=0.1),
            changed(base, group_size=2, total=True),
            changed(base, only_names=("p004", "p005", "p006", "p100"), with_vectors=True),
            changed(base, filters=filters.parse({"brand": ["nobody"]})),
            changed(base, offset=230, limit=20),
        ]
    return found


def test_every_question_is_answered_as_by_the_script(filled: Catalogue, settings: CatalogSettings) -> None:
    scripted = connect(settings.model_copy(update={"bulk_scoring": "off"}))
    for query in questions():
        found, expected = filled.similar.search(query), scripted.similar.search(query)
        assert found.plan.reason.endswith(IN_BULK) and not expected.plan.reason.endswith(IN_BULK)
        assert (found.plan.strategy, found.plan.candidates) == ("exact", expected.plan.candidates)
        assert (found.total, found.facets) == (expected.total, expected.facets)
        assert [hit.id for hit in found.hits] == [hit.id for hit in expected.hits]
        assert [hit.product for hit in found.hits] == [hit.product for hit in expected.hits]
        assert [hit.score for hit in found.hits] == pytest.approx([hit.score for hit in expected.hits], abs=1e-6)
        for one, other in zip(found.hits, expected.hits, strict=True):
            assert [hit.id for hit in one.group or []] == [hit.id for hit in other.group or []]


def test_a_server_without_the_plugin_is_asked_once(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    shop, asked = NumpyShop(6, 60), 0
    shop.fill(catalogue)
    known = queries.build_scan_search

    def unknown(query: SimilarQuery) -> dict[str, Any]:
        nonlocal asked
        asked += 1
        return known(query) | {"query": {"vector_scan_of_no_server": {}}}

    monkeypatch.setattr(queries, "build_scan_search", unknown)
    for seed in range(3):
        page = catalogue.similar.search(similar_query(WIDE, vector(WIDE, seed)))
        wanted = np.argsort(-(shop.vectors["wide"] @ vector(WIDE, seed)))
        there = [shop.ids[n] for n in wanted if shop.embedded["wide"][n]]
        assert [hit.id for hit in page.hits] == there[: len(page.hits)] and page.hits
        assert not page.plan.reason.endswith(IN_BULK)
    assert asked == 1
    monkeypatch.setattr("catalog.elastic.searching.bulk_scoring.ABSENT_FOR", 0.0)
    catalogue.similar.search(similar_query(WIDE, vector(WIDE, 9)))
    assert asked == 2


def test_a_node_without_the_plugin_among_others_is_asked_once(
    filled: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    send, refused = filled.client.msearch, 0

    def mixed(**given: Any) -> Any:
        nonlocal refused
        answer = send(**given)
        if "vector_scan" in str(given["searches"]):
            refused += 1
            reason = {"type": "illegal_argument_exception", "reason": "Unknown NamedWriteable [vector_scan]"}
            answer["responses"][0]["_shards"] |= {"failed": 1, "failures": [{"reason": reason}]}
        return answer

    monkeypatch.setattr(filled.client, "msearch", mixed)
    for seed in range(3):
        assert not filled.similar.search(similar_query(WIDE, vector(WIDE, seed))).plan.reason.endswith(IN_BULK)
    assert refused == 1


def test_a_wrong_question_says_nothing_about_the_server(filled: Catalogue) -> None:
    with pytest.raises(InvalidInput):
        filled.similar.search(similar_query(WIDE, vector(WIDE, 0), limit=10, offset=20_000))
    assert filled.similar.search(similar_query(WIDE, vector(WIDE, 0))).plan.reason.endswith(IN_BULK)
