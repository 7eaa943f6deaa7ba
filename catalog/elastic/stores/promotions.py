"""Append-only list of promotions: read whole by those who write it, the newest one by everybody."""

from datetime import UTC, datetime, timedelta
from typing import Any

from elasticsearch import ConflictError, NotFoundError

from catalog import index_mapping
from catalog.domain.promotion import Promotion
from catalog.elastic.completeness import require_all_shards
from catalog.elastic.connection import IndexConnection
from catalog.elastic.stores import small_indices
from catalog.elastic.ttl_cache import TtlCache
from catalog.errors import WriteConflict

MOST = 10_000  # entries that are read: what one search gives; years of promotions
TICK = timedelta(milliseconds=1)  # what the index can tell apart


class PromotionStore:
    """Reads and appends promotions."""

    def __init__(self, connection: IndexConnection) -> None:
        self._connection = connection
        self._client = connection.client
        self._index = connection.names.promotions
        self._promoted = TtlCache(self._read_promoted, "the promotions")

    def get_promoted(self) -> str | None:
        """Name of the space that the newest promotion says shall serve, if there is one."""
        return self._promoted.get()

    def read_all(self) -> list[Promotion]:
        """All of them as they are this moment, oldest first."""
        with self._connection.request():
            try:
                self._client.indices.refresh(index=self._index)
                answer = self._client.search(
                    index=self._index, size=MOST, sort=[{"promoted_at": "asc"}], query={"match_all": {}}
                )
            except NotFoundError:
                return []
        return [_promotion(hit["_source"]) for hit in require_all_shards(answer)["hits"]["hits"]]

    def append(self, entry: Promotion, after: int) -> Promotion:
        """Write the entry behind the `after` that were read; visible at once.

        Raises WriteConflict when somebody else has written one since. Its time is later than that of all before it,
        whatever the clocks say: readers go by it.
        """
        self._ensure_promotions()
        known = self.read_all()
        times = [one.at for one in known if one.at is not None]
        at = max([_now(), *(time + TICK for time in times)])
        with self._connection.request("write"):
            try:
                self._client.create(
                    index=self._index,
                    id=f"{after + 1:08d}",
                    document=_document(entry, at, after + 1),
                    refresh=True,
                )
            except ConflictError as error:
                message = "somebody else promoted or rolled back at the same moment: look at the list, and try again"
                raise WriteConflict(message) from error
        self._promoted.forget()
        return _promotion(_document(entry, at, after + 1))

    def _read_promoted(self) -> str | None:
        newest = {"size": 1, "sort": [{"promoted_at": "desc"}], "_source": ["space"]}
        found = small_indices.read(self._connection, self._index, newest)
        return str(found[0]["space"]) if found else None

    def _ensure_promotions(self) -> None:
        """Catalogues of before have no such index, or one that knows fewer fields."""
        with self._connection.request("write"):
            small_indices.ensure(self._connection, self._index, index_mapping.PROMOTIONS)
            self._client.indices.put_mapping(index=self._index, properties=index_mapping.PROMOTIONS["properties"])


def _now() -> datetime:
    """In whole milliseconds, which is what the index keeps."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _document(entry: Promotion, at: datetime, number: int) -> dict[str, Any]:
    return {
        "number": number,
        "action": entry.action,
        "space": entry.space,
        "promoted_at": at.isoformat(timespec="milliseconds"),
        "promoted_by": entry.by,
        "reason": entry.reason,
        "figures": dict(entry.figures),
    }


def _promotion(source: dict[str, Any]) -> Promotion:
    return Promotion(
        space=str(source["space"]),
        by=str(source.get("promoted_by", "")),
        reason=str(source.get("reason", "")),
        action=source.get("action", "promote"),
        figures=source.get("figures") or {},
        at=_time(source["promoted_at"]),
        number=int(source.get("number", 0)),
    )


def _time(written: str | int) -> datetime:
    """Entries written by hand may use any spelling that the index takes for a date."""
    if isinstance(written, int):
        return datetime.fromtimestamp(written / 1000, UTC)
    at = datetime.fromisoformat(written)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
