"""Rows of one group put together into products with sizes, wherever in the feed they stand."""

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.domain.product import MAX_VARIANTS, Product, document, parse
from catalog.errors import InvalidInput
from catalog.feeds import FeedProduct, group_rows, keep_rows, read_products
from catalog.feeds.grouping import size_groups
from catalog.feeds.grouping.group_spool import GroupSpool
from catalog.feeds.grouping.row_order import build_order_key
from catalog.feeds.grouping.size_suffix import strip_bare_sizes, strip_size

HEADER = "id,title,item_group_id,color,size,price,availability\n"


def row(row_id: str, **fields: Any) -> FeedProduct:
    """A row as the feed's readers hand it on: `size` makes it a variant of its own."""
    size = {"variants": [{"sku": row_id, "size": fields.pop("size")}]} if "size" in fields else {}
    given = {"id": row_id, "title": "Dress", "item_group_id": "g", "price": 10.0, "currency": "EUR", **size, **fields}
    return FeedProduct(int("".join(filter(str.isdigit, row_id)) or 1), parse(given))


def grouped(*rows: FeedProduct) -> list[Product]:
    return [each.product for each in group_rows(iter(rows))]


def sizes(product: Product) -> list[tuple[str, str | None]]:
    return [(variant.sku, variant.size) for variant in product.variants]


def test_rows_of_a_group_are_sizes_of_a_product_per_color_wherever_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    rows = (
        "10,Dress - L,g1,Dark Red,L,12 EUR,out of stock\n"
        "4,Hat,,,,5 EUR,in stock\n"
        "3,Dress - S,g1,blue,S,9 EUR,in stock\n"
        "9,Dress - S,g1,dark-red,S,10 EUR,in stock\n"
        "5,Bag,g5,red,,7 EUR,in stock\n"
    )
    path.write_text(HEADER + rows, encoding="utf-8")
    items = [item for item in read_products(path) if isinstance(item, FeedProduct)]
    found = list(group_rows(iter(items)))
    assert [(each.product.id, each.line, each.rows) for each in found] == [
        ("4", 3, ()),
        ("9", 5, ("9", "10")),
        ("3", 4, ("3",)),
        ("5", 6, ("5",)),
    ]
    dress = found[1].product
    assert (dress.title, dress.color, dress.price, dress.available) == ("Dress", "dark-red", 10.0, True)
    assert [(v.sku, v.size, v.price, v.available) for v in dress.variants] == [
        ("9", "S", 10.0, True),
        ("10", "L", 12.0, False),
    ]
    stored = document(dress)
    assert (stored["sizes_available"], stored["group_key"], stored["skus"]) == (["S"], "g1", ["10"])
    assert found[3].product == items[4].product, "a row alone, without a size, is as it was"
    assert [each.product.id for each in keep_rows(iter(items))] == ["10", "4", "3", "9", "5"]


def test_a_row_lacking_a_value_goes_with_its_siblings_unless_nobody_knows_with_which() -> None:
    alone = grouped(row("1", size="S", color="red"), row("2", size="M"), row("3", size="L", color="Red"))
    assert [sizes(each) for each in alone] == [[("1", "S"), ("2", "M"), ("3", "L")]]
    several = grouped(
        row("1", size="S", color="red"), row("2", size="M"), row("3", size="L", color="blue"), row("4", size="L")
    )
    assert [[sku for sku, _ in sizes(each)] for each in several] == [["1"], ["2", "4"], ["3"]]


@pytest.mark.parametrize(
    ("field", "one", "same", "other"),
    [
        ("color", "Dark Red", "dark-red", "red"),
        ("pattern", "striped", "Striped ", "dotted"),
        ("material", "Cotton 100%", "cotton 100 %", "wool"),
        ("gender", "female", "Women", "men"),
        ("age_group", "kids", "Children", "adult"),
        ("currency", "EUR", "EUR", "USD"),
    ],
)
def test_what_rows_have_to_agree_in(field: str, one: str, same: str, other: str) -> None:
    first = row("1", size="S", **{field: one})
    assert [sizes(each) for each in grouped(first, row("2", size="M", **{field: same}))] == [[("1", "S"), ("2", "M")]]
    assert [each.id for each in grouped(first, row("2", size="M", **{field: other}))] == ["1", "2"]


def test_what_a_product_shows_is_the_smallest_rows_and_what_that_lacks_the_next_ones() -> None:
    (found,) = grouped(
        row("10", size="L", image_url="https://a.example/10.jpg", description="Long", available=True, price=8.0),
        row("9", size="M", image_url="https://a.example/9.jpg", link="https://a.example/9", available=False),
        row("11", size="L", image_url="https://a.example/11.jpg", brand="Acme", sale_price=7.5),
    )
    assert (found.id, found.image_url, found.link) == ("9", "https://a.example/9.jpg", "https://a.example/9")
    assert (found.description, found.brand, found.available) == ("Long", "Acme", True)
    assert (found.price, found.sale_price) == (10.0, 7.5), "of the cheapest size, in stock or not"
    assert sizes(found) == [("9", "M"), ("10", "L"), ("11", "L")], "a size may be there twice"
    assert document(found)["effective_price"] == 7.5


