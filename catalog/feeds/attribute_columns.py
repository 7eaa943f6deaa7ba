"""Makes attributes of the columns of a row that are no fields of a product, and leaves out those for nobody here."""

import re
from collections.abc import Mapping
from typing import Any

from catalog.feeds.events import RowError
from catalog.feeds.notes import FeedNotes
from catalog.feeds.values import FLAGS, is_blank, parse_list, parse_structure, parse_text, to_attribute

AWAITED = ("preorder", "pre_order", "backorder", "back_order")
YES_OR_NO = ("adult", "identifier_exists", "is_bundle")
# Google Merchant's columns for carriers, tax offices and campaigns. Costs and margins must never reach a shopper.
LEFT_OUT = frozenset(
    "ads_grouping ads_labels ads_redirect adwords_grouping adwords_labels adwords_redirect auto_pricing_min_price "  # noqa: SIM905
    "carrier_shipping cost_of_goods_sold display_ads_id display_ads_link display_ads_similar_ids display_ads_title "
    "display_ads_value excluded_destination free_shipping_threshold handling_cutoff_time included_destination "
    "loyalty_points loyalty_program max_handling_time maximum_retail_price min_handling_time minimum_order_value "
    "pause pickup_method pickup_sla return_address_label return_policy_label ships_from_country shipping "
    "shipping_handling_business_days shipping_height shipping_label shipping_length shipping_transit_business_days "
    "shipping_weight shipping_width shopping_ads_excluded_country tax tax_category transit_time_label".split()
)
ROUNDED = re.compile(r"[0-9](?:[.,][0-9]+)?E\+[0-9]{2}")  # how a spreadsheet shows 4006381333931


def map_attributes(row: Mapping[str, Any], rest: dict[str, Any], notes: FeedNotes) -> dict[str, Any]:
    """Returns the attributes of a row, of which `rest` is what no field has taken. Raises RowError."""
    given = parse_structure("attributes", rest.pop("attributes", {}))
    if not isinstance(given, dict):
        raise RowError("attributes: write an object of names and values")
    awaited = str(row.get("availability", "")).strip().lower().replace(" ", "_")
    unknown = _select_columns(rest, notes) | ({"availability": awaited} if awaited in AWAITED else {})
    found = {name: to_attribute(value) for name, value in (unknown | given).items()}
    return {name: value for name, value in found.items() if value is not None and value != ""}


def _select_columns(rest: Mapping[str, Any], notes: FeedNotes) -> dict[str, Any]:
    found = {}
    for name, value in rest.items():
        base = name.partition("(")[0]  # `shipping(country:price)`
        if base in LEFT_OUT:
            notes.add(f"{base} is left out: it is not for shoppers")
        elif base == "product_detail":
            found[base] = _format_details(value)
        elif base == "gtin":
            found |= _read_gtin(value, notes)
        elif name in YES_OR_NO:
            found[name] = FLAGS.get(str(value).strip().lower(), value)
        else:
            found[name] = value
    return found


def _format_details(value: Any) -> list[str]:
    """Returns `General: Fit: slim` for each detail, given as text or, in XML, as an element with three inside."""
    details = value if isinstance(value, list) else [value]
    parts = (detail.values() if isinstance(detail, dict) else str(detail).split(":") for detail in details)
    return [": ".join(str(part).strip() for part in each if not is_blank(part)) for each in parts]


def _read_gtin(value: Any, notes: FeedNotes) -> dict[str, Any]:
    numbers = [parse_text(number) for number in parse_list("gtin", value, ",")]
    kept = [number for number in numbers if not ROUNDED.fullmatch(str(number))]
    if len(kept) < len(numbers):
        notes.add("gtin is left out: a spreadsheet has rounded it, format its column as text", value)
    return {"gtin": kept[0] if len(kept) == 1 else kept} if kept else {}
