"""Writes results in parts: vector store (Parquet) first, then the history, then the index."""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from catalog.domain.embedding_space import Space
from catalog.domain.records import Outcome, WriteResult, Written
from catalog.errors import Unavailable
from catalog.ports import EmbeddingIndex
from catalog.retrying import retry_while_unavailable
from etl import photo_recheck, retry_policy
from etl.settings import EtlSettings
from etl.stages.messages import PhotoResult
from etl.stages.stage_clock import StageClock
from etl.storage import history
from etl.storage.vector_store import VectorStore
from etl.summary import ModelSummary

log = logging.getLogger(__name__)


class PartWriter:
    """Writes in one thread; a part is full after `etl_part_rows` products, or old after `etl_part_seconds`."""

    def __init__(
        self,
        index: EmbeddingIndex,
        store: VectorStore,
        settings: EtlSettings,
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

    def __call__(self, results: Iterator[PhotoResult]) -> None:
        """Writes all `results`; raises StoreFailed, and Unavailable when Elasticsearch stays away."""
        try:
            try:
                for result in results:
                    self._note_recheck(result)
                    self._waiting[result.space] += retry_policy.build_outcomes(
                        result, datetime.now(UTC), self._settings
                    )
                    self._since.setdefault(result.space, time.monotonic())
                    self._write_what_is_due()
            finally:  # when another stage broke, too: what was embedded is not embedded again
                for space in self._waiting:
                    self._flush(space)
        except Unavailable:  # it had its patience: the rest is kept in the store alone, where the next run finds it
            for space in self._waiting:
                self._store_part(space, self._take(space))
            raise

    def _note_recheck(self, result: PhotoResult) -> None:
        """Counts what became of products that have a vector already, and keeps new ETags for the next flush."""
        self._summaries[result.space].count_recheck(result)
        self._summaries[result.space].count_recognized(result)
        self._etags[result.space] += photo_recheck.build_etag_updates(result)
        asked_again = [pending.product_id for pending in result.products if pending.image_sha256 is not None]
        if asked_again and result.failure and result.failure.permanent:
            products = ", ".join(asked_again)
            log.warning("%s: %s; the vector stays for %s", result.image_url, result.failure.message, products)

    def _write_what_is_due(self) -> None:
        old = time.monotonic() - self._settings.etl_part_seconds
        for space, waiting in self._waiting.items():
            if (
                len(waiting) + len(self._etags[space]) >= self._settings.etl_part_rows
                or self._since.get(space, old + 1) <= old
            ):
                self._flush(space)

    def _take(self, name: str) -> list[Outcome]:
        outcomes, self._waiting[name] = self._waiting[name], []
        self._since.pop(name, None)
        return outcomes

    def _store_part(self, name: str, outcomes: Sequence[Outcome]) -> int | None:
        """Stores the vectors of `outcomes`; returns the number of their part, None where there are none."""
        vectors = [outcome for outcome in outcomes if outcome.status == "done"]
        if not vectors:
            return None
        number = self._numbers[name]
        with self._clock.measure("store", len(vectors)):
            self._store.write(self._summaries[name].space, self._run_id, number, vectors, datetime.now(UTC))
        self._numbers[name] += 1
        return number

    def _flush(self, name: str) -> None:
        outcomes, summary = self._take(name), self._summaries[name]
        number, now = self._store_part(name, outcomes), datetime.now(UTC)
        patience = self._settings.elasticsearch_patience
        etags, self._etags[name] = self._etags[name], []
        if etags:
            retry_while_unavailable(lambda: self._index.rechecks.write_etags(summary.space, etags), patience)
        if not outcomes:
            return
        with self._clock.measure("index", len(outcomes)):
            written = write(self._index, summary.space, outcomes, self._run_id, now, patience)
        for result in written:
            summary.count_write(result)
        if number is not None and not any(result.result == Written.REFUSED for result in written):
            summary.settled.append(number)


def write(
    index: EmbeddingIndex, space: Space, outcomes: Sequence[Outcome], run_id: str, now: datetime, patience: float
) -> list[WriteResult]:
    """Writes history and index of `outcomes`; waits `patience` seconds for an Elasticsearch that is away.

    The history comes first and loses again what the index did not take: a run killed in between leaves products that
    are unprocessed, which the next run does again, never an embedding that the history does not know.
    """
    entries = history.build_entries(space, outcomes, run_id, now)
    retry_while_unavailable(lambda: index.history.append(entries), patience)
    written = retry_while_unavailable(lambda: index.embeddings.write_outcomes(space, outcomes), patience)
    for result in written:
        if result.result == Written.REFUSED:
            log.warning("product %s: %s", result.outcome.product_id, result.message)
    if not_taken := history.list_not_taken(written):
        retry_while_unavailable(lambda: index.history.retract(space, not_taken), patience)
    return written
