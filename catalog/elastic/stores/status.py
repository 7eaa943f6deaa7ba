"""How far the catalogue and each of its spaces have come."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from catalog import index_mapping
from catalog.domain.embedding_space import Space
from catalog.domain.records import CatalogStatus, FailedPhoto, SpaceStatus
from catalog.elastic.completeness import require_all_shards
from catalog.elastic.connection import IndexConnection
from catalog.elastic.stores.layout import LayoutStore
from catalog.elastic.stores.spaces import SpaceStore
from catalog.elastic.ttl_cache import TtlCache
from catalog.search import embedding_queries

FAILURE_FIELDS = ("status", "reason", "attempts", "next_try_at")
COUNTS_FRESH = 10.0  # seconds; which space serves hangs on them only until the first vectors are there


class StatusStore:
    """Counts products by what became of their photos."""

    def __init__(self, connection: IndexConnection, spaces: SpaceStore, layout: LayoutStore) -> None:
        self._connection = connection
        self._spaces = spaces
        self._layout = layout
        self._counts = TtlCache(self._read_counts, "how far the models are", fresh=COUNTS_FRESH)

    def ping(self) -> None:
        """Sends a search so small that a read-only role may ask it; raises Unavailable.

        A part of the catalogue is enough: products of the others can still be read.
        """
        connection = self._connection
        with connection.request("probe"):
            connection.client.search(
                index=connection.names.products, size=0, track_total_hits=False, terminate_after=1
            )

    def read(self) -> CatalogStatus:
        """Reads totals and every space's counts, as searches see them."""
        shape = self._spaces.read_shape()
        answer = self._search(shape.spaces)
        layout = self._layout.read()
        photos = answer["aggregations"]["with_image"]
        return CatalogStatus(
            products=answer["hits"]["total"]["value"],
            with_image=photos["doc_count"],
            available=answer["aggregations"]["available"]["doc_count"],
            spaces=[_space_status(space, photos, shape.order[space.name]) for space in shape.spaces],
            index=layout.serving,
            writes_blocked=layout.blocked,
            reindex=layout.reindex,
            left_over=layout.left_over(),
            old_index=shape.version < index_mapping.VERSION,
        )

    def read_space(self, space: Space) -> SpaceStatus:
        """Reads how far one space has come, the newest writes included."""
        self._connection.refresh()
        answer = self._search([space])
        added = self._spaces.shape.get().order.get(space.name, 0)
        return _space_status(space, answer["aggregations"]["with_image"], added)

    def read_failures(
        self, spaces: Sequence[Space], limit: int, reasons: Sequence[str] = ()
    ) -> Sequence[FailedPhoto]:
        """Reads which photos have no embedding and why, by space and product id, at most `limit` in all.

        `reasons` are the wanted ones, none for all. `limit` is at most what one search gives.
        """
        found: list[FailedPhoto] = []
        for space in spaces:
            if len(found) < limit:
                found += self._search_failures(space, limit - len(found), reasons)
        return found

    def _search_failures(self, space: Space, limit: int, reasons: Sequence[str]) -> list[FailedPhoto]:
        connection = self._connection
        with connection.request():
            answer = connection.client.search(
                index=connection.names.products,
                size=limit,
                query=embedding_queries.match_status(space, ("failed", "retry"), reasons),
                sort=[{"id": "asc"}],
                source_includes=["image_url", *(f"embedding.{space.name}.{name}" for name in FAILURE_FIELDS)],
                track_total_hits=False,
            )
            hits = require_all_shards(answer)["hits"]["hits"]
        return [_failed_photo(space, hit["_id"], hit["_source"]) for hit in hits]

    def get_spaces(self) -> Sequence[SpaceStatus]:
        """Returns how far every space has come, as it was seconds ago; a space added since is among them."""
        names = [space.name for space in self._spaces.get_all()]
        found = self._counts.get()
        if [each.space.name for each in found] == names:
            return found
        self._counts.forget()
        return self._counts.get()

    def _read_counts(self) -> Sequence[SpaceStatus]:
        shape = self._spaces.shape.get()
        photos = self._search(shape.spaces)["aggregations"]["with_image"]
        return [_space_status(space, photos, shape.order[space.name]) for space in shape.spaces]

    def _search(self, spaces: Sequence[Space]) -> Any:
        connection = self._connection
        with connection.request():
            answer = connection.client.search(
                index=connection.names.products,
                size=0,
                track_total_hits=True,
                aggs=embedding_queries.build_status_aggs(spaces),
            )
            return require_all_shards(answer)


def _failed_photo(space: Space, product_id: str, source: dict[str, Any]) -> FailedPhoto:
    state = source["embedding"][space.name]
    again = state.get("next_try_at")
    return FailedPhoto(
        space.name,
        product_id,
        source.get("image_url", ""),
        state["status"],
        state.get("reason") or "unknown",
        state.get("attempts") or 0,
        datetime.fromisoformat(again) if again else None,
    )


def _space_status(space: Space, photos: dict[str, Any], added: int) -> SpaceStatus:
    buckets = {bucket["key"]: bucket for bucket in photos[space.name]["buckets"]}

    def count(status: str) -> int:
        return int(buckets.get(status, {}).get("doc_count", 0))

    def reasons(status: str) -> dict[str, int]:
        found = buckets.get(status, {}).get("reasons", {}).get("buckets", [])
        return {bucket["key"]: bucket["doc_count"] for bucket in found}

    done = int(buckets["done"][embedding_queries.WITH_VECTOR]["doc_count"]) if "done" in buckets else 0
    pending = photos["doc_count"] - done - count("failed") - count("retry")
    first = buckets.get("retry", {}).get(embedding_queries.NEXT_TRY, {}).get("value")
    again = None if first is None else datetime.fromtimestamp(first / 1000, UTC)
    return SpaceStatus(space, done, pending, count("retry"), reasons("failed"), reasons("retry"), again, added)
