"""Google Merchant's names, and our own, onto the fields of a product."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from catalog.domain.product import Product, document, parse
from catalog.feeds.column_mapping import RowContext, map_columns
from catalog.feeds.events import RowError

CONTEXT = RowContext("/shop/feed", datetime(2026, 2, 25, 12, tzinfo=UTC))


def product(**row: Any) -> Product:
    return parse(map_columns({"id": "1", "title": "A dress", **row}, CONTEXT))


def test_a_row_of_google_becomes_a_product() -> None:
    made = product(
        description="Long",
        link="https://shop.example/1",
        image_link="https://cdn.example/1.jpg",
        additional_image_link="https://cdn.example/2.jpg,https://cdn.example/3.jpg",
        availability="in stock",
        price="49.90 EUR",
        sale_price="39.90 EUR",
        product_type="Women > Dresses > Midi",
        google_product_category="2271",
        brand="Acme",
        gtin="0400000000001",
        mpn=17,
        condition="new",
        size="M",
        item_group_id="g1",
        custom_label_0="summer",
    )
    assert made.category == ["Women", "Dresses", "Midi"]
    assert (made.price, made.sale_price, made.currency, made.available) == (49.9, 39.9, "EUR", True)
    assert made.image_url == "https://cdn.example/1.jpg"
    assert made.additional_image_urls == ["https://cdn.example/2.jpg", "https://cdn.example/3.jpg"]
    assert [v.model_dump(exclude_none=True) for v in made.variants] == [{"sku": "1", "size": "M", "available": True}]
    assert made.attributes == {
        "google_product_category": "2271",
        "gtin": "0400000000001",
        "mpn": 17,
        "condition": "new",
        "custom_label_0": "summer",
    }
    assert document(made)["sizes_available"] == ["M"]
    assert document(made)["effective_price"] == 39.9


def test_a_row_of_the_drawn_catalogue_becomes_a_product() -> None:
    made = product(
        product_type="Women > Dresses",
        image_link="photos/000123.jpg",
        price="49.90 EUR",
        availability="in_stock",
        color_family="red",
        variants=[
            {"sku": "1-S", "size": "S", "price": "49.90 EUR", "availability": "out_of_stock"},
            {"sku": "1-M", "size": "M", "price": "49.90 EUR", "sale_price": "29.90 EUR", "availability": "in_stock"},
        ],
        updated_at="2026-01-01T00:00:00Z",
    )
    assert made.image_url == "file:///shop/feed/photos/000123.jpg"
    assert (made.currency, made.color_family) == ("EUR", "red")
    assert document(made)["sizes_available"] == ["M"]
    assert document(made)["effective_price"] == 29.9
    assert made.attributes == {}


@pytest.mark.parametrize(
    ("given", "category"),
    [
        ({"product_type": "A > B>C"}, ["A", "B", "C"]),
        ({"product_type": ["A > B", "X > Y"]}, ["A", "B"]),
        ({"google_product_category": "Apparel > Dresses"}, ["Apparel", "Dresses"]),
        ({"google_product_category": 2271}, []),
        ({"category": ["A > B", "C"]}, ["A > B", "C"]),
        ({"category": '["A", "B"]'}, ["A", "B"]),
        ({"category": "A", "product_type": "B"}, ["A"]),
    ],
)
def test_categories_go_from_broad_to_narrow(given: dict[str, Any], category: list[str]) -> None:
    assert product(**given).category == category


def test_sizes_without_variants_become_variants() -> None:
    made = product(sizes="S, M", availability="out of stock")
    assert [(v.sku, v.size, v.available) for v in made.variants] == [("1-S", "S", False), ("1-M", "M", False)]
    given = product(sizes=[{"size": "S", "available": True}, {"size": 38, "sku": "x"}])
    assert [(v.sku, v.size) for v in given.variants] == [("1-S", "S"), ("x", "38")]


def test_a_preorder_cannot_be_sent_today_and_says_so() -> None:
    made = product(availability="Pre order", size="M")
    assert document(made)["available"] is False
    assert made.attributes["availability"] == "pre_order"


def test_a_sale_counts_only_in_its_period() -> None:
    window = "2026-02-26T00:00Z/2026-02-27T00:00Z"
    made = product(price="10 EUR", sale_price="8 EUR", sale_price_effective_date=window)
    assert (made.price, made.sale_price, made.attributes) == (10.0, None, {})


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("photos/1.jpg", "file:///shop/feed/photos/1.jpg"),
        ("../a b/ü#1.jpg", Path("/shop/a b/ü#1.jpg").as_uri()),
        ("/var/photos/1.jpg", "file:///var/photos/1.jpg"),
        ("//cdn.example/1.jpg", "https://cdn.example/1.jpg"),
        ("https://cdn.example/1.jpg", "https://cdn.example/1.jpg"),
        ("file:///x.jpg", "file:///x.jpg"),
    ],
)
def test_relative_photos_lie_beside_the_feed(link: str, url: str) -> None:
    assert product(image_link=link).image_url == url
    assert product(additional_image_link=[link]).additional_image_urls == [url]


def test_our_own_name_wins_over_googles() -> None:
    assert (
        product(image_url="https://a.example/1", image_link="https://b.example/1").image_url == "https://a.example/1"
    )


def test_unknown_columns_become_attributes_of_plain_values() -> None:
    details = {"stripes": 3}
    made = product(
        season="ss26", pattern_details=details, tags=["a", 1], score=float("nan"), empty=" ", attributes={"x": 1}
    )
    assert made.attributes == {
        "season": "ss26",
        "pattern_details": '{"stripes":3}',
        "tags": ["a", "1"],
        "x": 1,
    }


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"price": "10 EUR", "sale_price": "8 USD"}, "one currency"),
        ({"price": "10 EUR", "currency": "USD"}, "one currency"),
        ({"price": "10 EUR", "variants": [{"sku": "a", "price": "9 USD"}]}, "one currency"),
        ({"variants": "[{"}, "variants: broken JSON"),
        ({"variants": '{"sku": 1}'}, "variants: write a list"),
        ({"variants": [1]}, "variants: write a list"),
        ({"variants": [{"sku": "a", "price": "-1 EUR"}]}, "negative"),
        ({"attributes": "[1]"}, "attributes: write an object"),
        ({"availability": "yes please"}, "availability"),
        ({"id": "ü" * 300}, "512 bytes"),
    ],
)
def test_a_row_that_contradicts_itself_is_refused(row: dict[str, Any], reason: str) -> None:
    with pytest.raises(RowError, match=reason):
        product(**row)


def test_html_of_texts_is_read(tmp_path: Path) -> None:
    made = product(
        title="Linen <b>dress</b> &amp; belt",
        description="<p>Long</p><p>100 % cotton &amp; silk</p>",
        brand="H&amp;M",
        product_type="Women &gt; Jackets &amp;amp; coats",
        link="https://shop.example/a b?x=1&amp;y=2",
    )
    assert (made.title, made.description) == ("Linen dress & belt", "Long\n100 % cotton & silk")
    assert (made.brand, made.category) == ("H&M", ["Women", "Jackets & coats"])
    assert made.link == "https://shop.example/a%20b?x=1&y=2"


def test_googles_other_columns_are_attributes_or_left_out_with_one_note() -> None:
    context = RowContext("", CONTEXT.now)
    row = {
        "id": "1",
        "title": "A",
        "size_system": "EU",
        "size_type": "petite",
        "multipack": "3",
        "is_bundle": "yes",
        "identifier_exists": "FALSE",
        "condition": "new",
        "availability_date": "2026-03-01T00:00+0100",
        "unit_pricing_measure": "100 ml",
        "product_detail": "General:Fit:slim",
        "gtin": 4006381333931.0,
        "shipping(country:price)": "DE:4.90 EUR",
        "cost_of_goods_sold": "12.00 EUR",
    }
    for _ in range(2):
        fields = map_columns(row, context)
    assert fields["attributes"] == {
        "size_system": "EU",
        "size_type": "petite",
        "multipack": "3",
        "is_bundle": True,
        "identifier_exists": False,
        "condition": "new",
        "availability_date": "2026-03-01T00:00+0100",
        "unit_pricing_measure": "100 ml",
        "product_detail": ["General: Fit: slim"],
        "gtin": "4006381333931",
    }
    assert [(note.text.split()[0], note.rows) for note in context.notes] == [
        ("shipping", 2),
        ("cost_of_goods_sold", 2),
    ]


def test_details_of_xml_are_written_in_one_line() -> None:
    detail = {"section_name": "General", "attribute_name": "Fit", "attribute_value": "slim"}
    assert product(product_detail=[detail, detail]).attributes["product_detail"] == ["General: Fit: slim"] * 2


def test_a_sale_period_that_cannot_be_read_costs_the_sale_price_alone() -> None:
    context = RowContext("", CONTEXT.now)
    row = {"id": "1", "title": "A", "price": "10 EUR", "sale_price": "8 EUR", "sale_price_effective_date": "soon"}
    assert "sale_price" not in map_columns(row, context)
    assert [str(note) for note in context.notes] == [
        "sale_price_effective_date cannot be read, so sale_price is left out (1 row, first in line 0: 'soon')"
    ]


@pytest.mark.parametrize(
    ("written", "links"),
    [
        ("https://a.example/1.jpg, https://a.example/2.jpg", ["https://a.example/1.jpg", "https://a.example/2.jpg"]),
        ("https://a.example/w_3,h_2/1.jpg,//b.example/2", ["https://a.example/w_3,h_2/1.jpg", "https://b.example/2"]),
        (["https://a.example/1,https://a.example/2", ""], ["https://a.example/1", "https://a.example/2"]),
    ],
)
def test_more_photos_are_split_at_commas_between_addresses(written: Any, links: list[str]) -> None:
    assert product(additional_image_link=written).additional_image_urls == links


def test_a_shop_completes_links_and_a_currency_prices() -> None:
    context = RowContext("", CONTEXT.now, shop_url="https://shop.example", currency="EUR")
    fields = map_columns({"id": "1", "title": "A", "link": "/products/a", "price": "10"}, context)
    assert (fields["link"], fields["currency"]) == ("https://shop.example/products/a", "EUR")
