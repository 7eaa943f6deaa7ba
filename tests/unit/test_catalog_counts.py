"""Totals and facets: the searches that count, and what is read from their answers when a source is taken out."""

from typing import Any

import numpy as np
import pytest

from catalog.domain.embedding_space import Space
from catalog.domain.filters import parse
from catalog.index_mapping import EXACT_FILTERS
from catalog.search import facet_queries, overviews
from catalog.search.filter_clauses import build_filter_clauses, build_terms_clause, drop_key, find_clause_keys
from catalog.search.overviews import Overview
from tests.asking import browse_query, changed, match_names, similar_query

SPACE = Space("color", "v1", 2)
QUESTION = similar_query(SPACE, np.asarray([1, 0], dtype=np.float32), total=True)
HAS_VECTOR = {"exists": {"field": SPACE.field}}
BRAND, RED = {"terms": {"brand.folded": ["alder"]}}, {"terms": {"color.folded": ["red"]}}
OWN = {"bool": {"should": [{"ids": {"values": ["s"]}}], "minimum_should_match": 1}}
EVERYTHING: dict[str, Any] = {"match_all": {}}


def terms(field: str, size: int, others: Any = None) -> dict[str, Any]:
    return {"filter": others or EVERYTHING, "aggs": {"values": {"terms": {"field": field, "size": size}}}}


def groups(others: Any = None) -> dict[str, Any]:
    counted = {"cardinality": {"field": "group_key", "precision_threshold": 40_000}}
    return {"filter": others or EVERYTHING, "aggs": {"values": counted}}


def test_what_passes_is_counted_with_the_source_and_beside_it_the_source_alone() -> None:
    asked = changed(
        QUESTION,
        filters=parse({"brand": "Alder", "color": "red"}),
        facets=("color", "size"),
        source_ids=("s",),
        exclude_ids=("x",),
        only_names=("s", "a"),
        group_size=2,
    )
    every, own = overviews.build_searches(asked)
    only = match_names("s", "a")
    red = {"bool": {"filter": [RED]}}
    assert every == {
        "size": 0,
        "track_total_hits": True,
        "query": {"bool": {"filter": [BRAND, HAS_VECTOR, only], "must_not": [{"ids": {"values": ["x"]}}]}},
        "post_filter": red,
        "aggs": {
            "color": terms("color", 150),
            "size": terms("sizes_available", 150, red),
            "_groups": groups(red),
        },
    }
    assert own["query"] == {
        "bool": {"filter": [BRAND, HAS_VECTOR, only, OWN], "must_not": [{"ids": {"values": ["x"]}}]}
    }
    assert own["aggs"]["color"] == terms("color", 10_000)
    assert (own["post_filter"], own["aggs"]["_groups"]) == (every["post_filter"], every["aggs"]["_groups"])


def test_without_a_source_or_facets_one_plain_search_counts() -> None:
    (body,) = overviews.build_searches(QUESTION)
    assert body == {"size": 0, "track_total_hits": True, "query": {"bool": {"filter": [HAS_VECTOR]}}}
    (grouped,) = overviews.build_searches(changed(QUESTION, group_size=1))
    assert grouped["aggs"] == {"_groups": groups()}
    (uncounted,) = overviews.build_searches(changed(QUESTION, group_size=1, total=False))
    assert "aggs" not in uncounted


def test_a_facet_that_stayed_open_is_counted_without_the_source() -> None:
    asked = changed(QUESTION, facets=("color", "price"), source_ids=("s",), exclude_ids=("x",), only_names=("a",))
    assert overviews.build_unclear_search(asked, ["price"]) == {
        "size": 0,
        "track_total_hits": True,
        "query": {
            "bool": {
                "filter": [HAS_VECTOR, match_names("a")],
                "must_not": [{"ids": {"values": ["s", "x"]}}],
            }
        },
        "aggs": {"price": {"filter": EVERYTHING, "aggs": {"values": {"stats": {"field": "offer_prices"}}}}},
    }


def test_the_price_facet_looks_at_its_currencies_and_an_older_index_at_the_lowest_price() -> None:
    asked = browse_query(parse({"brand": "Alder"}), facets=("price", "brand"), price_currencies=("EUR",))
    found = facet_queries.build_count_search(asked, [])
    stats = {"values": {"stats": {"field": "offer_prices"}}}
    in_euro = {"terms": {"currency.folded": ["eur"]}}
    assert found["aggs"]["price"] == {"filter": {"bool": {"filter": [BRAND, in_euro]}}, "aggs": stats}
    assert found["aggs"]["brand"] == terms("brand", 150)
    none = facet_queries.build_count_search(changed(asked, price_currencies=()), [])
    assert none["aggs"]["price"]["filter"] == {"bool": {"filter": [BRAND, {"terms": {"currency.folded": []}}]}}
    older = facet_queries.build_count_search(changed(asked, mapping_version=EXACT_FILTERS - 1), [])
    assert older["aggs"]["price"] == {
        "filter": {"bool": {"filter": [{"terms": {"brand": ["Alder"]}}, {"terms": {"currency": ["EUR"]}}]}},
        "aggs": {"values": {"stats": {"field": "effective_price"}}},
    }


