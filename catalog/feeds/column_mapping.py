"""Maps a feed's row, in Google Merchant's attribute names or in our own, onto the fields of a product."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from catalog.domain.filter_fields import TEXT_COLUMNS
from catalog.domain.product import MAX_ID_BYTES
from catalog.feeds.address_columns import map_photos, resolve_link
from catalog.feeds.attribute_columns import ROUNDED, map_attributes
from catalog.feeds.events import RowError
from catalog.feeds.html_text import to_plain_line, to_plain_text
from catalog.feeds.money import parse_money
from catalog.feeds.notes import FeedNotes
from catalog.feeds.periods import is_in_period
from catalog.feeds.values import is_blank, parse_list, parse_stock, parse_structure, parse_text

# Google's name -> ours; where a row has both, ours wins.
RENAMED = {
    "image_link": "image_url",
    "additional_image_link": "additional_image_urls",
    "availability": "available",
}
WORDS = ("id", "title", "description", *TEXT_COLUMNS, "link")
ADDRESSED = ("id", "item_group_id", "link")  # kept letter by letter, where other texts lose their HTML
PRICES = ("price", "sale_price")
SALE_WINDOW = "sale_price_effective_date"
FALLBACK_CATEGORY = "google_product_category"
VARIANT_NAMES = {"id": "sku", "availability": "available"}
# What a spreadsheet shows for a formula that failed, in English and in German.
ERRORS = frozenset(
    "#N/A #REF! #VALUE! #NAME? #DIV/0! #NULL! #NUM! #SPILL! #CALC! #NV #BEZUG! #WERT! #ZAHL! #ÜBERLAUF!".split()  # noqa: SIM905
)
NEEDED = ("id", "title", "price", "available", "availability")  # an error in one of these spoils the row


@dataclass(frozen=True, slots=True)
class RowContext:
    """Holds what rows are read against.

    `folder` is that of relative photos, `now` the moment a sale must be on, `notes` takes what was read leniently.
    `shop_url` stands before links that are relative, `currency` is that of prices that name none; both may be empty.
    """

    folder: str
    now: datetime
    notes: FeedNotes = field(default_factory=FeedNotes)
    shop_url: str = ""
    currency: str = ""


def map_columns(row: Mapping[str, Any], context: RowContext) -> dict[str, Any]:
    """Returns the product fields of a row; columns that are no such field become attributes. Raises RowError."""
    cells = _select_cells(row, context.notes)
    rest = {RENAMED.get(name, name): value for name, value in cells.items()}
    rest |= {name: cells[name] for name in RENAMED.values() if name in cells}
    found = _map_words(rest, context)
    found |= map_photos(rest, context.folder, context.notes)
    found |= _map_category(rest)
    found |= _map_offer(rest, context)
    found |= _map_variants(rest, found)
    if context.currency and "currency" not in found:
        found["currency"] = context.currency
    if "updated_at" in rest:
        found["updated_at"] = rest.pop("updated_at")
    found["attributes"] = map_attributes(row, rest, context.notes)
    return found


def _select_cells(row: Mapping[str, Any], notes: FeedNotes) -> dict[str, Any]:
    """Returns the cells that hold something, no errors of a spreadsheet; raises RowError for one that is needed."""
    cells = {}
    for name, value in row.items():
        if not name or is_blank(value):
            continue
        if isinstance(value, str) and value[:1] == "#" and value.strip() in ERRORS:
            if name in NEEDED:
                raise RowError(f"{name}: '{value}' is a spreadsheet's error: mend its formula and export again")
            notes.add(f"{name} is left out where it holds a spreadsheet's error", value)
            continue
        cells[name] = value
    return cells


def _map_words(rest: dict[str, Any], context: RowContext) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in WORDS:
        if name in rest:
            value = parse_text(rest.pop(name))
            if isinstance(value, str) and name not in ADDRESSED:
                value = to_plain_text(value) if name == "description" else to_plain_line(value)
            if value != "":
                found[name] = value
    if len(str(found.get("id", "")).encode(errors="replace")) > MAX_ID_BYTES:
        raise RowError(f"id: longer than {MAX_ID_BYTES} bytes")
    for name in ("id", "item_group_id"):
        if ROUNDED.fullmatch(str(found.get(name, ""))):
            reason = "is a number that a spreadsheet has rounded: format its column as text and export again"
            raise RowError(f"{name}: '{found[name]}' {reason}")
    if isinstance(found.get("link"), str):
        found["link"] = resolve_link(found["link"], context.shop_url)
    return found


def _map_category(rest: dict[str, Any]) -> dict[str, Any]:
    if "category" in rest:
        return {"category": parse_list("category", _to_plain(rest.pop("category")), ">")}
    if "product_type" in rest:
        return {"category": _split_path(_to_plain(rest.pop("product_type")))}
    # A number of Google's taxonomy says nothing to a shopper.
    if FALLBACK_CATEGORY in rest and not str(rest[FALLBACK_CATEGORY]).strip().isdigit():
        return {"category": _split_path(_to_plain(rest.pop(FALLBACK_CATEGORY)))}
    return {}


def _to_plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_to_plain(part) for part in value]
    return to_plain_line(value) if isinstance(value, str) and "&" in value else value


def _split_path(value: Any) -> list[Any]:
    """Returns `A > B > C` as a list; of several such paths the first, which Google calls the main one."""
    parts = parse_list("product_type", value, ">")
    return parse_list("product_type", parts[0], ">") if any(">" in str(part) for part in parts) else parts


def _map_offer(rest: dict[str, Any], context: RowContext) -> dict[str, Any]:
    found: dict[str, Any] = {}
    currencies = {str(parse_text(rest.pop("currency"))).upper()} if "currency" in rest else set()
    on_sale = _is_on_sale(rest.pop(SALE_WINDOW, None), context)
    for name in PRICES:
        if name in rest:
            found[name], currency = parse_money(name, rest.pop(name))
            currencies |= {currency} if currency else set()
    if not on_sale:
        found.pop("sale_price", None)
    if "available" in rest:
        found["available"] = parse_stock("availability", rest.pop("available"))
    return found | _require_one_currency(currencies)


def _is_on_sale(window: Any, context: RowContext) -> bool:
    try:
        return window is None or is_in_period(SALE_WINDOW, window, context.now)
    except RowError:
        context.notes.add(f"{SALE_WINDOW} cannot be read, so sale_price is left out", window)
        return False


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
