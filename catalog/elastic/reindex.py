"""A new mapping means a new index: copy, replay what happened meanwhile, swap the alias; no write is lost.

Writers go on through the alias. What they wrote since the copy began is found by `_seq_no` and written again in
rounds until one is small. For the last round the old index refuses writes; `catalog.elastic.bulk` waits and sends
them again, to the new index. Deletions leave nothing to search for, so they are found by comparing ids.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from catalog.elastic import Catalogue, bulk
from catalog.elastic.client import translated
from catalog.elastic.pages import scan
from catalog.elastic.vectors import vectors_of
from catalog.errors import RefusedChange, Unavailable
from catalog.space import vector_field

SMALL_ROUND = 200  # documents; replaying this many takes well under a second
MAX_ROUNDS = 30
GRACE = 3.0  # seconds for searches that resolved the alias just before the swap
PAGE = 500

Progress = Callable[[str, int], None]
Checkpoints = Mapping[int, int]  # shard -> every write up to this _seq_no has been seen


@dataclass(frozen=True, slots=True)
class ReindexSummary:
    """What a reindex did: `blocked_ms` is how long writers had to wait at the end."""

    old: str
    new: str
    copied: int
    replayed: int
    deleted: int
    blocked_ms: float


def reindex(
    catalogue: Catalogue,
    progress: Progress = lambda _step, _count: None,
    *,
    discard_unfinished: bool = False,
    without: Collection[str] = (),
    before_swap: Callable[[], None] = lambda: None,
) -> ReindexSummary:
    """Move the catalogue to a new index with today's mapping and settings, and leave out the spaces named `without`.

    `before_swap` is called last, while writers wait; what it raises leaves everything as it was.
    Raises RefusedChange when the new index is there already (another reindex runs, or one was killed; then
    `discard_unfinished` deletes what it left), Unavailable when Elasticsearch does not take part.
    """
    old = catalogue.concrete()
    new = catalogue.names.successor(old)
    with translated(catalogue.names):
        _claim(catalogue, new, discard_unfinished)
        move = _Move(catalogue, old, new, progress, frozenset(without))
        try:
            return move.run(before_swap)
        except BaseException:
            move.undo()
            raise


def _claim(catalogue: Catalogue, new: str, discard_unfinished: bool) -> None:
    if catalogue.client.indices.exists(index=new):
        if not discard_unfinished:
            raise RefusedChange(
                f"'{new}' is there already: another reindex is running, or one was killed. "
                "If none is running, repeat with --discard-unfinished"
            )
        catalogue.client.indices.delete(index=new)
    catalogue.create_index(new)
    catalogue.client.indices.put_settings(index=new, settings={"refresh_interval": "-1", "number_of_replicas": 0})


class _Move:
    def __init__(self, catalogue: Catalogue, old: str, new: str, progress: Progress, without: frozenset[str]) -> None:
        self.catalogue, self.client, self.progress = catalogue, catalogue.client, progress
        self.old, self.new, self.without = old, new, without
        self.copied = self.replayed = self.deleted = 0

    def run(self, before_swap: Callable[[], None]) -> ReindexSummary:
        seen = self._checkpoints()
        self._sync_spaces()
        self.client.indices.refresh(index=self.old)
        self.copied = self._index(self._documents({"match_all": {}}), "copy")
        seen = self._catch_up(seen)
        self._delete_what_is_gone()
        self._restore_settings()
        started = time.perf_counter()
        self.client.indices.add_block(index=self.old, block="write")  # returns when writes under way have ended
        self._replay(seen)
        self._delete_what_is_gone()
        before_swap()
        self._swap()
        blocked = (time.perf_counter() - started) * 1000
        time.sleep(GRACE)
        self.client.indices.delete(index=self.old)
        return ReindexSummary(self.old, self.new, self.copied, self.replayed, self.deleted, round(blocked, 1))

    def undo(self) -> None:
        """Back to the old index alone, unless the alias has moved already."""
        aliased = self.client.indices.get_alias(name=self.catalogue.names.products)
        if self.new not in aliased:
            self.client.indices.put_settings(index=self.old, settings={"index.blocks.write": None})
            self.client.options(ignore_status=404).indices.delete(index=self.new)

    def _checkpoints(self) -> Checkpoints:
        stats: Any = self.client.indices.stats(index=self.old, level="shards")
        copies = stats["indices"][self.old]["shards"]
        return {
            int(number): next(c["seq_no"]["local_checkpoint"] for c in shard if c["routing"]["primary"])
            for number, shard in copies.items()
        }

    def _sync_spaces(self) -> None:
        shape = self.catalogue.read_shape()
        for space in shape.spaces:
            if space.name not in self.without:
                self.catalogue.put_space(self.new, space, shape.added[space.name])

    def _documents(self, query: dict[str, Any], preference: str | None = None) -> Iterator[dict[str, Any]]:
        names = self.catalogue.names
        every = [vector_field("*")]
        asked: dict[str, Any] = {"source": {"excludes": every}, "fields": every, "page": PAGE}
        return scan(self.client, names, query, index=self.old, preference=preference, **asked)

    def _index(self, hits: Iterator[dict[str, Any]], step: str) -> int:
        number, chunk = 0, []
        for hit in hits:
            chunk.append({"_op_type": "index", "_index": self.new, "_id": hit["_id"], "_source": self._kept(hit)})
            if len(chunk) == PAGE:
                number += self._send(chunk)
                self.progress(step, number)
                chunk = []
        number += self._send(chunk)
        self.progress(step, number)
        return number

    def _kept(self, hit: dict[str, Any]) -> dict[str, Any]:
        source: dict[str, Any] = hit["_source"]
        if embedding := source.get("embedding"):
            vectors = vectors_of(hit)  # a null says that it is known to be none
            states = ((name, state) for name, state in embedding.items() if name not in self.without)
            source["embedding"] = {name: {**state, "vector": vectors.get(name)} for name, state in states}
        return source

    def _send(self, actions: list[dict[str, Any]]) -> int:
        items = bulk.send(self.client, actions, require_alias=False)
        for item in items.values():
            if item["status"] >= 300 and not (item["status"] == 404 and item.get("result") == "not_found"):
                raise Unavailable(f"'{self.new}' refused product '{item['_id']}': {bulk.error_reason(item)}")
        return len(items)

    def _replay(self, seen: Checkpoints) -> int:
        self._sync_spaces()
        self.client.indices.refresh(index=self.old)
        changed = chain.from_iterable(self._documents(_since(seq), f"_shards:{n}") for n, seq in seen.items())
        written = self._index(changed, "replay")
        self.replayed += written
        return written

    def _catch_up(self, seen: Checkpoints) -> Checkpoints:
        for _ in range(MAX_ROUNDS):
            now = self._checkpoints()
            small = self._replay(seen) <= SMALL_ROUND
            seen = now
            if small:
                break
        return seen

    def _delete_what_is_gone(self) -> None:
        if self._count(self.old) == self._count(self.new):  # the new index has all of the old one by now
            return
        gone = [
            {"_op_type": "delete", "_index": self.new, "_id": product_id}
            for product_id in _missing(self._ids(self.new), self._ids(self.old))
        ]
        self.deleted += self._send(gone)
        self.progress("delete", self.deleted)

    def _count(self, index: str) -> int:
        self.client.indices.refresh(index=index)
        return self.catalogue.count_products(index=index)

    def _ids(self, index: str) -> Iterator[str]:
        query: dict[str, Any] = {"match_all": {}}
        for hit in scan(self.client, self.catalogue.names, query, source=False, index=index):
            yield str(hit["_id"])

    def _restore_settings(self) -> None:
        settings = self.catalogue.settings
        shape = {"refresh_interval": settings.index_refresh, "number_of_replicas": settings.index_replicas}
        self.client.indices.put_settings(index=self.new, settings=shape)

    def _swap(self) -> None:
        if (old := self._count(self.old)) != (new := self._count(self.new)):
            raise Unavailable(f"'{self.new}' has {new} products and '{self.old}' {old}; the old index stays")
        alias = self.catalogue.names.products
        self.client.indices.update_aliases(
            actions=[
                {"remove": {"index": self.old, "alias": alias, "must_exist": True}},
                {"add": {"index": self.new, "alias": alias}},
            ]
        )


def _since(checkpoint: int) -> dict[str, Any]:
    return {"range": {"_seq_no": {"gt": checkpoint}}}


def _missing(ours: Iterator[str], theirs: Iterator[str]) -> Iterator[str]:
    """Those of `ours` that are not in `theirs`; both ascending."""
    other = next(theirs, None)
    for mine in ours:
        while other is not None and other < mine:
            other = next(theirs, None)
        if other != mine:
            yield mine
