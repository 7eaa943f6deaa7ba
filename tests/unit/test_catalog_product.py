"""The product and its derived fields."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.domain.product import document, parse, rederive
from catalog.errors import InvalidProduct

BASE = {"id": "a", "title": "A dress"}


def test_a_minimal_product_gets_its_derived_fields() -> None:
    assert document(parse(BASE)) == {"id": "a", "title": "A dress", "available": True, "group_key": "a"}


def test_sizes_available_are_those_in_stock() -> None:
    variants = [
        {"sku": "1", "size": "S", "available": False},
        {"sku": "2", "size": "M"},
        {"sku": "3", "size": "M"},
        {"sku": "4", "size": "L"},
    ]
    assert document(parse({**BASE, "variants": variants}))["sizes_available"] == ["M", "L"]


def test_effective_price_is_the_lowest_over_available_variants() -> None:
    variants = [
        {"sku": "1", "price": 30, "sale_price": 10, "available": False},
        {"sku": "2", "price": 30, "sale_price": 20},
        {"sku": "3", "price": 25},
    ]
    assert document(parse({**BASE, "price": 50, "variants": variants}))["effective_price"] == 20


def test_a_variant_without_a_price_has_the_products_own() -> None:
    stored = document(parse({**BASE, "price": 50, "sale_price": 40, "variants": [{"sku": "1"}]}))
    assert stored["effective_price"] == 40 and stored["offer_prices"] == [40]


def test_a_sold_out_product_still_has_a_price() -> None:
    stored = document(parse({**BASE, "price": 50, "variants": [{"sku": "1", "price": 45, "available": False}]}))
    assert stored["effective_price"] == 45
    assert not stored["available"]


def test_sizes_stand_beside_their_prices_only_where_prices_differ() -> None:
    one = [
        {"sku": "1", "size": "S"},
        {"sku": "2", "size": "M"},
        {"sku": "3", "size": "L", "price": 9, "available": False},
    ]
    assert "sized_prices" not in document(parse({**BASE, "price": 50, "variants": one}))
    two = [*one, {"sku": "4", "size": "Xl", "price": 60.5}]
    stored = document(parse({**BASE, "price": 50, "variants": two}))
    assert stored["offer_prices"] == [50, 60.5]
    assert stored["sized_prices"] == ["1:m:000000005000", "1:s:000000005000", "2:xl:000000006050"]
    unpriced = [{"sku": "1", "size": "S"}, {"sku": "2", "price": 3}]
    assert document(parse({**BASE, "variants": unpriced}))["sized_prices"] == [""]  # the S has no price to pass by


def test_derived_fields_are_derived_anew_from_what_is_stored() -> None:
    stored = document(parse({**BASE, "price": 5, "attributes": {"Fit": "Slim", "Tags": ["A", "b"], "Old": True}}))
    assert stored["folded_attributes"] == {"Fit": ["slim"], "Tags": ["a", "b"], "Old": ["true"]}
    older = {name: value for name, value in stored.items() if name not in ("offer_prices", "folded_attributes")}
    kept = {"embedding": {"space": {"status": "done"}}, "offer_updated_at": "2026-01-01T00:00:00Z"}
    assert rederive({**older, **kept, "effective_price": 4}) == {**stored, **kept}


def test_the_group_key_is_the_item_group_or_the_id() -> None:
    assert document(parse({**BASE, "item_group_id": "g"}))["group_key"] == "g"


def test_a_single_category_and_a_naive_time_are_understood() -> None:
    stored = document(parse({**BASE, "category": "Dresses", "updated_at": "2026-01-01T10:00:00"}))
    assert stored["category"] == ["Dresses"]
    assert stored["updated_at"] == "2026-01-01T10:00:00Z"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", ""),
        ("id", "a/b"),
        ("id", "é" * 256 + "é"),
        ("id", "\U0001f457" * 129),
        ("title", "  "),
        ("price", -1),
        ("price", math.nan),
        ("price", math.inf),
        ("currency", "euro"),
        ("variants", [{"size": "M"}]),
        ("image_url", "x" * 3000),
        ("colour", "red"),
        ("embedding", {}),
    ],
)
def test_a_wrong_field_is_named(field: str, value: object) -> None:
    with pytest.raises(InvalidProduct, match=field):
        parse({**BASE, field: value})


@given(
    st.lists(
        st.tuples(st.floats(0, 1e6), st.none() | st.floats(0, 1e6), st.booleans(), st.sampled_from("SML")), max_size=8
    )
)
def test_derived_fields_agree_with_their_definition(rows: list[tuple[float, float | None, bool, str]]) -> None:
    variants = [
        {"sku": str(n), "price": p, "sale_price": s, "available": a, "size": z} for n, (p, s, a, z) in enumerate(rows)
    ]
    stored = document(parse({**BASE, "price": 7, "variants": variants}))
    prices = [(round(p if s is None else s, 2), a) for p, s, a, _ in rows]
    pool = [p for p, a in prices if a] or [p for p, _ in prices] or [7]
    assert stored["effective_price"] == min(pool)
    assert stored["available"] == (any(a for _, _, a, _ in rows) if rows else True)
    assert set(stored.get("sizes_available", [])) == {z for _, _, a, z in rows if a}
