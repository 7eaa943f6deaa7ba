"""Bulk writes that bring every item home: pushed back by load or by an alias swap, they are sent again."""

import logging
import time
from collections.abc import Iterable, Sequence
from typing import Any

from elasticsearch import Elasticsearch, helpers

from catalog.elastic.client import blocked_write, missing_catalogue
from catalog.errors import Unavailable
from catalog.settings import PATIENCE

log = logging.getLogger(__name__)
MAX_CHUNK_BYTES = 10 * 1024 * 1024
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0  # seconds; an alias swap blocks writes for well under one


def send(
    client: Elasticsearch,
    actions: Sequence[dict[str, Any]],
    *,
    chunk: int = 500,
    require_alias: bool = True,
    patience: float = PATIENCE,
) -> dict[str, dict[str, Any]]:
    """Returns the item result of every action by `_id` (ids must be distinct); refusals are results, not exceptions.

    What is pushed back (429) or blocked, as while `reindex` swaps the alias, is sent again for up to `patience`
    seconds; then raises WriteBlocked or Unavailable. What the same call has written by then stays written.
    """
    results: dict[str, dict[str, Any]] = {}
    left, deadline, pause = list(actions), time.monotonic() + patience, FIRST_PAUSE
    while left:
        results |= _once(client, left, chunk, require_alias)
        left = [action for action in left if _come_again(results[action["_id"]])]
        if left:
            refusal = _refusal(results[left[0]["_id"]])
            if time.monotonic() + pause > deadline:
                raise refusal
            if pause < LONGEST_PAUSE <= 2 * pause:  # once: a swap is over by now
                log.warning("waiting for Elasticsearch: %s", refusal.message)
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
    return results


def _once(
    client: Elasticsearch, actions: Iterable[dict[str, Any]], chunk: int, require_alias: bool
) -> dict[str, dict[str, Any]]:
    answers = helpers.streaming_bulk(
        client,
        actions,
        chunk_size=chunk,
        max_chunk_bytes=MAX_CHUNK_BYTES,
        raise_on_error=False,
        max_retries=0,  # `send` does it, for as long as its caller has patience
        require_alias=require_alias,  # a missing alias must not become an index with guessed mappings
    )
    items = {item["_id"]: item for _, answer in answers for item in answer.values()}
    for item in items.values():
        if error_type(item) == "index_not_found_exception":
            raise missing_catalogue(item["_index"])
    return items


def _come_again(item: dict[str, Any]) -> bool:
    if item["status"] == 429:
        return True
    return item["status"] == 403 and error_type(item) == "cluster_block_exception"


def _refusal(item: dict[str, Any]) -> Unavailable:
    if error_type(item) == "cluster_block_exception":
        return blocked_write(error_reason(item))
    return Unavailable(f"Elasticsearch is too busy to write: {error_reason(item)}")


def error_type(item: dict[str, Any]) -> str:
    """Returns the Elasticsearch error type of a refused item, empty for an accepted one."""
    error = item.get("error")
    return str(error.get("type", "")) if isinstance(error, dict) else ""


def error_reason(item: dict[str, Any]) -> str:
    """Why an item was refused, in Elasticsearch's words."""
    error = item.get("error") or {}
    if not isinstance(error, dict):
        return str(error)
    cause = error.get("caused_by") or {}
    return ": ".join(part for part in (error.get("reason"), cause.get("reason")) if part)
