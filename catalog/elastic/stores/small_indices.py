"""Small indices: made where they are missing, and with a replica as soon as there is a second node for it."""

import logging
from collections.abc import Mapping
from typing import Any

from elasticsearch import ApiError, BadRequestError, Elasticsearch

from catalog.elastic.client import translated
from catalog.elastic.completeness import whole
from catalog.elastic.names import Names
from catalog.errors import Unavailable

EXPAND = "auto_expand_replicas"

log = logging.getLogger(__name__)


def ensure(client: Elasticsearch, name: str, mappings: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    """Make the index if it is not there, and let one without replicas have one; raises the client's errors.

    Having these few documents twice costs next to nothing, losing them changes answers. `settings` are those of any
    index of ours; more replicas than one stay what they say.
    """
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


def read(client: Elasticsearch, names: Names, index: str, body: Mapping[str, Any]) -> list[Any]:
    """The sources that a search of a small index finds; none where there is no such index.

    Raises Unavailable. As a search of its own a lost index would answer 503, for which the client takes the node for
    dead, tries others and says so in the log; inside of several searches it is an answer.
    """
    with translated(names):
        (answer,) = client.msearch(index=index, searches=[{}, dict(body)])["responses"]
    error = answer.get("error")
    if error is None:
        return [hit["_source"] for hit in whole(answer)["hits"]["hits"]]
    if error.get("type") == "index_not_found_exception":
        return []
    cause = (error.get("root_cause") or [error])[0]
    raise Unavailable(f"{index} cannot be read: {answer['status']} {cause.get('type')}: {cause.get('reason')}")
