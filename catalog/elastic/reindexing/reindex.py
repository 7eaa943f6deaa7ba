"""Moves to a new index for a new mapping: copy, replay what happened meanwhile, swap the alias; no write is lost.

Writers go on through the alias. What they wrote since the copy began is found by `_seq_no` and written again in
rounds until one is small. For the last round the old index refuses writes; `catalog.elastic.bulk` waits and sends
them again, to the new index. Deletions leave nothing to search for, so they are found by comparing ids: all of them
before the block, under it only those of ranges whose counts differ.
"""

import logging
import time
from collections.abc import Callable, Collection

from elasticsearch import BadRequestError

from catalog import deadline
from catalog.elastic.catalogue import Catalogue
from catalog.elastic.reindexing import healing, reindex_record
from catalog.elastic.reindexing.copying import UNDONE, Checkpoints, Copier, Progress
from catalog.elastic.reindexing.differences import missing_ids
from catalog.elastic.reindexing.healing import is_complete, unblock
from catalog.elastic.reindexing.reindex_record import Claim
from catalog.elastic.reindexing.reindex_summary import ReindexSummary
from catalog.errors import DeadlineExceeded, RefusedChange, Unavailable

BLOCK_LIMIT = 5.0  # seconds for which writers are kept waiting at most, then they go first
BLOCKS = 10  # times that writers are blocked before it is given up
GRACE = 3.0  # seconds for searches that resolved the alias just before the swap
COPIES_WITHIN = 120.0  # seconds to wait for the replicas of the new index before the old one is left where it is

log = logging.getLogger(__name__)


def reindex(
    catalogue: Catalogue,
    progress: Progress = lambda _step, _count: None,
    *,
    discard_unfinished: bool = False,
    without: Collection[str] = (),
    before_swap: Callable[[], None] = lambda: None,
) -> ReindexSummary:
    """Move the catalogue to a new index with today's mapping and settings, and leave out the spaces named `without`.

    `before_swap` is called last, while writers wait; what it raises leaves everything as it was. What a killed
    reindex left is undone first. Raises RefusedChange when the new index is there all the same (another reindex runs,
    or one of an older version was killed; then `discard_unfinished` deletes what it left), Unavailable when
    Elasticsearch does not take part, or when writers could not be kept out for long enough.
    """
    catalogue.layout.heal()
    old = catalogue.layout.read_serving_index()
    new = catalogue.names.successor(old)
    with catalogue.connection.request():
        claim = Claim(catalogue.client, catalogue.names, new, old)
        _make(catalogue, claim, discard_unfinished)
        move = _Move(catalogue, claim, progress, without)
        try:
            return move.run(before_swap)
        except BaseException:
            move.undo()
            raise


def _make(catalogue: Catalogue, claim: Claim, discard_unfinished: bool) -> None:
    client, old, new = catalogue.client, claim.record.replaces, claim.record.index
    if discard_unfinished:
        layout = reindex_record.read_layout(client, catalogue.names)
        if layout and layout.unfinished:
            reindex_record.revoke(client, catalogue.names, layout.unfinished)
        client.options(ignore_status=404).indices.delete(index=new)
        unblock(client, old)
    try:
        catalogue.layout.create_index(new, claim.alias, claim.meta)
    except BadRequestError as error:
        if error.error != "resource_already_exists_exception":
            raise
        raise RefusedChange(
            f"'{new}' is there already: another reindex is running, or one was killed. "
            "If none is running, repeat with --discard-unfinished"
        ) from error
    client.indices.put_settings(index=new, settings={"refresh_interval": "-1", "number_of_replicas": 0})


