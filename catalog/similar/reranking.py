"""Reordering the best hits before a page is cut from them: variety, near-duplicates, rules, explanations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from catalog import similarity
from catalog.domain.rulebook import NONE, ActiveRules
from catalog.domain.warnings import AnswerWarning
from catalog.limits import RERANK_POOL
from catalog.ports import SearchIndex
from catalog.search import diversity
from catalog.search.search_types import Counts, Hit, QueryPart, SimilarPage, SimilarQuery
from catalog.similar.merchandising import RULE_FIELDS, Boosted, Pin, boosted, find_pins, placed
from catalog.similar.request import SimilarRequest
from catalog.similarity import Vectors

Explanations = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Shaped:
    """A page, why its hits are there where that was asked, and what could not be done."""

    page: SimilarPage
    explanations: Explanations | None = None
    warnings: tuple[AnswerWarning, ...] = ()


def wanted(request: SimilarRequest) -> bool:
    """Whether a request itself needs more than hits by descending cosine."""
    return request.diversity > 0 or request.near_duplicates is not None or request.explain


def shaped(index: SearchIndex, request: SimilarRequest, query: SimilarQuery, rules: ActiveRules = NONE) -> Shaped:
    """The page of a shaped search: cut from the reordered pool, then from everything else in order of similarity."""
    asked = query.page
    fetched = replace(asked, limit=RERANK_POOL, offset=0, with_vectors=wanted(request), fields=_fields(query, rules))
    wide = replace(query, page=fetched)
    pool = index.similar.search(wide)
    pins, warnings = find_pins(index, wide, rules, pool.hits)
    pinned = {pin.hit.id for pin in pins}
    ranked = boosted([hit for hit in pool.hits if hit.id not in pinned], rules)
    best = placed(_ordered(request, query, ranked, pins), pins)
    hits = best[asked.offset : asked.end]
    server_ms = pool.server_ms
    if len(pool.hits) == RERANK_POOL and len(hits) < asked.limit:
        seen = [*pool.hits, *(pin.hit for pin in pins)]
        tail = index.similar.search(_rest(wide, seen, max(0, asked.offset - len(best)), asked.limit - len(hits)))
        hits, server_ms = [*hits, *tail.hits], server_ms + tail.server_ms
    explanations = _explain(request, query, pool.hits, hits, _acting(ranked, pins)) if request.explain else None
    page = replace(pool, hits=[_shown(hit, asked.fields) for hit in hits], server_ms=server_ms)
    return Shaped(page, explanations, warnings)


def _fields(query: SimilarQuery, rules: ActiveRules) -> tuple[str, ...] | None:
    """The fields to fetch: those of the answer, and those that groups and the filters of rules look at."""
    if query.page.fields is None or not (query.page.group_size or rules.reorder):
        return query.page.fields
    return tuple(dict.fromkeys((*query.page.fields, *RULE_FIELDS)))


def _shown(hit: Hit, fields: Sequence[str] | None) -> Hit:
    """The hit with no field that was only fetched to shape the page."""
    if fields is None:
        return hit
    roots = {name.split(".")[0] for name in fields}
    group = [_shown(each, fields) for each in hit.group] if hit.group is not None else None
    return replace(hit, product={name: value for name, value in hit.product.items() if name in roots}, group=group)


def _rest(wide: SimilarQuery, seen: Sequence[Hit], offset: int, limit: int) -> SimilarQuery:
    """Everything but what was seen."""
    groups = sorted({str(hit.product["group_key"]) for hit in seen}) if wide.page.group_size else []
    left_out = wide.exclusions
    return replace(
        wide,
        exclusions=replace(
            left_out, ids=(*left_out.ids, *(hit.id for hit in seen)), groups=(*left_out.groups, *groups)
        ),
        page=replace(wide.page, offset=offset, limit=limit),
        counts=Counts(),
    )


def joined(query: SimilarQuery, hit: Hit) -> Vectors:
    """One unit vector [sum of dims] whose dot products are the weighted mean of cosines: blocks scaled by sqrt(w)."""
    vectors = hit.vectors or {}
    return similarity.normalize(
        np.concatenate([np.sqrt(part.weight) * vectors[part.space.name] for part in query.parts])
    )


def _ordered(
    request: SimilarRequest, query: SimilarQuery, ranked: Sequence[Boosted], pins: Sequence[Pin]
) -> list[Hit]:
    """The ranked hits without near-duplicates (of pins, too) and with the variety asked for."""
    hits = [each.hit for each in ranked]
    if not hits or not (request.diversity or request.near_duplicates is not None):
        return hits
    order = list(range(len(hits)))
    vectors = np.stack([joined(query, hit) for hit in hits])
    if request.near_duplicates is not None:
        everything = np.stack([*(joined(query, pin.hit) for pin in pins), *vectors])
        kept = diversity.drop_near_duplicates(everything, request.near_duplicates)
        order = [position - len(pins) for position in kept if position >= len(pins)]
    if request.diversity and order:
        relevance = np.asarray([ranked[position].relevance for position in order])
        order = [order[position] for position in diversity.order_by_mmr(relevance, vectors[order], request.diversity)]
    return [hits[position] for position in order]


def _acting(ranked: Sequence[Boosted], pins: Sequence[Pin]) -> dict[str, list[str]]:
    """The rules that moved each hit."""
    return {each.hit.id: list(each.rules) for each in ranked} | {pin.hit.id: [pin.rule] for pin in pins}


def _explain(
    request: SimilarRequest,
    query: SimilarQuery,
    pool: Sequence[Hit],
    hits: Sequence[Hit],
    acting: Mapping[str, list[str]],
) -> Explanations:
    before = {hit.id: rank for rank, hit in enumerate(pool, start=1)}
    return {
        hit.id: {
            "cosines": {part.space.name: _cosine(part, hit) for part in query.parts},
            "weights": {part.space.name: part.weight for part in query.parts},
            # A pin from behind the pool had a rank that nobody counted.
            "rank_before": before.get(hit.id, None if hit.id in acting else rank),
            "rank_after": rank,
            "rules": acting.get(hit.id, []),
        }
        for rank, hit in enumerate(hits, start=query.page.offset + 1)
    }


def _cosine(part: QueryPart, hit: Hit) -> float:
    vectors = hit.vectors or {}
    return round(float(similarity.cosine(part.vector, [vectors[part.space.name]])[0]), 7)
