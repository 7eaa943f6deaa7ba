"""Merchandising rules: few documents, read whole every few seconds, seen at once after a write."""

import logging
from collections.abc import Sequence
from threading import Lock
from typing import Any

from elasticsearch import NotFoundError

from catalog import index_mapping
from catalog.domain.merchandising_rulebook import UNKNOWN, Rulebook, check_room
from catalog.domain.merchandising_rules import Rule, document, parse
from catalog.elastic.connection import IndexConnection
from catalog.elastic.stores import small_indices
from catalog.elastic.ttl_cache import TtlCache
from catalog.errors import InvalidRule
from catalog.ports import CallKind

READ_MOST = 1000  # rules that are read: what could be kept before there was a lower limit

log = logging.getLogger(__name__)


class RuleStore:
    """Reads, keeps and deletes rules."""

    def __init__(self, connection: IndexConnection) -> None:
        self._connection = connection
        self._client = connection.client
        self._index = connection.names.rules
        self._compiled: tuple[list[Any], Rulebook] = [], Rulebook()
        self._rules = TtlCache(self._read_rulebook, "the merchandising rules", otherwise=UNKNOWN)
        self._writing = Lock()

    def get_rulebook(self) -> Rulebook:
        """All rules as they were a moment ago, or when they could last be read; never raises Unavailable."""
        return self._rules.get()

    def read_all(self) -> Sequence[Rule]:
        """All rules by id as they are this moment; none where their index is missing."""
        return _parse_all(self._read_stored("read"))

    def put(self, rule: Rule) -> None:
        """Keep a rule in the place of the one with its id; raises InvalidRule where there is no room for it."""
        with self._writing:  # two writers at once would both see the room for one
            check_room(rule, _parse_all(self._read_stored("write")))
            with self._connection.request("write"):
                small_indices.ensure(self._connection, self._index, index_mapping.RULES)
                self._client.index(index=self._index, id=rule.id, document=document(rule), refresh=True)
        self._rules.forget()

    def delete(self, rule_id: str) -> bool:
        """Deletes a rule; returns whether there was one."""
        with self._connection.request("write"):
            try:
                self._client.delete(index=self._index, id=rule_id, refresh=True)
            except NotFoundError:
                return False
        self._rules.forget()
        return True

    def _read_rulebook(self) -> Rulebook:
        """Parsed and made ready only where they are not what they were."""
        stored = self._read_stored("optional")
        if stored != self._compiled[0]:
            self._compiled = stored, Rulebook(_parse_all(stored))
        return self._compiled[1]

    def _read_stored(self, kind: CallKind) -> list[Any]:
        body = {"size": READ_MOST, "sort": [{"id": "asc"}]}
        return small_indices.read(self._connection, self._index, body, kind)


def _parse_all(stored: Sequence[Any]) -> Sequence[Rule]:
    return tuple(rule for source in stored if (rule := _parse_one(source)))


def _parse_one(source: dict[str, Any]) -> Rule | None:
    try:
        return parse(source)
    except InvalidRule as error:  # of a newer version, or written by hand: the others go on working
        log.warning("rule %s is left out: %s", source.get("id"), error.message)
        return None
