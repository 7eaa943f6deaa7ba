"""Writes the documents of one product index into another: all of them, then what was written since."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from catalog import deadline
from catalog.domain.embedding_space import vector_field
from catalog.domain.product import rederive
from catalog.elastic import bulk
from catalog.elastic.catalogue import Catalogue
from catalog.elastic.pages import scan
from catalog.elastic.photo_stores.vectors import vectors_of
from catalog.errors import RefusedChange, Unavailable
from catalog.settings import PATIENCE

SMALL_ROUND = 200  # documents; replaying this many takes well under a second
MAX_ROUNDS = 30
PAGE = 500
UNDONE = "another command took this reindex for dead and undid it: start it again"
FENCE = 500  # documents between two ids that are remembered, see catalog.elastic.reindexing.differences

Progress = Callable[[str, int], None]
Checkpoints = Mapping[int, int]  # shard -> every write up to this _seq_no has been seen


class Copier:
    """Copies from the index `old` through the alias `to`, without the spaces named `without`.

    `fences` has every FENCE-th id of the first copy, ascending.
    """

    def __init__(self, catalogue: Catalogue, old: str, to: str, progress: Progress, without: Collection[str]) -> None:
        self.catalogue, self.client, self.progress = catalogue, catalogue.client, progress
        self.old, self.to, self.without = old, to, frozenset(without)
        self.replayed = self.deleted = 0
        self.fences: list[str] = []

    def copy_all(self) -> int:
        """Write every document; returns how many."""
        self.sync_spaces()
        self.client.indices.refresh(index=self.old)
        return self._index(self._remembering(self._documents({"match_all": {}})), "copy")

    def checkpoints(self) -> Checkpoints:
        """How far each shard of the old index has come this moment."""
        stats: Any = self.client.indices.stats(index=self.old, level="shards")
        copies = stats["indices"][self.old]["shards"]
        return {
            int(number): next(c["seq_no"]["local_checkpoint"] for c in shard if c["routing"]["primary"])
            for number, shard in copies.items()
        }

    def catch_up(self, seen: Checkpoints) -> Checkpoints:
        """Replay in rounds until one is small; returns what has been seen by then."""
        for _ in range(MAX_ROUNDS):
            now = self.checkpoints()
            small = self.replay(seen) <= SMALL_ROUND
            seen = now
            if small:
                break
        return seen

    def replay(self, seen: Checkpoints) -> int:
        """Write again what was written behind `seen`; returns how many documents."""
        self.sync_spaces()
        self.client.indices.refresh(index=self.old)
        changed = chain.from_iterable(self._documents(_since(seq), f"_shards:{n}") for n, seq in seen.items())
        written = self._index(changed, "replay")
        self.replayed += written
        return written

    def delete(self, ids: Iterable[str]) -> None:
        """Delete products from the new index."""
        gone = [{"_op_type": "delete", "_index": self.to, "_id": product_id} for product_id in ids]
        self.deleted += self._send(gone)
        self.progress("delete", self.deleted)

    def sync_spaces(self) -> None:
        """Give the new index the spaces that the old one has by now."""
        spaces = self.catalogue.spaces
        shape = spaces.read_shape()
        for space in shape.spaces:
            if space.name not in self.without:
                spaces.put(self.to, space, shape.meta[space.name])

    def _documents(self, query: dict[str, Any], preference: str | None = None) -> Iterator[dict[str, Any]]:
        every = [vector_field("*")]
        asked: dict[str, Any] = {"source": {"excludes": every}, "fields": every, "page": PAGE}
        return scan(self.catalogue.connection, query, index=self.old, preference=preference, **asked)

    def _remembering(self, hits: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for number, hit in enumerate(hits, start=1):
            if number % FENCE == 0:
                self.fences.append(hit["_id"])
            yield hit

    def _index(self, hits: Iterator[dict[str, Any]], step: str) -> int:
        number, chunk = 0, []
        for hit in hits:
            chunk.append(
                {"_op_type": "index", "_index": self.to, "_id": hit["_id"], "_source": self._build_source(hit)}
            )
            if len(chunk) == PAGE:
                number += self._send(chunk)
                self.progress(step, number)
                chunk = []
        number += self._send(chunk)
        self.progress(step, number)
        return number

    def _build_source(self, hit: dict[str, Any]) -> dict[str, Any]:
        source: dict[str, Any] = hit["_source"]
        if embedding := source.get("embedding"):
            vectors = vectors_of(hit)  # a null says that it is known to be none
            states = ((name, state) for name, state in embedding.items() if name not in self.without)
            source["embedding"] = {name: {**state, "vector": vectors.get(name)} for name, state in states}
        return rederive(source)  # an older index lacks fields that are derived today

    def _send(self, actions: list[dict[str, Any]]) -> int:
        left = deadline.get_remaining()  # None while nobody waits for it
        try:
            items = bulk.send(self.client, actions, patience=PATIENCE if left is None else left)
        except Unavailable as error:
            if self.client.indices.exists_alias(name=self.to):
                raise
            raise RefusedChange(UNDONE) from error
        for item in items.values():
            if item["status"] >= 300 and not (item["status"] == 404 and item.get("result") == "not_found"):
                raise Unavailable(f"the new index refused product '{item['_id']}': {bulk.error_reason(item)}")
        return len(items)


def _since(checkpoint: int) -> dict[str, Any]:
    return {"range": {"_seq_no": {"gt": checkpoint}}}
