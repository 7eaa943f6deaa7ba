"""Formats the outcome of an import as text and as JSON."""

from pathlib import Path
from typing import Any

from catalog.importing.dry_run import ChangeExample
from catalog.importing.summary import ImportSummary
from catalog.plain_text import escape_controls


def build_summary(feed: Path, summary: ImportSummary, rehearsed: list[ChangeExample] | None) -> dict[str, Any]:
    """Returns the summary as a JSON object; `rehearsed` is what a dry run would change, None after a real import."""
    body = {"feed": str(feed), "dry_run": rehearsed is not None, **summary.to_dict()}
    if rehearsed is not None:
        body["examples"] = [{"id": e.id, "kind": e.kind, "fields": e.fields} for e in rehearsed]
    return body


def format_summary(feed: Path, summary: ImportSummary, rehearsed: list[ChangeExample] | None) -> str:
    """Returns the summary as lines of text; `rehearsed` is what a dry run would change, None after a real import."""
    s = summary
    lines = [
        f"{escape_controls(feed.name)}: {s.rows:,} rows in {s.seconds:.1f} s ({s.rows_per_second:,.0f} rows/s)"
        + ("; a dry run, nothing was written" if rehearsed is not None else ""),
        f"  created {s.created:,}  updated {s.updated:,}  unchanged {s.unchanged:,}  deleted {s.deleted:,}"
        f"  failed {s.failed:,}",
    ]
    if s.kept_newer_offer or s.kept_newer_product:
        kept = f"{s.kept_newer_offer:,} offers and {s.kept_newer_product:,} products"
        lines.append(f"  newer than the feed and kept: {kept}")
    if s.photos_changed:
        lost = f"{s.embeddings_cleared:,} embeddings cleared; `etl run` embeds the new photos"
        lines.append(f"  {s.photos_changed:,} photos changed, {lost}")
    lines += [escape_controls(f"  line {p.line}: {p.id or '?'}: {p.reason}") for p in s.first_problems]
    if s.failed > len(s.first_problems):
        counts = ", ".join(f"{code} {number:,}" for code, number in s.failed_by.items())
        lines.append(f"  … {s.failed:,} problems in all ({counts}); --report FILE.csv writes them")
    lines += [escape_controls(f"  note: {note}") for note in s.notes]
    if s.cut:
        lines.append(f"  the feed may not be whole: {s.cut}")
    return "\n".join(lines + _format_examples(rehearsed or []))


def _format_examples(examples: list[ChangeExample]) -> list[str]:
    lines = []
    for example in examples:
        lines.append(escape_controls(f"  would be {example.kind}: {example.id}"))
        if example.kind == "updated":
            lines += [f"    {name}: {_shorten(a)} -> {_shorten(b)}" for name, (a, b) in example.fields.items()]
    return lines


def _shorten(value: Any) -> str:
    written = repr(value)
    return written if len(written) <= 100 else written[:97] + "..."
