"""Reranks the best hits before a page is cut from them: variety, near-duplicates, rules, explanations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from catalog import similarity
from catalog.domain.merchandising_rulebook import ActiveRules
from catalog.domain.warnings import AnswerWarning
from catalog.limits import RERANK_POOL
from catalog.ports import SearchIndex
from catalog.search import diversity
from catalog.search.search_types import Counts, Hit, Page, QueryPart, SimilarPage, SimilarQuery
from catalog.similar.floor import cut_hits
from catalog.similar.merchandising import RULE_FIELDS, BoostedHit, Pin, boost_hits, find_pins, insert_pins
from catalog.similar.request import SimilarRequest
from catalog.similarity import Vectors

Explanations = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Ranked:
    """Holds a page of hits, explanations where they were asked for, and warnings.

    `repeated_ids` are the products that are left out of all pages as near-duplicates.
    """

    page: SimilarPage
    explanations: Explanations | None = None
    warnings: tuple[AnswerWarning, ...] = ()
    repeated_ids: tuple[str, ...] = ()


def _needs_vectors(request: SimilarRequest) -> bool:
    return request.diversity > 0 or request.near_duplicates is not None or request.explain


def search_ranked(
    index: SearchIndex, request: SimilarRequest, query: SimilarQuery, rules: ActiveRules, floor: float | None = None
) -> Ranked:
    """Searches a page; where hits are moved, it is cut from the reordered pool and from what comes behind it.

    Hits below the `floor` are left out, pins are not.
    """
    if not (_needs_vectors(request) or rules.reorder):
        page = index.similar.search(query)
        return Ranked(replace(page, hits=cut_hits(page.hits, floor)))
    asked, vectors, fields = query.page, _needs_vectors(request), _list_fields(query, rules)
    wide = replace(query, page=replace(asked, limit=RERANK_POOL, offset=0, with_vectors=vectors, fields=fields))
    pool = index.similar.search(wide)
    pins, warnings = find_pins(index, wide, rules, pool.hits)
    pinned, alike = {pin.hit.id for pin in pins}, cut_hits(pool.hits, floor)
    ranked = boost_hits([hit for hit in alike if hit.id not in pinned], rules)
    best = insert_pins(_diversify(request, query, ranked, pins), pins)
    hits = best[asked.offset : asked.end]
    server_ms = pool.server_ms
    if len(alike) == RERANK_POOL and len(hits) < asked.limit:
        seen = [*pool.hits, *(pin.hit for pin in pins)]
        rest = _exclude_seen(wide, seen, max(0, asked.offset - len(best)), asked.limit - len(hits))
        tail = index.similar.search(rest)
        hits, server_ms = [*hits, *cut_hits(tail.hits, floor)], server_ms + tail.server_ms
    explanations = _explain(request, query, pool.hits, hits, _list_rules(ranked, pins)) if request.explain else None
    page = replace(
        pool,
        hits=[_hide_fetched(hit, asked) for hit in hits],
        server_ms=server_ms,
        total=None if pool.total is None else pool.total + _count_below(pins, floor),
    )
    repeated = {hit.id for hit in alike} - {hit.id for hit in best}
    return Ranked(page, explanations, warnings, tuple(sorted(repeated)))


def _count_below(pins: Sequence[Pin], floor: float | None) -> int:
    """Counts the pins that a floor would have cut: the total of the others has been cut already."""
    return 0 if floor is None else len(pins) - len(cut_hits([pin.hit for pin in pins], floor))


def _list_fields(query: SimilarQuery, rules: ActiveRules) -> tuple[str, ...] | None:
    """Lists the fields to fetch: those of the answer, and those that groups and the filters of rules look at."""
    if query.page.fields is None or not (query.page.group_size or rules.reorder):
        return query.page.fields
    return tuple(dict.fromkeys((*query.page.fields, *RULE_FIELDS)))


def _hide_fetched(hit: Hit, page: Page) -> Hit:
    """Removes fields that were only fetched to rerank the page."""
    if page.fields is None:
        return hit
    group = [_hide_fetched(each, page) for each in hit.group] if hit.group is not None else None
    return replace(hit, product=page.select_fields(hit.product), group=group)


def _exclude_seen(wide: SimilarQuery, seen: Sequence[Hit], offset: int, limit: int) -> SimilarQuery:
    """Returns the query for everything but what was seen."""
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


def join_vectors(query: SimilarQuery, hit: Hit) -> Vectors:
    """Returns one unit vector [sum of dims] whose dot products are mean cosines: blocks scaled by sqrt(weight)."""
    vectors = hit.vectors or {}
    return similarity.normalize(
        np.concatenate([np.sqrt(part.weight) * vectors[part.space.name] for part in query.parts])
    )


def _diversify(
    request: SimilarRequest, query: SimilarQuery, ranked: Sequence[BoostedHit], pins: Sequence[Pin]
) -> list[Hit]:
    """Removes near-duplicates (of pins, too) from the ranked hits, and gives them the variety asked for."""
    hits = [each.hit for each in ranked]
    if not hits or not (request.diversity or request.near_duplicates is not None):
        return hits
    order = list(range(len(hits)))
    vectors = np.stack([join_vectors(query, hit) for hit in hits])
    if request.near_duplicates is not None:
        everything = np.stack([*(join_vectors(query, pin.hit) for pin in pins), *vectors])
        kept = diversity.drop_near_duplicates(everything, request.near_duplicates)
        order = [position - len(pins) for position in kept if position >= len(pins)]
    if request.diversity and order:
        relevance = np.asarray([ranked[position].relevance for position in order])
        order = [order[position] for position in diversity.order_by_mmr(relevance, vectors[order], request.diversity)]
    return [hits[position] for position in order]


def _list_rules(ranked: Sequence[BoostedHit], pins: Sequence[Pin]) -> dict[str, list[str]]:
    """Lists the rules that moved each hit, by its id."""
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
