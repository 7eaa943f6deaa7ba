"""Runs an import so that a feed which would do great harm is refused before anything is written."""

from contextlib import suppress
from dataclasses import dataclass

from catalog.errors import RefusedChange
from catalog.feeds.events import FeedProducts
from catalog.importing.importer import Importer
from catalog.importing.removal import CAREFUL, FORCED, check_removal, remove_missing


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """Says whether the feed is the `full` catalogue, whether to `force` a doubtful one, whether to write at all."""

    full: bool = False
    force: bool = False
    dry_run: bool = False


def import_products(run: Importer, items: FeedProducts, options: ImportOptions) -> None:
    """Brings `items` in, and removes what a full feed lacks; `summary.refused` says why nothing was written.

    A dry run (into a DryRunPort) goes on to show what a refused feed would do. An empty catalogue has nothing to
    lose, so that its first feed is written as it comes.
    """
    before = run.port.count()
    if not before:
        run.run(items)
        return

    def check() -> None:
        try:
            _check(run, options, before)
        except RefusedChange as refusal:
            run.summary.refused = refusal.message
            if not options.dry_run:
                raise

    with suppress(RefusedChange):
        run.run_checked(items, check)
        if options.full:
            remove_missing(run)


def _check(run: Importer, options: ImportOptions, products_before: int) -> None:
    if not options.force:
        run.photos.check()
    if options.full:
        check_removal(run, FORCED if options.force else CAREFUL, products_before)
