"""Reads and conditional writes of whole products; a write that met another one is a conflict, never an overwrite."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from catalog.domain.embedding_space import Space
from catalog.domain.records import Change, ChangeResult, StoredProduct
from catalog.elastic import bulk
from catalog.elastic.connection import IndexConnection
from catalog.elastic.pages import scan
from catalog.elastic.photo_stores.vectors import VectorReader
from catalog.ports import EmbeddedProducts
from catalog.search.product_fields import PHOTO_HASHES, STORED_FIELDS, find_photo_hash
from catalog.search.queries import build_sku_search
from catalog.similarity import Vectors

SKUS_ASKED = 1000  # in one search
PREFERENCE = "skus"  # whichever copy answers, it is always the same one


class ProductStore:
    """Reads and writes products."""

    def __init__(self, connection: IndexConnection) -> None:
        self._connection = connection
        self._vectors = VectorReader(connection)

    def refresh(self) -> None:
        """Makes every write so far visible to searches."""
        self._connection.refresh()

    def read(self, name: str) -> StoredProduct | None:
        """Reads the product with this id, else the one with this SKU, as it is this moment, without its vectors.

        The hash of its photo is there where an embedding knows it.
        """
        read = self._read_named([name], (*STORED_FIELDS, PHOTO_HASHES)).get(name)
        if read is None:
            return None
        source = {field: value for field, value in read.source.items() if field != "embedding"}
        return replace(read, source=source, photo_hash=find_photo_hash(read.source))

    def read_many(self, ids: Sequence[str]) -> dict[str, StoredProduct]:
        """Those of `ids` that exist, as they are this moment, without vectors."""
        return self._connection.read_products(ids, STORED_FIELDS)

    def find_by_sku(self, skus: Sequence[str]) -> dict[str, str]:
        """Returns the product id for each SKU that searches see; of several products that have it the smallest id."""
        found: dict[str, str] = {}
        left = list(dict.fromkeys(skus))
        while left:
            asked = frozenset(left[:SKUS_ASKED])
            body = build_sku_search(sorted(asked))
            hits = self._connection.msearch([body], PREFERENCE)[0]["hits"]["hits"]
            for hit in hits:
                for sku in asked.intersection(hit["_source"]["skus"]):
                    found.setdefault(sku, hit["_id"])
            answered = frozenset() if len(hits) == body["size"] else asked
            left = [sku for sku in left if sku not in found and sku not in answered]
        return found

    def read_vectors(self, names: Sequence[str], spaces: Sequence[Space]) -> EmbeddedProducts:
        """Reads products by id or SKU, each with its vectors (float32 [dims]) in those of `spaces` where it has one.

        They are found under the names they were asked by.
        """
        states = (f"embedding.{space.name}.{name}" for space in spaces for name in ("vector", "status"))
        read = self._read_named(names, [*STORED_FIELDS, *states])
        found: dict[str, tuple[StoredProduct, Mapping[str, Vectors]]] = {}
        for name, stored in self._vectors.complete(read).items():
            source = dict(stored.source)
            vectors = {
                name: np.asarray(state["vector"], dtype=np.float32)
                for name, state in (source.pop("embedding", None) or {}).items()
                if state.get("vector") is not None
            }
            found[name] = replace(stored, source=source), vectors
        return found

    def _read_named(self, names: Sequence[str], fields: Sequence[str]) -> dict[str, StoredProduct]:
        """Reads products by id, and only those that are not there by SKU."""
        found = self._connection.read_products(list(dict.fromkeys(names)), fields)
        if unknown := [name for name in names if name not in found]:
            owners = self.find_by_sku(unknown)
            read = self._connection.read_products(sorted(set(owners.values())), fields) if owners else {}
            found |= {sku: read[owner] for sku, owner in owners.items() if owner in read}
        return found

    def write(self, changes: Sequence[Change]) -> list[ChangeResult]:
        """Carry out every change that still applies, in one bulk request; results in the order of `changes`.

        What keeps its embeddings, or takes over those of donors, is written with the vectors that were read at one
        `seq_no`, or not at all.
        """
        kept = {change.id for change in changes if change.source is not None and change.seq_no is not None}
        kept |= {donor for change in changes for donor in change.donors}
        read = self._connection.read_products(sorted(kept), ("image_url", "embedding")) if kept else {}
        stored = self._vectors.complete_exactly(read)
        unread = read.keys() - stored.keys()
        actions = [
            _action(change, stored, self._connection.names.products)
            for change in changes
            if unread.isdisjoint((change.id, *change.donors))
        ]
        items = self._connection.send_bulk(actions)
        return [_result(change, items.get(change.id)) for change in changes]

    def read_ids(self) -> Iterator[str]:
        """Every product id in ascending order, from one point in time."""
        self._connection.refresh()
        for hit in scan(self._connection, {"match_all": {}}, source=False):
            yield str(hit["_id"])

    def find_embedded(self, ids: Sequence[str]) -> frozenset[str]:
        """Returns those of `ids` that have an embedding in any space."""
        found = self._connection.read_products(ids, ["embedding.*.status"])
        return frozenset(
            product_id
            for product_id, stored in found.items()
            if any(state.get("status") == "done" for state in (stored.source.get("embedding") or {}).values())
        )

    def count_embedded(self) -> int:
        """Counts the products that have a vector in any space."""
        return self._connection.count_products({"exists": {"field": "embedding.*.vector"}})

    def count(self) -> int:
        """Counts the products, the newest writes included."""
        self._connection.refresh()
        return self._connection.count_products()


def _action(change: Change, stored: Mapping[str, StoredProduct], alias: str) -> dict[str, Any]:
    action: dict[str, Any] = {"_index": alias, "_id": change.id}
    if change.seq_no is not None:
        action |= {"if_seq_no": change.seq_no, "if_primary_term": change.primary_term}
    if change.source is None:
        return {**action, "_op_type": "delete"}
    source = dict(change.source)
    if states := _gather_states(change, stored):
        source["embedding"] = states
    return {**action, "_op_type": "create" if change.seq_no is None else "index", "_source": source}


def _gather_states(change: Change, stored: Mapping[str, StoredProduct]) -> dict[str, Any]:
    """Returns the states, by space, of the photo that the product will have: its own first, then those of donors.

    What was read of it with another seq_no is refused by the condition, so the embedding kept is the right one; that
    of a donor was made from the photo that was read with it.
    """
    photo = (change.source or {}).get("image_url")
    own = (change.id,) if change.keep_embedding and change.seq_no is not None else ()
    found: dict[str, Any] = {}
    for name in (*own, *change.donors):
        if name in stored and stored[name].source.get("image_url") == photo:
            for space, state in (stored[name].source.get("embedding") or {}).items():
                if space not in found or (found[space].get("status") != "done" and state.get("status") == "done"):
                    found[space] = state
    return found


def _result(change: Change, item: dict[str, Any] | None) -> ChangeResult:
    if item is None:
        return ChangeResult(change, "conflict", "it was written again while its vectors were read")
    status = item["status"]
    if status in (200, 201):
        done = {"created": "created", "updated": "updated", "deleted": "deleted"}[item["result"]]
        return ChangeResult(change, done)  # type: ignore[arg-type]
    if status == 409 or (status == 404 and change.seq_no is not None):
        return ChangeResult(change, "conflict", bulk.error_reason(item) or "it is gone")
    return ChangeResult(change, "failed", bulk.error_reason(item))
