"""Reads of what still needs an embedding and writes that reach only the photo they were made from."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from catalog import similarity
from catalog.domain.embedding_space import Space
from catalog.domain.records import Outcome, Pending, StoredProduct, WriteResult, Written
from catalog.elastic import bulk
from catalog.elastic.connection import IndexConnection
from catalog.elastic.pages import scan
from catalog.elastic.reindexing import healing
from catalog.errors import InvalidVector
from catalog.search import embedding_queries

ROUNDS = 10  # a product that changes more often than this between two requests is left for the next run


class EmbeddingStore:
    """Reads what is to be embedded and writes what became of it."""

    def __init__(self, connection: IndexConnection) -> None:
        self._connection = connection
        self._products = connection.names.products

    def count_unprocessed(self, space: Space) -> int:
        """Products with a photo and no outcome in `space`, retries that are due included."""
        self._connection.refresh()
        return self._connection.count_products(embedding_queries.match_unprocessed(space, datetime.now(UTC)))

    def read_unprocessed(self, space: Space, limit: int | None = None) -> Iterator[Pending]:
        """Products to embed in id order, at most `limit`, from one point in time taken now."""
        self._connection.refresh()
        state = f"embedding.{space.name}"
        source = ["image_url", f"{state}.attempts", f"{state}.etag"]
        page = 1000 if limit is None else max(1, min(limit, 1000))
        hits = scan(
            self._connection, embedding_queries.match_unprocessed(space, datetime.now(UTC)), source=source, page=page
        )
        for number, hit in enumerate(hits, start=1):
            if limit is not None and number > limit:
                return
            known = hit["_source"].get("embedding", {}).get(space.name, {})
            yield Pending(hit["_id"], hit["_source"]["image_url"], known.get("attempts") or 0, known.get("etag"))

    def write_outcomes(self, space: Space, outcomes: Sequence[Outcome]) -> list[WriteResult]:
        """Write each outcome onto its product if that still shows the same photo; results in the order given.

        Read `image_url` and `_seq_no`, compare, write under that `_seq_no`; on a conflict read again.
        """
        results: dict[int, WriteResult] = {}
        todo: dict[int, Outcome] = {}
        for number, outcome in enumerate(outcomes):
            try:
                todo[number] = _check_outcome(space, outcome)
            except InvalidVector as error:
                results[number] = WriteResult(outcome, Written.REFUSED, error.message)
        for _ in range(ROUNDS):
            if not todo:
                break
            settled = self._round(space, todo)
            results |= settled
            todo = {number: outcome for number, outcome in todo.items() if number not in settled}
        for number, outcome in todo.items():
            results[number] = WriteResult(
                outcome, Written.REFUSED, "the product kept changing; the next run tries again"
            )
        return [results[number] for number in range(len(outcomes))]

    def _round(self, space: Space, todo: dict[int, Outcome]) -> dict[int, WriteResult]:
        current = self._connection.read_products(
            sorted({outcome.product_id for outcome in todo.values()}), ["image_url"]
        )
        results: dict[int, WriteResult] = {}
        actions: dict[str, tuple[int, dict[str, Any]]] = {}
        for number, outcome in todo.items():
            stored = current.get(outcome.product_id)
            if stored is None:
                results[number] = WriteResult(outcome, Written.GONE)
            elif stored.source.get("image_url") != outcome.image_url:
                results[number] = WriteResult(outcome, Written.MOVED)
            else:  # one per product and request; a second outcome for it waits for the next round
                actions.setdefault(outcome.product_id, (number, _update(self._products, space, outcome, stored)))
        items = self._connection.send_bulk([action for _, action in actions.values()])
        for product_id, (number, _) in actions.items():
            if result := _read(todo[number], items[product_id]):
                results[number] = result
        return results

    def read_photos(self, space: Space, ids: Sequence[str]) -> dict[str, str]:
        """Returns the photo that each of `ids` has its embedding in `space` from; without those that have none."""
        state = f"embedding.{space.name}"
        stored = self._connection.read_products(ids, (f"{state}.status", f"{state}.image_url"))
        states = {i: (one.source.get("embedding") or {}).get(space.name) or {} for i, one in stored.items()}
        return {i: str(known.get("image_url")) for i, known in states.items() if known.get("status") == "done"}

    def make_due(self, space: Space, statuses: Sequence[str], reasons: Sequence[str] = ()) -> int:
        """Let products with one of `statuses` (and `reasons`) be tried again at once; returns how many."""
        healing.heal(self._connection)
        self._connection.refresh()
        again = {"status": "retry", "attempts": 0, "next_try_at": datetime.now(UTC).isoformat()}
        hits = scan(self._connection, embedding_queries.match_status(space, statuses, reasons), source=False)
        actions = [
            {
                "_op_type": "update",
                "_index": self._products,
                "_id": hit["_id"],
                "retry_on_conflict": 5,
                "doc": {"embedding": {space.name: again}},
            }
            for hit in hits
        ]
        items = self._connection.send_bulk(actions)
        self._connection.refresh()
        return sum(item["status"] < 300 for item in items.values())


def _check_outcome(space: Space, outcome: Outcome) -> Outcome:
    """Returns the outcome as it may be written: a unit vector where it is done, none otherwise."""
    if outcome.status != "done":
        return replace(outcome, vector=None)
    if outcome.vector is None:
        raise InvalidVector("an outcome that is done needs a vector")
    return replace(outcome, vector=similarity.check_vector(outcome.vector, space.dims))


def _update(index: str, space: Space, outcome: Outcome, stored: StoredProduct) -> dict[str, Any]:
    state = {
        "vector": outcome.vector,
        "image_url": outcome.image_url,
        "image_sha256": outcome.image_sha256,
        "status": outcome.status,
        "reason": outcome.reason,
        "attempts": outcome.attempts,
        "next_try_at": outcome.next_try_at.isoformat() if outcome.next_try_at else None,
        "etag": outcome.etag,
    }
    return {
        "_op_type": "update",
        "_index": index,
        "_id": outcome.product_id,
        "if_seq_no": stored.seq_no,
        "if_primary_term": stored.primary_term,
        "doc": {"embedding": {space.name: state}},
    }


def _read(outcome: Outcome, item: dict[str, Any]) -> WriteResult | None:
    """Returns the result of one update; None when it met another write and has to be decided anew."""
    if item["status"] == 409:
        return None
    if item["status"] == 404:
        return WriteResult(outcome, Written.GONE)
    if item["status"] >= 300:
        return WriteResult(outcome, Written.REFUSED, bulk.error_reason(item))
    return WriteResult(outcome, Written.UNCHANGED if item["result"] == "noop" else Written.WRITTEN)
