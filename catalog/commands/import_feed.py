"""Command `import`: writes a feed into the catalogue."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from catalog import feeds
from catalog.commands.import_report import build_summary, format_summary
from catalog.commands.shared import Json, exit_on_error, open_catalogue, print_result, show_counts
from catalog.elastic import Catalogue
from catalog.errors import InvalidInput
from catalog.importing.dry_run import DryRunPort
from catalog.importing.guarded_import import ImportOptions, import_products
from catalog.importing.importer import Importer
from catalog.importing.offer_marks import OfferMarks, leave_mark
from catalog.importing.problem_report import open_report
from catalog.importing.summary import ImportSummary
from catalog.plain_text import escape_controls
from catalog.ports import ProductPort
from catalog.retrying import RetryingProducts, retry_while_unavailable

Feed = Annotated[
    Path,
    typer.Argument(
        help="CSV, TSV, JSON Lines, Parquet, Google Merchant XML, Shopify JSON, WooCommerce CSV, also .gz."
    ),
]
Format = Annotated[
    str | None, typer.Option("--format", help=f"{'|'.join(feeds.FORMATS)}; default: by suffix and content.")
]
ShopUrl = Annotated[str, typer.Option(help="Address of the shop, for links that are relative: https://shop.example")]
Currency = Annotated[str, typer.Option(help="Currency of prices that name none, such as EUR.")]
AsOf = Annotated[str | None, typer.Option(help="When the feed was made (ISO 8601); default: the file's time.")]
Full = Annotated[bool, typer.Option("--full", help="The feed is the whole catalogue: remove what it lacks.")]
Force = Annotated[
    bool, typer.Option("--force", help="Also where over 10 % of the embeddings, or with --full of the products, go.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the difference, write nothing.")]
KeepRows = Annotated[bool, typer.Option("--keep-rows", help="Each row is a product, also one size of several.")]
Merge = Annotated[bool, typer.Option("--merge-sizes", hidden=True)]
FailAbove = Annotated[float, typer.Option(min=0, max=1, help="Exit with 1 above this share of failed rows.")]
Report = Annotated[Path | None, typer.Option(help="Write all row problems to this .csv or .jsonl file.")]


def import_feed(
    feed: Feed,
    format_name: Format = None,
    shop_url: ShopUrl = "",
    currency: Currency = "",
    as_of: AsOf = None,
    full: Full = False,
    force: Force = False,
    dry_run: DryRun = False,
    keep_rows: KeepRows = False,
    merge_sizes: Merge = False,
    fail_above: FailAbove = 0.05,
    report: Report = None,
    as_json: Json = False,
) -> None:
    """Bring a feed into the catalogue: writes what changed, reports and skips bad rows."""
    with exit_on_error(as_json):
        now = datetime.now(UTC)
        made = _parse_time(as_of) if as_of else _read_file_time(feed)
        if merge_sizes:
            typer.echo("catalog: sizes are merged by default now, --merge-sizes says nothing more", err=True)
        notes = feeds.FeedNotes()
        origin = _check_origin(shop_url, currency)
        items = feeds.read_products(feed, format_name, now=now, notes=notes, **origin)
        catalogue = open_catalogue()
        patient = RetryingProducts(catalogue.products, catalogue.settings.elasticsearch_patience)
        port: ProductPort = DryRunPort(patient) if dry_run else patient
        if not dry_run:
            catalogue.layout.create()
        with open_report(report) as on_problem, show_counts(escape_controls(f"import {feed.name}")) as on_progress:
            run = Importer(
                port,
                as_of=made,
                now=now,
                newer_feeds=_read_newer_feeds(catalogue, made),
                group=feeds.keep_rows if keep_rows else feeds.group_rows,
                on_problem=on_problem,
                on_progress=on_progress,
            )
            import_products(run, items, ImportOptions(full, force, dry_run))
        run.summary.notes = list(notes)
        if not dry_run and not run.summary.refused:
            _leave_mark(catalogue, run)
        _print_summary(feed, run.summary, port, as_json)
        raise typer.Exit(_choose_exit_status(run.summary, fail_above))


def _check_origin(shop_url: str, currency: str) -> dict[str, str]:
    if shop_url and not shop_url.startswith(("https://", "http://")):
        raise InvalidInput(f"--shop-url: '{shop_url}' is no address such as https://shop.example")
    if currency and not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
        raise InvalidInput(f"--currency: '{currency}' is not three letters such as EUR")
    return {"shop_url": shop_url, "currency": currency.upper()}


def _read_newer_feeds(catalogue: Catalogue, made: datetime) -> OfferMarks:
    patience = catalogue.settings.elasticsearch_patience
    return retry_while_unavailable(lambda: OfferMarks(catalogue.offer_marks.read(made)), patience)


def _leave_mark(catalogue: Catalogue, run: Importer) -> None:
    patience = catalogue.settings.elasticsearch_patience
    retry_while_unavailable(lambda: leave_mark(catalogue.offer_marks, run.as_of, run.seen, run.unread), patience)


def _print_summary(feed: Path, summary: ImportSummary, port: ProductPort, as_json: bool) -> None:
    rehearsal = port if isinstance(port, DryRunPort) else None
    print_result(as_json, build_summary(feed, summary, rehearsal), format_summary(feed, summary, rehearsal))
    if summary.refused:
        typer.echo(escape_controls(f"catalog: {summary.refused}"), err=True)


def _choose_exit_status(summary: ImportSummary, fail_above: float) -> int:
    if summary.refused:
        return 2
    return int(summary.cut_for_certain or summary.failed_share > fail_above)


def _parse_time(written: str) -> datetime:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError as error:
        raise InvalidInput(f"--as-of: '{written}' is not an ISO 8601 date such as 2026-02-24T13:00:00Z") from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _read_file_time(feed: Path) -> datetime:
    try:
        return datetime.fromtimestamp(feed.stat().st_mtime, UTC)
    except OSError as error:
        raise InvalidInput(f"cannot read the feed {feed}: {error.strerror or error}") from error
