"""`vector_scan`, the query of the plugin: scores against numpy and script_score, and what searches do with them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import requests

from tests.integration.vector_shop import BRANDS, DIMS, VectorShop, scan, script

TOLERANCE = 1e-6  # vectors and scores are float32
MIXES = ({"a": 1.0}, {"b": 3.0}, {"a": 0.3, "b": 1.7})
TYPES = ("flat", "int8_flat", "bbq_flat", "hnsw", "int8_hnsw", "bbq_hnsw")
RANKING = [{"_score": "desc"}, {"id": "asc"}]


@pytest.fixture
def address(elasticsearch_url: str, index_prefix: str) -> str:
    """Of an index to make, on a server that knows the query."""
    url = elasticsearch_url.partition(",")[0].strip()
    body: dict[str, Any] = {"query": {"vector_scan": {"parts": []}}}
    if "unknown query" in requests.get(f"{url}/_search", json=body, timeout=30).text:
        pytest.skip("this server has no vector_scan: it was started without the plugin, or with an older one")
    return f"{url}/{index_prefix}scan"


@pytest.fixture
def shop(address: str) -> VectorShop:
    made = VectorShop(address, seed=11)
    made.fill("flat", shards=1)
    return made


def queries(seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {name: 5 * rng.normal(size=dims).astype(np.float32) for name, dims in DIMS.items()}


def check(found: dict[str, float], wanted: dict[str, float]) -> None:
    assert found.keys() == wanted.keys()
    assert max((abs(found[key] - wanted[key]) for key in wanted), default=0.0) < TOLERANCE


@pytest.mark.parametrize("full", [False, True], ids=["gaps", "full"])
@pytest.mark.parametrize("index_type", TYPES)
def test_scores_are_those_of_numpy_and_of_the_script(address: str, index_type: str, full: bool) -> None:
    shop = VectorShop(address, seed=len(index_type), full=full)
    shop.fill(index_type, shards=1 + 2 * full)
    for seed, weights in enumerate(MIXES):
        asked = queries(seed)
        for brands in (BRANDS, ("ada",), ("bo", "cy"), ("cy",), ("nobody",)):
            found = shop.hits(query=scan(weights, asked, brands))
            check(found, shop.scores(weights, asked, brands))
            check(found, shop.hits(query=script(weights, asked, brands)))
            assert all(one >= other for one, other in pairwise(found.values()))


def test_pages_are_the_front_of_the_whole_order_counted_or_not(shop: VectorShop) -> None:
    for seed, brands in enumerate((BRANDS, ("ada",), ("bo", "cy"))):
        query = scan({"a": 1.0}, queries(seed), brands)
        whole = list(shop.hits(query=query, sort=RANKING))
        for body in ({"track_total_hits": True}, {"track_total_hits": False}, {"track_total_hits": 5}):
            assert list(shop.hits(query=query, size=7, **body, sort=RANKING)) == whole[:7]
            assert list(shop.hits(query=query, size=7, **{"from": 20}, **body, sort=RANKING)) == whole[20:27]
        counted = shop.search(query=query, size=0, track_total_hits=True).json()["hits"]["total"]["value"]
        assert counted == len(whole)


def test_equal_scores_are_ordered_by_the_next_sort_key(address: str) -> None:
    shop = VectorShop(address, seed=3, full=True)
    shop.vectors["a"][:] = np.eye(DIMS["a"])[0]  # one product counts: no order of summing can tell them apart
    shop.fill("flat", shards=2)
    for counted in (True, False):
        body = {"query": scan({"a": 1.0}, queries(1)), "size": 9, "track_total_hits": counted}
        assert list(shop.hits(**body, sort=RANKING)) == [f"p{n:04d}" for n in range(9)]
        assert next(iter(shop.hits(**body, sort=[{"_score": "desc"}, {"id": "desc"}]))) == "p0699"


def test_among_other_queries_it_gives_the_same_score(shop: VectorShop) -> None:
    asked, weights = queries(2), {"a": 1.0, "b": 1.0}
    wanted = shop.scores(weights, asked, ("ada",))
    inside = {"bool": {"must": [scan(weights, asked)], "filter": [{"term": {"brand": "ada"}}]}}
    check(shop.hits(query=inside), wanted)
    boosted = scan(weights, asked, ("ada",))
    boosted["vector_scan"]["boost"] = 2.0
    check({key: score / 2 for key, score in shop.hits(query=boosted).items()}, wanted)
    as_filter = {"bool": {"filter": [scan(weights, asked, ("ada",))]}}
    assert shop.hits(query=as_filter).keys() == wanted.keys()
    first = next(iter(shop.hits(query=boosted)))
    explained = requests.post(f"{shop.address}/_explain/{first}", json={"query": boosted}, timeout=30).json()
    assert explained["explanation"]["value"] == pytest.approx(2 * wanted[first], abs=TOLERANCE)


def test_excluded_products_and_a_least_score(shop: VectorShop) -> None:
    asked = queries(4)
    wanted = shop.scores({"a": 1.0}, asked, BRANDS)
    best = list(shop.hits(query=scan({"a": 1.0}, asked)))[:2]
    query = scan({"a": 1.0}, asked)
    query["vector_scan"]["filter"] = {"bool": {"must_not": [{"ids": {"values": best}}]}}
    least = sorted(wanted.values())[-40]
    found = shop.hits(query=query, min_score=least - 1e-5)
    assert found.keys() == {key for key, score in wanted.items() if score > least - 1e-5} - set(best)


def test_collapse_inner_hits_and_aggregations_see_all_that_passes(shop: VectorShop) -> None:
    asked = queries(5)
    wanted = shop.scores({"a": 1.0}, asked, BRANDS)
    body: dict[str, Any] = {
        "query": scan({"a": 1.0}, asked),
        "sort": RANKING,
        "collapse": {"field": "group", "inner_hits": {"name": "group", "size": 5, "sort": RANKING}},
        "aggs": {"brands": {"terms": {"field": "brand"}}},
    }
    answer = shop.search(**body).json()
    groups: dict[int, list[str]] = {}
    for key in sorted(wanted, key=lambda key: (-wanted[key], key)):
        groups.setdefault(int(key[1:]) // 3, []).append(key)
    found = [[inner["_id"] for inner in hit["inner_hits"]["group"]["hits"]["hits"]] for hit in answer["hits"]["hits"]]
    assert sorted(found) == sorted(groups.values())
    assert [members[0] for members in found] == [hit["_id"] for hit in answer["hits"]["hits"]]
    buckets = answer["aggregations"]["brands"]["buckets"]
    assert sum(bucket["doc_count"] for bucket in buckets) == len(wanted)


def test_a_merged_index_gives_the_same_answer(shop: VectorShop) -> None:
    asked = queries(6)
    requests.post(f"{shop.address}/_forcemerge?max_num_segments=1", timeout=60).raise_for_status()
    for weights in MIXES:
        check(shop.hits(query=scan(weights, asked)), shop.scores(weights, asked, BRANDS))


PART = {"field": "a", "query_vector": [1.0] * DIMS["a"]}


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"parts": []}, "needs [parts]"),
        ({}, "needs [parts]"),
        ({"parts": PART}, "as a list"),
        ({"parts": [PART], "filters": {}}, "knows no [filters]"),
        ({"parts": [{**PART, "size": 3}]}, "knows no [size]"),
        ({"parts": [{"field": "a"}]}, "needs [field] and [query_vector]"),
        ({"parts": [{**PART, "weight": 0}]}, "must be above 0"),
        ({"parts": [{**PART, "weight": -1}]}, "must be above 0"),
        ({"parts": [{**PART, "query_vector": "x"}]}, "list of numbers"),
        ({"parts": [{**PART, "query_vector": [1.0] * 5000}]}, "more than 4096"),
        ({"parts": [{**PART, "query_vector": ["NaN"] * DIMS["a"]}]}, "not a finite number"),
        ({"parts": [{**PART, "query_vector": [1e39] * DIMS["a"]}]}, "not a finite number"),
        ({"parts": [{**PART, "query_vector": [1.0, 2.0]}]}, "dimension"),
        ({"parts": [{**PART, "query_vector": [0.0] * DIMS["a"]}]}, "zero magnitude"),
        ({"parts": [{**PART, "field": "none"}]}, "there is no field [none]"),
        ({"parts": [{**PART, "field": "brand"}]}, "similarity cosine"),
    ],
)
def test_wrong_questions_are_refused_with_what_is_wrong(shop: VectorShop, query: dict[str, Any], says: str) -> None:
    answer = shop.search(query={"vector_scan": query})
    assert answer.status_code == 400
    assert says in answer.text


@pytest.mark.parametrize(
    "field",
    [
        {"similarity": "dot_product"},
        {"similarity": "l2_norm"},
        {"similarity": "max_inner_product"},
        {"similarity": "cosine", "element_type": "byte"},
        {"index": False},
    ],
    ids=lambda field: "-".join(map(str, field.values())),
)
def test_fields_of_another_kind_are_refused(address: str, field: dict[str, Any]) -> None:
    mapping = {"mappings": {"properties": {"v": {"type": "dense_vector", "dims": 2, **field}}}}
    requests.put(address, json=mapping, timeout=30).raise_for_status()
    query = {"vector_scan": {"parts": [{"field": "v", "query_vector": [1.0, 0.0]}]}}
    answer = requests.post(f"{address}/_search", json={"query": query}, timeout=30)
    assert answer.status_code == 400
    assert "cosine" in answer.text or "index" in answer.text
