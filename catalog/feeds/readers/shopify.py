"""Reads Shopify's product JSON: a row per variant, the product as its group.

Both shapes are read: what a shop publishes at `/products.json` and what its Admin API answers.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import IO, Any

from catalog.errors import InvalidFeed
from catalog.feeds.events import FeedRow, RowProblem, Rows, Truncation
from catalog.feeds.notes import FeedNotes
from catalog.feeds.readers.json_objects import JsonObject, JsonObjects
from catalog.feeds.readers.option_names import name_option
from catalog.feeds.readers.text_lines import OTHER_BOMS

_WRAPPER = re.compile(rb'\{\s*"products"\s*:\s*\[')
# How both shapes begin a product; a variant has neither of the last two keys.
_START = re.compile(rb'\{\s*"id"\s*:\s*\d+\s*,\s*"title"\s*:\s*"(?:[^"\\]|\\.)*+"\s*,\s*"(?:handle|body_html)"')
_RAW_ID = re.compile(rb'\{\s*"id"\s*:\s*"?(\d{1,20})')
_NO_OPTION = "Default Title"
_ID = re.compile(r"[^\s/\x00-\x1f][^\x00-\x1f/]{0,255}")
FORM = '{"products": […]}, a list of products, or one product per line'


def looks_like_shopify(head: bytes) -> bool:
    """Says whether a JSON file that begins with `head` is Shopify's."""
    head = head.removeprefix(b"\xef\xbb\xbf").lstrip(b"[ \t\r\n")
    return bool(_WRAPPER.match(head) or (_START.match(head) and b'"variants"' in head))


def read_shopify(file: IO[bytes], notes: FeedNotes) -> Rows:
    """Yields a row per variant of each published product. Raises InvalidFeed for what holds no object at all."""
    objects = JsonObjects(file, _WRAPPER, _START)
    head = objects.peek()
    if head.startswith(OTHER_BOMS):
        raise InvalidFeed("the feed is UTF-16 or UTF-32: save it as UTF-8")
    number = 0
    for number, found in enumerate(objects if head[:1] in (b"{", b"[") else (), 1):
        notes.line = found.line
        yield from _read_object(number, found, notes)
    if number == 0:
        raise InvalidFeed(f"the feed holds no product of Shopify: write {FORM}")
    if objects.unfinished:
        yield Truncation(objects.line, "the file ends in the middle of a product")
    elif objects.open_lists > 0:
        yield Truncation(objects.line, "the file ends before its list of products does")


def _read_object(number: int, found: JsonObject, notes: FeedNotes) -> Iterator[FeedRow | RowProblem]:
    if found.data is None:
        product = _RAW_ID.match(found.raw)
        reason = f"product {number} of the list: {found.fault}"
        yield RowProblem(found.line, reason, id=product[1].decode() if product else None)
        return
    product = found.data.get("product", found.data)  # the answer for one product
    if not isinstance(product, dict) or not isinstance(product.get("variants"), list):
        reason = (
            f"object {number} of the file is no product of Shopify, which has an id, a title and a list of variants"
        )
        yield RowProblem(found.line, reason, id=_to_text(found.data.get("id")))
    elif "price_varies" in product:
        reason = "this is the shape of /products/<handle>.js, with prices in cents: take /products.json"
        yield RowProblem(found.line, reason, id=_to_text(product.get("id")))
    elif product.get("status", "active") != "active" or product.get("published_at", "") is None:
        notes.add("products that are not published in Shopify are left out", product.get("title", ""))
    else:
        yield from _iterate_variants(found.line, product)


def _iterate_variants(line: int, product: Mapping[str, Any]) -> Iterator[FeedRow | RowProblem]:
    variants = [variant for variant in product["variants"] if isinstance(variant, dict)]
    if not variants:
        yield RowProblem(line, "variants: a product needs at least one variant", id=_to_text(product.get("id")))
    skus = [_to_text(variant.get("sku")) for variant in variants]
    names = [name_option(_read_name(option)) for option in _to_list(product.get("options"))]
    shared = _read_product(product)
    for variant, sku in zip(variants, skus, strict=True):
        own = sku if sku and skus.count(sku) == 1 and _ID.fullmatch(sku) else _to_text(variant.get("id"))
        row = _read_options(names, variant) | shared | _read_offer(variant) | {"id": own}
        row |= {"sku": sku} if sku != own else {}
        if product.get("handle"):
            row["link"] = f"/products/{product['handle']}?variant={variant.get('id', '')}"
        yield FeedRow(line, row | _choose_photos(product, variant, names))