class _Move:
    def __init__(self, catalogue: Catalogue, claim: Claim, progress: Progress, without: Collection[str]) -> None:
        self.catalogue, self.client, self.claim = catalogue, catalogue.client, claim
        self.old, self.new = claim.record.replaces, claim.record.index
        self.progress, self.without = progress, without
        self.blocks, self.sent, self.blocked_ms = 0, False, 0.0

    def run(self, before_swap: Callable[[], None]) -> ReindexSummary:
        with self.claim:
            self.copier = Copier(self.catalogue, self.old, self.claim.alias, self.progress, self.without)
            seen = self.copier.checkpoints()
            copied = self.copier.copy_all()
            self._restore_settings()
            while True:
                seen = self.copier.catch_up(seen)
                self._delete_what_is_gone()  # takes long where much was deleted, so what came meanwhile goes first
                seen = self.copier.catch_up(seen)
                if self._swapped_under_a_block(seen, before_swap):
                    break
            time.sleep(GRACE)
            left = None if self._deleted_old() else self.old
        copier = self.copier
        done = (copied, copier.replayed, copier.deleted, self.blocked_ms, self.blocks, left)
        return ReindexSummary(self.old, self.new, *done)

    def undo(self) -> None:
        """Back to the old index alone, unless the alias has moved already or somebody else has done it."""
        if reindex_record.revoke(self.client, self.catalogue.names, self.claim.record):
            unblock(self.client, self.old)
            self.client.options(ignore_status=404).indices.delete(index=self.new)

    def _swapped_under_a_block(self, seen: Checkpoints, before_swap: Callable[[], None]) -> bool:
        """Swaps while writers wait and returns True, or lets them in again and returns False."""
        self.blocks += 1
        started = time.perf_counter()
        deadline.start(BLOCK_LIMIT)
        try:
            with self.catalogue.connection.request():
                self.client.indices.add_block(index=self.old, block="write")  # returns when writes have ended
                self.copier.replay(seen)
                self._delete_what_is_gone()
                before_swap()
                self._swap()
        except Unavailable as error:
            deadline.clear()
            if self._did_swap():
                return True
            unblock(self.client, self.old)
            if self.blocks == BLOCKS:
                raise
            log.warning("writers are let in again, the swap is tried once more: %s", error.message)
            return False
        finally:
            deadline.clear()
            self.blocked_ms = round((time.perf_counter() - started) * 1000, 1)
        return True

    def _did_swap(self) -> bool:
        """Returns whether an unanswered swap took place; makes sure that it does not come later."""
        if not self.sent:
            return False
        self.sent = False
        if reindex_record.revoke(self.client, self.catalogue.names, self.claim.record):
            self.copier.to = self.claim.renew()
            return False
        if self.catalogue.layout.read_serving_index() != self.new:
            raise RefusedChange(UNDONE)
        return True

    def _delete_what_is_gone(self) -> None:
        self.copier.delete(missing_ids(self.catalogue.connection, self.new, self.old, self.copier.fences))

    def _count(self, index: str) -> int:
        self.client.indices.refresh(index=index)
        return self.catalogue.connection.count_products(index=index)

    def _restore_settings(self) -> None:
        settings = self.catalogue.settings
        shape = {"refresh_interval": settings.index_refresh, "number_of_replicas": settings.index_replicas}
        self.client.indices.put_settings(index=self.new, settings=shape)

    def _swap(self) -> None:
        if (old := self._count(self.old)) != (new := self._count(self.new)):
            raise Unavailable(f"'{self.new}' has {new} products and '{self.old}' {old}; the old index stays")
        if (deadline.get_remaining() or 0.0) <= 0:
            raise DeadlineExceeded(f"writers would have to wait longer than {BLOCK_LIMIT:g} s")
        alias = self.catalogue.names.products
        self.sent = True
        self.client.indices.update_aliases(
            actions=[
                {"remove": {"index": self.new, "alias": self.claim.alias, "must_exist": True}},
                {"remove": {"index": self.old, "alias": alias, "must_exist": True}},
                {"add": {"index": self.new, "alias": alias}},
            ]
        )

    def _deleted_old(self) -> bool:
        """Deletes the old index once every copy of the new one answers; returns whether it came to that."""
        ends = time.monotonic() + COPIES_WITHIN
        while not is_complete(self.client, self.new):
            if time.monotonic() > ends:
                return False
            time.sleep(healing.LOOK_AGAIN)
        if self.catalogue.layout.read_serving_index() != self.new:
            raise RefusedChange(UNDONE)
        self.client.indices.delete(index=self.old)
        return True
