"""Reads and conditional writes of whole products; a write that met another one is a conflict, never an overwrite."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from catalog import mapping
from catalog.domain.product import SEARCH_FIELDS
from catalog.domain.records import Change, ChangeResult, StoredProduct
from catalog.elastic import bulk
from catalog.elastic.client import translated
from catalog.elastic.pages import scan
from catalog.elastic.stores import small_indices
from catalog.elastic.stores.vectors import VectorReader
from catalog.search.queries import STORED_FIELDS


class ProductStore(VectorReader):
    def create(self) -> str:
        """The product index behind its alias, and the bookkeeping indices; what is there stays as it is.

        An index of an older mapping gets the fields that are derived today, so that it takes what is written; its
        version stays, for products from before have them only after a reindex.
        """
        self.heal()
        with translated(self.names):
            if not self.client.indices.exists_alias(name=self.names.products):
                self.create_index(self.names.first, alias=self.names.products)
            elif self.read_shape().version < mapping.VERSION:
                added = {name: mapping.PRODUCT_PROPERTIES[name] for name in SEARCH_FIELDS}
                self.client.indices.put_mapping(index=self.names.products, properties=added)
            if not self.client.indices.exists(index=self.names.history):  # of a size that replicas are paid for
                history = self.index_settings(1)
                self.client.indices.create(
                    index=self.names.history, mappings=mapping.FEATURE_HISTORY, settings=history
                )
            for name, body in (
                (self.names.promotions, mapping.PROMOTIONS),
                (self.names.rules, mapping.RULES),
                (self.names.leases, mapping.LEASES),
            ):
                small_indices.ensure(self.client, name, body, self.index_settings(1))
        return self.concrete()

    def create_index(self, name: str, alias: str | None = None, meta: Mapping[str, Any] | None = None) -> None:
        """A concrete product index with today's mapping, without any space; `meta` is added to the mapping's."""
        body = mapping.products()
        aliases: dict[str, Any] | None = {alias: {}} if alias else None
        self.client.indices.create(
            index=name,
            mappings=body | {"_meta": {**body.get("_meta", {}), **(meta or {})}},
            settings={
                **self.index_settings(self.settings.index_shards),
                **mapping.index_options(self.settings.index_sort, preload=self.settings.index_preload),
            },
            aliases=aliases,
        )

    def drop(self) -> list[str]:
        """Delete the catalogue of this prefix: the product indices and the bookkeeping; returns their names."""
        with translated(self.names):
            kept_beside = (self.names.history, self.names.promotions, self.names.rules, self.names.leases)
            patterns = ",".join([f"{self.names.products}-*", *kept_beside])
            found = sorted(self.client.indices.get(index=patterns, ignore_unavailable=True))
            for name in found:
                self.client.indices.delete(index=name)
        return found

    def get(self, product_id: str) -> StoredProduct | None:
        """The product as it is this moment, without its vectors."""
        return self.get_many([product_id]).get(product_id)

    def get_many(self, ids: Sequence[str]) -> dict[str, StoredProduct]:
        """Those of `ids` that exist, as they are this moment, without vectors."""
        return self.read_many(ids, STORED_FIELDS)

    def write(self, changes: Sequence[Change]) -> list[ChangeResult]:
        """Carry out every change that still applies, in one bulk request; results in the order of `changes`.

        What keeps its embeddings is written with the vectors that were read at its `seq_no`, or not at all.
        """
        kept = [change.id for change in changes if change.source is not None and change.seq_no is not None]
        read = self.read_many(kept, ("image_url", "embedding")) if kept else {}
        stored = self.complete_exactly(read)
        unread = read.keys() - stored.keys()
        actions = [
            _action(change, stored.get(change.id), self.names.products)
            for change in changes
            if change.id not in unread
        ]
        with translated(self.names):
            items = self.send(actions)
        return [_result(change, items.get(change.id)) for change in changes]

    def ids(self) -> Iterator[str]:
        """Every product id in ascending order, from one point in time."""
        self.refresh()
        for hit in scan(self.client, self.names, {"match_all": {}}, source=False):
            yield str(hit["_id"])

    def count(self) -> int:
        """The number of products, the newest writes included."""
        self.refresh()
        return self.count_products()


def _action(change: Change, stored: StoredProduct | None, alias: str) -> dict[str, Any]:
    action: dict[str, Any] = {"_index": alias, "_id": change.id}
    if change.seq_no is not None:
        action |= {"if_seq_no": change.seq_no, "if_primary_term": change.primary_term}
    if change.source is None:
        return {**action, "_op_type": "delete"}
    if change.seq_no is None:
        return {**action, "_op_type": "create", "_source": dict(change.source)}
    source = dict(change.source)
    # What was read with another seq_no is refused by the condition, so the embedding kept here is the right one.
    same_photo = stored is not None and stored.source.get("image_url") == source.get("image_url")
    if change.keep_embedding and same_photo and stored is not None and stored.source.get("embedding"):
        source["embedding"] = stored.source["embedding"]
    return {**action, "_op_type": "index", "_source": source}


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
