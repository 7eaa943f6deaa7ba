"""Reads which photos have an embedding, for those who ask whether they are still the same; keeps new ETags."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from catalog.domain.embedding_space import Space
from catalog.domain.records import Outcome, Pending
from catalog.elastic.connection import IndexConnection
from catalog.elastic.pages import scan
from catalog.search import embedding_queries


class RecheckStore:
    """Reads products with an embedding and keeps what was learnt about their photos."""

    def __init__(self, connection: IndexConnection) -> None:
        self._connection = connection

    def read_embedded(self, space: Space, limit: int | None = None, after: str = "") -> Iterator[Pending]:
        """Products with a vector in id order, at most `limit`, those whose id comes behind `after`."""
        self._connection.refresh()
        state = f"embedding.{space.name}"
        source = ["image_url", f"{state}.etag", f"{state}.image_sha256"]
        page = 1000 if limit is None else max(1, min(limit, 1000))
        hits = scan(self._connection, embedding_queries.match_embedded(space, after), source=source, page=page)
        for number, hit in enumerate(hits, start=1):
            if limit is not None and number > limit:
                return
            known = hit["_source"].get("embedding", {}).get(space.name, {})
            sha256 = known.get("image_sha256") or ""
            yield Pending(hit["_id"], hit["_source"]["image_url"], 0, known.get("etag"), sha256)

    def write_etags(self, space: Space, outcomes: Sequence[Outcome]) -> None:
        """Keep the ETags of `outcomes` where the product still has the vector of that very photo.

        A write that meets another one is dropped: without the ETag the photo is only fetched once more.
        """
        state = f"embedding.{space.name}.image_sha256"
        current = self._connection.read_products([outcome.product_id for outcome in outcomes], ["image_url", state])
        actions = [
            {
                "_op_type": "update",
                "_index": self._connection.names.products,
                "_id": outcome.product_id,
                "if_seq_no": stored.seq_no,
                "if_primary_term": stored.primary_term,
                "doc": {"embedding": {space.name: {"etag": outcome.etag}}},
            }
            for outcome in outcomes
            if (stored := current.get(outcome.product_id)) and _shows(stored.source, space, outcome)
        ]
        self._connection.send_bulk(actions)


def _shows(source: Mapping[str, Any], space: Space, outcome: Outcome) -> bool:
    state = (source.get("embedding") or {}).get(space.name) or {}
    return bool(source.get("image_url") == outcome.image_url and state.get("image_sha256") == outcome.image_sha256)
