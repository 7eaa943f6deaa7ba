"""Streaming over all documents a query matches, in id order, from one point in time."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from elasticsearch import Elasticsearch, NotFoundError, TransportError

from catalog.elastic.completeness import Incomplete, require_all_shards
from catalog.elastic.connection import IndexConnection

KEEP_ALIVE = "5m"
PAGE = 1000


def scan(
    connection: IndexConnection,
    query: dict[str, Any],
    *,
    source: Any,
    index: str | None = None,
    page: int = PAGE,
    preference: str | None = None,
    fields: Sequence[str] | None = None,
) -> Iterator[dict[str, Any]]:
    """Every hit of `query`, sorted by `id`, `_source` and `fields` as they are asked for.

    A point in time lost under way (`reindex` replaced its index, a node came back without it) is opened anew behind
    the last id seen. Raises Incomplete where a shard does not answer, before any hit that would skip its products.
    """
    after: list[Any] | None = None
    asked = {"query": query, "source": source, "fields": fields, "size": page}
    while True:
        try:
            for hit in _pages(connection, asked, index or connection.names.products, preference, after):
                after = hit["sort"][:1]
                yield hit
            return
        except _LostPointInTime:
            continue


class _LostPointInTime(Exception):
    """Raised where the index under a point in time is gone."""


def _pages(
    connection: IndexConnection,
    asked: dict[str, Any],
    index: str,
    preference: str | None,
    after: list[Any] | None,
) -> Iterator[dict[str, Any]]:
    client = connection.client
    with connection.request():
        pit = client.open_point_in_time(index=index, keep_alive=KEEP_ALIVE, preference=preference)["id"]
    try:
        while True:
            with connection.request():
                try:
                    answer = client.search(
                        pit={"id": pit, "keep_alive": KEEP_ALIVE},
                        sort=[{"id": "asc"}],
                        search_after=after,
                        track_total_hits=False,
                        **asked,
                    )
                except NotFoundError as error:
                    raise _LostPointInTime from error
            pit = answer["pit_id"]
            hits = _require_all_shards(answer)["hits"]["hits"]
            yield from hits
            if len(hits) < asked["size"]:
                return
            after = hits[-1]["sort"][:1]
    finally:
        _close(client, pit)


def _require_all_shards(answer: Any) -> Any:
    try:
        return require_all_shards(answer)
    except Incomplete as error:
        if error.lost_context:
            raise _LostPointInTime from error
        raise


def _close(client: Elasticsearch, pit: str) -> None:
    with suppress(TransportError):  # a point in time that could not be closed expires by itself
        client.options(ignore_status=(404, 503)).close_point_in_time(id=pit)
