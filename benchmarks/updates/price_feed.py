"""Feed that changes prices, imported in a process of its own, as a shop would run it."""

import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context

from benchmarks.api_client import ApiFailed
from benchmarks.sizes import Size
from catalog.domain.product import PRODUCT_FIELDS, parse
from catalog.elastic import connect
from catalog.feeds.events import FeedProduct
from catalog.importing.importer import Importer
from catalog.settings import CatalogSettings


@dataclass(frozen=True, slots=True)
class PriceFeed:
    """`rows` products evenly spread over the catalogue; number `round` gives each a price it did not have before.

    Round 0 is the feed as it was drawn: nothing new.
    """

    size: Size
    seed: int
    rows: int
    round: int

    def read_items(self) -> Iterator[FeedProduct]:
        """Yields whole products, as a feed has them."""
        step = max(1, self.size.products // self.rows)
        for number, one in enumerate(self.size.draw_silent(self.seed)):
            if number % step == 0 and number // step < self.rows:
                known = {name: one.document[name] for name in PRODUCT_FIELDS if name in one.document}
                known["price"] = round(known["price"] + self.round, 2)
                yield FeedProduct(number + 1, parse(known))


@dataclass(frozen=True, slots=True)
class ImportTimes:
    """Counts of an import; `started` and `ended` are seconds of the clock that all processes share (perf_counter)."""

    updated: int
    unchanged: int
    created: int
    started: float
    ended: float

    @property
    def seconds(self) -> float:
        return self.ended - self.started


def import_feed(settings: CatalogSettings, feed: PriceFeed) -> ImportTimes:
    """Imports the feed; reading and checking its rows is not in the time, the last refresh is."""
    items = list(feed.read_items())
    catalogue = connect(settings)
    now = datetime.now(UTC)
    try:
        started = time.perf_counter()
        summary = Importer(catalogue.products, as_of=now, now=now).run(iter(items))
        ended = time.perf_counter()
    finally:
        catalogue.client.close()
    if summary.updated + summary.unchanged + summary.created != len(items):
        raise ApiFailed(f"not every row of the feed was imported: {summary}")
    return ImportTimes(summary.updated, summary.unchanged, summary.created, started, ended)


@contextmanager
def start_importer() -> Iterator[ProcessPoolExecutor]:
    """Yields one process beside this one."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        yield pool
