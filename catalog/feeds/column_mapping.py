"""Maps a feed's row, in Google Merchant's attribute names or in our own, onto the fields of a product."""

import os.path
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from catalog.domain.filter_fields import TEXT_COLUMNS
from catalog.domain.product import MAX_ID_BYTES, has_control
from catalog.feeds.events import RowError
from catalog.feeds.values import (
    is_blank,
    is_in_period,
    parse_list,
    parse_money,
    parse_stock,
    parse_structure,
    parse_text,
    to_attribute,
)

# Google's name -> ours; where a row has both, ours wins.
RENAMED = {
    "image_link": "image_url",
    "additional_image_link": "additional_image_urls",
    "availability": "available",
}
WORDS = ("id", "title", "description", *TEXT_COLUMNS, "link")
PRICES = ("price", "sale_price")
SALE_WINDOW = "sale_price_effective_date"
FALLBACK_CATEGORY = "google_product_category"
_URL_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
AWAITED = ("preorder", "pre_order", "backorder", "back_order")
VARIANT_NAMES = {"id": "sku", "availability": "available"}


@dataclass(frozen=True, slots=True)
class RowContext:
    """Holds what rows are read against: the folder of their relative photos, and the moment a sale must be on."""

    folder: str
    now: datetime


def map_columns(row: Mapping[str, Any], context: RowContext) -> dict[str, Any]:
    """Returns the product fields of a row; columns that are no such field become attributes. Raises RowError."""
    rest = {RENAMED.get(name, name): value for name, value in row.items() if name and not is_blank(value)}
    rest |= {name: row[name] for name in RENAMED.values() if not is_blank(row.get(name))}
    found: dict[str, Any] = {name: parse_text(rest.pop(name)) for name in WORDS if name in rest}
    if len(str(found.get("id", "")).encode()) > MAX_ID_BYTES:
        raise RowError(f"id: longer than {MAX_ID_BYTES} bytes")
    found |= _map_photos(rest, context)
    found |= _map_category(rest)
    found |= _map_offer(rest, context.now)
    found |= _map_variants(rest, found)
    if "updated_at" in rest:
        found["updated_at"] = rest.pop("updated_at")
    found["attributes"] = _map_attributes(row, rest)
    return found


def _map_photos(rest: dict[str, Any], context: RowContext) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if (photo := rest.pop("image_url", None)) is not None:
        found["image_url"] = resolve_photo_url(parse_text(photo), context.folder)
    if (more := rest.pop("additional_image_urls", None)) is not None:
        links = parse_list("additional_image_link", more, ",")
        found["additional_image_urls"] = [resolve_photo_url(link, context.folder) for link in links]
    return found


def resolve_photo_url(link: Any, folder: str) -> Any:
    """Returns `photos/1.jpg` as the `file:` URL of that file below `folder` (absolute), as Path.as_uri() does."""
    if not isinstance(link, str) or not link or _URL_SCHEME.match(link) or has_control(link):
        return link  # a wrong one is reported when the product is checked
    if link.startswith("//"):
        return f"https:{link}"
    return "file://" + quote(os.path.normpath(os.path.join(folder, link)))  # noqa: PTH118 - a Path is 10 times slower


def _map_category(rest: dict[str, Any]) -> dict[str, Any]:
    if "category" in rest:
        return {"category": parse_list("category", rest.pop("category"), ">")}
    if "product_type" in rest:
        return {"category": _split_path(rest.pop("product_type"))}
    # A number of Google's taxonomy says nothing to a shopper.
    if FALLBACK_CATEGORY in rest and not str(rest[FALLBACK_CATEGORY]).strip().isdigit():
        return {"category": _split_path(rest.pop(FALLBACK_CATEGORY))}
    return {}


def _split_path(value: Any) -> list[Any]:
    """Returns `A > B > C` as a list; of several such paths the first, which Google calls the main one."""
    parts = parse_list("product_type", value, ">")
    return parse_list("product_type", parts[0], ">") if any(">" in str(part) for part in parts) else parts


def _map_offer(rest: dict[str, Any], now: datetime) -> dict[str, Any]:
    found: dict[str, Any] = {}
    currencies = {parse_text(rest.pop("currency"))} if "currency" in rest else set()
    window = rest.pop(SALE_WINDOW, None)
    on_sale = window is None or is_in_period(SALE_WINDOW, window, now)
    for name in PRICES:
        if name in rest:
            found[name], currency = parse_money(name, rest.pop(name))
            currencies |= {currency} if currency else set()
    if not on_sale:
        found.pop("sale_price", None)
    if "available" in rest:
        found["available"] = parse_stock("availability", rest.pop("available"))
    return found | _require_one_currency(currencies)


def _require_one_currency(currencies: set[Any]) -> dict[str, Any]:
    if len(currencies) > 1:
        raise RowError(f"one product has one currency, this one has {', '.join(sorted(map(str, currencies)))}")
    return {"currency": currencies.pop()} if currencies else {}


def _map_variants(rest: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """Returns `variants` as they are, else one per entry of `sizes`, else one for `size`, its sku the row's id."""
    available = found.get("available", True)
    if "variants" in rest:
        given = parse_structure("variants", rest.pop("variants"))
    elif "sizes" in rest:
        given = [_to_variant(part, found) for part in parse_list("sizes", rest.pop("sizes"), ",")]
    elif "size" in rest:
        given = [{"sku": found.get("id"), "size": rest.pop("size")}]
    else:
        return {}
    if not isinstance(given, list) or not all(isinstance(variant, dict) for variant in given):
        raise RowError('variants: write a list of objects, such as [{"sku": "1-M", "size": "M"}]')
    currencies = {found["currency"]} if "currency" in found else set()
    variants = [_map_variant(variant, available, found, currencies) for variant in given]
    return {"variants": variants} | _require_one_currency(currencies)


def _to_variant(part: Any, found: dict[str, Any]) -> Any:
    return part if isinstance(part, dict) else {"sku": f"{found.get('id')}-{part}", "size": part}


def _map_variant(
    given: dict[str, Any], available: bool, found: dict[str, Any], currencies: set[Any]
) -> dict[str, Any]:
    variant = {VARIANT_NAMES.get(name, name): value for name, value in given.items() if not is_blank(value)}
    if "currency" in variant:
        currencies.add(parse_text(variant.pop("currency")))
    for name in PRICES:
        if name in variant:
            variant[name], currency = parse_money(f"variants.{name}", variant[name])
            currencies |= {currency} if currency else set()
    for name in ("sku", "size"):
        if name in variant:
            variant[name] = parse_text(variant[name])
    if "sku" not in variant and "size" in variant:
        variant["sku"] = f"{found.get('id')}-{variant['size']}"
    variant["available"] = parse_stock("variants.availability", variant.get("available", available))
    return variant


def _map_attributes(row: Mapping[str, Any], rest: dict[str, Any]) -> dict[str, Any]:
    given = parse_structure("attributes", rest.pop("attributes", {}))
    if not isinstance(given, dict):
        raise RowError("attributes: write an object of names and values")
    awaited = str(row.get("availability", "")).strip().lower().replace(" ", "_")
    unknown = rest | ({"availability": awaited} if awaited in AWAITED else {})
    found = {name: to_attribute(value) for name, value in (unknown | given).items()}
    return {name: value for name, value in found.items() if value is not None}