def test_a_filter_on_size_and_price_together_goes_where_either_facet_is() -> None:
    filters = parse({"size": "M", "price": {"lte": 80}, "brand": "Alder"})
    clauses = build_filter_clauses(filters)
    assert drop_key(clauses, "size") == [clauses["brand"], clauses["price"]]
    assert drop_key(clauses, "price") == [clauses["brand"], clauses["size"]]
    assert drop_key(clauses, "brand") == [clauses["size"], clauses["price"], clauses["size+price"]]
    body = facet_queries.build_count_search(browse_query(filters, facets=("size",)), [HAS_VECTOR], [RED])
    assert body["query"] == {"bool": {"filter": [clauses["brand"], clauses["price"], HAS_VECTOR], "must_not": [RED]}}
    assert body["post_filter"] == {"bool": {"filter": [clauses["size"], clauses["size+price"]]}}


def test_an_attribute_with_a_plus_in_its_name_is_one_filter() -> None:
    assert find_clause_keys("size+price") == {"size", "price"}
    assert find_clause_keys("attributes.lining+size") == {"attributes.lining+size"}


def test_clauses_of_single_filters() -> None:
    assert build_filter_clauses(parse({"item_group_id": ["G1", "g1"], "price": {}})) == {
        "item_group_id": {"terms": {"item_group_id": ["G1", "g1"]}},
        "price": {"exists": {"field": "offer_prices"}},
    }
    assert build_filter_clauses(parse({"available": False}), EXACT_FILTERS - 1) == {
        "available": {"term": {"available": False}}
    }
    assert build_terms_clause("brand", ["B", "b", "A"]) == {"terms": {"brand.folded": ["b", "a"]}}
    assert build_terms_clause("gender", ["Men"])["terms"]["gender.folded"] == sorted(
        ["male", "males", "man", "men", "mens", "men's", "gentleman", "gentlemen", "gents"]
    )
    assert build_terms_clause("attributes.Fit", ["B", "b"]) == {"terms": {"folded_attributes.Fit": ["b"]}}
    assert build_terms_clause("attributes.Fit", ["B", "b"], EXACT_FILTERS - 1) == {
        "terms": {"attributes.Fit": ["B", "b"]}
    }


def test_one_of_the_sizes_has_to_have_the_price_itself() -> None:
    def ranges(price: dict[str, float], *sizes: str) -> Any:
        clause = build_filter_clauses(parse({"size": sizes, "price": price}))["size+price"]
        (other,) = clause["bool"]["must_not"]
        assert other["bool"]["filter"] == [{"exists": {"field": "sized_prices"}}]
        return [each["range"]["sized_prices"] for each in other["bool"]["must_not"]]

    assert ranges({"gte": 5}, "M", "m", "XL") == [
        {"gte": "1:m:000000000500", "lte": "1:m:999999999999"},
        {"gte": "2:xl:000000000500", "lte": "2:xl:999999999999"},
    ]
    assert ranges({"gte": 5, "lte": 7.5}, "M") == [{"gte": "1:m:000000000500", "lte": "1:m:000000000750"}]
    assert ranges({}, "M") == [{"gte": "1:m:000000000000", "lte": "1:m:999999999999"}]


def buckets(cut: int = 0, **counts: int) -> dict[str, Any]:
    found = [{"key": key, "doc_count": count} for key, count in counts.items()]
    return {"values": {"buckets": found, "sum_other_doc_count": cut}}


def prices(count: int, low: float | None, high: float | None) -> dict[str, Any]:
    return {"values": {"count": count, "min": low, "max": high}}


def answer(total: int, **aggregations: Any) -> dict[str, Any]:
    return {"hits": {"total": {"value": total}}, "aggregations": aggregations}


def read(facets: tuple[str, ...], *answers: dict[str, Any]) -> Overview:
    return overviews.read_overview(changed(QUESTION, facets=facets), answers)


def test_without_a_source_the_answer_is_read_as_it_is() -> None:
    every = answer(7, color=buckets(red=4, blue=3), price=prices(7, 5, 90), _groups={"values": {"value": 3}})
    assert read(("color", "price"), every) == Overview(
        7, 3, {"color": [{"value": "red", "count": 4}, {"value": "blue", "count": 3}], "price": {"min": 5, "max": 90}}
    )
    assert read((), {"hits": {"total": {"value": 7}}}) == Overview(7, 0, {})