def test_gtins_and_whatever_differs_stay_as_lists() -> None:
    (found,) = grouped(
        row("2", size="M", attributes={"gtin": "22", "mpn": ["b", "a"], "fit": "slim", "weight": 2}),
        row("1", size="S", attributes={"gtin": "11", "mpn": "a", "fit": "slim", "weight": 1}),
        row("3", size="L", attributes={"gtin": "33", "care": True}),
    )
    assert found.attributes == {
        "gtin": ["11", "22", "33"],
        "mpn": ["a", "b"],
        "fit": "slim",
        "weight": ["1", "2"],
        "care": True,
    }


def test_rows_without_any_size_are_one_product_only_under_one_title() -> None:
    assert [each.id for each in grouped(row("1", title="Kit A"), row("2", title="Kit B"))] == ["1", "2"]
    (found,) = grouped(row("1", title="Kit A"), row("2", title="kit  a"))
    assert sizes(found) == [("1", None), ("2", None)]


def test_rows_with_sizes_of_their_own_or_without_a_group_pass_as_they_come() -> None:
    own = FeedProduct(
        1, parse({"id": "1", "title": "x", "item_group_id": "g", "variants": [{"sku": "a", "size": "S"}]})
    )
    lone = FeedProduct(2, parse({"id": "2", "title": "x - S", "variants": [{"sku": "2", "size": "S"}]}))
    assert list(group_rows(iter([own, lone]))) == [own, lone]


def test_a_group_too_large_to_be_sizes_stays_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [row(str(number), size="S") for number in range(MAX_VARIANTS + 1)]
    assert len(grouped(*many)) == len(many)
    assert [len(each.variants) for each in grouped(*many[1:])] == [MAX_VARIANTS]
    monkeypatch.setattr(size_groups, "MOST_ROWS", 2)
    assert [each.rows for each in group_rows(iter(many[:3]))] == [(), (), ()]


@pytest.mark.parametrize(
    ("title", "size", "expected"),
    [
        ("Linen dress - M", "M", "Linen dress"),
        ("Linen dress, size 38", "38", "Linen dress"),
        ("Linen dress (XL)", "XL", "Linen dress"),
        ("Linen dress [Size: xl]", "XL", "Linen dress"),
        ("Kleid – Größe 38", "38", "Kleid"),
        ("Kleid Gr. 38", "38", "Kleid"),
        ("Robe | Taille 38 ", "38", "Robe"),
        ("Dress / S/M", "S/M", "Dress"),
        ("Linen dress - M", "L", "Linen dress - M"),
        ("Linen dress - M", None, "Linen dress - M"),
        ("T-shirt X-L", "L", "T-shirt X-L"),
        ("Shoe 38/40", "40", "Shoe 38/40"),
        ("Shoe 37,5", "5", "Shoe 37,5"),
        ("Model S", "S", "Model S"),
        ("Super size M-L dress", "M", "Super size M-L dress"),
        ("M", "M", "M"),
        (" ".join("-" * 400), "M", " ".join("-" * 400)),
    ],
)
def test_titles_lose_their_own_size_alone(title: str, size: str | None, expected: str) -> None:
    assert strip_size(title, size) == expected


def test_a_bare_size_is_dropped_where_that_leaves_one_title_for_several_sizes() -> None:
    assert strip_bare_sizes(["Dress S", "Dress xl"], ["S", "XL"]) == ["Dress", "Dress"]
    assert strip_bare_sizes(["Model S", "Model S"], ["S", "M"]) == ["Model S", "Model S"]
    assert grouped(row("1", title="Dress S", size="S"), row("2", title="Dress M", size="M"))[0].title == "Dress"


def test_ids_are_in_order_of_the_numbers_in_them() -> None:
    ids = ["10", "9", "a10", "a9", "009", "b", "a", "1x2"]
    assert sorted(ids, key=build_order_key) == ["1x2", "009", "9", "10", "a", "a9", "a10", "b"]


def test_a_full_disk_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    with GroupSpool() as spool:
        spool._db.execute("pragma max_page_count = 2")
        with pytest.raises(InvalidInput, match="full") as caught:
            for number in range(2000):
                spool.add(row(str(number), size="S", description="x" * 500))
    assert "TMPDIR" in caught.value.detail["hint"]


COLORS = st.sampled_from([None, "red", "Red", "blue"])
ROWS = st.lists(
    st.fixed_dictionaries(
        {"group": st.sampled_from(["g", "h"]), "size": st.sampled_from([None, "S", "M"]), "color": COLORS}
        | {"gender": st.sampled_from([None, "women", "female", "men"]), "available": st.booleans()}
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=150)
@given(drawn=ROWS, seed=st.integers(0, 1000))
def test_shuffled_rows_make_the_same_products_and_lose_no_row(drawn: list[dict[str, Any]], seed: int) -> None:
    rows = []
    for number, each in enumerate(drawn):
        size = {"size": each["size"]} if each["size"] else {}
        given = {name: each[name] for name in ("color", "gender") if each[name]}
        title = f"Dress - {each['size']}" if each["size"] else "Dress"
        rows.append(
            row(str(number), title=title, item_group_id=each["group"], available=each["available"], **size, **given)
        )
    shuffled = random.Random(seed).sample(rows, len(rows))
    found = sorted((document(each) for each in grouped(*rows)), key=lambda each: each["id"])
    assert sorted((document(each) for each in grouped(*shuffled)), key=lambda each: each["id"]) == found
    skus = [name for each in found for name in ([v["sku"] for v in each.get("variants", ())] or [each["id"]])]
    assert sorted(skus) == sorted(each.product.id for each in rows)
    assert all(each["title"] == "Dress" for each in found)
