"""Searches: similar products, browsing, status."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from catalog import mapping
from catalog.domain.records import CatalogStatus, SpaceStatus, StoredProduct
from catalog.domain.space import Space
from catalog.elastic.client import translated
from catalog.elastic.completeness import whole
from catalog.elastic.stores.vectors import VectorReader
from catalog.elastic.ttl_cache import Remembered
from catalog.ports import Embedded
from catalog.search import facet_queries, queries, work_queries
from catalog.search.search_types import BrowsePage, BrowseQuery
from catalog.similarity import Vectors

COUNTS_FRESH = 10.0  # seconds; which space serves hangs on them only until the first vectors are there


class SearchStore(VectorReader):
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._counts_of_spaces = Remembered(self._read_counts, "how far the models are", fresh=COUNTS_FRESH)

    def ping(self) -> None:
        """A search so small that a read-only role may ask it; raises Unavailable.

        A part of the catalogue is enough: products of the others can still be read.
        """
        with translated(self.names):
            self.client.search(index=self.names.products, size=0, track_total_hits=False, terminate_after=1)

    def spaces(self) -> Sequence[Space]:
        """The spaces of the catalogue, by name."""
        return self.shape.get().spaces

    def get_vectors(self, ids: Sequence[str], spaces: Sequence[Space]) -> Embedded:
        """Products as they are this moment, each with its vectors (float32 [dims]) in those of `spaces` it has."""
        states = (f"embedding.{space.name}.{name}" for space in spaces for name in ("vector", "status"))
        read = self.read_many(list(dict.fromkeys(ids)), [*queries.STORED_FIELDS, *states])
        found: dict[str, tuple[StoredProduct, Mapping[str, Vectors]]] = {}
        for product_id, stored in self.complete(read).items():
            source = dict(stored.source)
            vectors = {
                name: np.asarray(state["vector"], dtype=np.float32)
                for name, state in (source.pop("embedding", None) or {}).items()
                if state.get("vector") is not None
            }
            found[product_id] = replace(stored, source=source), vectors
        return found

    def browse(self, query: BrowseQuery) -> BrowsePage:
        """A page of products that pass the filters."""
        query = replace(query, mapping_version=self.mapping_version())
        (answer,) = self.msearch([queries.build_browse_search(query)], queries.compute_preference(query))
        facets = query.counts.facets
        return BrowsePage(
            products=[{"id": hit["_id"], **hit["_source"]} for hit in answer["hits"]["hits"]],
            total=answer["hits"]["total"]["value"],
            facets=facet_queries.read_facets(facets, answer["aggregations"]) if facets else None,
        )

    def space_status(self, space: Space) -> SpaceStatus:
        """How far one space has come, the newest writes included."""
        self.refresh()
        answer = self._status_answer([space])
        added = self.shape.get().added.get(space.name, 0)
        return _space_status(space, answer["aggregations"]["with_image"], added)

    def status(self) -> CatalogStatus:
        """Totals and every space's counts, as searches see them."""
        shape = self.read_shape()
        answer = self._status_answer(shape.spaces)
        layout = self.layout()
        photos = answer["aggregations"]["with_image"]
        return CatalogStatus(
            products=answer["hits"]["total"]["value"],
            with_image=photos["doc_count"],
            available=answer["aggregations"]["available"]["doc_count"],
            spaces=[_space_status(space, photos, shape.added[space.name]) for space in shape.spaces],
            index=layout.serving,
            writes_blocked=layout.blocked,
            reindex=layout.reindex,
            left_over=layout.left_over(),
            old_index=shape.version < mapping.VERSION,
        )

    def space_counts(self) -> Sequence[SpaceStatus]:
        """How far every space has come, as it was seconds ago; a space added since is among them."""
        names = [space.name for space in self.spaces()]
        found = self._counts_of_spaces.get()
        if [each.space.name for each in found] == names:
            return found
        self._counts_of_spaces.forget()
        return self._counts_of_spaces.get()

    def _read_counts(self) -> Sequence[SpaceStatus]:
        shape = self.shape.get()
        photos = self._status_answer(shape.spaces)["aggregations"]["with_image"]
        return [_space_status(space, photos, shape.added[space.name]) for space in shape.spaces]

    def _status_answer(self, spaces: Sequence[Space]) -> Any:
        with translated(self.names):
            answer = self.client.search(
                index=self.names.products, size=0, track_total_hits=True, aggs=work_queries.build_status_aggs(spaces)
            )
        return whole(answer)


def _space_status(space: Space, photos: dict[str, Any], added: int) -> SpaceStatus:
    buckets = {bucket["key"]: bucket for bucket in photos[space.name]["buckets"]}

    def count(status: str) -> int:
        return int(buckets.get(status, {}).get("doc_count", 0))

    def reasons(status: str) -> dict[str, int]:
        found = buckets.get(status, {}).get("reasons", {}).get("buckets", [])
        return {bucket["key"]: bucket["doc_count"] for bucket in found}

    done = int(buckets["done"][work_queries.WITH_VECTOR]["doc_count"]) if "done" in buckets else 0
    pending = photos["doc_count"] - done - count("failed") - count("retry")
    return SpaceStatus(space, done, pending, count("retry"), reasons("failed"), reasons("retry"), added)
