"""What shop systems export: Shopify's product JSON and WooCommerce's CSV become rows of products with sizes."""

import json
from pathlib import Path
from typing import Any

import pytest

from catalog.domain.product import Product
from catalog.errors import InvalidFeed
from catalog.feeds import FeedNotes, FeedProduct, RowProblem, Truncation, read_products
from tests.shop_exports import DRESS, simple, woo_row, write_shopify, write_woo


def read(
    folder: Path, name: str, content: str | bytes, **how: Any
) -> tuple[dict[str, Product], list[Any], FeedNotes]:
    """(good rows by id, what else there was, notes)."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    notes = FeedNotes()
    items = list(read_products(path, notes=notes, **how))
    good = [item.product for item in items if isinstance(item, FeedProduct)]
    assert len({product.id for product in good}) == len(good)
    return {each.id: each for each in good}, [item for item in items if not isinstance(item, FeedProduct)], notes


def test_a_variant_of_shopify_is_a_size_of_its_colour(tmp_path: Path) -> None:
    shop = {"shop_url": "https://shop.example", "currency": "EUR"}
    rows, others, _ = read(tmp_path, "products.json", write_shopify([DRESS]), **shop)
    assert others == []
    assert list(rows) == ["LD-S", "2", "3"], "a SKU that may be no id gives way to the variant's number"
    red, sold_out, blue = rows.values()
    assert (red.title, red.description, red.brand) == ("Linen dress", "Long & light", "Acme")
    assert (red.color, red.item_group_id, red.category) == ("Red", "632910392", ["Dresses"])
    assert (red.price, red.sale_price, red.currency) == (49.9, 39.9, "EUR")
    assert [(v.sku, v.size, v.available) for v in red.variants] == [("LD-S", "S", True)]
    assert red.link == "https://shop.example/products/linen-dress?variant=1"
    assert red.attributes == {"tags": ["summer", "linen"]}
    assert (sold_out.available, sold_out.sale_price, sold_out.attributes["sku"]) == (False, None, "LD/M")
    assert [each.image_url for each in rows.values()] == [
        "https://cdn.example/r.jpg",
        "https://cdn.example/r.jpg",  # that of its colour
        "https://cdn.example/b.jpg",
    ]
    assert blue.additional_image_urls == ["https://cdn.example/detail.jpg"], "not those of other colours"


def test_the_admin_api_of_shopify_is_read(tmp_path: Path) -> None:
    counted = {"inventory_management": "shopify", "inventory_policy": "deny", "price": "5.00", "image_id": 7}
    product = simple(
        1,
        status="active",
        tags="new, red bag",
        images=[{"id": 6, "src": "https://cdn.example/6"}, {"id": 7, "src": "https://cdn.example/7"}],
        options=[{"name": "Material", "values": ["Leather"]}, {"name": "Volume", "values": ["2 l", "5 l"]}],
        variants=[
            {"id": 1, "sku": "same", "option1": "Leather", "option2": "2 l", "barcode": "400638133", **counted}
            | {"inventory_quantity": 0},
            {"id": 2, "sku": "same", "option1": "Leather", "option2": "5 l", **counted, "inventory_quantity": 3},
            {
                "id": 3,
                "sku": "own",
                "option1": "Leather",
                "option2": "9 l",
                **counted,
                "inventory_policy": "continue",
            },
            {"id": 4, "sku": None, "option1": "Leather", "option2": "1 l", **counted, "inventory_management": None},
        ],
    )
    drafts = [simple(2, status="draft"), simple(3, published_at=None)]
    rows, others, notes = read(tmp_path, "admin.json", json.dumps({"products": [product, *drafts]}, indent=1))
    assert others == []
    assert {i: each.available for i, each in rows.items()} == {"1": False, "2": True, "own": True, "4": True}
    assert rows["1"].attributes == {"tags": ["new", "red bag"], "volume": "2 l", "gtin": "400638133", "sku": "same"}
    assert (rows["1"].material, rows["1"].image_url) == ("Leather", "https://cdn.example/7")
    assert [note.rows for note in notes] == [2]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("list.json", b"\xef\xbb\xbf[\n%s,\n%s]"),
        ("lines.jsonl", b"%s\n%s\n"),
        ("pages.json", b'{"products": [%s]}\n{"products": [%s]}\n'),
        ("answers.json", b'{"product": %s}{"product": %s}'),
    ],
)
def test_lists_lines_and_pages_of_shopify_are_read(tmp_path: Path, name: str, content: bytes) -> None:
    written = content % tuple(json.dumps(simple(number)).encode() for number in (1, 2))
    rows, others, _ = read(tmp_path, name, written, format_name="shopify")
    assert (list(rows), others) == (["S1", "S2"], [])


def test_a_broken_product_of_shopify_does_not_hide_the_next(tmp_path: Path) -> None:
    whole = json.dumps(simple(5), separators=(",", ":")).encode()
    broken = [
        whole.replace(b'"Bag 5"', b'"Bag "5"'),
        whole.replace(b'"Bag 5"', b'"Bag 5'),
        whole[:-1],
        whole.replace(b'"9.90"', b"NaN"),
        whole.replace(b'"Bag 5"', b'"Bag \xff"'),
    ]
    for text in broken:
        rows, others, _ = read(tmp_path, "products.json", write_shopify([simple(1), text, simple(2), simple(3)]))
        assert list(rows) == ["S1", "S2", "S3"], text
        (problem,) = others
        assert isinstance(problem, RowProblem) and problem.id == "5"
        assert problem.reason.startswith("product 2 of the list: ")


def test_a_cut_file_of_shopify_says_so(tmp_path: Path) -> None:
    whole = write_shopify([simple(1), simple(2)])
    for end in (-1, -2, -30):
        rows, others, _ = read(tmp_path, "products.json", whole[:end])
        assert next(iter(rows)) == "S1"
        assert any(isinstance(item, Truncation) for item in others)


@pytest.mark.parametrize("content", ["", "<html>", "[]", '{"products": []}', "[1, 2]"])
def test_what_holds_no_product_of_shopify_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(InvalidFeed, match="holds no product"):
        read(tmp_path, "products.json", content, format_name="shopify")


def test_other_json_is_named(tmp_path: Path) -> None:
    _, (error,), _ = read(tmp_path, "a.json", '{"errors": "Not Found"}', format_name="shopify")
    assert "is no product of Shopify" in error.reason
    _, (ajax,), _ = read(tmp_path, "b.json", json.dumps(simple(1, price_varies=False)), format_name="shopify")
    assert "prices in cents" in ajax.reason
    lines, _, _ = read(tmp_path, "c.json", '{"id": "1", "title": "A"}\n')
    assert list(lines) == ["1"], "our own lines may be called .json"


def test_variations_of_woocommerce_join_their_parent(tmp_path: Path) -> None:
    content = write_woo(
        [
            woo_row(76, "variation", parent="W44", name="Hat - Red, M", color="Red", size="M", regular_price="20"),
            woo_row(
                44,
                "variable",
                color="Blue, Red",
                size="M, L",
                description="<p>Warm</p>\\nsoft",
                categories="Sale, Clothing > Hats\\, caps",
                tags="wool, winter",
                images="https://s.example/1.jpg, https://s.example/2.jpg",
            ),
            woo_row(77, "variation", parent="id:44", color="Blue", size="L", images="https://s.example/b.jpg")
            | {"Regular price": "20,00", "Sale price": "15,00", "Date sale price ends": "2020-01-01", "SKU": ""},
            woo_row(78, "variation", parent="W44", color="Blue", size="", in_stock="backorder"),
        ]
    )
    rows, others, _ = read(tmp_path, "export.csv", content)
    assert others == []
    assert list(rows) == ["77", "W78", "W76"], "those before their parent come at the end"
    red, blue, every = rows["W76"], rows["77"], rows["W78"]
    assert (red.title, red.description, red.color, red.item_group_id) == ("Hat 44", "Warm\nsoft", "Red", "44")
    assert [(v.sku, v.size, v.available) for v in red.variants] == [("W76", "M", True)]
    assert red.category == ["Clothing", "Hats, caps"]
    assert red.attributes == {"tags": ["wool", "winter"], "categories": ["Sale", "Clothing > Hats, caps"]}
    assert (blue.price, blue.sale_price) == (20.0, None), "the sale is over"
    assert (red.image_url, blue.image_url) == ("https://s.example/1.jpg", "https://s.example/b.jpg")
    assert [(v.size, v.available) for v in every.variants] == [("M", False), ("L", False)], "any size has them all"


def test_whatever_else_woocommerce_exports(tmp_path: Path) -> None:
    content = write_woo(
        [
            woo_row(1, "simple, virtual", name="'=Hat", color="Grey", regular_price="18", sale_price=""),
            woo_row(2, "external"),
            woo_row(3, "grouped"),
            woo_row(4, published=-1),
            woo_row(5, visibility_in_catalog="hidden"),
            woo_row(6, "variation", parent="gone", size="M"),
            woo_row(7, "variable", size="S, M"),
            woo_row(8, "variable", published=0),
            woo_row(9, "variation", parent="W8", size="M"),
        ]
    )
    rows, others, notes = read(tmp_path, "export.csv", content)
    assert (list(rows), others) == (["W1", "W2", "W6", "W7"], [])
    assert (rows["W1"].title, rows["W1"].color, rows["W1"].price) == ("=Hat", "Grey", 18.0)
    assert [v.size for v in rows["W7"].variants] == ["S", "M"], "exported without its variations"
    assert [note.rows for note in notes] == [1, 3]


def test_an_export_of_woocommerce_in_another_language_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InvalidFeed, match="language of your WordPress user to English"):
        read(tmp_path, "a.csv", "ID,Typ,Artikelnummer,Name,Veröffentlicht\n", format_name="woocommerce")
