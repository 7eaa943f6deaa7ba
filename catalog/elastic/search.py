"""Searches: similar products, browsing, status."""

import time
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import numpy as np
import orjson
from elasticsearch import NotFoundError

from catalog import queries, similarity
from catalog.elastic.base import Store
from catalog.elastic.client import no_catalogue, translated
from catalog.ports import (
    BrowsePage,
    BrowseQuery,
    CatalogStatus,
    Hit,
    Plan,
    SimilarPage,
    SimilarQuery,
    SpaceStatus,
    StoredProduct,
)
from catalog.similarity import Vectors
from catalog.space import Space

T = TypeVar("T")
FRESH = 2.0  # seconds for which the promoted space and the list of spaces are remembered
EXACT_REASON = "script_score over every product that passes the filter"


class Remembered(Generic[T]):
    """A value read again when it is older than FRESH seconds."""

    def __init__(self, read: Callable[[], T]) -> None:
        self._read = read
        self._value: tuple[float, T] | None = None

    def get(self) -> T:
        """The value, at most FRESH seconds old."""
        now = time.monotonic()
        if self._value is None or now - self._value[0] > FRESH:
            self._value = (now, self._read())
        return self._value[1]


class SearchStore(Store):
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._spaces = Remembered(self.read_spaces)
        self._promoted = Remembered(self._read_promoted)

    def ping(self) -> None:
        """A search so small that a read-only role may ask it; raises Unavailable."""
        with translated(self.names):
            self.client.search(index=self.names.products, size=0, track_total_hits=False, terminate_after=1)

    def spaces(self) -> Sequence[Space]:
        """The spaces of the catalogue, by name."""
        return self._spaces.get()

    def promoted(self) -> str | None:
        """Name of the space that the newest promotion says shall serve, if there is one."""
        return self._promoted.get()

    def _read_promoted(self) -> str | None:
        with translated(self.names):
            try:
                answer = self.client.search(
                    index=self.names.promotions, size=1, sort=[{"promoted_at": "desc"}], source_includes=["space"]
                )
            except NotFoundError:
                return None
        hits = answer["hits"]["hits"]
        return str(hits[0]["_source"]["space"]) if hits else None

    def get_with_vector(self, product_id: str, space: Space) -> tuple[StoredProduct, Vectors | None] | None:
        """The product as it is this moment and its vector in `space` (float32 [dims]), None where it has none."""
        with translated(self.names):
            answer = self.client.options(ignore_status=404).get(
                index=self.names.products, id=product_id, source_includes=[*queries.STORED_FIELDS, space.field]
            )
            if "found" not in answer:
                raise no_catalogue(self.names.products)
        if not answer["found"]:
            return None
        source = dict(answer["_source"])
        values = source.pop("embedding", {}).get(space.name, {}).get("vector")
        vector = None if values is None else np.asarray(values, dtype=np.float32)
        return StoredProduct(answer["_id"], source, answer["_seq_no"], answer["_primary_term"]), vector

    def similar(self, query: SimilarQuery) -> SimilarPage:
        """Nearest products by cosine; facets and total in the same request, over all products that pass."""
        bodies = [queries.similar(query)]
        if query.facets or query.total:
            always = [queries.has_vector(query.space)]
            bodies.append(queries.overview(query.filters, query.facets, always, queries.must_not(query)))
        answers = self._msearch(bodies)
        found = answers[0]["hits"]
        hits = [Hit(hit["_id"], similarity.script_to_cosine(hit["_score"]), hit["_source"]) for hit in found["hits"]]
        # Under a threshold the hits' own total counts only what lies above it.
        counted = answers[-1]["hits"]["total"]["value"] if bodies[1:] or query.score_threshold is None else None
        return SimilarPage(
            hits=hits,
            plan=Plan("exact", EXACT_REASON, counted),
            total=counted if query.total else None,
            facets=queries.read_facets(query.facets, answers[1]["aggregations"]) if query.facets else None,
            server_ms=float(max(answer["took"] for answer in answers)),
        )

    def browse(self, query: BrowseQuery) -> BrowsePage:
        """A page of products that pass the filters."""
        answer = self._msearch([queries.browse(query)])[0]
        return BrowsePage(
            products=[{"id": hit["_id"], **hit["_source"]} for hit in answer["hits"]["hits"]],
            total=answer["hits"]["total"]["value"],
            facets=queries.read_facets(query.facets, answer["aggregations"]) if query.facets else None,
        )

    def _msearch(self, bodies: Sequence[dict[str, Any]]) -> list[Any]:
        # Lines are serialised here: the client's own NDJSON serializer knows neither orjson nor numpy.
        lines = [orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY).decode() for body in bodies]
        header = {"preference": queries.stable_preference(lines[0])}
        searches: Any = [part for line in lines for part in (header, line)]
        with translated(self.names):
            answers = self.client.msearch(index=self.names.products, searches=searches)["responses"]
        for answer in answers:
            if "error" in answer:
                raise self.refused(answer["error"], answer["status"])
        return list(answers)

    def space_status(self, space: Space) -> SpaceStatus:
        """How far one space has come, the newest writes included."""
        self.refresh()
        answer = self._status_answer([space])
        return _space_status(space, answer["aggregations"]["with_image"])

    def status(self) -> CatalogStatus:
        """Totals and every space's counts, as searches see them."""
        spaces = list(self.read_spaces())
        answer = self._status_answer(spaces)
        photos = answer["aggregations"]["with_image"]
        return CatalogStatus(
            products=answer["hits"]["total"]["value"],
            with_image=photos["doc_count"],
            available=answer["aggregations"]["available"]["doc_count"],
            spaces=[_space_status(space, photos) for space in spaces],
            index=self.concrete(),
        )

    def _status_answer(self, spaces: Sequence[Space]) -> Any:
        with translated(self.names):
            return self.client.search(
                index=self.names.products, size=0, track_total_hits=True, aggs=queries.status_aggs(spaces)
            )


def _space_status(space: Space, photos: dict[str, Any]) -> SpaceStatus:
    buckets = {bucket["key"]: bucket for bucket in photos[space.name]["buckets"]}

    def count(status: str) -> int:
        return int(buckets.get(status, {}).get("doc_count", 0))

    def reasons(status: str) -> dict[str, int]:
        found = buckets.get(status, {}).get("reasons", {}).get("buckets", [])
        return {bucket["key"]: bucket["doc_count"] for bucket in found}

    pending = photos["doc_count"] - count("done") - count("failed") - count("retry")
    return SpaceStatus(space, count("done"), pending, count("retry"), reasons("failed"), reasons("retry"))
