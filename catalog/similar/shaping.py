"""Reordering the best hits before a page is cut from them: variety, near-duplicates, explanations."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from catalog import diversity, similarity
from catalog.ports import Hit, Part, SearchPort, SimilarPage, SimilarQuery
from catalog.similar.request import SimilarRequest
from catalog.similarity import Vectors

POOL = 200  # hits that are shaped, whatever page is asked for; behind them the order of similarity goes on

Explanations = Mapping[str, Mapping[str, Any]]


def wanted(request: SimilarRequest) -> bool:
    """Whether a request needs more than hits by descending cosine."""
    return request.diversity > 0 or request.near_duplicates is not None or request.explain


def shaped(
    index: SearchPort, request: SimilarRequest, query: SimilarQuery
) -> tuple[SimilarPage, Explanations | None]:
    """The page of a shaped search: cut from the reordered pool, then from everything else in order of similarity."""
    pool = index.similar(replace(query, limit=POOL, offset=0, with_vectors=True))
    order = _order(request, query, pool.hits)
    best = [pool.hits[position] for position in order]
    hits = best[request.offset : request.offset + request.limit]
    server_ms = pool.server_ms
    if len(pool.hits) == POOL and len(hits) < request.limit:
        rest = replace(
            query,
            exclude_ids=(*query.exclude_ids, *(hit.id for hit in pool.hits)),
            exclude_groups=(*query.exclude_groups, *_groups(query, pool.hits)),
            offset=max(0, request.offset - len(best)),
            limit=request.limit - len(hits),
            facets=(),
            total=False,
            with_vectors=True,
        )
        tail = index.similar(rest)
        hits, server_ms = [*hits, *tail.hits], server_ms + tail.server_ms
    explanations = _explain(request, query, pool.hits, hits) if request.explain else None
    return replace(pool, hits=hits, server_ms=server_ms), explanations


def _groups(query: SimilarQuery, hits: Sequence[Hit]) -> list[str]:
    if not query.group_size:
        return []
    return sorted({str(hit.product["group_key"]) for hit in hits if "group_key" in hit.product})


def joined(query: SimilarQuery, hit: Hit) -> Vectors:
    """One unit vector [sum of dims] whose dot products are the weighted mean of cosines: blocks scaled by sqrt(w)."""
    vectors = hit.vectors or {}
    return similarity.normalize(
        np.concatenate([np.sqrt(part.weight) * vectors[part.space.name] for part in query.parts])
    )


def _order(request: SimilarRequest, query: SimilarQuery, hits: Sequence[Hit]) -> list[int]:
    order = list(range(len(hits)))
    if not hits or not (request.diversity or request.near_duplicates is not None):
        return order
    vectors = np.stack([joined(query, hit) for hit in hits])
    if request.near_duplicates is not None:
        order = diversity.without_near_duplicates(vectors, request.near_duplicates)
    if request.diversity:
        scores = np.asarray([hits[position].score for position in order])
        order = [order[position] for position in diversity.mmr(scores, vectors[order], request.diversity)]
    return order


def _explain(request: SimilarRequest, query: SimilarQuery, pool: Sequence[Hit], hits: Sequence[Hit]) -> Explanations:
    before = {hit.id: rank for rank, hit in enumerate(pool, start=1)}
    return {
        hit.id: {
            "cosines": {part.space.name: _cosine(part, hit) for part in query.parts},
            "weights": {part.space.name: part.weight for part in query.parts},
            "rank_before": before.get(hit.id, rank),
            "rank_after": rank,
        }
        for rank, hit in enumerate(hits, start=request.offset + 1)
    }


def _cosine(part: Part, hit: Hit) -> float:
    vectors = hit.vectors or {}
    return round(float(similarity.cosine(part.vector, [vectors[part.space.name]])[0]), 7)