def _read_product(product: Mapping[str, Any]) -> dict[str, Any]:
    tags = product.get("tags")
    found = {
        "item_group_id": _to_text(product.get("id")),
        "title": product.get("title"),
        "description": product.get("body_html"),
        "brand": product.get("vendor"),
        "product_type": product.get("product_type"),
        "tags": [tag.strip() for tag in tags.split(",")] if isinstance(tags, str) else tags,
    }
    return {name: value for name, value in found.items() if value}


def _read_offer(variant: Mapping[str, Any]) -> dict[str, Any]:
    price, before = _to_text(variant.get("price")), _to_text(variant.get("compare_at_price"))
    on_sale = _to_number(before) > _to_number(price)
    found = {"price": before, "sale_price": price} if on_sale else {"price": price}
    if currency := variant.get("price_currency"):
        found["currency"] = currency
    return found | {"availability": _is_available(variant), "gtin": _to_text(variant.get("barcode"))}


def _is_available(variant: Mapping[str, Any]) -> bool:
    """Returns what the shop publishes, else what the Admin API's stock comes to."""
    if isinstance(variant.get("available"), bool):
        return bool(variant["available"])
    counted = variant.get("inventory_management") or "inventory_management" not in variant
    if not counted or variant.get("inventory_policy") == "continue" or "inventory_quantity" not in variant:
        return True
    return _to_number(variant["inventory_quantity"]) > 0


def _read_options(names: list[str], variant: Mapping[str, Any]) -> dict[str, Any]:
    values = (variant.get(f"option{number}") for number in range(1, len(names) + 1))
    return {name: value for name, value in zip(names, values, strict=True) if value and value != _NO_OPTION}


def _choose_photos(product: Mapping[str, Any], variant: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    """Returns the variant's photo, else one of its colour, else the first; and those of no other colour."""
    images = [image for image in _to_list(product.get("images")) if isinstance(image, dict) and image.get("src")]
    if not images and isinstance(product.get("image"), dict):
        images = [product["image"]]
    place = names.index("color") + 1 if "color" in names else 0
    color = variant.get(f"option{place}")
    alike = [each for each in _to_list(product.get("variants")) if isinstance(each, dict)]
    alike = [each for each in alike if each.get(f"option{place}") == color]
    sources = dict.fromkeys(
        [*filter(None, (_find_photo(images, each) for each in chain([variant], alike))), *_list_common(images, alike)]
    )
    main, *others = sources or [None]
    return {"image_link": main, "additional_image_link": others}


def _find_photo(images: list[dict[str, Any]], variant: Mapping[str, Any]) -> str | None:
    featured = variant.get("featured_image")
    if isinstance(featured, dict) and featured.get("src"):
        return str(featured["src"])
    number, own = variant.get("image_id"), variant.get("id")
    for image in images:
        if (number and image.get("id") == number) or (own and own in _to_list(image.get("variant_ids"))):
            return str(image["src"])
    return None


def _list_common(images: list[dict[str, Any]], alike: list[dict[str, Any]]) -> list[str]:
    """Returns the photos that show no variant of another colour; all, where there is none such."""
    ids = {each.get("id") for each in alike}
    common = [image for image in images if not (of := _to_list(image.get("variant_ids"))) or ids & set(of)]
    return [str(image["src"]) for image in common or images]


def _read_name(option: Any) -> str:
    return str(option.get("name", "") if isinstance(option, dict) else option)


def _to_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _to_text(value: Any) -> str | None:
    return str(value).strip() or None if isinstance(value, (str, int, float)) and value is not True else None


def _to_number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0
