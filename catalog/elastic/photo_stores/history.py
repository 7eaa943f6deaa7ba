"""History of features: what became of each photo in each space, and the products it was embedded for."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from catalog.domain.embedding_space import Space
from catalog.domain.records import HISTORY_PRODUCTS, HistoryEntry
from catalog.elastic import bulk
from catalog.elastic.connection import IndexConnection
from catalog.errors import Unavailable

ROUNDS = 10  # an entry that others change more often than this between two requests is given up
Source = Mapping[str, Any]
Edit = Callable[[Source | None], Source | None]  # the entry as stored -> as it shall be; None is no entry


class HistoryStore:
    """Every write reads first and is conditioned on what it read, so that no writer loses another's products."""

    def __init__(self, connection: IndexConnection) -> None:
        self._connection = connection
        self._index = connection.names.history

    def append(self, entries: Iterable[HistoryEntry]) -> None:
        """Record outcomes under (image_url, space): a later one replaces the earlier, but keeps its products.

        At most HISTORY_PRODUCTS are kept, those named last. Raises Unavailable.
        """
        self._edit({_key(entry.image_url, entry.space): _add_products(entry) for entry in entries})

    def retract(self, space: Space, photos: Mapping[str, Sequence[str]]) -> None:
        """Take back that `photos` (address -> product ids) were embedded; an entry without products goes."""
        self._edit({_key(url, space): _remove_products(frozenset(ids)) for url, ids in photos.items()})

    def read_products(self, space: Space, urls: Sequence[str]) -> dict[str, frozenset[str]]:
        """Returns the products that the entry of each photo names; without those of `urls` that have no entry."""
        found = self._read_entries([_key(url, space) for url in urls])
        sources = [doc["_source"] for doc in found.values()]
        return {source["image_url"]: frozenset(source["product_ids"]) for source in sources}

    def _edit(self, edits: Mapping[str, Edit]) -> None:
        left = dict(edits)
        for _ in range(ROUNDS):
            if not left:
                return
            stored = self._read_entries(list(left))
            actions = [_action(self._index, key, stored.get(key), edit) for key, edit in left.items()]
            writes = [action for action in actions if action is not None]
            items = self._connection.send_bulk(writes, require_alias=False)
            refused = {key: item for key, item in items.items() if item["status"] >= 300}
            left = {key: left[key] for key, item in refused.items() if item["status"] in (404, 409)}
            if wrong := [item for key, item in refused.items() if key not in left]:
                message = f"the feature history did not take {len(wrong)} entries: {bulk.error_reason(wrong[0])}"
                raise Unavailable(message)
        if left:
            raise Unavailable(f"others keep changing {len(left)} entries of the feature history: try again")

    def _read_entries(self, keys: Sequence[str]) -> dict[str, Any]:
        return self._connection.read_documents(self._index, keys)


def _key(image_url: str, space: Space) -> str:
    return hashlib.sha256(f"{image_url}\n{space.name}".encode()).hexdigest()


def _action(index: str, key: str, stored: Any, edit: Edit) -> dict[str, Any] | None:
    """Returns the write that makes the entry what `edit` says; None where it is that already."""
    before = stored["_source"] if stored else None
    after = edit(before)
    if after == before:
        return None
    action: dict[str, Any] = {"_index": index, "_id": key}
    if stored is None:
        return {**action, "_op_type": "create", "_source": after}
    action |= {"if_seq_no": stored["_seq_no"], "if_primary_term": stored["_primary_term"]}
    return {**action, "_op_type": "delete"} if after is None else {**action, "_op_type": "index", "_source": after}


def _add_products(entry: HistoryEntry) -> Edit:
    def edit(before: Source | None) -> Source:
        known = before["product_ids"] if before else []
        named = dict.fromkeys(entry.product_ids)
        kept = [product_id for product_id in known if product_id not in named]
        return _body(entry) | {"product_ids": [*kept, *named][-HISTORY_PRODUCTS:]}

    return edit


def _remove_products(ids: frozenset[str]) -> Edit:
    def edit(before: Source | None) -> Source | None:
        kept = [product_id for product_id in before["product_ids"] if product_id not in ids] if before else []
        return {**before, "product_ids": kept} if before and kept else None

    return edit


def _body(entry: HistoryEntry) -> dict[str, Any]:
    return {
        "image_url": entry.image_url,
        "space": entry.space.name,
        "model_name": entry.space.model,
        "model_id": entry.space.version,
        "snapshot_date": entry.snapshot_date.isoformat(),
        "status": entry.status,
        "reason": entry.reason,
        "attempts": entry.attempts,
        "run_id": entry.run_id,
    }
