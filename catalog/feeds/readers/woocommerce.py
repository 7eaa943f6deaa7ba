"""Reads WooCommerce's product export (CSV, English column names): variations take what they lack from a parent."""

import re
from collections.abc import Iterator, Mapping
from typing import IO, Any

from catalog.errors import InvalidFeed
from catalog.feeds.events import FeedRow, Rows
from catalog.feeds.notes import FeedNotes
from catalog.feeds.readers.delimited import COMMON, read_delimited, split_header
from catalog.feeds.readers.option_names import name_option
from catalog.feeds.readers.parent_store import ParentStore

NEEDED = ("sku", "type", "name")
_SIGNS = ("published", "regular_price", "attribute_1_name", "visibility_in_catalog")
# The export puts a backslash before a comma that is part of a value.
_COMMA = re.compile(r"(?<!\\),")
_ATTRIBUTE = re.compile(r"attribute_([0-9]+)_name")
_ID = re.compile(r"[^\s/\x00-\x1f][^\x00-\x1f/]{0,255}")
_OWN = {"gtin,_upc,_ean,_or_isbn": "gtin", "regular_price": "price", "sale_price": "sale_price"}
_SHARED = {"in_stock?": "availability", "brands": "brand", "external_url": "link"}  # or the parent's


def looks_like_woocommerce(head: bytes) -> bool:
    """Says whether a CSV file that begins with `head` is an export of WooCommerce."""
    line = head.split(b"\n", 1)[0].decode("utf-8-sig", errors="replace")
    found = split_header(line, COMMON, NEEDED)
    return found is not None and "title" not in found[0] and any(sign in found[0] for sign in _SIGNS)


def read_woocommerce(file: IO[bytes], notes: FeedNotes) -> Rows:
    """Yields a row per simple product and variation. Raises InvalidFeed, also for column names in other languages."""
    try:
        yield from _join(read_delimited(file, COMMON, NEEDED), notes)
    except InvalidFeed as error:
        if "must name the columns" not in error.message:
            raise
        advice = "set the language of your WordPress user to English and export again"
        raise InvalidFeed(f"{error.message}; where these are WooCommerce's in another language, {advice}") from error


def _join(rows: Rows, notes: FeedNotes) -> Rows:
    """Yields rows as they come; variations that come before their parent wait for the end, on disk."""
    with ParentStore() as store:
        for row in rows:
            if not isinstance(row, FeedRow):
                yield row
                continue
            notes.line = row.line
            kind = _split(row.data["type"].lower())
            if "variable" in kind or "variable-subscription" in kind:
                store.add_parent(_list_names(row.data), row)
            elif "variation" in kind or "subscription_variation" in kind:
                parent = store.find_parent(_clean(row.data.get("parent")))
                if parent is None:
                    store.add_waiting(row)
                else:
                    yield from _build(row, parent.data, notes)
            elif "grouped" in kind:
                notes.add("grouped products are left out, as their parts are products themselves", row.data["name"])
            else:
                yield from _build(row, {}, notes)
        for row in store.iterate_waiting():
            parent = store.find_parent(_clean(row.data.get("parent")))
            yield from _build(row, parent.data if parent else {}, notes)
        for row in store.iterate_childless():  # exported without its variations
            yield from _build(row, {}, notes)


def _list_names(data: Mapping[str, str]) -> list[str]:
    number = _clean(data.get("id"))
    return [name for name in (_clean(data.get("sku")), number and f"id:{number}") if name]


