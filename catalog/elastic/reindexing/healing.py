"""Undoes what a killed reindex left behind, before the next command writes: never while one is really at work."""

import logging
import time
from collections.abc import Callable

from elasticsearch import Elasticsearch

from catalog.elastic.connection import IndexConnection
from catalog.elastic.names import Names
from catalog.elastic.reindexing import reindex_record
from catalog.elastic.reindexing.reindex_record import LEASE, Layout

log = logging.getLogger(__name__)
LOOK_AGAIN = 0.5  # seconds


def heal(connection: IndexConnection, sleep: Callable[[float], None] = time.sleep) -> None:
    """Let writes through that a killed reindex blocks, and delete the index it left.

    Where the reindex may be alive on another machine and blocks writes, its block is waited for: it ends within
    seconds, or its lease runs out. Raises catalog.errors.Unavailable.
    """
    client, names = connection.client, connection.names
    with connection.request():
        layout = reindex_record.read_layout(client, names)
        waited = 0.0
        while layout and layout.blocked and layout.unfinished and layout.unfinished.is_alive():
            if waited > 2 * LEASE.total_seconds():  # clocks that disagree: bulk writes go on waiting
                return
            sleep(LOOK_AGAIN)
            waited += LOOK_AGAIN
            layout = reindex_record.read_layout(client, names)
        if layout is None:
            return
        if layout.unfinished and not layout.unfinished.is_alive():
            sleep(LOOK_AGAIN)  # the server may still be at work on the last thing it asked for, such as the block
            _undo(client, names, layout)
        elif layout.replaced and layout.record and not layout.record.is_alive():
            _finish(client, layout)


def is_complete(client: Elasticsearch, index: str) -> bool:
    """Returns whether every shard of an index answers in all its copies; needs no privilege on the cluster."""
    shards = client.indices.stats(index=index, metric="docs")["_shards"]
    return bool(shards["total"] == shards["successful"])


def unblock(client: Elasticsearch, index: str) -> None:
    """Let writes into an index again."""
    client.indices.put_settings(index=index, settings={"index.blocks.write": None})


def _undo(client: Elasticsearch, names: Names, layout: Layout) -> None:
    record = layout.unfinished
    assert record is not None
    if not reindex_record.revoke(client, names, record):
        now = reindex_record.read_layout(client, names)
        if now is None or now.unfinished is None or now.unfinished.token != record.token:
            return  # it swapped at the last moment, or another command was first
    unblock(client, layout.serving)
    client.options(ignore_status=404).indices.delete(index=record.index)
    who = f"process {record.pid} on {record.host}, last seen {record.renewed_at}"
    log.warning(
        "undid a reindex that was killed (%s): '%s' is deleted, '%s' takes writes", who, record.index, layout.serving
    )


def _finish(client: Elasticsearch, layout: Layout) -> None:
    """Finishes a reindex that swapped and ended early: the old index goes once the new one has all its copies."""
    if is_complete(client, layout.serving):
        client.options(ignore_status=404).indices.delete(index=str(layout.replaced))
        log.warning("deleted '%s', which '%s' has replaced", layout.replaced, layout.serving)
