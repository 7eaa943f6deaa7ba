"""Filters and the bodies of queries built from them."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.domain.embedding_space import Space
from catalog.domain.filters import Filters, parse
from catalog.domain.matching import passes
from catalog.errors import InvalidFilter, InvalidInput
from catalog.search import facet_queries, queries
from catalog.search.filter_clauses import build_filter_clauses
from catalog.search.product_fields import PHOTO_HASHES
from catalog.search.search_types import QueryPart
from tests.asking import browse_query, changed, similar_query

SPACE = Space("color", "v1", 3)
VECTOR = np.asarray([1, 0, 0], dtype=np.float32)


def test_a_list_means_any_of_and_keys_mean_all_of() -> None:
    found = build_filter_clauses(
        parse({"color": ["red", "blue"], "size": "M", "available": True, "price": {"lte": 80}})
    )
    m_to_80 = {"range": {"sized_prices": {"gte": "1:m:000000000000", "lte": "1:m:000000008000"}}}
    other_price = {"bool": {"filter": [{"exists": {"field": "sized_prices"}}], "must_not": [m_to_80]}}
    assert found == {
        "color": {"terms": {"color.folded": ["red", "blue"]}},
        "size": {"terms": {"sizes_available.folded": ["m"]}},
        "available": {"term": {"available": True}},
        "price": {"range": {"offer_prices": {"lte": 80.0}}},
        "size+price": {"bool": {"must_not": [other_price]}},
    }


def test_an_older_index_is_asked_as_before() -> None:
    asked = parse({"color": ["Red"], "size": "M", "price": {"lte": 80}, "attributes": {"fit": ["Slim"], "cut": []}})
    assert build_filter_clauses(asked, version=1) == {
        "color": {"terms": {"color": ["Red"]}},
        "size": {"terms": {"sizes_available": ["M"]}},
        "price": {"range": {"effective_price": {"lte": 80.0}}},
        "attributes.fit": {"terms": {"attributes.fit": ["Slim"]}},
    }


def test_attributes_are_filtered_by_name_and_an_empty_list_restricts_nothing() -> None:
    found = build_filter_clauses(parse({"attributes": {"season": ["SS26"], "fit": []}, "brand": []}))
    assert found == {"attributes.season": {"terms": {"folded_attributes.season": ["ss26"]}}}
    source = {"id": "a", "attributes": {"season": "Ss26"}}
    assert passes(source, parse({"attributes": {"season": ["SS26"], "fit": []}, "brand": []}))


OFFERS = {
    "id": "a",
    "available": True,
    "variants": [
        {"sku": "1", "size": "S", "price": 50, "available": True},
        {"sku": "2", "size": "M", "price": 100, "available": True},
        {"sku": "3", "size": "L", "price": 20, "available": False},
    ],
}


@pytest.mark.parametrize(
    ("asked", "passed"),
    [
        ({"size": "M", "price": {"lte": 60}}, False),  # the S has that price
        ({"size": ["M", "s"], "price": {"lte": 60}}, True),
        ({"size": "M", "price": {"gte": 100, "lte": 100}}, True),
        ({"price": {"gte": 90, "lte": 110}}, True),  # the M, though the S is cheaper
        ({"price": {"gte": 60, "lte": 90}}, False),
        ({"price": {"lte": 30}}, False),  # the L is sold out
        ({"size": "L"}, False),
        ({"size": "S", "available": False}, False),
        ({"size": "S", "price": {}}, True),
    ],
)
def test_size_price_and_stock_hold_for_one_and_the_same_variant(asked: dict[str, Any], passed: bool) -> None:
    assert passes(OFFERS, parse(asked)) is passed


def test_a_sold_out_product_is_found_by_its_prices() -> None:
    sold_out = {**OFFERS, "available": False, "variants": [{**OFFERS["variants"][0], "available": False}]}  # type: ignore[index]
    assert passes(sold_out, parse({"price": {"lte": 60}, "available": False}))
    assert not passes(sold_out, parse({"price": {"lte": 60}, "available": True}))


@pytest.mark.parametrize(
    ("key", "stored", "asked", "passed"),
    [
        ("brand", "ΣΊΣΥΦΟΣ", "σίσυφος", False),  # letter by letter, as Elasticsearch: a final sigma is another one
        ("brand", "İstanbul", "istanbul", True),
        ("color", "Größe", "GRÖßE", True),
        ("gender", "Women's", "FEMALE", True),
        ("gender", "female", "women", True),
        ("gender", "female", "men", False),
        ("age_group", "Children", "kids", True),
        ("item_group_id", "G1", "g1", False),  # an id, no word
    ],
)
def test_words_match_whatever_their_case(key: str, stored: str, asked: str, passed: bool) -> None:
    assert passes({"id": "a", key: stored}, parse({key: asked})) is passed


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"colour": "red"}, "colour: unknown filter; there are available"),
        ({"price": {"gte": -1}}, "price.gte"),
        ({"price": {"lte": float("nan")}}, "price.lte"),
        ({"price": {"min": 1}}, "price.min: unknown filter"),
        ({"price": {"gte": 90, "lte": 80}}, "price: price_min 90 is above price_max 80"),
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
        st.lists(st.text("abcxyz", min_size=1, max_size=5), min_size=1, max_size=4, unique=True),
    )
)
def test_every_filter_that_is_set_becomes_one_clause_with_all_its_values(data: dict[str, list[str]]) -> None:
    found = build_filter_clauses(Filters.model_validate(data))
    assert found.keys() == data.keys()
    for key, values in data.items():
        assert list(found[key]["terms"].values()) == [values]


def test_the_exact_query_only_scores_products_with_a_vector() -> None:
    body = queries.build_exact_search(
        similar_query(SPACE, VECTOR, parse({"color": "red"}), exclude_ids=("a",), score_threshold=0.5)
    )
    script = body["query"]["script_score"]
    assert {"exists": {"field": SPACE.field}} in script["query"]["bool"]["filter"]
    assert script["query"]["bool"]["must_not"] == [{"ids": {"values": ["a"]}}]
    assert script["script"]["source"] == f"cosineSimilarity(params.query_vector, '{SPACE.field}') + 1.0"
    assert body["min_score"] == 1.5
    assert body["sort"] == [{"_score": "desc"}, {"id": "asc"}]


def test_a_facet_ignores_its_own_filter_and_no_other() -> None:
    filters = parse({"color": "red", "brand": "b"})
    body = facet_queries.build_count_search(browse_query(filters, facets=("color", "price")), [])
    assert body["aggs"]["color"]["filter"] == {"match_all": {}}
    assert body["aggs"]["price"]["filter"] == {"bool": {"filter": [{"terms": {"color.folded": ["red"]}}]}}
    assert body["query"] == {"bool": {"filter": [{"terms": {"brand.folded": ["b"]}}]}}
    assert body["post_filter"] == {"bool": {"filter": [{"terms": {"color.folded": ["red"]}}]}}


def test_vectors_and_bookkeeping_never_leave_the_index() -> None:
    for body in (
        queries.build_exact_search(similar_query(SPACE, VECTOR)),
        queries.build_browse_search(browse_query()),
    ):
        read = [name for name in body["_source"]["includes"] if name != PHOTO_HASHES]
        assert read and not any(name.startswith(("embedding", "offer_")) for name in read)
    with pytest.raises(InvalidInput, match="there is no 'embedding'"):
        queries.build_source_filter(("title", "embedding"))


def test_all_pages_of_a_question_prefer_the_same_shards() -> None:
    question = similar_query(SPACE, VECTOR, parse({"color": "red"}), exclude_ids=("a",))
    later = changed(question, limit=3, offset=40, exclude_ids=("a", "b"), exclude_groups=("g",), total=True)
    assert queries.compute_preference(later) == queries.compute_preference(question)
    assert queries.compute_preference(
        changed(question, parts=(QueryPart(SPACE, -VECTOR),))
    ) != queries.compute_preference(question)
    browsed = browse_query(parse({"color": "red"}), q="dress")
    assert queries.compute_preference(changed(browsed, limit=3, offset=40)) == queries.compute_preference(browsed)
    assert queries.compute_preference(changed(browsed, q="shirt")) != queries.compute_preference(browsed)
