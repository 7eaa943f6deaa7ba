"""Maps a feed's row, in Google Merchant's attribute names or in our own, onto the fields of a product."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from catalog.domain.filter_fields import TEXT_COLUMNS
from catalog.feeds.events import RowError
from catalog.feeds.images import resolved
from catalog.feeds.values import in_stock, missing, money, plain, sale_is_on, structure, text, texts

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
AWAITED = ("preorder", "pre_order", "backorder", "back_order")
VARIANT_NAMES = {"id": "sku", "availability": "available"}
MAX_ID_BYTES = 512  # Elasticsearch's limit for _id; one such id makes it refuse the whole bulk request


@dataclass(frozen=True, slots=True)
class Context:
    """What a row is read against: the folder its relative photos are in, and the moment a sale must be on."""

    folder: str
    now: datetime


def fields_of(row: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Product fields of a row; raises RowError. Columns that are no field of a product become attributes."""
    rest = {RENAMED.get(name, name): value for name, value in row.items() if name and not missing(value)}
    rest |= {name: row[name] for name in RENAMED.values() if not missing(row.get(name))}
    found: dict[str, Any] = {name: text(rest.pop(name)) for name in WORDS if name in rest}
    if len(str(found.get("id", "")).encode()) > MAX_ID_BYTES:
        raise RowError(f"id: longer than {MAX_ID_BYTES} bytes")
    found |= _photos(rest, context)
    found |= _category(rest)
    found |= _offer(rest, context.now)
    found |= _variants(rest, found)
    if "updated_at" in rest:
        found["updated_at"] = rest.pop("updated_at")
    found["attributes"] = _attributes(row, rest)
    return found


def _photos(rest: dict[str, Any], context: Context) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if (photo := rest.pop("image_url", None)) is not None:
        found["image_url"] = resolved(text(photo), context.folder)
    if (more := rest.pop("additional_image_urls", None)) is not None:
        links = texts("additional_image_link", more, ",")
        found["additional_image_urls"] = [resolved(link, context.folder) for link in links]
    return found


def _category(rest: dict[str, Any]) -> dict[str, Any]:
    if "category" in rest:
        return {"category": texts("category", rest.pop("category"), ">")}
    if "product_type" in rest:
        return {"category": _path(rest.pop("product_type"))}
    # A number of Google's taxonomy says nothing to a shopper.
    if FALLBACK_CATEGORY in rest and not str(rest[FALLBACK_CATEGORY]).strip().isdigit():
        return {"category": _path(rest.pop(FALLBACK_CATEGORY))}
    return {}


def _path(value: Any) -> list[Any]:
    """`A > B > C` as a list; of several such paths the first, which Google calls the main one."""
    parts = texts("product_type", value, ">")
    return texts("product_type", parts[0], ">") if any(">" in str(part) for part in parts) else parts


def _offer(rest: dict[str, Any], now: datetime) -> dict[str, Any]:
    found: dict[str, Any] = {}
    currencies = {text(rest.pop("currency"))} if "currency" in rest else set()
    window = rest.pop(SALE_WINDOW, None)
    on_sale = window is None or sale_is_on(SALE_WINDOW, window, now)
    for name in PRICES:
        if name in rest:
            found[name], currency = money(name, rest.pop(name))
            currencies |= {currency} if currency else set()
    if not on_sale:
        found.pop("sale_price", None)
    if "available" in rest:
        found["available"] = in_stock("availability", rest.pop("available"))
    return found | _currency(currencies)


def _currency(currencies: set[Any]) -> dict[str, Any]:
    if len(currencies) > 1:
        raise RowError(f"one product has one currency, this one has {', '.join(sorted(map(str, currencies)))}")
    return {"currency": currencies.pop()} if currencies else {}


def _variants(rest: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """`variants` as they are, else one per entry of `sizes`, else one for `size`: its sku is the row's id."""
    available = found.get("available", True)
    if "variants" in rest:
        given = structure("variants", rest.pop("variants"))
    elif "sizes" in rest:
        given = [_sized(part, found) for part in texts("sizes", rest.pop("sizes"), ",")]
    elif "size" in rest:
        given = [{"sku": found.get("id"), "size": rest.pop("size")}]
    else:
        return {}
    if not isinstance(given, list) or not all(isinstance(variant, dict) for variant in given):
        raise RowError('variants: write a list of objects, such as [{"sku": "1-M", "size": "M"}]')
    currencies = {found["currency"]} if "currency" in found else set()
    variants = [_variant(variant, available, found, currencies) for variant in given]
    return {"variants": variants} | _currency(currencies)


def _sized(part: Any, found: dict[str, Any]) -> Any:
    return part if isinstance(part, dict) else {"sku": f"{found.get('id')}-{part}", "size": part}


def _variant(given: dict[str, Any], available: bool, found: dict[str, Any], currencies: set[Any]) -> dict[str, Any]:
    variant = {VARIANT_NAMES.get(name, name): value for name, value in given.items() if not missing(value)}
    if "currency" in variant:
        currencies.add(text(variant.pop("currency")))
    for name in PRICES:
        if name in variant:
            variant[name], currency = money(f"variants.{name}", variant[name])
            currencies |= {currency} if currency else set()
    for name in ("sku", "size"):
        if name in variant:
            variant[name] = text(variant[name])
    if "sku" not in variant and "size" in variant:
        variant["sku"] = f"{found.get('id')}-{variant['size']}"
    variant["available"] = in_stock("variants.availability", variant.get("available", available))
    return variant


def _attributes(row: Mapping[str, Any], rest: dict[str, Any]) -> dict[str, Any]:
    given = structure("attributes", rest.pop("attributes", {}))
    if not isinstance(given, dict):
        raise RowError("attributes: write an object of names and values")
    awaited = str(row.get("availability", "")).strip().lower().replace(" ", "_")
    unknown = rest | ({"availability": awaited} if awaited in AWAITED else {})
    found = {name: plain(value) for name, value in (unknown | given).items()}
    return {name: value for name, value in found.items() if value is not None}
