"""Currencies never mix, implied filters are said, and an unknown value is named with the nearest one."""

from typing import Any

import pytest

from catalog.domain.embedding_space import Space
from catalog.domain.filters import parse
from catalog.domain.synonyms import nearest
from catalog.errors import InvalidFilter
from catalog.search.browsing import browse
from catalog.similar import similar_to
from tests.asking import browse_query, similar_request
from tests.fakes import FakeCatalogue

SPACE = Space("color", "v1", 2)


def product(name: str, **fields: Any) -> dict[str, Any]:
    return {"id": name, "title": name, "image_url": f"file:///{name}.jpg", **fields}


def shop(*products: dict[str, Any]) -> FakeCatalogue:
    index = FakeCatalogue(products, [SPACE])
    for number, each in enumerate(products):
        index.embed(each["id"], SPACE, [1, 0.1 * number])
    return index


MIXED = (
    product("euro", currency="EUR", price=70),
    product("yen", currency="JPY", price=70),
    product("cheap", currency="EUR", price=20),
    product("unknown", price=70),
)


def ids(index: FakeCatalogue, source: str = "euro", **asked: Any) -> list[str]:
    return [hit.id for hit in similar_to(index, similar_request(source, **asked)).hits]


def browsed(index: FakeCatalogue, sort: str = "id", facets: tuple[str, ...] = (), **asked: Any) -> list[Any]:
    return [each["id"] for each in browse(index, browse_query(parse(asked), sort=sort, facets=facets)).products]


def test_a_price_is_one_in_the_sources_currency() -> None:
    index = shop(*MIXED)
    assert ids(index, filters=parse({"price": {"lte": 80}})) == ["cheap"]
    assert ids(index, price_band=(0, 2)) == ["cheap"]
    assert ids(index, source="yen", filters=parse({"price": {"lte": 80}})) == []
    assert ids(index, source="yen", filters=parse({"price": {"lte": 80}, "currency": "eur"})) == ["cheap", "euro"]
    assert ids(index) == ["yen", "cheap", "unknown"]  # nothing is compared
    [said] = similar_to(index, similar_request("euro", price_band=(0, 2))).warnings
    assert said.code == "implied_filters" and said.detail == {"currency": ["EUR"]}


def test_a_band_around_a_price_holds_in_the_sources_currency_only() -> None:
    index = shop(*MIXED)
    assert ids(index, price_band=(0, 2), filters=parse({"currency": "eur"})) == ["cheap"]
    for other in ("EUR", ["JPY", "EUR"]):
        with pytest.raises(InvalidFilter, match=r"price is in JPY.* in .*EUR") as caught:
            ids(index, source="yen", price_band=(0.5, 1.5), filters=parse({"currency": other}))
        assert caught.value.detail == {"key": "price_band", "currencies": ["JPY"]}


def test_a_band_and_bounds_without_a_common_price_are_said() -> None:
    answer = similar_to(shop(*MIXED), similar_request("euro", parse({"price": {"lte": 20}}), price_band=(0.5, 2)))
    assert answer.hits == []
    assert [(each.code, each.detail) for each in answer.warnings if each.code != "implied_filters"] == [
        ("contradictory_filters", {"keys": ["price", "price_band"]})
    ]


def test_a_sort_by_price_drops_no_product_where_there_is_one_currency() -> None:
    index = shop(MIXED[0], MIXED[2], product("unpriced"), product("unknown", price=30))
    assert browsed(index, sort="price") == ["cheap", "unknown", "euro", "unpriced"]
    assert browsed(index, sort="price", currency="EUR") == ["cheap", "euro"]


def test_without_a_source_the_currency_has_to_be_named_where_there_are_several() -> None:
    index = shop(*MIXED)
    for asked in ({"price": {"lte": 80}}, {"sort": "-price"}, {"price": {"lte": 80}, "currency": ["EUR", "JPY"]}):
        with pytest.raises(InvalidFilter, match="EUR, JPY") as caught:
            browsed(index, **asked)
        assert caught.value.detail["currencies"] == ["EUR", "JPY"]
    assert browsed(index, price={"lte": 80}, currency="EUR") == ["cheap", "euro"]
    assert browsed(index, sort="price", currency="EUR") == ["cheap", "euro"]
    with pytest.raises(InvalidFilter, match="EUR, JPY"):  # the source has none
        ids(index, source="unknown", filters=parse({"price": {"lte": 80}}))


def test_the_only_currency_is_meant_and_none_where_prices_have_none() -> None:
    assert browsed(shop(MIXED[0], MIXED[2]), price={"lte": 80}) == ["cheap", "euro"]
    assert browsed(shop(product("a", price=7), product("b", price=90)), price={"lte": 80}) == ["a"]


