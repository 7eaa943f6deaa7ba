"""What a dry run says of each product, in words that can be read aloud."""

from typing import Any

import pytest

from catalog.commands.difference_text import LONGEST, format_difference
from catalog.domain.product import document, parse
from catalog.importing.differences import compare

BASE: dict[str, Any] = {
    "id": "p1",
    "title": "Summer dress",
    "price": 49.9,
    "currency": "EUR",
    "variants": [
        {"sku": "p1-S", "size": "S"},
        {"sku": "p1-M", "size": "M"},
        {"sku": "p1-L", "size": "L", "available": False},
    ],
}


def told(before: dict[str, Any] | None, after: dict[str, Any] | None) -> list[str]:
    documents = [None if data is None else document(parse(data)) for data in (before, after)]
    return format_difference(compare("p1", *documents))


def changed(**fields: Any) -> list[str]:
    after = {name: value for name, value in (BASE | fields).items() if value is not None}
    head, *lines = told(BASE, after)
    assert head == f"    p1  {after['title']}"
    return [line.removeprefix("      ") for line in lines]


@pytest.mark.parametrize(
    ("fields", "lines"),
    [
        ({"price": 39.9}, ["price 49.90 -> 39.90 EUR"]),
        ({"sale_price": 39.9}, ["sale_price added: 39.90 EUR"]),
        ({"price": None}, ["price removed, was 49.90 EUR"]),
        ({"title": "Gown"}, ["title Summer dress -> Gown"]),
        ({"category": ["women", "dresses"]}, ["category added: women > dresses"]),
        ({"attributes": {"fit": "slim", "n": 2}}, ["attributes.fit added: slim", "attributes.n added: 2"]),
        ({"item_group_id": "g1"}, ["item_group_id added: g1"]),
        ({"description": "two\nlines\x1b[31m"}, ["description added: two lines [31m"]),
    ],
)
def test_fields_are_told_one_by_one(fields: dict[str, Any], lines: list[str]) -> None:
    assert changed(**fields) == lines


def test_sizes_are_told_by_what_happens_to_them() -> None:
    variants = [
        {"sku": "p1-M", "size": "M", "available": False},
        {"sku": "p1-L", "size": "L", "price": 59.9},
        {"sku": "p1-XL", "size": "XL"},
    ]
    assert changed(variants=variants) == [
        "sizes: added XL; removed S; sold out M; back in stock L; price of L none -> 59.90 EUR"
    ]
    assert changed(variants=BASE["variants"][::-1]) == ["sizes: in another order"]
    renamed = [{**each, "sku": each["sku"].lower()} for each in BASE["variants"][:1]] + BASE["variants"][1:]
    assert changed(variants=renamed) == ["sizes: SKU of S p1-S -> p1-s"]
    assert changed(variants=[{**each, "available": False} for each in BASE["variants"]]) == [
        "available yes -> no",
        "sizes: sold out S, M",
    ]


def test_sizes_without_distinct_names_are_told_by_their_sku() -> None:
    before = BASE | {"variants": [{"sku": "a"}, {"sku": "b", "size": "M"}, {"sku": "c", "size": "M"}]}
    after = BASE | {"variants": [{"sku": "a"}, {"sku": "b", "size": "M", "available": False}]}
    assert told(before, after)[1:] == ["      sizes: removed c; sold out b"]


def test_long_texts_show_where_they_differ() -> None:
    start = "A dress of linen, woven in the old way. " * 5
    (line,) = told(BASE | {"description": start + "Wash cold."}, BASE | {"description": start + "Wash warm."})[1:]
    assert "Wash cold." in line and "-> …" in line and "Wash warm." in line
    assert len(line) < 2 * LONGEST
    (line,) = told(BASE, BASE | {"description": start})[1:]
    assert line.endswith("…") and len(line) < LONGEST + 40


def test_a_longer_text_shows_what_comes_behind_the_shorter_one() -> None:
    (line,) = told(BASE | {"description": "x" * 200}, BASE | {"description": "x" * 200 + " and more"})[1:]
    assert line.endswith("x and more")


def test_products_that_come_or_go_are_named() -> None:
    assert told(None, BASE) == ["    p1  Summer dress"]
    assert compare("p1", None, document(parse(BASE))).kind == "created"
    assert compare("p1", document(parse(BASE)), None).kind == "deleted"
    assert told(BASE, None) == ["    p1  Summer dress"]


def test_what_follows_from_other_fields_is_shown_only_where_it_is_all_there_is() -> None:
    before = document(parse(BASE))
    assert compare("p1", before, document(parse(BASE | {"price": 1.0}))).names == ["price"]
    old = {name: value for name, value in before.items() if name != "effective_price"}
    assert compare("p1", old, before).names == ["effective_price"]
