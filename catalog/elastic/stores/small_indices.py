"""Small indices: made where they are missing, and with a replica as soon as there is a second node for it."""

import logging
from collections.abc import Mapping
from typing import Any

from elasticsearch import ApiError, BadRequestError, Elasticsearch

from catalog.elastic.client import describe_cause
from catalog.elastic.completeness import require_all_shards
from catalog.elastic.connection import IndexConnection
from catalog.errors import Unavailable
from catalog.ports import CallKind

EXPAND = "auto_expand_replicas"

log = logging.getLogger(__name__)


def ensure(connection: IndexConnection, name: str, mappings: Mapping[str, Any]) -> None:
    """Make the index if it is not there, and let one without replicas have one; raises the client's errors.

    Having these few documents twice costs next to nothing, losing them changes answers. Where
    INDEX_REPLICAS asks for more than one, it gets those.
    """
    client, settings = connection.client, connection.index_settings(1)
    copies = f"0-{max(1, int(settings['number_of_replicas']))}"
    if client.indices.exists(index=name):
        _widen(client, name, copies)
        return
    own = {key: value for key, value in settings.items() if key != "number_of_replicas"} | {EXPAND: copies}
    try:
        client.indices.create(index=name, mappings=mappings, settings=own)
    except BadRequestError as error:
        if error.error != "resource_already_exists_exception":  # another process was first
            raise


def _widen(client: Elasticsearch, name: str, copies: str) -> None:
    """Leaves alone what somebody has given replicas; a role that may not change settings changes none."""
    try:
        there = client.indices.get_settings(index=name, flat_settings=True)[name]["settings"]
        if there.get(f"index.{EXPAND}", "false") == "false" and there.get("index.number_of_replicas") == "0":
            client.indices.put_settings(index=name, settings={EXPAND: copies})
    except ApiError as error:
        log.info("%s keeps the replicas it has: its settings cannot be changed: %s", name, error)


def read(connection: IndexConnection, index: str, body: Mapping[str, Any], kind: CallKind = "optional") -> list[Any]:
    """Returns the sources that a search of a small index finds; none where there is no such index.

    Raises Unavailable. As a search of its own a lost index would answer 503, for which the client takes the node for
    dead, tries others and says so in the log; inside of several searches it is an answer.
    """
    with connection.request(kind):
        (answer,) = connection.client.msearch(index=index, searches=[{}, dict(body)])["responses"]
        error = answer.get("error")
        if error is None:
            return [hit["_source"] for hit in require_all_shards(answer)["hits"]["hits"]]
        if error.get("type") == "index_not_found_exception":
            return []
        raise Unavailable(f"{index} cannot be read: {answer['status']} {describe_cause(error)}")