def test_the_price_facet_looks_at_one_currency() -> None:
    index = shop(*MIXED, product("dear", currency="JPY", price=9000))
    facet = similar_to(index, similar_request("euro", facets=("price",), exclude_source=False)).facets
    assert facet == {"price": {"min": 20, "max": 70}}
    page = browse(index, browse_query(facets=("price",)))
    assert page.total == 5 and page.facets == {"price": {"min": None, "max": None}}
    assert [(each.code, each.detail) for each in page.warnings] == [
        ("several_currencies", {"currencies": ["EUR", "JPY"]})
    ]
    page = browse(index, browse_query(parse({"currency": "jpy"}), facets=("price",)))
    assert page.facets == {"price": {"min": 70, "max": 9000}} and page.warnings == ()


def test_dropping_the_price_drops_the_currency_that_came_with_it() -> None:
    index = shop(*MIXED)
    relaxed = similar_to(index, similar_request("euro", parse({"price": {"lte": 1}}), relax=("price",), limit=3))
    assert [hit.id for hit in relaxed.hits] == ["yen", "cheap", "unknown"]
    assert [each.code for each in relaxed.warnings] == ["relaxed_filters"]  # the currency holds no more


PEOPLE = (
    product("hers", gender="Female", age_group="adult"),
    product("women's", gender="women", age_group="Adults"),
    product("his", gender="male", age_group="adult"),
    product("both", gender="unisex", age_group="all ages"),
    product("girl's", gender="female", age_group="kids"),
    product("anything"),
)


def test_what_suits_everyone_is_found_from_everywhere() -> None:
    index = shop(*PEOPLE)
    assert ids(index, source="hers") == ["women's", "both"]
    assert ids(index, source="his") == ["both"]
    assert set(ids(index, source="both")) == {each["id"] for each in PEOPLE} - {"both"}
    assert ids(index, source="girl's") == ["both"]
    assert ids(index, source="hers", filters=parse({"gender": "ladies", "age_group": "KIDS"})) == ["girl's"]


def test_implied_filters_are_named_in_the_answer() -> None:
    index = shop(*PEOPLE)
    [said] = similar_to(index, similar_request("hers", limit=2)).warnings
    assert (said.code, said.detail) == (
        "implied_filters",
        {"gender": ["Female", "unisex"], "age_group": ["adult", "all ages"]},
    )
    assert "gender Female or unisex" in said.message
    [said, relaxed] = similar_to(index, similar_request("hers", relax=("gender",))).warnings
    assert said.detail == {"age_group": ["adult", "all ages"]} and relaxed.detail == {"filters": ["gender"]}
    assert similar_to(index, similar_request("both", limit=2)).warnings == ()
    named = similar_request("hers", parse({"gender": "male", "age_group": "adult"}), limit=1)
    assert similar_to(index, named).warnings == ()


def test_an_unknown_value_is_named_with_the_nearest() -> None:
    index = shop(*(product(f"p{n}", brand=("Alder", "Birch")[n % 2], attributes={"Fit": "Slim"}) for n in range(4)))
    page = browse(index, browse_query(parse({"brand": "aldr"})))
    [warning] = page.warnings
    assert (warning.code, page.total) == ("unknown_filter_value", 0)
    assert warning.message == "no product has the brand 'aldr'; the nearest one there is: 'Alder'"
    assert warning.detail == {"key": "brand", "value": "aldr", "nearest": "Alder", "values": ["Alder", "Birch"]}
    answer = similar_to(index, similar_request("p0", parse({"attributes": {"Fit": ["slim", "Slimm"]}})))
    assert [hit.id for hit in answer.hits] == ["p1", "p2", "p3"]
    [warning] = answer.warnings
    assert warning.detail and (warning.detail["value"], warning.detail["nearest"]) == ("Slimm", "Slim")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"size": "L"}, "no product has the size 'L' in stock; the nearest one there is: 'M'"),
        (
            {"attributes": {"Fit": "Wide"}},
            "no product has the attribute 'Fit' with the value 'Wide'; the nearest one there is: 'Slim'",
        ),
        ({"attributes": {"fit": "Slim"}}, "no product has the attribute 'fit' at all"),
        ({"item_group_id": "g"}, "no product has the item_group_id 'g'"),
    ],
)
def test_what_is_missing_is_said_as_it_is(asked: dict[str, Any], said: str) -> None:
    variants = [{"sku": "m", "size": "M"}, {"sku": "l", "size": "L", "available": False}]
    index = shop(product("only", price=5, variants=variants, attributes={"Fit": "Slim"}))
    [warning] = browse(index, browse_query(parse(asked))).warnings
    assert warning.message == said


def test_a_full_page_asks_for_no_values() -> None:
    index = shop(*(product(f"p{n}", brand="Alder") for n in range(4)))
    index.filter_values.find_unknown = None  # type: ignore[method-assign, assignment]
    assert ids(index, source="p0", filters=parse({"brand": ["alder", "aldr"]}), limit=3) == ["p1", "p2", "p3"]
    assert ids(index, source="p0", filters=parse({"brand": "alder"})) == ["p1", "p2", "p3"]  # hits prove the value


def test_the_nearest_word_is_spelled_as_it_is_there() -> None:
    assert nearest("bleu", ["Red", "Blue", "blue"]) == "Blue"
    assert nearest("xxl", ["S", "M", "L"]) == "L"
    assert nearest("x", []) is None
