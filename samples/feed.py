"""Writes the feed in Google Merchant attribute names, one product a line, and the ground truth beside it."""

import csv
import json
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

from samples.products import SampleProduct

CURRENCY = "EUR"
_AISLE = {"female": "Women", "male": "Men", "unisex": "Unisex"}
TRUTH = ("id", "kind", "color", "color_family", "pattern", "material", "item_group_id", "scene")


def _format_money(amount: Decimal) -> str:
    return f"{amount:.2f} {CURRENCY}"


def _format_stock(there: bool) -> str:
    return "in_stock" if there else "out_of_stock"


def _format_product_type(product: SampleProduct) -> str:
    style = product.style
    people = "Kids" if style.age_group == "kids" else _AISLE[style.gender]
    return " > ".join(("Clothing", people, *style.kind.aisle))


def build_row(product: SampleProduct, image_link: str) -> dict[str, Any]:
    """Returns the product as the feed has it; `sale_price` is absent where there is no sale."""
    style = product.style
    prices = {"price": _format_money(product.price)}
    if product.sale_price is not None:
        prices["sale_price"] = _format_money(product.sale_price)
    variants = [
        {"sku": offer.sku, "size": offer.size, **prices, "availability": _format_stock(offer.in_stock)}
        for offer in product.offers
    ]
    return {
        "id": product.id,
        "title": product.title,
        "description": product.description,
        "brand": style.brand,
        "product_type": _format_product_type(product),
        "color": product.color,
        "color_family": product.color_family,
        "pattern": style.pattern,
        "material": product.material,
        "gender": style.gender,
        "age_group": style.age_group,
        "item_group_id": style.group_id,
        "link": f"https://shop.example/products/{product.id}",
        "image_link": image_link,
        **prices,
        "availability": _format_stock(any(offer.in_stock for offer in product.offers)),
        "variants": variants,
        "attributes": {"kind": style.kind.name, **style.drawing.traits},
        "updated_at": product.updated_at.isoformat().replace("+00:00", "Z"),
    }


def build_truth(product: SampleProduct) -> dict[str, str]:
    """Returns what is really in the photo."""
    style = product.style
    known = (style.kind.name, product.color, product.color_family, style.pattern, product.material, style.group_id)
    return dict(zip(TRUTH, (product.id, *known, product.scene), strict=True))


def write_feed(feed: Path, truth_table: Path, products: Iterable[tuple[SampleProduct, str]]) -> None:
    """Writes the ground truth and then, whole or not at all, the feed; `products` are pairs with their image link."""
    part = feed.with_suffix(".part")
    with (
        part.open("w", encoding="utf-8", newline="\n") as out,
        truth_table.open("w", encoding="utf-8", newline="") as known,
    ):
        table = csv.DictWriter(known, TRUTH, lineterminator="\n")
        table.writeheader()
        for item, image_link in products:
            out.write(json.dumps(build_row(item, image_link), ensure_ascii=False) + "\n")
            table.writerow(build_truth(item))
    part.replace(feed)
