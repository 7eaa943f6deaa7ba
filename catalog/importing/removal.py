"""Removes what a full feed lacks, after it was written; whether it may is checked before anything is."""

from collections.abc import Iterator
from dataclasses import dataclass

from catalog.domain.offers import list_skus
from catalog.domain.records import StoredProduct
from catalog.errors import RefusedChange
from catalog.importing.changes import TRIES, build_removal
from catalog.importing.importer import Importer, split_into_chunks


@dataclass(frozen=True, slots=True)
class RemovalLimits:
    """Limits a removal to a share of the catalogue (0 to 1), and says whether a doubtful feed may remove at all."""

    max_share: float
    allows_doubtful: bool


CAREFUL = RemovalLimits(max_share=0.10, allows_doubtful=False)
FORCED = RemovalLimits(max_share=1.0, allows_doubtful=True)


def check_removal(done: Importer, limits: RemovalLimits, products_before: int) -> None:
    """Raises RefusedChange when `remove_missing` would go beyond `limits`, or when the feed cannot be believed.

    `done` has read all of the feed; the catalogue has `products_before` products.
    """
    gone = sum(len(chunk) for chunk in _iterate_missing(done))
    if gone:
        _check(done, limits, gone, products_before)


def remove_missing(done: Importer) -> None:
    """Deletes the products that the feed of the finished import `done` lacks.

    Products whose price or stock changed after the feed was made stay, and those that a newer feed had.
    """
    done.summary.kept_newer_product = 0
    for chunk in _iterate_missing(done):
        _delete(done, chunk)
    if done.summary.deleted:
        done.port.refresh()


def _check(done: Importer, limits: RemovalLimits, gone: int, products_before: int) -> None:
    summary = done.summary
    would = f"{gone:,} of {products_before:,} products would be deleted"
    if summary.cut and summary.cut_for_certain:
        raise RefusedChange(f"nothing was written: the feed is cut off ({summary.cut}); {would}. Fetch all of it")
    if not len(done.seen):
        raise RefusedChange(
            f"nothing was written: the feed has no good row; {would}. To empty a shop: `catalog delete`"
        )
    if summary.cut and not limits.allows_doubtful:
        raise RefusedChange(
            f"nothing was written: {summary.cut}; {would}. End the file with a line end, or repeat with --force"
        )
    if done.unknown_rows and not limits.allows_doubtful:
        raise RefusedChange(
            f"nothing was written: {done.unknown_rows:,} broken rows do not tell which product they are; {would}. "
            "Repair them, or repeat with --force"
        )
    if gone > limits.max_share * products_before:
        raise RefusedChange(
            f"nothing was written: {would}, more than {limits.max_share:.0%}; if that is right, repeat with --force"
        )


def _iterate_missing(done: Importer) -> Iterator[list[StoredProduct]]:
    """Yields products that no row of the feed, good or broken, is about, and that are no newer than the feed."""
    strangers = (i for i in done.port.read_ids() if i not in done.seen and i not in done.unread)
    for ids in split_into_chunks(strangers):
        stored = done.port.read_many(ids).values()
        gone = [each for each in stored if not any(sku in done.unread for sku in list_skus(each.source))]
        older = [product for product in gone if not done.knows_newer(product)]
        done.summary.kept_newer_product += len(gone) - len(older)
        yield older


def _delete(done: Importer, products: list[StoredProduct]) -> None:
    for _ in range(TRIES):
        results = done.port.write([build_removal(product) for product in products]) if products else []
        done.summary.deleted += sum(result.status == "deleted" for result in results)
        again = [result.change.id for result in results if result.status == "conflict"]
        current = done.port.read_many(again).values() if again else ()
        products = [product for product in current if not done.knows_newer(product)]
        if not products:
            return
