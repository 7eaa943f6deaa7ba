"""API keys: few documents, read whole every few seconds; what is written never overwrites another's write."""

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from elasticsearch import ConflictError, NotFoundError

from catalog import index_mapping
from catalog.domain.api_keys import ApiKey, document, parse
from catalog.elastic.connection import IndexConnection
from catalog.elastic.stores import small_indices
from catalog.elastic.ttl_cache import TtlCache
from catalog.errors import ApiKeyNotFound, InvalidApiKey, WriteConflict
from catalog.limits import MAX_API_KEYS
from catalog.ports import CallKind

log = logging.getLogger(__name__)


class ApiKeyStore:
    """Reads, adds and revokes keys."""

    def __init__(self, connection: IndexConnection) -> None:
        self._connection = connection
        self._client = connection.client
        self._index = connection.names.api_keys
        self._keys = TtlCache(self._read_by_id, "the API keys")

    def get_all(self) -> Mapping[str, ApiKey]:
        """All keys by id as they were a moment ago, or when they could last be read.

        Raises Unavailable where they never could.
        """
        return self._keys.get()

    def peek_all(self) -> Mapping[str, ApiKey]:
        """Keys by id as they were read last, none where they never were; never waits."""
        return self._keys.peek() or {}

    def read_all(self) -> Sequence[ApiKey]:
        """All keys as they are this moment, oldest first; none where their index is missing."""
        return self._read("read")

    def add(self, key: ApiKey) -> None:
        """Keeps a new key; raises InvalidApiKey where its name is taken or there is no room, WriteConflict."""
        self._make_room(key)
        with self._connection.request("write"):
            small_indices.ensure(self._connection, self._index, index_mapping.API_KEYS)
            try:
                self._client.create(index=self._index, id=key.id, document=document(key), refresh=True)
            except ConflictError as error:
                raise WriteConflict(f"there is a key vs_{key.id} already: try again") from error
        self._keys.forget()

    def revoke(self, key_id: str) -> ApiKey:
        """Takes a key's rights for ever and returns it; raises ApiKeyNotFound, WriteConflict."""
        with self._connection.request("write"):
            try:
                found = self._client.get(index=self._index, id=key_id)
            except NotFoundError as error:
                raise ApiKeyNotFound(f"there is no key vs_{key_id}") from error
            key = parse(found["_source"])
            if key.revoked_at is None:
                key = key.model_copy(update={"revoked_at": datetime.now(UTC)})
                self._replace(key, dict(found))
        self._keys.forget()
        return key

    def _replace(self, key: ApiKey, found: Mapping[str, Any]) -> None:
        condition: dict[str, Any] = {"if_seq_no": found["_seq_no"], "if_primary_term": found["_primary_term"]}
        try:
            self._client.index(index=self._index, id=key.id, document=document(key), refresh=True, **condition)
        except ConflictError as error:
            raise WriteConflict(
                f"somebody else changed the key {key.public_id} at the same moment: try again"
            ) from error

    def _make_room(self, key: ApiKey) -> None:
        """Forgets the oldest key that allows nothing any more where there are too many."""
        now, kept = datetime.now(UTC), self._read("write")
        alive = [each for each in kept if each.find_fault(now) is None]
        if any(each.name == key.name for each in alive):
            raise InvalidApiKey(f"there is a key named '{key.name}' already: choose another name, or revoke that one")
        if len(kept) < MAX_API_KEYS:
            return
        dead = next((each for each in kept if each.find_fault(now)), None)
        if dead is None:
            raise InvalidApiKey(f"there are {MAX_API_KEYS} keys, and no more are kept: revoke one that is not used")
        with self._connection.request("write"):
            self._client.options(ignore_status=404).delete(index=self._index, id=dead.id, refresh=True)

    def _read_by_id(self) -> Mapping[str, ApiKey]:
        return {key.id: key for key in self._read("optional")}

    def _read(self, kind: CallKind) -> Sequence[ApiKey]:
        body = {"size": MAX_API_KEYS + 1, "sort": [{"created_at": "asc"}]}
        stored = small_indices.read(self._connection, self._index, body, kind)
        return [key for source in stored if (key := _parse_one(source))]


def _parse_one(source: Mapping[str, Any]) -> ApiKey | None:
    try:
        return parse(source)
    except InvalidApiKey as error:  # of a newer version, or written by hand: it allows nothing, the others go on
        log.warning("the API key %s is left out: %s", source.get("id"), error.message)
        return None
