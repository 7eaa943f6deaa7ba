"""`python -m catalog import`: a feed into the index."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from catalog import feeds
from catalog.cli_shared import Json, counting, errors_told, open_catalogue, show
from catalog.errors import InvalidInput, RefusedChange
from catalog.importer import Importer
from catalog.importer_removal import CAREFUL, FORCED, remove_missing
from catalog.importer_report import report_to
from catalog.importer_summary import ImportSummary
from catalog.ports import ProductPort
from catalog.rehearsal import Example, Rehearsal

Feed = Annotated[Path, typer.Argument(help="CSV, TSV, JSON Lines, Parquet or Google Merchant XML, also .gz.")]
Format = Annotated[str | None, typer.Option("--format", help=f"{'|'.join(feeds.FORMATS)}; default: by the suffix.")]
AsOf = Annotated[str | None, typer.Option(help="When the feed was made (ISO 8601); default: the file's time.")]
Full = Annotated[bool, typer.Option("--full", help="The feed is the whole catalogue: remove what it lacks.")]
Force = Annotated[bool, typer.Option("--force", help="With --full: also more than 10 % of the catalogue.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the difference, write nothing.")]
Merge = Annotated[bool, typer.Option("--merge-sizes", help="Adjacent rows of one group and colour are its sizes.")]
FailAbove = Annotated[float, typer.Option(min=0, max=1, help="Exit with 1 above this share of failed rows.")]
Report = Annotated[Path | None, typer.Option(help="Write all row problems to this .csv or .jsonl file.")]


def import_feed(
    feed: Feed,
    format_name: Format = None,
    as_of: AsOf = None,
    full: Full = False,
    force: Force = False,
    dry_run: DryRun = False,
    merge_sizes: Merge = False,
    fail_above: FailAbove = 0.05,
    report: Report = None,
    as_json: Json = False,
) -> None:
    """Bring a feed into the catalogue: writes what changed, reports and skips bad rows."""
    with errors_told(as_json):
        if force and not full:
            raise InvalidInput("--force says how much --full may remove: use both or none")
        now = datetime.now(UTC)
        made = _moment(as_of) if as_of else _file_time(feed)
        catalogue = open_catalogue()
        port: ProductPort = Rehearsal(catalogue) if dry_run else catalogue
        group = feeds.merge_sizes if merge_sizes else feeds.as_they_are
        items = feeds.read_products(feed, format_name, now=now, group=group)
        port.create()
        before = port.count()
        with report_to(report) as on_problem, counting(f"import {feed.name}") as count:
            run = Importer(
                port, as_of=made, now=now, on_problem=on_problem, on_progress=lambda s: count("rows", s.rows)
            )
            summary = run.run(items)
        if full:
            _remove(run, FORCED if force else CAREFUL, before)
        examples = port.examples if isinstance(port, Rehearsal) else []
        show(as_json, _json(feed, summary, examples, dry_run), _text(feed, summary, examples, dry_run))
        if summary.refused:
            typer.echo(f"catalog: {summary.refused}", err=True)
            raise typer.Exit(2)
        raise typer.Exit(int(summary.cut_for_certain or summary.failed_share > fail_above))


def _moment(written: str) -> datetime:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError as error:
        raise InvalidInput(f"--as-of: '{written}' is not an ISO 8601 date such as 2026-02-24T13:00:00Z") from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _file_time(feed: Path) -> datetime:
    try:
        return datetime.fromtimestamp(feed.stat().st_mtime, UTC)
    except OSError as error:
        raise InvalidInput(f"cannot read the feed {feed}: {error.strerror or error}") from error


def _remove(run: Importer, caution: Any, before: int) -> None:
    try:
        remove_missing(run, caution, before)
    except RefusedChange as refusal:
        run.summary.refused = refusal.message


def _json(feed: Path, summary: ImportSummary, examples: list[Example], dry_run: bool) -> dict[str, Any]:
    body = {"feed": str(feed), "dry_run": dry_run, **summary.as_json()}
    if dry_run:
        body["examples"] = [{"id": e.id, "kind": e.kind, "fields": e.fields} for e in examples]
    return body


def _text(feed: Path, summary: ImportSummary, examples: list[Example], dry_run: bool) -> str:
    s = summary
    lines = [
        f"{feed.name}: {s.rows:,} rows in {s.seconds:.1f} s ({s.rows_per_second:,.0f} rows/s)"
        + ("; a dry run, nothing was written" if dry_run else ""),
        f"  created {s.created:,}  updated {s.updated:,}  unchanged {s.unchanged:,}  deleted {s.deleted:,}"
        f"  failed {s.failed:,}",
    ]
    if s.kept_newer_offer or s.kept_newer_product:
        lines.append(
            f"  newer than the feed: {s.kept_newer_offer:,} offers and {s.kept_newer_product:,} products stay"
        )
    if s.photos_changed:
        lines.append(f"  {s.photos_changed:,} photos changed, their embeddings are gone")
    lines += [f"  line {p.line}: {p.id or '?'}: {p.reason}" for p in s.first_problems]
    if s.failed > len(s.first_problems):
        counts = ", ".join(f"{code} {number:,}" for code, number in s.failed_by.most_common())
        lines.append(f"  … {s.failed:,} problems in all ({counts}); --report FILE.csv writes them")
    if s.cut:
        lines.append(f"  the feed may not be whole: {s.cut}")
    for example in examples:
        lines.append(f"  would be {example.kind}: {example.id}")
        if example.kind == "updated":
            lines += [f"    {name}: {_short(a)} -> {_short(b)}" for name, (a, b) in example.fields.items()]
    return "\n".join(lines)


def _short(value: Any) -> str:
    written = repr(value)
    return written if len(written) <= 100 else written[:97] + "..."
