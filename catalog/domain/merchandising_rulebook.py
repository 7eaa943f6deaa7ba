"""All rules, made ready for questions once whenever they change."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import islice
from typing import Any, Self

from catalog.domain.filters import Filters
from catalog.domain.matching import FoldedProduct
from catalog.domain.merchandising_rules import MAX_NAMED, MAX_POSITION, MAX_RULES, Rule
from catalog.domain.warnings import AnswerWarning
from catalog.errors import InvalidRule

COMBINATIONS = 64  # sets of rules in force together that are kept: most questions share one of a few


@dataclass(frozen=True)
class ActiveRules:
    """Holds the rules in force for a question, by what they do, each kind in order of ids (pins: of positions)."""

    hides: tuple[Rule, ...] = ()
    boosts: tuple[Rule, ...] = ()
    pins: tuple[Rule, ...] = ()

    @classmethod
    def of(cls, rules: Iterable[Rule]) -> Self:
        """Rules in the order of ids, by kind."""
        kinds: dict[str, list[Rule]] = {"hide": [], "boost": [], "pin": []}
        for rule in rules:
            kinds[rule.action].append(rule)
        pins = sorted(kinds["pin"], key=lambda rule: rule.position or 0)
        return cls(tuple(kinds["hide"]), tuple(kinds["boost"]), tuple(pins))

    @property
    def reorder(self) -> bool:
        """Says whether hits come in another order than that of similarity; hiding alone leaves it as it is."""
        return bool(self.boosts or self.pins)

    @cached_property
    def hidden_ids(self) -> tuple[str, ...]:
        """Products hidden by name."""
        return tuple(dict.fromkeys(name for rule in self.hides for name in rule.target.ids))

    @cached_property
    def hidden_filters(self) -> tuple[Filters, ...]:
        """Filters by which products are hidden."""
        return tuple(rule.target.filter for rule in self.hides if not rule.target.ids)

    @cached_property
    def pin_places(self) -> Mapping[str, tuple[int, str]]:
        """Product id -> position and rule, by position; a product pinned twice keeps its first place."""
        wanted: dict[str, tuple[int, str]] = {}
        for rule in self.pins:
            for name in rule.target.ids:
                wanted.setdefault(name, (rule.position or 1, rule.id))
        return dict(islice(wanted.items(), MAX_POSITION))


NONE = ActiveRules()


class Rulebook:
    """Sorts rules by what decides whether they apply, so that a question looks only at those that may.

    `known` is False where they could not be read: no rule acts then, and answers have to say so.
    """

    def __init__(self, rules: Iterable[Rule] = (), *, known: bool = True) -> None:
        self.rules = tuple(sorted(rules, key=lambda rule: rule.id))
        self.known = known
        self._named: dict[str, list[int]] = {}  # source id -> places of the rules whose condition names it
        self._open: list[int] = []  # places of those whose condition names no ids
        self._ready: dict[tuple[int, ...], ActiveRules] = {}
        for place, rule in enumerate(self.rules):
            if not rule.when.ids:
                self._open.append(place)
            for name in rule.when.id_set:
                self._named.setdefault(name, []).append(place)

    def in_force(self, source: Mapping[str, Any] | None, now: datetime) -> ActiveRules:
        """Returns those that apply to a question about the stored product `source` (None: about none) at `now`."""
        seen = FoldedProduct(source) if source else None
        named = {place for name in seen.names for place in self._named.get(name, ())} if seen and self._named else ()
        applying = tuple(place for place in sorted((*self._open, *named)) if self.rules[place].applies(seen, now))
        if not applying:
            return NONE
        ready = self._ready.get(applying)
        if ready is None:
            if len(self._ready) >= COMBINATIONS:
                self._ready.clear()
            ready = self._ready[applying] = ActiveRules.of(self.rules[place] for place in applying)
        return ready

    @property
    def warnings(self) -> tuple[AnswerWarning, ...]:
        """Warnings of an answer made by them."""
        if self.known:
            return ()
        return (AnswerWarning("rules_unavailable", "merchandising rules cannot be read now: none was applied"),)


UNKNOWN = Rulebook(known=False)


def check_room(rule: Rule, kept: Sequence[Rule]) -> None:
    """Raises InvalidRule, saying how many there are, where `rule` cannot be kept beside those of other ids in `kept`.

    A rule that takes the place of one that named as much is always taken.
    """
    others = [known for known in kept if known.id != rule.id]
    if len(others) >= MAX_RULES and len(others) == len(kept):
        raise InvalidRule(
            f"there are {len(others)} rules, and no more than {MAX_RULES} can be kept: delete some",
            rules=len(others),
            allowed=MAX_RULES,
        )
    named, before = sum(each.value_count for each in others), sum(each.value_count for each in kept)
    if named + rule.value_count > max(MAX_NAMED, before):
        raise InvalidRule(
            f"the other rules name {named:,} ids and filter values, this one {rule.value_count:,}, and all "
            f"together may name {MAX_NAMED:,}: delete rules, or say it by a filter with fewer values",
            named=named,
            asked=rule.value_count,
            allowed=MAX_NAMED,
        )
