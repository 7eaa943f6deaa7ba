"""Command `failures`: names the photos that have no embedding, and why."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from catalog.domain.records import FailedPhoto
from catalog.limits import MAX_LISTED_FAILURES
from catalog.plain_text import escape_cell
from etl import wiring
from etl.commands.shared import Json, OneModel, exit_on_error, find_spaces, print_result
from etl.report import format_moment

COLUMNS = ("space", "product_id", "image_url", "status", "reason", "attempts", "next_try_at")
Reasons = Annotated[list[str] | None, typer.Option("--reason", help="Only this reason; may be given several times.")]
Limit = Annotated[int, typer.Option(min=1, max=MAX_LISTED_FAILURES, help="At most so many photos.")]
Csv = Annotated[bool, typer.Option("--csv", help="Print a CSV table on standard output.")]


def failures(
    model: OneModel = None,
    reason: Reasons = None,
    limit: Limit = 50,
    as_csv: Csv = False,
    as_json: Json = False,
) -> None:
    """Name the photos that failed or wait for another try: product, reason, attempts, next try, address."""
    with exit_on_error(as_json):
        index = wiring.connect_catalogue()
        found = index.status.read_failures(find_spaces(index, model), limit + 1, reason or ())
        shown = found[:limit]
        if as_csv and not as_json:
            typer.echo(_to_csv(shown), nl=False)
            return
        body = {"failures": [asdict(one) for one in shown], "more": len(found) > limit}
        print_result(as_json, body, _format(shown, len(found) > limit))


def _to_csv(found: Sequence[FailedPhoto]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for one in found:
        row = asdict(one) | {"next_try_at": one.next_try_at.isoformat() if one.next_try_at else ""}
        writer.writerow({name: escape_cell(value) for name, value in row.items()})
    return text.getvalue()


def _format(found: Sequence[FailedPhoto], has_more: bool) -> str:
    """Returns aligned columns; the address comes last and whole, so that it can be copied."""
    if not found:
        return "no photo has failed or waits for another try"
    rows = [("product", "reason", "attempts", "next try", "photo")]
    rows += [
        (one.product_id, one.reason, str(one.attempts), format_moment(one.next_try_at) or "none", one.image_url)
        for one in found
    ]
    widths = [max(len(row[place]) for row in rows) for place in range(4)]
    lines, space = [], ""
    for one, row in zip((None, *found), rows, strict=True):
        if one is not None and one.space != space:
            space = one.space
            lines.append(f"{space}:")
        cells = [cell.ljust(width) for cell, width in zip(row[:4], widths, strict=True)]
        lines.append("  " + "  ".join([*cells, row[4]]))
    if has_more:
        lines.append(f"… and more: --limit N shows up to {MAX_LISTED_FAILURES:,}, --csv writes a table")
    return "\n".join(lines)
