"""Applies rules to a pool of hits: boosts change its order, pins take their places; hidden ones never were in it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from catalog.domain.filter_fields import FLAG_FIELDS, TERM_FIELDS
from catalog.domain.matching import FoldedProduct
from catalog.domain.merchandising_rulebook import ActiveRules
from catalog.domain.offers import list_names, list_skus
from catalog.domain.product import OFFER_FIELDS
from catalog.domain.warnings import AnswerWarning
from catalog.ports import SearchIndex
from catalog.search.search_types import Counts, Hit, SimilarQuery

# What the filter of a rule may look at, whatever fields the answer shall show.
RULE_FIELDS = ("id", *TERM_FIELDS.values(), *FLAG_FIELDS.values(), *OFFER_FIELDS, "attributes", "group_key")


@dataclass(frozen=True, slots=True)
class Pin:
    """Holds a hit that a rule puts at `position` (from 1), or at the next place that no pin before it has taken."""

    position: int
    rule: str
    hit: Hit


@dataclass(frozen=True, slots=True)
class BoostedHit:
    """Holds a hit, the cosine and amounts that rank it, and the rules that gave them."""

    hit: Hit
    relevance: float
    rules: tuple[str, ...] = ()


def boost_hits(hits: Sequence[Hit], rules: ActiveRules) -> list[BoostedHit]:
    """Sorts hits by falling cosine + amounts, equal ones as they were; a group is boosted as its first product is."""
    found = []
    for hit in hits:
        product = FoldedProduct(hit.product)
        acting = [rule for rule in rules.boosts if rule.target.has(product)]
        relevance = (hit.score or 0.0) + sum(rule.amount or 0.0 for rule in acting)
        found.append(BoostedHit(hit, relevance, tuple(rule.id for rule in acting)))
    return sorted(found, key=lambda each: -each.relevance)


def insert_pins(rest: Sequence[Hit], pins: Sequence[Pin]) -> list[Hit]:
    """Puts pins at their places among `rest`, which has none of them; past its end they come last."""
    merged, taken = list(rest), 0
    for pin in sorted(pins, key=lambda pin: (pin.position, pin.rule)):
        taken = max(pin.position, taken + 1)
        merged.insert(taken - 1, pin.hit)
    return merged


def find_pins(
    index: SearchIndex, query: SimilarQuery, rules: ActiveRules, pool: Sequence[Hit]
) -> tuple[list[Pin], tuple[AnswerWarning, ...]]:
    """Finds the pins among what passes `query`, in the pool or by a search of their own, and warns of the others.

    In a search for groups the group of a pinned product is pinned.
    """
    wanted = rules.pin_places
    if not wanted:
        return [], ()
    keys = _keys(index, query, list(wanted))
    hits = _by_name(query, pool)
    if unseen := tuple(dict.fromkeys(key for key in keys.values() if key not in hits)):
        hits = _by_name(query, index.similar.search(_restrict(query, unseen)).hits) | hits
    places: Counter[str] = Counter()
    pins: dict[str, Pin] = {}
    for name, (position, rule) in wanted.items():
        hit = hits.get(keys.get(name, ""))
        if hit is not None and hit.id not in pins:
            pins[hit.id] = Pin(position + places[rule], rule, hit)
            places[rule] += 1
    return list(pins.values()), _warn_of_missing(index, query, wanted, keys, hits)


def _by_name(query: SimilarQuery, hits: Sequence[Hit]) -> dict[str, Hit]:
    """Returns hits by what pins call them: their ids, else their SKUs; of groups by the key of the group."""
    if query.page.group_size:
        return {str(hit.product["group_key"]): hit for hit in hits}
    by_sku = {sku: hit for hit in reversed(hits) for sku in list_skus(hit.product)}
    return by_sku | {hit.id: hit for hit in hits}


def _keys(index: SearchIndex, query: SimilarQuery, ids: Sequence[str]) -> Mapping[str, str]:
    """Returns what stands for each product among the hits; of groups only those of products that pass are known."""
    if not query.page.group_size:
        return {name: name for name in ids}
    single = replace(query, page=replace(query.page, group_size=0))
    found = _by_name(single, index.similar.search(_restrict(single, tuple(ids))).hits)
    return {name: str(found[name].product["group_key"]) for name in ids if name in found}


def _restrict(query: SimilarQuery, keys: tuple[str, ...]) -> SimilarQuery:
    """Returns the query for nothing but the products, in a search for groups the groups, named by `keys`."""
    left_out = query.exclusions
    only = replace(left_out, only_groups=keys) if query.page.group_size else replace(left_out, only_names=keys)
    return replace(query, exclusions=only, page=replace(query.page, limit=len(keys)), counts=Counts())


def _warn_of_missing(
    index: SearchIndex,
    query: SimilarQuery,
    wanted: Mapping[str, tuple[int, str]],
    keys: Mapping[str, str],
    hits: Mapping[str, Hit],
) -> tuple[AnswerWarning, ...]:
    """Says why a pin is missing, where that is somebody's mistake; one that the filters leave out is none."""
    left_out = {*query.exclusions.source_ids, *query.exclusions.names}  # thousands, where rules hide many
    missing = [name for name in wanted if keys.get(name) not in hits and name not in left_out]
    if not missing:
        return ()
    spaces = [part.space for part in query.parts]
    stored = index.products.read_vectors(missing, spaces)
    found = []
    for name in missing:
        rule = wanted[name][1]
        if name in stored and not list_names(stored[name][0].source).isdisjoint(left_out):
            continue  # left out by another of its names
        if name not in stored:
            found.append(_not_pinned(rule, name, "it does not exist", reason="product_not_found"))
        elif lacking := [space.name for space in spaces if space.name not in stored[name][1]]:
            why = f"it has no embedding of {', '.join(lacking)} yet"
            found.append(_not_pinned(rule, name, why, reason="product_not_embedded", spaces=lacking))
    return tuple(found)


def _not_pinned(rule: str, product_id: str, why: str, **detail: Any) -> AnswerWarning:
    message = f"rule '{rule}' could not pin product '{product_id}': {why}"
    return AnswerWarning("pin_not_shown", message, {"rule": rule, "product_id": product_id, **detail})
