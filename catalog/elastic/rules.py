"""Merchandising rules: few documents, read whole every few seconds, seen at once after a write."""

import logging
from collections.abc import Sequence
from typing import Any

from elasticsearch import BadRequestError, NotFoundError

from catalog import mapping
from catalog.elastic.base import Store
from catalog.elastic.client import translated
from catalog.elastic.completeness import whole
from catalog.elastic.remembered import Remembered
from catalog.errors import InvalidRule
from catalog.rules import MAX_RULES, Rule, document, parse

log = logging.getLogger(__name__)


class RuleStore(Store):
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._rules = Remembered(self.list_rules)

    def rules(self) -> Sequence[Rule]:
        """All rules, as they were a moment ago."""
        return self._rules.get()

    def list_rules(self) -> Sequence[Rule]:
        """All rules by id; none where their index is missing."""
        with translated(self.names):
            try:
                answer = whole(self.client.search(index=self.names.rules, size=MAX_RULES, sort=[{"id": "asc"}]))
            except NotFoundError:
                return ()
        found = (_readable(hit["_source"]) for hit in answer["hits"]["hits"])
        return tuple(rule for rule in found if rule)

    def put_rule(self, rule: Rule) -> None:
        """Keep a rule in the place of the one with its id; raises InvalidRule where there are MAX_RULES others."""
        others = [known for known in self.list_rules() if known.id != rule.id]
        if len(others) >= MAX_RULES:
            raise InvalidRule(f"there are {MAX_RULES} rules already, and no more can be kept: delete some")
        self._make_index()
        with translated(self.names):
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

    def _make_index(self) -> None:
        """Catalogues made before there were rules get the index with the first one."""
        with translated(self.names):
            if self.client.indices.exists(index=self.names.rules):
                return
            try:
                self.client.indices.create(
                    index=self.names.rules, mappings=mapping.RULES, settings=self.index_settings(1)
                )
            except BadRequestError as error:
                if error.error != "resource_already_exists_exception":  # another process was first
                    raise


def _readable(source: dict[str, Any]) -> Rule | None:
    try:
        return parse(source)
    except InvalidRule as error:  # of a newer version, or written by hand: the others go on working
        log.warning("rule %s is left out: %s", source.get("id"), error.message)
        return None
