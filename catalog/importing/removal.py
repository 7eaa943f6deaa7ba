"""Removes what a full feed lacks, unless the feed may be the one that is wrong."""

from collections.abc import Iterator
from dataclasses import dataclass

from catalog.domain.records import StoredProduct
from catalog.errors import RefusedChange
from catalog.importing.changes import offer_time, removal
from catalog.importing.importer import TRIES, Importer, chunks


@dataclass(frozen=True, slots=True)
class Caution:
    """What may go at most (a share of the catalogue, 0 to 1), and whether a feed with doubtful parts is believed."""

    max_share: float
    believes_doubtful: bool


CAREFUL = Caution(max_share=0.10, believes_doubtful=False)
FORCED = Caution(max_share=1.0, believes_doubtful=True)


def remove_missing(done: Importer, caution: Caution, products_before: int) -> None:
    """Delete the products that the feed of the finished import `done` lacks; counted first, then deleted.

    Products whose price or stock changed after the feed was made stay. Raises RefusedChange before anything is
    deleted: when more than `caution` allows of the `products_before` would go, or when the feed cannot be believed.
    """
    gone = sum(len(chunk) for chunk in _missing(done))
    done.summary.kept_newer_product = 0
    if not gone:
        return
    _check(done, caution, gone, products_before)
    for chunk in _missing(done):
        _delete(done, chunk)
    done.port.refresh()


def _check(done: Importer, caution: Caution, gone: int, products_before: int) -> None:
    summary = done.summary
    would = f"{gone:,} of {products_before:,} products would be deleted"
    if summary.cut and summary.cut_for_certain:
        raise RefusedChange(f"nothing was deleted: the feed is cut off ({summary.cut}); {would}. Fetch all of it")
    if not len(done.seen):
        raise RefusedChange(
            f"nothing was deleted: the feed has no good row; {would}. To empty a shop: `catalog delete`"
        )
    if summary.cut and not caution.believes_doubtful:
        raise RefusedChange(
            f"nothing was deleted: {summary.cut}; {would}. End the file with a line end, or repeat with --force"
        )
    if done.unknown_rows and not caution.believes_doubtful:
        raise RefusedChange(
            f"nothing was deleted: {done.unknown_rows:,} broken rows do not tell which product they are; {would}. "
            "Repair them, or repeat with --force"
        )
    if gone > caution.max_share * products_before:
        raise RefusedChange(
            f"nothing was deleted: {would}, more than {caution.max_share:.0%}; if that is right, repeat with --force"
        )


def _missing(done: Importer) -> Iterator[list[StoredProduct]]:
    """Products that neither a good nor a broken row of the feed speaks of, and that are no newer than the feed."""
    done.summary.kept_newer_product = 0
    strangers = (i for i in done.port.ids() if i not in done.seen and i not in done.unread)
    for ids in chunks(strangers):
        stored = done.port.get_many(ids).values()
        older = [product for product in stored if offer_time(product.source) <= done.as_of]
        done.summary.kept_newer_product += len(stored) - len(older)
        yield older


def _delete(done: Importer, products: list[StoredProduct]) -> None:
    for _ in range(TRIES):
        results = done.port.write([removal(product) for product in products]) if products else []
        done.summary.deleted += sum(result.status == "deleted" for result in results)
        again = [result.change.id for result in results if result.status == "conflict"]
        current = done.port.get_many(again).values() if again else ()
        products = [product for product in current if offer_time(product.source) <= done.as_of]
        if not products:
            return
