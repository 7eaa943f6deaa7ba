"""Marks of imported feeds: which products a feed had, by their hashes, without a write to any product."""

from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from secrets import token_hex
from typing import Any

import numpy as np

from catalog import index_mapping
from catalog.domain.records import IdHashes, OfferMark
from catalog.elastic import bulk
from catalog.elastic.connection import IndexConnection
from catalog.elastic.pages import scan
from catalog.elastic.stores import small_indices
from catalog.errors import NoCatalogue, Unavailable

IDS = 100_000  # of one document: 1 MB
PAGE = 8  # documents read at a time


class OfferMarkStore:
    """Reads, adds and drops marks; a mark of many products is several documents, each of which holds alone."""

    def __init__(self, connection: IndexConnection) -> None:
        self._connection = connection
        self._index = connection.names.offer_marks

    def read(self, after: datetime | None = None) -> Iterator[OfferMark]:
        """Yields the marks of feeds made later than `after` (None: all); none where their index is missing."""
        query = {"range": {"as_of": {"gt": after.isoformat()}}} if after else {"match_all": {}}
        try:
            self._connection.refresh(self._index)
            for hit in scan(self._connection, query, source=True, index=self._index, page=PAGE):
                yield _to_mark(hit["_source"])
        except NoCatalogue:  # a catalogue from before there were marks
            return

    def add(self, as_of: datetime, ids: IdHashes) -> None:
        """Marks that a feed made at `as_of` had the products `ids`; raises Unavailable."""
        with self._connection.request("write"):
            small_indices.ensure(self._connection, self._index, index_mapping.OFFER_MARKS)
        for start in range(0, len(ids), IDS):
            action = _to_action(self._index, as_of, ids[start : start + IDS])
            for item in self._connection.send_bulk([action], require_alias=False).values():
                if item["status"] >= 300:
                    raise Unavailable(f"a mark of this import could not be written: {bulk.error_reason(item)}")

    def drop(self, names: Sequence[str]) -> None:
        """Deletes marks; one that is gone already is no matter."""
        actions = [{"_op_type": "delete", "_index": self._index, "_id": name} for name in names]
        self._connection.send_bulk(actions, require_alias=False)


def _to_action(index: str, as_of: datetime, ids: IdHashes) -> dict[str, Any]:
    name = token_hex(8)
    body = {
        "id": name,
        "as_of": as_of.isoformat(),
        "marked_at": datetime.now(UTC).isoformat(),
        "count": len(ids),
        "ids": b64encode(ids.astype("<u8").tobytes()).decode(),
    }
    return {"_op_type": "create", "_index": index, "_id": name, "_source": body}


def _to_mark(source: dict[str, Any]) -> OfferMark:
    ids = np.frombuffer(b64decode(source["ids"]), dtype="<u8").astype(np.uint64)
    as_of, marked_at = (datetime.fromisoformat(source[name]) for name in ("as_of", "marked_at"))
    return OfferMark(source["id"], as_of, marked_at, ids)
