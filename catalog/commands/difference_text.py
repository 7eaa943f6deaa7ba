"""Writes what a dry run would change so that it can be read aloud."""

from collections.abc import Iterator, Sequence
from typing import Any

from catalog.domain.product import CONTROL
from catalog.importing.differences import Pair, ProductDifference, SizeDifferences
from catalog.plain_text import escape_controls

LONGEST = 70  # characters of a value
CONTEXT = 20  # characters before the first one that differs
MONEY = frozenset({"price", "sale_price", "effective_price"})


def format_difference(difference: ProductDifference) -> list[str]:
    """Returns a line that names the product, and an indented one for each thing that differs."""
    head = f"    {difference.id}  {difference.title[:LONGEST]}"
    found = [*_describe_fields(difference), *_describe_sizes(difference.sizes, difference.currency)]
    return [escape_controls(line) for line in (head, *(f"      {line}" for line in found))]


def _describe_fields(difference: ProductDifference) -> Iterator[str]:
    for name, (before, after) in difference.fields.items():
        unit = f" {difference.currency}" if name in MONEY and difference.currency else ""
        if before is None:
            yield f"{name} added: {_shorten(_to_text(name, after))}{unit}"
        elif after is None:
            yield f"{name} removed, was {_shorten(_to_text(name, before))}{unit}"
        else:
            now, then = _shorten_pair(_to_text(name, before), _to_text(name, after))
            yield f"{name} {now} -> {then}{unit}"


def _describe_sizes(sizes: SizeDifferences | None, currency: str) -> Iterator[str]:
    if sizes is None:
        return
    named: list[tuple[str, Sequence[str]]] = [
        ("added", sizes.added),
        ("removed", sizes.removed),
        ("sold out", sizes.sold_out),
        ("back in stock", sizes.back_in_stock),
    ]
    found = [f"{what} {', '.join(names)}" for what, names in named if names]
    found += [_describe_change(f"price of {name}", pair, f" {currency}") for name, pair in sizes.prices.items()]
    found += [_describe_change(f"SKU of {name}", pair, "") for name, pair in sizes.skus.items()]
    yield f"sizes: {'; '.join(found) or 'in another order'}"


def _describe_change(what: str, pair: Pair, unit: str) -> str:
    before, after = ("none" if value is None else _to_text("price", value) for value in pair)
    return f"{what} {before} -> {after}{unit}".rstrip()


def _to_text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)) and (name in MONEY):
        return f"{value:.2f}"
    if isinstance(value, list):
        return (" > " if name == "category" else ", ").join(str(each) for each in value) or "none"
    return CONTROL.sub(" ", str(value))


def _shorten(text: str, start: int = 0) -> str:
    """Returns at most LONGEST characters from `start` on, with dots where something is left out."""
    cut = text[start : start + LONGEST]
    return ("…" if start else "") + cut + ("…" if start + LONGEST < len(text) else "")


def _shorten_pair(before: str, after: str) -> tuple[str, str]:
    """Returns both texts; of long ones the part around the first character that differs."""
    if max(len(before), len(after)) <= LONGEST:
        return before, after
    same = next((n for n, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1]), None)
    start = max(0, (min(len(before), len(after)) if same is None else same) - CONTEXT)
    return _shorten(before, start), _shorten(after, start)
