"""Writes a feed's products into the index: only what changed, and never over somebody else's write."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice

from catalog.domain.records import ChangeResult, StoredProduct
from catalog.feeds.events import FeedProduct, FeedProducts, RowProblem, Truncation
from catalog.feeds.grouping import keep_rows
from catalog.importing.changes import TRIES, Decision, decide, read_offer_time
from catalog.importing.id_set import IdSet
from catalog.importing.offer_marks import OfferMarks
from catalog.importing.photo_guard import PhotoGuard
from catalog.importing.row_spool import RowSpool
from catalog.importing.succession import decide_merged, list_ids, remove_replaced, settle_ids
from catalog.importing.summary import ImportSummary
from catalog.ports import ProductPort

CHUNK = 500  # products read and written at a time
PROGRESS_ROWS = 10_000
Grouping = Callable[[Iterator[FeedProduct]], Iterator[FeedProduct]]


class Importer:
    """Runs one import into `port` of a feed that was made at `as_of`, before the `newer_feeds`.

    `group` makes products of the good rows. `on_problem` gets every row that failed, in feed order except for failed
    writes, which come after all others; `on_progress` what is counted and how much of it is done, after every chunk.
    """

    def __init__(
        self,
        port: ProductPort,
        *,
        as_of: datetime,
        now: datetime,
        newer_feeds: OfferMarks | None = None,
        group: Grouping = keep_rows,
        on_problem: Callable[[RowProblem], None] = lambda _: None,
        on_progress: Callable[[str, int], None] = lambda _, __: None,
    ) -> None:
        self.port = port
        self.now = now
        self.as_of = min(as_of, now)  # a file from the future would outvote every price change until then
        self.summary = ImportSummary()
        self.seen = IdSet()  # rows the feed has, and the products they are in the catalogue
        self.unread = IdSet()  # products of rows that failed: the feed has them all the same
        self.unknown_rows = 0  # failed rows that may speak of any product
        self.photos = PhotoGuard(port)
        self._newer_feeds = newer_feeds or OfferMarks()
        self._group = group
        self._on_problem = on_problem
        self._on_progress = on_progress
        self._started = time.perf_counter()

    def run(self, items: FeedProducts) -> ImportSummary:
        """Writes good rows as they come; a rerun goes on where this one stopped. Raises InvalidFeed, Unavailable."""
        return self._run(self._iterate_chunks(items))

    def run_checked(self, items: FeedProducts, check: Callable[[], None]) -> ImportSummary:
        """Reads and decides all rows, calls `check`, and then writes those that change something.

        Where `check` raises nothing has been written. Rows wait on disk; what is stored is read again before it is
        written, so that whatever others wrote meanwhile counts.
        """
        with RowSpool() as changed:
            for chunk in self._iterate_chunks(items):
                changed.add(self._select_changed(chunk))
            self.summary.seconds = time.perf_counter() - self._started
            check()
            self.summary.embeddings_cleared = self.photos.count
            return self._run(changed)

    def _run(self, chunks: Iterable[Sequence[FeedProduct]]) -> ImportSummary:
        written = 0
        for chunk in chunks:
            self._write_chunk(chunk)
            written += len(chunk)
            self._on_progress("changes", written)
        self.port.refresh()
        self.summary.seconds = time.perf_counter() - self._started
        return self.summary

    def _iterate_chunks(self, items: FeedProducts) -> Iterator[Sequence[FeedProduct]]:
        good = self._group(self._iterate_good(items))
        while chunk := list(islice(good, CHUNK)):
            self.summary.merged += sum(len(item.rows) - 1 for item in chunk if item.rows)
            self._on_progress("rows", self.summary.rows)
            yield chunk

    def _select_changed(self, chunk: Sequence[FeedProduct]) -> list[FeedProduct]:
        """Returns the rows that change something, counts the others."""
        chunk, stored = self._read(chunk)
        decisions = {item.product.id: self._decide(item, stored) for item in chunk}
        self.photos.note(decisions, stored)
        unchanged = [decision for decision in decisions.values() if decision.changes_nothing]
        self.summary.unchanged += len(unchanged)
        self.summary.kept_newer_offer += sum(decision.kept_newer_offer for decision in unchanged)
        return [item for item in chunk if not decisions[item.product.id].changes_nothing]

    def _read(self, chunk: Sequence[FeedProduct]) -> tuple[Sequence[FeedProduct], Mapping[str, StoredProduct]]:
        """Returns the chunk with the ids its products have in the catalogue, and what is stored of them."""
        return settle_ids(self.port, chunk, self.port.read_many(list_ids(chunk)), self.seen)

    def _decide(self, item: FeedProduct, stored: Mapping[str, StoredProduct]) -> Decision:
        if item.rows:
            return decide_merged(item, stored, self.unread, self.find_offer_time, self.as_of, self.now)
        confirmed_at = self._newer_feeds.find_time(item.product.id)
        return decide(item.product, stored.get(item.product.id), self.as_of, self.now, confirmed_at)

    def find_offer_time(self, stored: StoredProduct) -> datetime:
        """Returns when the offer of a stored product changed last, or was confirmed by a feed newer than this one."""
        return max(read_offer_time(stored.source), self._newer_feeds.find_time(stored.id))

    def knows_newer(self, stored: StoredProduct) -> bool:
        """Says whether the offer of a stored product is newer than the feed."""
        return self.find_offer_time(stored) > self.as_of

    def _iterate_good(self, items: FeedProducts) -> Iterator[FeedProduct]:
        for item in items:
            if isinstance(item, Truncation):
                self._note_truncation(item)
                continue
            self.summary.rows += 1
            if not self.summary.rows % PROGRESS_ROWS:  # while rows of groups wait for the end of the feed
                self._on_progress("rows", self.summary.rows)
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
        chunk, stored = self._read(chunk)
        waiting = {item.product.id: item for item in chunk}
        for attempt in range(TRIES):
            stored = self.port.read_many(list_ids(waiting.values())) if attempt else stored
            decisions = {i: self._decide(item, stored) for i, item in waiting.items()}
            waiting = {i: waiting[i] for i in self._write(decisions, stored, waiting)}
            if not waiting:
                return
        for product_id, item in waiting.items():
            self._fail(RowProblem(item.line, "others keep changing this product", "write_conflict", product_id))

    def _write(
        self, decisions: dict[str, Decision], stored: Mapping[str, StoredProduct], items: dict[str, FeedProduct]
    ) -> list[str]:
        """Carries out decisions; returns the ids that met another write and have to be decided again."""
        changes = [decision.change for decision in decisions.values() if decision.change is not None]
        results = self.port.write(changes) if changes else []
        conflicts = [result.change.id for result in results if result.status == "conflict"]
        for result in results:
            self._count(result, items[result.change.id], result.change.id in stored)
        undone = {result.change.id for result in results if result.status in ("conflict", "failed")}
        replaced = [each for name, decision in decisions.items() if name not in undone for each in decision.replaced]
        self.summary.replaced += remove_replaced(self.port, replaced)
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
            self.summary.photos_changed += was_there and result.change.drops_embedding


def split_into_chunks(ids: Iterable[str], size: int = CHUNK) -> Iterator[list[str]]:
    """Yields `ids` in lists of at most `size`."""
    rest = iter(ids)
    while chunk := list(islice(rest, size)):
        yield chunk
