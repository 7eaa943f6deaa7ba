"""Questions: made of what the sample has, kept by the API's own schemas, the same for the same seed."""

import random
from urllib.parse import urlencode

import pytest

from catalog.domain import filters
from loadtest.drawn_products import BRANDS, SIZES, draw_products
from loadtest.questions import CatalogueSample, draw_filter, to_parameters

PRODUCTS = [one.document for one in draw_products(300, 4)]


def test_a_shop_knows_ids_values_and_prices() -> None:
    sample = CatalogueSample.from_products(PRODUCTS)
    assert len(sample.ids) == 300
    assert {"Alder", "Hazel"} <= set(sample.words["brand"]) <= set(BRANDS)
    assert set(sample.words["size"]) == set(SIZES)
    assert sample.prices == sorted(sample.prices)


def test_questions_are_filters_of_the_catalogue_and_vary() -> None:
    sample, rng = CatalogueSample.from_products(PRODUCTS), random.Random(1)
    drawn = [draw_filter(sample, rng) for _ in range(300)]
    for one in drawn:
        filters.parse(one)
    assert {key for one in drawn for key in one} == {*sample.words, "price", "currency", "available"}
    assert all("currency" in one for one in drawn if "price" in one)
    assert any(not one for one in drawn)


def test_the_same_seed_asks_the_same() -> None:
    sample = CatalogueSample.from_products(PRODUCTS)
    first, second = ([draw_filter(sample, random.Random(5)) for _ in range(3)] for _ in range(2))
    assert first == second


def test_a_bare_shop_can_be_asked_too() -> None:
    sample = CatalogueSample.from_products([{"id": "a"}])
    assert all(set(draw_filter(sample, random.Random(n))) <= {"available"} for n in range(20))


def test_prices_are_asked_for_in_one_currency() -> None:
    prices = (("EUR", 5.0), ("JPY", 900.0), ("EUR", 7.0))
    sample = CatalogueSample.from_products(
        [{"id": "a", "currency": name, "effective_price": price} for name, price in prices]
    )
    assert (sample.currency, sample.prices) == ("EUR", [5.0, 7.0])


def test_one_price_makes_a_range() -> None:
    sample = CatalogueSample.from_products([{"id": "a", "effective_price": 5.0}])
    found = [draw_filter(sample, random.Random(n)).get("price") for n in range(20)]
    assert {"gte": 5.0, "lte": 5.0} in found


def test_parameters_repeat_keys() -> None:
    asked = to_parameters({"brand": ["A", "B"], "available": True, "price": {"gte": 1.5, "lte": 2}})
    assert urlencode(asked) == "brand=A&brand=B&available=true&price_min=1.5&price_max=2"
    assert to_parameters({"available": False}) == [("available", "false")]


def test_a_product_without_embedding_is_forgotten_once() -> None:
    sample = CatalogueSample.from_products(PRODUCTS)
    sample.remove(sample.ids[0])
    sample.remove("never there")
    assert len(sample.ids) == 299


@pytest.mark.parametrize("value", [None, "x", ["x", "y"]])
def test_missing_single_and_many_values(value: object) -> None:
    product = {"id": "a", "brand": value} if value else {"id": "a"}
    assert CatalogueSample.from_products([product]).words.get("brand", []) == (
        [] if value is None else [value] if value == "x" else value
    )
