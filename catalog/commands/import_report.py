"""Formats the outcome of an import as text and as JSON."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from catalog.commands.difference_text import format_difference
from catalog.importing.dry_run import DryRunPort
from catalog.importing.summary import ImportSummary
from catalog.plain_text import escape_controls


def build_summary(feed: Path, summary: ImportSummary, rehearsal: DryRunPort | None) -> dict[str, Any]:
    """Returns the summary as a JSON object; `rehearsal` has what a dry run would change, None after a real import."""
    body = {"feed": str(feed), "dry_run": rehearsal is not None, **summary.to_dict()}
    if rehearsal is not None:
        body["field_counts"] = dict(rehearsal.field_counts.most_common())
        body["examples"] = [asdict(example) for example in rehearsal.examples]
    return body


def format_summary(feed: Path, summary: ImportSummary, rehearsal: DryRunPort | None) -> str:
    """Returns the summary as lines of text; `rehearsal` has what a dry run would change, None after a real import."""
    s = summary
    lines = [
        f"{escape_controls(feed.name)}: {s.rows:,} rows in {s.seconds:.1f} s ({s.rows_per_second:,.0f} rows/s)"
        + ("; a dry run, nothing was written" if rehearsal is not None else ""),
        f"  created {s.created:,}  updated {s.updated:,}  unchanged {s.unchanged:,}  deleted {s.deleted:,}"
        f"  failed {s.failed:,}",
    ]
    if s.merged:
        lines.append(f"  rows that are further sizes of a product: {s.merged:,} (--keep-rows makes each a product)")
    if s.replaced:
        lines.append(f"  products of single sizes that went into these, with their embeddings: {s.replaced:,}")
    if s.kept_newer_offer or s.kept_newer_product:
        kept = f"{s.kept_newer_offer:,} offers and {s.kept_newer_product:,} products"
        lines.append(f"  newer than the feed and kept: {kept}")
    if s.photos_changed and rehearsal is not None:
        lines.append(
            f"  other photos {s.photos_changed:,}; embeddings that would be cleared {s.embeddings_cleared:,}"
        )
    elif s.photos_changed:
        lost = f"embeddings cleared {s.embeddings_cleared:,}; `etl run` embeds the new photos"
        lines.append(f"  other photos {s.photos_changed:,}; {lost}")
    lines += [escape_controls(f"  line {p.line}: {p.id or '?'}: {p.reason}") for p in s.first_problems]
    if s.failed > len(s.first_problems):
        counts = ", ".join(f"{code} {number:,}" for code, number in s.failed_by.items())
        lines.append(f"  … {s.failed:,} problems in all ({counts}); --report FILE.csv writes them")
    lines += [escape_controls(f"  note: {note}") for note in s.notes]
    if s.cut:
        lines.append(f"  the feed may not be whole: {s.cut}")
    return "\n".join(lines if rehearsal is None else lines + _format_rehearsal(rehearsal, s))


def _format_rehearsal(rehearsal: DryRunPort, summary: ImportSummary) -> list[str]:
    """Returns how many products differ in what, and examples."""
    lines = []
    if rehearsal.field_counts:
        counts = ", ".join(f"{name} {number:,}" for name, number in rehearsal.field_counts.most_common())
        lines.append(escape_controls(f"  products by what would change: {counts}"))
    totals = {"updated": summary.updated, "created": summary.created, "deleted": summary.deleted}
    for kind, total in totals.items():
        examples = [example for example in rehearsal.examples if example.kind == kind]
        if examples:
            first = f", the first {len(examples)} of {total:,}" if total > len(examples) else ""
            lines.append(f"  would be {kind}{first}:")
            lines += [line for example in examples for line in format_difference(example)]
    return lines
