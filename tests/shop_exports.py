"""Writes what shop systems export: Shopify's product JSON, WooCommerce's CSV."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

DRESS: dict[str, Any] = {
    "id": 632910392,
    "title": "Linen dress",
    "handle": "linen-dress",
    "body_html": "<p>Long &amp; light</p>",
    "vendor": "Acme",
    "product_type": "Dresses",
    "tags": ["summer", "linen"],
    "published_at": "2026-01-01T00:00:00+01:00",
    "variants": [
        {"id": 1, "option1": "S", "option2": "Red", "sku": "LD-S", "available": True, "price": "39.90"}
        | {"compare_at_price": "49.90", "featured_image": {"id": 11, "src": "https://cdn.example/r.jpg"}},
        {"id": 2, "option1": "M", "option2": "Red", "sku": "LD/M", "available": False, "price": "49.90"}
        | {"compare_at_price": None, "featured_image": None},
        {"id": 3, "option1": "M", "option2": "Blue", "sku": "", "available": True, "price": "49.90"}
        | {"compare_at_price": "", "featured_image": None},
    ],
    "images": [
        {"id": 11, "src": "https://cdn.example/r.jpg", "variant_ids": [1, 2]},
        {"id": 12, "src": "https://cdn.example/b.jpg", "variant_ids": [3]},
        {"id": 13, "src": "https://cdn.example/detail.jpg", "variant_ids": []},
    ],
    "options": [{"name": "Size", "values": ["S", "M"]}, {"name": "Colour", "values": ["Red", "Blue"]}],
}


def simple(number: int, **fields: Any) -> dict[str, Any]:
    """A product of Shopify without options."""
    variant = {"id": number * 10, "title": "Default Title", "option1": "Default Title", "sku": f"S{number}"}
    options = [{"name": "Title", "values": ["Default Title"]}]
    shown = {"id": number, "title": f"Bag {number}", "handle": f"bag-{number}", "body_html": None}
    return {**shown, "variants": [variant | {"price": "9.90", "available": True}], "options": options} | fields


def write_shopify(products: Sequence[Any]) -> bytes:
    """`{"products": […]}` on one line, as a shop publishes it; bytes are put in as they are."""
    texts = (
        each if isinstance(each, bytes) else json.dumps(each, separators=(",", ":")).encode() for each in products
    )
    return b'{"products":[' + b",".join(texts) + b"]}"


WOO_COLUMNS = [
    *("ID", "Type", "SKU", "GTIN, UPC, EAN, or ISBN", "Name", "Published", "Visibility in catalog"),
    *("Short description", "Description", "Date sale price starts", "Date sale price ends", "In stock?", "Stock"),
    *("Sale price", "Regular price", "Categories", "Tags", "Images", "Parent"),
]
WOO_COLUMNS += [f"Attribute {n} {what}" for n in (1, 2) for what in ("name", "value(s)", "visible", "global")]


def woo_row(number: int, kind: str = "simple", **cells: Any) -> dict[str, Any]:
    """A row of WooCommerce; `cells` are named like columns in lower case, `color` and `size` are attributes."""
    row = {"ID": number, "Type": kind, "SKU": f"W{number}", "Name": f"Hat {number}", "Published": 1, "In stock?": 1}
    for place, name in enumerate(("Color", "Size"), 1):
        if name.lower() in cells:
            row |= {f"Attribute {place} name": name, f"Attribute {place} value(s)": cells.pop(name.lower())}
    names = {column.lower().replace(" ", "_").rstrip("?"): column for column in WOO_COLUMNS}
    return row | {names[name]: value for name, value in cells.items()}


def write_woo(rows: Sequence[dict[str, Any]]) -> str:
    file = io.StringIO()
    writer = csv.DictWriter(file, WOO_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()
