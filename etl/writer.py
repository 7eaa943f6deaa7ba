"""Writes results in parts: Parquet first, then the index, then the history."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from catalog.errors import Unavailable
from catalog.ports import EmbeddingPort
from catalog.records import Outcome, WriteResult, Written
from catalog.space import Space
from etl import history, policy, recheck
from etl.clock import StageClock
from etl.items import Result
from etl.settings import Settings
from etl.store import VectorStore
from etl.summary import ModelSummary

log = logging.getLogger(__name__)
T = TypeVar("T")
PAUSE = 1.0


class Writer:
    """One thread. A part is full after `etl_part_rows` products, or old after `etl_part_seconds`."""

    def __init__(
        self,
        index: EmbeddingPort,
        store: VectorStore,
        settings: Settings,
        run_id: str,
        summaries: Mapping[str, ModelSummary],
        clock: StageClock,
    ) -> None:
        self._index, self._store, self._settings, self._run_id = index, store, settings, run_id
        self._summaries, self._clock = summaries, clock
        self._waiting: dict[str, list[Outcome]] = {name: [] for name in summaries}
        self._etags: dict[str, list[Outcome]] = {name: [] for name in summaries}
        self._since: dict[str, float] = {}
        self._numbers = dict.fromkeys(summaries, 0)

    def __call__(self, results: Iterator[Result]) -> None:
        """Write everything that comes; raises StoreFailed, and Unavailable when Elasticsearch stays away."""
        try:
            for result in results:
                self._note_recheck(result)
                self._waiting[result.space] += policy.outcomes(result, datetime.now(UTC), self._settings)
                self._since.setdefault(result.space, time.monotonic())
                self._write_what_is_due()
        finally:  # when another stage broke, too: what was embedded is not embedded again
            for space in self._waiting:
                self._flush(space)

    def _note_recheck(self, result: Result) -> None:
        """Count what became of products that have a vector already, and keep new ETags for the next flush."""
        self._summaries[result.space].add_recheck(result)
        self._etags[result.space] += recheck.new_etags(result)
        asked_again = [pending.product_id for pending in result.products if pending.image_sha256 is not None]
        if asked_again and result.failure and result.failure.permanent:
            told = ", ".join(asked_again)
            log.warning("%s: %s; kept is the vector of %s", result.image_url, result.failure.message, told)

    def _write_what_is_due(self) -> None:
        old = time.monotonic() - self._settings.etl_part_seconds
        for space, waiting in self._waiting.items():
            if (
                len(waiting) + len(self._etags[space]) >= self._settings.etl_part_rows
                or self._since.get(space, old + 1) <= old
            ):
                self._flush(space)

    def _flush(self, name: str) -> None:
        outcomes, self._waiting[name] = self._waiting[name], []
        self._since.pop(name, None)
        space, now = self._summaries[name].space, datetime.now(UTC)
        etags, self._etags[name] = self._etags[name], []
        if etags:
            patiently(lambda: self._index.write_etags(space, etags), self._settings.etl_patience)
        if not outcomes:
            return
        vectors = [outcome for outcome in outcomes if outcome.status == "done"]
        if vectors:
            with self._clock.measure("store", len(vectors)):
                self._store.write(space, self._run_id, self._numbers[name], vectors, now)
            self._numbers[name] += 1
        with self._clock.measure("index", len(outcomes)):
            written = write(self._index, space, outcomes, self._run_id, now, self._settings.etl_patience)
        for result in written:
            self._summaries[name].add(result)


def write(
    index: EmbeddingPort, space: Space, outcomes: Sequence[Outcome], run_id: str, now: datetime, patience: float
) -> list[WriteResult]:
    """Index and history of `outcomes`; waits `patience` seconds for an Elasticsearch that is away."""
    written = patiently(lambda: index.write_outcomes(space, outcomes), patience)
    for result in written:
        if result.result == Written.REFUSED:
            log.warning("product %s: %s", result.outcome.product_id, result.message)
    entries = history.entries(space, written, run_id, now)
    if entries:
        patiently(lambda: index.append_history(entries), patience)
    return written


def patiently(work: Callable[[], T], patience: float) -> T:
    """`work` again every second while it raises Unavailable, for `patience` seconds in all."""
    end = time.monotonic() + patience
    while True:
        try:
            return work()
        except Unavailable as error:
            if time.monotonic() + PAUSE > end:
                raise
            log.warning("waiting for Elasticsearch: %s", error.message)
            time.sleep(PAUSE)
