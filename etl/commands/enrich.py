"""Holds the command that completes products by what their photos show: enrich."""

import logging
from typing import Annotated

import typer

from catalog.cli_support import show_progress
from etl import wiring
from etl.commands.shared import Json, exit_on_error, print_result
from etl.enrichment.color_job import ColorContext
from etl.enrichment.color_job import enrich as enrich_once
from etl.enrichment.color_summary import format_colors
from etl.settings import EtlSettings
from etl.stop_signal import catch_stop_signals
from models.photos import PhotoSettings

Limit = Annotated[int | None, typer.Option(min=1, help="At most so many products.")]
Again = Annotated[bool, typer.Option("--again", help="Also photos that failed before, and those that wait.")]
FailAbove = Annotated[float, typer.Option(min=0, max=1, help="Status 1 when a larger share of the products failed.")]

log = logging.getLogger("etl")


def enrich(limit: Limit = None, again: Again = False, fail_above: FailAbove = 0.05, as_json: Json = False) -> None:
    """Read the colour family from the photo, for products whose shop gives neither a family nor a known colour.

    What the shop says always wins, also later. Run it after an import; it asks only for photos it has not seen.
    """
    with exit_on_error(as_json), catch_stop_signals() as stop:
        index = wiring.connect_catalogue()
        context = ColorContext(index.photo_colors, EtlSettings.load(), PhotoSettings.load())
        if again:
            index.photo_colors.make_due()
        with show_progress(log) as progress:
            summary = enrich_once(context, limit, stop, progress)
        index.products.refresh()
        print_result(as_json, summary.to_dict(), format_colors(summary))
        if summary.failed_share > fail_above:
            raise typer.Exit(1)
