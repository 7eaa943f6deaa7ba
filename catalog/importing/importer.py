"""Writes a feed's products into the index: only what changed, and never over somebody else's write."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice

from catalog.domain.records import ChangeResult, StoredProduct
from catalog.feeds.events import FeedProduct, FeedProducts, RowProblem, Truncation
from catalog.importing.changes import TRIES, Decision, decide
from catalog.importing.id_set import IdSet
from catalog.importing.summary import ImportSummary
from catalog.ports import ProductPort

CHUNK = 500  # products read and written at a time


class Importer:
    """Runs one import into `port` of a feed that was made at `as_of`.

    `on_problem` gets every row that failed, in feed order except for failed writes, which come after their chunk;
    `on_progress` the summary after every chunk.
    """

    def __init__(
        self,
        port: ProductPort,
        *,
        as_of: datetime,
        now: datetime,
        on_problem: Callable[[RowProblem], None] = lambda _: None,
        on_progress: Callable[[ImportSummary], None] = lambda _: None,
    ) -> None:
        self.port = port
        self.now = now
        self.as_of = min(as_of, now)  # a file from the future would outvote every price change until then
        self.summary = ImportSummary()
        self.seen = IdSet()  # products the feed has
        self.unread = IdSet()  # products of rows that failed: the feed has them all the same
        self.unknown_rows = 0  # failed rows that may speak of any product
        self._on_problem = on_problem
        self._on_progress = on_progress

    def run(self, items: FeedProducts) -> ImportSummary:
        """Writes every good row. Raises InvalidFeed, Unavailable; a rerun goes on where this one stopped."""
        started = time.perf_counter()
        good = self._iterate_good(items)
        while chunk := list(islice(good, CHUNK)):
            self._write_chunk(chunk)
            self.summary.seconds = time.perf_counter() - started
            self._on_progress(self.summary)
        self.port.refresh()
        self.summary.seconds = time.perf_counter() - started
        return self.summary

    def _iterate_good(self, items: FeedProducts) -> Iterator[FeedProduct]:
        for item in items:
            if isinstance(item, Truncation):
                self._note_truncation(item)
                continue
            self.summary.rows += 1
            if isinstance(item, RowProblem):
                self._fail(item)
            elif self.seen.add(item.product.id):
                yield item
            else:
                reason = "the feed has this id further up; the first row counts"
                self._fail(RowProblem(item.line, reason, "duplicate_id", item.product.id))

    def _note_truncation(self, cut: Truncation) -> None:
        self.summary.cut = f"line {cut.line}: {cut.reason}"
        self.summary.cut_for_certain = cut.certain

    def _fail(self, problem: RowProblem) -> None:
        if problem.id is None:
            self.unknown_rows += 1
        else:
            self.unread.add(problem.id)
        self.summary.count_problem(problem)
        self._on_problem(problem)

    def _write_chunk(self, chunk: Sequence[FeedProduct]) -> None:
        waiting = {item.product.id: item for item in chunk}
        for _ in range(TRIES):
            stored = self.port.read_many(list(waiting))
            decisions = {i: decide(item.product, stored.get(i), self.as_of, self.now) for i, item in waiting.items()}
            waiting = {i: waiting[i] for i in self._write(decisions, stored, waiting)}
            if not waiting:
                return
        for product_id, item in waiting.items():
            self._fail(RowProblem(item.line, "others keep changing this product", "write_conflict", product_id))

    def _write(
        self, decisions: dict[str, Decision], stored: dict[str, StoredProduct], items: dict[str, FeedProduct]
    ) -> list[str]:
        """Carries out decisions; returns the ids that met another write and have to be decided again."""
        changes = [decision.change for decision in decisions.values() if decision.change is not None]
        results = self.port.write(changes) if changes else []
        conflicts = [result.change.id for result in results if result.status == "conflict"]
        for result in results:
            self._count(result, items[result.change.id], result.change.id in stored)
        self.summary.unchanged += len(decisions) - len(changes)
        settled = decisions.keys() - set(conflicts)
        self.summary.kept_newer_offer += sum(decisions[product_id].kept_newer_offer for product_id in settled)
        return conflicts

    def _count(self, result: ChangeResult, item: FeedProduct, was_there: bool) -> None:
        if result.status == "failed":
            self._fail(RowProblem(item.line, result.message, "write_failed", item.product.id))
        elif result.status != "conflict":
            self.summary.created += not was_there
            self.summary.updated += was_there
            self.summary.photos_changed += was_there and not result.change.keep_embedding


def split_into_chunks(ids: Iterable[str], size: int = CHUNK) -> Iterator[list[str]]:
    """Yields `ids` in lists of at most `size`."""
    rest = iter(ids)
    while chunk := list(islice(rest, size)):
        yield chunk
