"""Groups adjacent rows of one style and colour into one product: classic Google feeds have a row per size."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from catalog.feeds.events import MappedRow, MappedRows, RowProblem
from catalog.feeds.values import is_blank, parse_text

_NO_WORD = re.compile(r"[\W_]+")


def merge_sizes(rows: MappedRows) -> MappedRows:
    """Yields one product per run of adjacent rows with the same `item_group_id` and `color`, a variant per row.

    Its id is made of the two (`dress7-dark-red`), so that it stays when a size comes or goes. Rows without a group or
    without a size pass as they are. A group that turns up again further down is a duplicate to the importer.
    """
    style: MappedRow | None = None
    for row in rows:
        if not isinstance(row, MappedRow):
            yield _name_merged_product(row) if isinstance(row, RowProblem) else row
            continue
        sized = _to_sized_row(row)
        if sized is not None and style is not None and sized.fields["id"] == style.fields["id"]:
            style = _merge(style, sized)
            continue
        if style is not None:
            yield style
        style = sized
        if sized is None:
            yield row
    if style is not None:
        yield style


def _build_style_id(fields: Mapping[str, Any]) -> str | None:
    group, color = (str(parse_text(fields.get(name)) or "") for name in ("item_group_id", "color"))
    return "-".join(part for part in (group, _NO_WORD.sub("-", color.lower()).strip("-")) if part) if group else None


def _to_sized_row(row: MappedRow) -> MappedRow | None:
    """Returns the row as a product of one size; None where it is no such row."""
    fields, style_id = row.fields, _build_style_id(row.fields)
    variants = fields.get("variants", [])
    if style_id is None or len(variants) != 1 or variants[0].get("sku") != fields.get("id"):
        return None
    prices = {name: fields[name] for name in ("price", "sale_price") if name in fields}
    return MappedRow(row.line, fields | {"id": style_id, "variants": [prices | variants[0]]})


def _merge(style: MappedRow, other: MappedRow) -> MappedRow:
    fields = style.fields
    mixed = fields.get("currency", ""), other.fields.get("currency", "")
    currency = {} if mixed[0] == mixed[1] else {"currency": "/".join(mixed)}  # which no product takes
    return MappedRow(style.line, fields | currency | {"variants": [*fields["variants"], *other.fields["variants"]]})


def _name_merged_product(problem: RowProblem) -> RowProblem:
    """Returns the problem with the id of the merged product its row belongs to; None if the row is unreadable."""
    if problem.row is None:
        return replace(problem, id=None)
    if is_blank(problem.row.get("size")) or not is_blank(problem.row.get("variants")):
        return problem
    return replace(problem, id=_build_style_id(problem.row) or problem.id)