def _build(row: FeedRow, parent: Mapping[str, str], notes: FeedNotes) -> Iterator[FeedRow]:
    notes.line = row.line
    if _is_hidden(row.data) or _is_hidden(parent):
        notes.add("products that are not published or hidden in WooCommerce are left out", row.data["name"])
        return
    data = {**parent, **{name: value for name, value in row.data.items() if value.strip()}}
    built: dict[str, Any] = {ours: _clean(row.data.get(theirs)) for theirs, ours in _OWN.items()}
    built |= {ours: _clean(data.get(theirs)) for theirs, ours in _SHARED.items()}
    built["title"] = _clean(parent.get("name")) or _clean(row.data["name"])
    built["description"] = _read_lines(_clean(data.get("description")) or _clean(data.get("short_description")))
    built |= _read_names(row.data, parent) | _read_sale(row.data) | _read_photos(row.data, parent)
    built |= _read_categories(data) | {"tags": _split(_clean(data.get("tags")))}
    yield FeedRow(row.line, _read_attributes(row.data, parent) | {k: v for k, v in built.items() if v})


def _is_hidden(data: Mapping[str, str]) -> bool:
    return _clean(data.get("published")) not in ("1", "") or _clean(data.get("visibility_in_catalog")) == "hidden"


def _read_names(data: Mapping[str, str], parent: Mapping[str, str]) -> dict[str, str]:
    """Returns the ids: the SKU, where it may be an id, else WooCommerce's number."""
    sku, number = _clean(data.get("sku")), _clean(data.get("id"))
    own = sku if _ID.fullmatch(sku) and sku != _clean(parent.get("sku")) else number or sku
    group = _clean(parent.get("id")) or _clean(parent.get("sku")) or _clean(data.get("parent"))
    return {"id": own, "item_group_id": group.removeprefix("id:")} | ({"sku": sku} if sku != own else {})


def _read_sale(data: Mapping[str, str]) -> dict[str, str]:
    start, end = _clean(data.get("date_sale_price_starts")), _clean(data.get("date_sale_price_ends"))
    return {"sale_price_effective_date": f"{start}/{end}"} if start or end else {}


def _read_photos(data: Mapping[str, str], parent: Mapping[str, str]) -> dict[str, Any]:
    photos = [*_split(_clean(data.get("images"))), *_split(_clean(parent.get("images")))]
    main, *others = dict.fromkeys(photos) or [None]
    return {"image_link": main, "additional_image_link": others}


def _read_categories(data: Mapping[str, str]) -> dict[str, Any]:
    """Returns the first of the deepest paths as the category, all of them as an attribute where there are several."""
    paths = _split(_clean(data.get("categories")))
    main = max(paths, key=lambda path: path.count(">"), default=None)
    return {"product_type": main} | ({"categories": paths} if len(paths) > 1 else {})


def _read_attributes(data: Mapping[str, str], parent: Mapping[str, str]) -> dict[str, Any]:
    """Returns colour, size and other attributes; a variation for any size has all sizes of its parent."""
    own, general = _list_attributes(data), _list_attributes(parent)
    found: dict[str, Any] = {}
    for name, values in (general | {name: values for name, values in own.items() if values}).items():
        if len(values) == 1:
            found[name] = values[0]
        elif name == "size" and (parent or "variable" in data.get("type", "")):
            found["sizes"] = values
        elif values and name not in ("color", "material", "pattern"):
            found[name] = values
        elif values and not parent:
            found[name] = " / ".join(values)
    return found


def _list_attributes(data: Mapping[str, str]) -> dict[str, list[str]]:
    numbers = [match[1] for match in map(_ATTRIBUTE.fullmatch, data) if match]
    named = ((name_option(_clean(data[f"attribute_{number}_name"])), number) for number in numbers)
    return {name: _split(_clean(data.get(f"attribute_{number}_value(s)"))) for name, number in named if name}


def _split(text: str) -> list[str]:
    return [part.replace("\\,", ",").strip() for part in _COMMA.split(text) if part.strip()]


def _clean(text: str | None) -> str:
    """Returns a cell without the apostrophe that the export puts before what a spreadsheet takes for a formula."""
    text = (text or "").strip()
    return text[1:] if text[:1] == "'" and text[1:2] in ("=", "+", "-", "@") else text


def _read_lines(text: str) -> str:
    r"""Returns a description with its line ends, which the export writes as `\n`, and `\n` as `\\n`."""
    return re.sub(r"(\\?)\\n", lambda found: "\\n" if found[1] else "\n", text)
