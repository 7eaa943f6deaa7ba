"""Merchandising rules: few documents, read whole every few seconds, seen at once after a write."""

import logging
from collections.abc import Sequence
from threading import Lock
from typing import Any

from elasticsearch import NotFoundError

from catalog import mapping
from catalog.domain.rulebook import UNKNOWN, Rulebook, check_room
from catalog.domain.rules import Rule, document, parse
from catalog.elastic.base import Store
from catalog.elastic.client import translated
from catalog.elastic.stores import small_indices
from catalog.elastic.ttl_cache import Remembered
from catalog.errors import InvalidRule

READ_MOST = 1000  # rules that are read: what could be kept before there was a lower limit

log = logging.getLogger(__name__)


class RuleStore(Store):
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._compiled: tuple[list[Any], Rulebook] = [], Rulebook()
        self._rules = Remembered(self._read_rules, "the merchandising rules", otherwise=UNKNOWN)
        self._writing = Lock()

    def rules(self) -> Rulebook:
        """All rules as they were a moment ago, or when they could last be read; never raises Unavailable."""
        return self._rules.get()

    def list_rules(self) -> Sequence[Rule]:
        """All rules by id as they are this moment; none where their index is missing."""
        return _parsed(self._stored_rules())

    def put_rule(self, rule: Rule) -> None:
        """Keep a rule in the place of the one with its id; raises InvalidRule where there is no room for it."""
        with self._writing:  # two writers at once would both see the room for one
            check_room(rule, self.list_rules())
            with translated(self.names):
                small_indices.ensure(self.client, self.names.rules, mapping.RULES, self.index_settings(1))
                self.client.index(index=self.names.rules, id=rule.id, document=document(rule), refresh=True)
        self._rules.forget()

    def delete_rule(self, rule_id: str) -> bool:
        """Whether there was such a rule; there is none now."""
        with translated(self.names):
            try:
                self.client.delete(index=self.names.rules, id=rule_id, refresh=True)
            except NotFoundError:
                return False
        self._rules.forget()
        return True

    def _read_rules(self) -> Rulebook:
        """Parsed and made ready only where they are not what they were."""
        stored = self._stored_rules()
        if stored != self._compiled[0]:
            self._compiled = stored, Rulebook(_parsed(stored))
        return self._compiled[1]

    def _stored_rules(self) -> list[Any]:
        return small_indices.read(
            self.client, self.names, self.names.rules, {"size": READ_MOST, "sort": [{"id": "asc"}]}
        )


def _parsed(stored: Sequence[Any]) -> Sequence[Rule]:
    return tuple(rule for source in stored if (rule := _readable(source)))


def _readable(source: dict[str, Any]) -> Rule | None:
    try:
        return parse(source)
    except InvalidRule as error:  # of a newer version, or written by hand: the others go on working
        log.warning("rule %s is left out: %s", source.get("id"), error.message)
        return None
