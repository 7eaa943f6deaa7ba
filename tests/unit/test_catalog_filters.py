"""Filters and the bodies of queries built from them."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import facet_queries, queries
from catalog.errors import InvalidFilter, InvalidInput
from catalog.filters import Filters, clauses, parse
from catalog.questions import BrowseQuery, SimilarQuery
from catalog.space import Space

SPACE = Space("color", "v1", 3)
VECTOR = np.asarray([1, 0, 0], dtype=np.float32)


def test_a_list_means_any_of_and_keys_mean_all_of() -> None:
    found = clauses(parse({"color": ["red", "blue"], "size": "M", "available": True, "price": {"lte": 80}}))
    assert found == {
        "color": {"terms": {"color": ["red", "blue"]}},
        "size": {"terms": {"sizes_available": ["M"]}},
        "available": {"term": {"available": True}},
        "price": {"range": {"effective_price": {"lte": 80.0}}},
    }


def test_attributes_are_filtered_by_name() -> None:
    found = clauses(parse({"attributes": {"season": ["ss26"]}}))
    assert found == {"attributes.season": {"terms": {"attributes.season": ["ss26"]}}}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"colour": "red"}, "colour: unknown filter; there are available"),
        ({"price": {"gte": -1}}, "price.gte"),
        ({"price": {"lte": float("nan")}}, "price.lte"),
        ({"price": {"min": 1}}, "price.min: unknown filter"),
        ({"brand": ["x"] * 1001}, "brand"),
        ({"brand": [""]}, "brand"),
        ({"available": "perhaps"}, "available"),
        ([], "filter"),
    ],
)
def test_a_wrong_filter_is_named(data: Any, message: str) -> None:
    with pytest.raises(InvalidFilter, match=message):
        parse(data)


@given(
    st.dictionaries(
        st.sampled_from(["color", "brand", "size", "gender"]),
        st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=4),
    )
)
def test_every_filter_that_is_set_becomes_one_clause_with_all_its_values(data: dict[str, list[str]]) -> None:
    found = clauses(Filters.model_validate(data))
    assert found.keys() == data.keys()
    for key, values in data.items():
        assert list(found[key]["terms"].values()) == [values]


def test_the_exact_query_only_scores_products_with_a_vector() -> None:
    body = queries.similar(
        SimilarQuery(SPACE, VECTOR, parse({"color": "red"}), exclude_ids=("a",), score_threshold=0.5)
    )
    script = body["query"]["script_score"]
    assert {"exists": {"field": SPACE.field}} in script["query"]["bool"]["filter"]
    assert script["query"]["bool"]["must_not"] == [{"ids": {"values": ["a"]}}]
    assert script["script"]["source"] == f"cosineSimilarity(params.query_vector, '{SPACE.field}') + 1.0"
    assert body["min_score"] == 1.5
    assert body["sort"] == [{"_score": "desc"}, {"id": "asc"}]


def test_a_facet_ignores_its_own_filter_and_no_other() -> None:
    filters = parse({"color": "red", "brand": "b"})
    body = facet_queries.overview(filters, ("color", "price"), [])
    assert body["aggs"]["color"]["filter"] == {"match_all": {}}
    assert body["aggs"]["price"]["filter"] == {"bool": {"filter": [{"terms": {"color": ["red"]}}]}}
    assert body["query"] == {"bool": {"filter": [{"terms": {"brand": ["b"]}}]}}
    assert body["post_filter"] == {"bool": {"filter": [{"terms": {"color": ["red"]}}]}}


def test_vectors_and_bookkeeping_never_leave_the_index() -> None:
    for body in (queries.similar(SimilarQuery(SPACE, VECTOR)), queries.browse(BrowseQuery())):
        assert not any(name.startswith(("embedding", "offer_")) for name in body["_source"]["includes"])
    with pytest.raises(InvalidInput, match="there is no 'embedding'"):
        queries.source_filter(("title", "embedding"))


def test_all_pages_of_a_question_prefer_the_same_shards() -> None:
    question = SimilarQuery(SPACE, VECTOR, parse({"color": "red"}), exclude_ids=("a",))
    later = replace(question, limit=3, offset=40, exclude_ids=("a", "b"), exclude_groups=("g",), total=True)
    assert queries.preference(later) == queries.preference(question)
    assert queries.preference(replace(question, vector=-VECTOR)) != queries.preference(question)
    browsed = BrowseQuery(parse({"color": "red"}), q="dress")
    assert queries.preference(replace(browsed, limit=3, offset=40)) == queries.preference(browsed)
    assert queries.preference(replace(browsed, q="shirt")) != queries.preference(browsed)
