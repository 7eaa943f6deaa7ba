"""Retries while Elasticsearch is away or takes no writes, for imports and embedding runs alike."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import dropwhile
from operator import ge
from typing import TypeVar

from catalog.domain.records import Change, ChangeResult, StoredProduct
from catalog.errors import NoCatalogue, Unavailable
from catalog.ports import ProductPort

log = logging.getLogger(__name__)
T = TypeVar("T")
RETRY_PAUSE = 1.0  # seconds between two tries
LOG_EVERY = 10  # tries


def retry_while_unavailable(work: Callable[[], T], patience: float) -> T:
    """Returns what `work` does; repeats it every second while it raises Unavailable, for `patience` seconds.

    Raises NoCatalogue at once: waiting does not make a catalogue that nobody created.
    """
    end, tries = time.monotonic() + patience, 0
    while True:
        try:
            return work()
        except NoCatalogue:
            raise
        except Unavailable as error:
            if (left := end - time.monotonic()) < RETRY_PAUSE:
                raise
            if tries % LOG_EVERY == 0:
                log.warning("waiting for Elasticsearch, %.0f s at most: %s", left, error.message)
            tries += 1
            time.sleep(RETRY_PAUSE)


class RetryingProducts:
    """Wraps a ProductPort and retries its calls while Elasticsearch is away.

    A write that was carried out though its answer got lost is a conflict when it is sent again, and is decided anew.
    """

    def __init__(self, port: ProductPort, patience: float) -> None:
        self._port, self._patience = port, patience

    def read_many(self, ids: Sequence[str]) -> dict[str, StoredProduct]:
        return retry_while_unavailable(lambda: self._port.read_many(ids), self._patience)

    def find_by_sku(self, skus: Sequence[str]) -> dict[str, str]:
        return retry_while_unavailable(lambda: self._port.find_by_sku(skus), self._patience)

    def write(self, changes: Sequence[Change]) -> list[ChangeResult]:
        return retry_while_unavailable(lambda: self._port.write(changes), self._patience)

    def read_ids(self) -> Iterator[str]:
        """Yields every product id in ascending order; after a failure the reading goes on behind the last one."""
        rest, last = self._port.read_ids(), ""

        def read_next() -> str | None:
            nonlocal rest
            try:
                return next(rest, None)
            except Unavailable:
                rest = dropwhile(partial(ge, last), self._port.read_ids())
                raise

        while (found := retry_while_unavailable(read_next, self._patience)) is not None:
            last = found
            yield found

    def find_embedded(self, ids: Sequence[str]) -> frozenset[str]:
        return retry_while_unavailable(lambda: self._port.find_embedded(ids), self._patience)

    def count_embedded(self) -> int:
        return retry_while_unavailable(self._port.count_embedded, self._patience)

    def count(self) -> int:
        return retry_while_unavailable(self._port.count, self._patience)

    def refresh(self) -> None:
        retry_while_unavailable(self._port.refresh, self._patience)