def test_the_source_is_taken_from_totals_groups_and_values() -> None:
    every = answer(7, color=buckets(red=4, blue=3, green=3, grey=1), _groups={"values": {"value": 3}})
    own = answer(2, color=buckets(red=2, grey=1), _groups={"values": {"value": 1}})
    assert read(("color",), every, own) == Overview(
        5,
        2,
        {"color": [{"value": "blue", "count": 3}, {"value": "green", "count": 3}, {"value": "red", "count": 2}]},
    )


def test_a_product_that_changed_between_the_two_searches_makes_nothing_negative() -> None:
    gone = read((), answer(1, _groups={"values": {"value": 1}}), answer(2, _groups={"values": {"value": 2}}))
    assert (gone.products, gone.groups) == (0, 0)
    assert read((), answer(0), answer(0)).products == 0
    late = read(("color",), answer(1, color=buckets(red=1)), answer(2, color=buckets(red=2, blue=1)))
    assert late.facets == {"color": []}


@pytest.mark.parametrize(
    ("every", "own", "left"),
    [
        (prices(9, 5, 90), prices(0, None, None), {"min": 5, "max": 90}),
        (prices(2, 5, 90), prices(2, 5, 90), {"min": None, "max": None}),
        (prices(9, 5, 90), prices(1, 40, 40), {"min": 5, "max": 90}),
        (prices(9, 5, 90), prices(1, 5, 5), None),  # another product may have that price, or none
        (prices(9, 5, 90), prices(1, 90, 90), None),
        (prices(9, 5, 90), prices(2, 6, 89), {"min": 5, "max": 90}),
        (prices(1, 5, 5), prices(1, 5, 5), {"min": None, "max": None}),
    ],
)
def test_a_price_range_holds_unless_the_source_is_at_an_end(
    every: dict[str, Any], own: dict[str, Any], left: dict[str, Any] | None
) -> None:
    found = read(("price",), answer(9, price=every), answer(1, price=own))
    assert found.facets == ({} if left is None else {"price": left})
    assert found.unclear == (("price",) if left is None else ())


def test_a_list_that_was_cut_is_counted_again_where_the_source_has_more_values_than_are_spare() -> None:
    def open_with(cut: int, own: int) -> tuple[str, ...]:
        values = {f"v{n:03d}": 200 - n for n in range(150)}
        lost = {f"v{n:03d}": 1 for n in range(own)}
        return read(("color",), answer(9, color=buckets(cut, **values)), answer(1, color=buckets(**lost))).unclear

    assert open_with(1, 50) == ()
    assert open_with(1, 51) == ("color",)
    assert open_with(0, 51) == ()


def test_what_was_open_is_filled_in_at_its_place() -> None:
    asked = changed(QUESTION, facets=("price", "color"))
    half = Overview(5, 2, {"color": [{"value": "red", "count": 2}]}, ("price",))
    whole = overviews.complete_overview(asked, half, answer(5, price=prices(4, 6, 90)))
    assert whole == Overview(5, 2, {"price": {"min": 6, "max": 90}, "color": [{"value": "red", "count": 2}]})
    assert list(whole.facets) == ["price", "color"]


def test_a_facet_shows_a_hundred_values_and_flags_as_such() -> None:
    flags = [{"key": 1, "doc_count": 7}, {"key": 0, "doc_count": 2}]
    many = {"color": buckets(**{f"v{n:03d}": 9 for n in range(150)}), "available": {"values": {"buckets": flags}}}
    found = facet_queries.read_facets(("color", "available"), many)
    assert len(found["color"]) == 100
    assert found["color"][99] == {"value": "v099", "count": 9}
    assert [(each["value"], each["count"]) for each in found["available"]] == [(True, 7), (False, 2)]
    assert found["available"][0]["value"] is True
    both = facet_queries.read_facets(("price", "color"), {"price": prices(1, 5, 6), "color": buckets(red=1)})
    assert both == {"price": {"min": 5, "max": 6}, "color": [{"value": "red", "count": 1}]}


def test_values_stay_in_order_of_their_counts() -> None:
    found = read(("color",), answer(9, color=buckets(red=5, blue=4)), answer(2, color=buckets(red=1)))
    assert [each["value"] for each in found.facets["color"]] == ["blue", "red"]
    found = read(("color",), answer(9, color=buckets(red=7, blue=4)), answer(2, color=buckets(red=1)))
    assert [each["value"] for each in found.facets["color"]] == ["red", "blue"]
