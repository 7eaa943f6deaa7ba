"""The bodies of searches, whole: what Elasticsearch is asked, for one question with everything in it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from catalog.domain.embedding_space import Space
from catalog.domain.filters import parse
from catalog.errors import InvalidInput
from catalog.index_mapping import EXACT_FILTERS
from catalog.search import candidate_clauses, queries
from catalog.search.planning.plan_cost import Breadth
from catalog.search.product_fields import PHOTO, PHOTO_HASHES, PUBLIC_FIELDS
from catalog.search.search_types import IN_STOCK_NEWEST, Page, QueryPart
from tests.asking import browse_query, changed, match_names, similar_query

SPACE, OTHER = Space("color", "v1", 2), Space("shape", "v1", 2)
VECTOR, SECOND = np.asarray([1, 0], dtype=np.float32), np.asarray([0, 1], dtype=np.float32)
PART = QueryPart(OTHER, SECOND, 3)

BRAND = {"terms": {"brand.folded": ["alder"]}}
SOLD_OUT = {"bool": {"filter": [{"term": {"available": False}}]}}
HAS_VECTOR = {"exists": {"field": "embedding.color__v1.vector"}}
HAS_OTHER = {"exists": {"field": "embedding.shape__v1.vector"}}
ONLY = [match_names("o1", "o2"), {"terms": {"group_key": ["og"]}}]
NAMED = [{"ids": {"values": ["s", "x", "n"]}}, {"terms": {"skus": ["n"]}}, {"terms": {"group_key": ["sg", "g"]}}]
QUESTION = similar_query(
    SPACE,
    VECTOR,
    parse({"brand": "Alder"}),
    exclude_ids=("x",),
    exclude_names=("n",),
    exclude_groups=("g",),
    exclude_filters=(parse({"available": False}),),
    source_ids=("s",),
    source_groups=("sg",),
    only_names=("o1", "o2"),
    only_groups=("og",),
    limit=5,
    offset=10,
    fields=("title", "attributes.fit"),
)
PLAIN = similar_query(SPACE, VECTOR, fields=("id",))
PAGE = {
    "size": 5,
    "from": 10,
    "sort": [{"_score": "desc"}, {"id": "asc"}],
    "_source": {"includes": ["title", "attributes.fit"]},
}
PLAIN_PAGE = {**PAGE, "size": 10, "from": 0, "_source": {"includes": ["id"]}}
SCRIPT = {
    "source": "cosineSimilarity(params.query_vector, 'embedding.color__v1.vector') + 1.0",
    "params": {"query_vector": VECTOR},
}


def test_the_exact_plan_scores_what_passes_has_a_vector_and_is_not_left_out() -> None:
    chosen = {"bool": {"filter": [BRAND, *ONLY, HAS_VECTOR], "must_not": [*NAMED, SOLD_OUT]}}
    assert queries.build_exact_search(QUESTION) == {
        "query": {"script_score": {"query": chosen, "script": SCRIPT}},
        "track_total_hits": True,
        **PAGE,
    }
    few = queries.build_exact_search(PLAIN, ["a", "b"])
    assert few["query"]["script_score"]["query"] == {
        "bool": {"filter": [HAS_VECTOR, {"ids": {"values": ["a", "b"]}}]}
    }
    none = queries.build_exact_search(PLAIN, [])  # nothing was found: nothing is scored
    assert none["query"]["script_score"]["query"] == {"bool": {"filter": [HAS_VECTOR, {"ids": {"values": []}}]}}


def test_only_no_products_is_no_product() -> None:
    nothing = changed(PLAIN, only_names=(), only_groups=())
    assert candidate_clauses.match_candidates(nothing) == {
        "bool": {"filter": [match_names(), {"terms": {"group_key": []}}, HAS_VECTOR]}
    }


def test_several_spaces_are_scored_by_one_script_over_what_has_all_vectors() -> None:
    body = queries.build_exact_search(changed(PLAIN, more=(PART,)))
    scored = body["query"]["script_score"]
    assert scored["query"] == {"bool": {"filter": [HAS_VECTOR, HAS_OTHER]}}
    assert scored["script"] == {
        "source": (
            "(params.w0 * cosineSimilarity(params.q0, 'embedding.color__v1.vector')"
            " + params.w1 * cosineSimilarity(params.q1, 'embedding.shape__v1.vector')) / params.total + 1.0"
        ),
        "params": {"total": 4.0, "w0": 1.0, "q0": VECTOR, "w1": 3.0, "q1": SECOND},
    }


def test_the_servers_own_scan_filters_and_leaves_out_by_name_beside_it() -> None:
    parts = [{"field": SPACE.field, "query_vector": VECTOR, "weight": 1.0}]
    chosen = {"bool": {"filter": [BRAND, *ONLY], "must_not": [SOLD_OUT]}}
    scan = {"vector_scan": {"parts": parts, "filter": chosen}}
    assert queries.build_scan_search(QUESTION) == {
        "query": {"bool": {"must": [scan], "must_not": NAMED}},
        "track_total_hits": False,
        **PAGE,
    }
    assert queries.build_scan_search(changed(PLAIN, more=(PART,))) == {
        "query": {
            "vector_scan": {
                "parts": [*parts, {"field": OTHER.field, "query_vector": SECOND, "weight": 3.0}],
                "filter": {"bool": {}},
            }
        },
        "track_total_hits": False,
        **PLAIN_PAGE,
    }


def test_a_scan_counts_hits_where_a_threshold_decides_the_total() -> None:
    for total, threshold, counts in ((True, 0.5, True), (False, 0.5, False), (True, None, False), (True, 0.0, True)):
        question = changed(PLAIN, total=total, score_threshold=threshold)
        assert queries.build_scan_search(question)["track_total_hits"] is counts


def test_an_approximate_search_filters_inside_and_rescores_what_is_quantised() -> None:
    knn = {
        "field": SPACE.field,
        "query_vector": VECTOR,
        "k": 200,
        "num_candidates": 400,
        "filter": {"bool": {"filter": [BRAND, *ONLY], "must_not": [*NAMED, SOLD_OUT]}},
    }
    plain = queries.build_knn_search(QUESTION, QUESTION.parts[0], "hnsw", Breadth())
    assert plain == {"knn": knn, "track_total_hits": False, **PAGE}
    quantised = queries.build_knn_search(QUESTION, QUESTION.parts[0], "int8_hnsw", Breadth(oversample=2.5))
    assert quantised["knn"] == {**knn, "rescore_vector": {"oversample": 2.5}}


def test_an_approximate_search_looks_at_as_many_as_it_returns_and_at_what_has_the_other_vectors() -> None:
    several = changed(PLAIN, more=(PART,), score_threshold=0.5)
    body = queries.build_knn_search(several, PART, "flat", Breadth(pool=600, num_candidates=400))
    assert body == {
        "knn": {
            "field": OTHER.field,
            "query_vector": SECOND,
            "k": 600,
            "num_candidates": 600,
            "filter": {"bool": {"filter": [HAS_VECTOR]}},
        },
        "min_score": 0.75,
        "track_total_hits": False,
        **PLAIN_PAGE,
    }


def test_a_threshold_is_a_score_of_the_plan() -> None:
    for cosine, script, knn in ((0.5, 1.5, 0.75), (-1.0, 0.0, 0.0), (0.0, 1.0, 0.5)):
        question = changed(PLAIN, score_threshold=cosine)
        assert queries.build_exact_search(question)["min_score"] == script
        assert queries.build_scan_search(question)["min_score"] == script
        assert queries.build_knn_search(question, question.parts[0], "flat", Breadth())["min_score"] == knn


INNER = {
    "name": "group",
    "size": 3,
    "sort": [{"_score": "desc"}, {"id": "asc"}],
    "_source": {"includes": ["id"]},
}


@pytest.mark.parametrize("build", [queries.build_exact_search, queries.build_scan_search])
def test_groups_are_collapsed_and_show_their_best(build: Any) -> None:
    grouped = build(changed(PLAIN, group_size=3, score_threshold=0.5))
    assert grouped["collapse"] == {"field": "group_key", "inner_hits": INNER}
    assert grouped["min_score"] == 1.5
    assert "aggs" not in grouped
    assert "collapse" not in build(PLAIN)


@pytest.mark.parametrize("build", [queries.build_exact_search, queries.build_scan_search])
def test_groups_that_reach_a_threshold_are_counted_below_it(build: Any) -> None:
    plain, counted = build(PLAIN), build(changed(PLAIN, group_size=3, score_threshold=0.5, total=True))
    assert counted["query"] == {"function_score": {"query": plain["query"], "min_score": 1.5}}
    assert "min_score" not in counted  # it would cut the hits and not the count
    groups = {"cardinality": {"field": "group_key", "precision_threshold": 40_000}}
    assert counted["aggs"] == {"_groups": {"filter": {"match_all": {}}, "aggs": {"values": groups}}}


def test_vectors_are_fetched_beside_the_source_where_asked_for() -> None:
    both = changed(PLAIN, more=(PART,), with_vectors=True)
    assert queries.build_exact_search(both)["fields"] == [SPACE.field, OTHER.field]
    assert "fields" not in queries.build_exact_search(PLAIN)


def test_only_fields_that_answers_have_are_fetched() -> None:
    everything = queries.build_source_filter(None)["includes"]
    assert set(everything) == {*PUBLIC_FIELDS, PHOTO_HASHES} - {PHOTO} and len(set(everything)) == len(everything)
    assert queries.build_source_filter((PHOTO, "image_url")) == {"includes": ["image_url", PHOTO_HASHES]}
    assert queries.build_source_filter(()) == {"includes": []}
    with pytest.raises(
        InvalidInput, match=r"fields: there is no 'colour.x'; there are id, .*effective_price"
    ) as caught:
        queries.build_source_filter(("id", "colour.x"))
    assert caught.value.detail == {"field": "colour.x"}


def test_browsing_filters_matches_the_title_and_sorts() -> None:
    question = browse_query(
        parse({"brand": "Alder"}),
        q="linen dress",
        sort="-price",
        within=parse({"category": "dress"}),
        exclude_ids=("x",),
        exclude_groups=("g",),
        exclude_filters=(parse({"available": False}),),
        limit=5,
        offset=10,
        fields=("title", "attributes.fit"),
    )
    assert queries.build_browse_search(question) == {
        **PAGE,
        "query": {
            "bool": {
                "filter": [BRAND, {"terms": {"category.folded": ["dress"]}}],
                "must_not": [{"ids": {"values": ["x"]}}, {"terms": {"group_key": ["g"]}}, SOLD_OUT],
                "must": [{"match": {"title": {"query": "linen dress", "operator": "and"}}}],
            }
        },
        "sort": [{"effective_price": {"order": "desc", "missing": "_last"}}, {"id": "asc"}],
        "track_total_hits": True,
    }
    assert queries.build_browse_search(browse_query(q="linen"))["query"] == {
        "bool": {"must": [{"match": {"title": {"query": "linen", "operator": "and"}}}]}
    }


def test_browsing_an_older_index_asks_it_as_before() -> None:
    question = browse_query(
        parse({"brand": "Alder"}),
        within=parse({"category": "Dress"}),
        exclude_filters=(parse({"color": "Red"}),),
        mapping_version=EXACT_FILTERS - 1,
    )
    assert queries.build_browse_search(question)["query"] == {
        "bool": {
            "filter": [{"terms": {"brand": ["Alder"]}}, {"terms": {"category": ["Dress"]}}],
            "must_not": [{"bool": {"filter": [{"terms": {"color": ["Red"]}}]}}],
        }
    }
    older = replace(QUESTION, mapping_version=EXACT_FILTERS - 1)
    for body in (
        queries.build_exact_search(older)["query"]["script_score"]["query"],
        queries.build_scan_search(older)["query"]["bool"]["must"][0]["vector_scan"]["filter"],
    ):
        assert body["bool"]["filter"][0] == {"terms": {"brand": ["Alder"]}}


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("id", [{"id": "asc"}]),
        ("-id", [{"id": "desc"}]),
        ("relevance", [{"_score": "desc"}, {"id": "asc"}]),
        ("title", [{"title.raw": {"order": "asc", "missing": "_last"}}, {"id": "asc"}]),
        ("-updated_at", [{"updated_at": {"order": "desc", "missing": "_last"}}, {"id": "asc"}]),
        (
            IN_STOCK_NEWEST,
            [
                {"available": {"order": "desc", "missing": "_last"}},
                {"updated_at": {"order": "desc", "missing": "_last"}},
                {"id": "asc"},
            ],
        ),
    ],
)
def test_every_order_ends_with_the_id(sort: str, expected: list[Any]) -> None:
    body = queries.build_browse_search(browse_query(sort=sort))
    assert body["sort"] == expected
    assert body["query"] == {"match_all": {}}
    assert (body["size"], body["from"]) == (20, 0)


def test_questions_that_differ_may_be_asked_of_other_shard_copies() -> None:
    mixed = changed(PLAIN, more=(PART,))
    asked = [PLAIN, mixed, changed(PLAIN, more=(replace(PART, weight=2),)), similar_query(OTHER, VECTOR)]
    browsed = browse_query(parse({"brand": "Alder"}), q="dress")
    asked += [browsed, changed(browsed, sort="-price"), changed(browsed, within=parse({"color": "red"}))]
    asked += [changed(browsed, filters=parse({"brand": "Birch"})), changed(browsed, q=None)]
    preferences = [queries.compute_preference(each) for each in asked]
    assert len(set(preferences)) == len(asked)
    assert all(len(each) == 16 and not each.startswith("_") for each in preferences)  # `_local` would mean something


def test_the_clauses_of_a_source_are_its_own_products_and_groups() -> None:
    assert candidate_clauses.match_source(PLAIN) is None
    assert candidate_clauses.match_source(QUESTION) == {
        "bool": {
            "should": [{"ids": {"values": ["s"]}}, {"terms": {"group_key": ["sg"]}}],
            "minimum_should_match": 1,
        }
    }
    assert candidate_clauses.exclude_all_but_source(QUESTION) == [
        {"ids": {"values": ["x", "n"]}},
        {"terms": {"skus": ["n"]}},
        {"terms": {"group_key": ["g"]}},
        SOLD_OUT,
    ]
    assert candidate_clauses.exclude_all(PLAIN) == []
    assert candidate_clauses.match_candidates(QUESTION) == {
        "bool": {"filter": [BRAND, *ONLY, HAS_VECTOR], "must_not": [*NAMED, SOLD_OUT]}
    }


def test_a_page_shows_whole_fields_even_where_a_part_of_one_was_asked_for() -> None:
    product = {"id": "a", "title": "t", "attributes": {"fit": "slim", "cut": "low"}}
    assert Page(fields=("attributes.fit", "title")).select_fields(product) == {
        "title": "t",
        "attributes": product["attributes"],
    }
    assert Page(fields=()).select_fields(product) == {}
    photo = {"image_url": "u", "embedding": {"color__abc": {"image_sha256": "ab"}}}
    assert Page(fields=(PHOTO,)).select_fields(product | photo) == photo
    assert Page().select_fields(product) is product
    assert Page(limit=5, offset=10).end == 15
