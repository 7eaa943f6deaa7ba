"""Waits for an Elasticsearch that is away or takes no writes: one patience for imports and embedding runs."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import dropwhile
from typing import TypeVar

from catalog.domain.records import Change, ChangeResult, StoredProduct
from catalog.errors import NoCatalogue, Unavailable
from catalog.ports import ProductPort

log = logging.getLogger(__name__)
T = TypeVar("T")
PAUSE = 1.0  # seconds between two tries
TELL_EVERY = 10  # tries


def patiently(work: Callable[[], T], patience: float) -> T:
    """Returns what `work` does; repeats it every second while it raises Unavailable, for `patience` seconds.

    Raises NoCatalogue at once: a catalogue that was never made does not come by waiting.
    """
    end, tries = time.monotonic() + patience, 0
    while True:
        try:
            return work()
        except NoCatalogue:
            raise
        except Unavailable as error:
            if (left := end - time.monotonic()) < PAUSE:
                raise
            if tries % TELL_EVERY == 0:
                log.warning("waiting for Elasticsearch, %.0f s at most: %s", left, error.message)
            tries += 1
            time.sleep(PAUSE)


class PatientProducts:
    """A ProductPort over another whose work waits for Elasticsearch; `create` does not: what cannot start says so.

    A write that was carried out though its answer got lost is a conflict when it is sent again, and is decided anew.
    """

    def __init__(self, port: ProductPort, patience: float) -> None:
        self._port, self._patience = port, patience

    def create(self) -> str:
        return self._port.create()

    def get_many(self, ids: Sequence[str]) -> dict[str, StoredProduct]:
        return patiently(lambda: self._port.get_many(ids), self._patience)

    def write(self, changes: Sequence[Change]) -> list[ChangeResult]:
        return patiently(lambda: self._port.write(changes), self._patience)

    def ids(self) -> Iterator[str]:
        """Every product id in ascending order; after a failure it is read again and goes on behind the last one."""
        rest, last = self._port.ids(), ""

        def following() -> str | None:
            nonlocal rest
            try:
                return next(rest, None)
            except Unavailable:
                told = last
                rest = dropwhile(lambda product_id: product_id <= told, self._port.ids())
                raise

        while (found := patiently(following, self._patience)) is not None:
            last = found
            yield found

    def count(self) -> int:
        return patiently(self._port.count, self._patience)

    def refresh(self) -> None:
        patiently(self._port.refresh, self._patience)
