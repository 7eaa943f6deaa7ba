"""Reads pages of similar products out of Elasticsearch's answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from catalog.search import facet_queries, queries
from catalog.search.overviews import Overview
from catalog.search.search_types import Hit, Plan, SimilarPage, SimilarQuery

ToCosine = Callable[[float], float]  # from Elasticsearch's score


def read_page(
    query: SimilarQuery, plan: Plan, answers: Sequence[Any], overview: Overview | None, to_cosine: ToCosine
) -> SimilarPage:
    """Returns the page of a ranking, which is the first of `answers`, with the totals and facets of `overview`."""
    ranked = answers[0]
    counted = overview.products if overview else plan.candidates
    if counted is None and query.score_threshold is None:  # under a threshold hits count only what is above it
        counted = ranked["hits"]["total"]["value"]
    return SimilarPage(
        hits=[_read_hit(hit, query, to_cosine) for hit in ranked["hits"]["hits"]],
        plan=replace(plan, candidates=counted),
        total=_read_total(query, plan, ranked, overview),
        facets=overview.facets if overview and query.counts.facets else None,
        server_ms=float(max(answer["took"] for answer in answers)),
    )


def _read_total(query: SimilarQuery, plan: Plan, ranked: Any, overview: Overview | None) -> int | None:
    """Returns how many products or groups all pages hold; None where that was not asked, or nobody counted them.

    Under a threshold they are counted where every score is known: what an approximate search does not look at may
    reach it too.
    """
    if overview is None or not query.counts.total:
        return None
    if not queries.counts_hits(query):
        return overview.groups if query.page.group_size else overview.products
    if plan.strategy != "exact":
        return None
    if query.page.group_size:
        return facet_queries.read_groups(ranked["aggregations"])
    return int(ranked["hits"]["total"]["value"])


def _read_hit(hit: Mapping[str, Any], query: SimilarQuery, to_cosine: ToCosine) -> Hit:
    """Returns one hit with its cosine, its vectors and its group, as far as they were asked for."""
    vectors = None
    if query.page.with_vectors:
        vectors = {part.space.name: np.asarray(hit["fields"][part.space.field], np.float32) for part in query.parts}
    group = _read_group(hit, query, to_cosine) if query.page.group_size else None
    return Hit(hit["_id"], to_cosine(hit["_score"]), hit["_source"], group, vectors)


def _read_group(hit: Mapping[str, Any], query: SimilarQuery, to_cosine: ToCosine) -> list[Hit]:
    """Returns the best of a hit's group.

    `min_score` does not reach into groups, so the threshold cuts here again.
    """
    inner = [(each, to_cosine(each["_score"])) for each in hit["inner_hits"]["group"]["hits"]["hits"]]
    least = query.score_threshold
    first = hit["_id"]  # it passed, whatever rounding says
    return [
        Hit(each["_id"], score, each["_source"])
        for each, score in inner
        if least is None or score >= least or each["_id"] == first
    ]
