"""Similar products on a real index: count what passes, choose a plan, run it, read the hits."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson

from catalog import similarity
from catalog.domain.filters import Filters
from catalog.domain.space import Space
from catalog.elastic.base import Store
from catalog.elastic.completeness import Incomplete
from catalog.elastic.hits import read_hit
from catalog.elastic.stores.bulk_scoring import Scans
from catalog.errors import InvalidInput
from catalog.search import candidate_clauses, facet_queries, overviews, queries, tie_breaking
from catalog.search.overviews import Overview
from catalog.search.planner import IN_BULK, Breadth, Choice, Facts, breadth_of, choose, is_small
from catalog.search.search_types import Counts, Page, Plan, QueryPart, SimilarPage, SimilarQuery
from catalog.settings import VectorIndex

COUNTS_FRESH = 30.0  # seconds for which the number of products behind a filter is remembered
COUNTS_KEPT = 2000
NO_FILTERS = Filters()
UNION_WIDTH = 3  # pools that each space gives to a mix, whose best need not be among the best of any one space


class SimilarStore(Store):
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._counts: dict[bytes, tuple[float, int]] = {}
        self.scans = Scans(self.settings.bulk_scoring)
        self.breadth: Breadth | None = None  # None: what the index type needs

    def similar(self, query: SimilarQuery) -> SimilarPage:
        """Nearest products by cosine; facets and total in the same request, over all products that pass."""
        query = replace(query, mapping_version=self.mapping_version())
        choice = self._choose(query)
        if choice.strategy == "exact":
            return self._exact(query, choice.reason)
        page = self._approximate(query, choice.reason)
        expected = min(query.page.limit, max(0, (page.plan.candidates or 0) - query.page.offset))
        if query.score_threshold is None and len(page.hits) < expected:
            return self._exact(query, "the approximate search found fewer products than pass")
        return page

    def _exact(self, query: SimilarQuery, reason: str, only_ids: Sequence[str] | None = None) -> SimilarPage:
        if only_ids is not None or not self.scans.likely():
            return self._scripted(query, reason, only_ids)
        try:
            return self._scanned(query, reason)
        except (InvalidInput, Incomplete) as error:
            if isinstance(error, Incomplete) and error.is_outage:  # no node that only lacks the plugin
                raise
            page = self._scripted(query, reason)  # raises as well where the question was wrong
            self.scans.refused(error)
            return page

    def _scripted(self, query: SimilarQuery, reason: str, only_ids: Sequence[str] | None = None) -> SimilarPage:
        answers = self._best(query, queries.build_exact_search(query, only_ids), _counts(query))
        return self._page(query, Plan("exact", reason), answers, similarity.script_to_cosine)

    def _scanned(self, query: SimilarQuery, reason: str) -> SimilarPage:
        """The same by the server's own query; raises Incomplete or InvalidInput where a node does not know it."""
        counts = overviews.build_searches(query) if query.score_threshold is None else _counts(query)
        answers = self._best(query, queries.build_scan_search(query), counts)
        return self._page(query, Plan("exact", reason + IN_BULK), answers, similarity.script_to_cosine)

    def _best(self, query: SimilarQuery, body: dict[str, Any], others: Sequence[dict[str, Any]]) -> list[Any]:
        """The answers to a ranking, its ties in order of `id`, and to the searches beside it."""
        asked = queries.compute_preference(query)
        if query.page.group_size:  # groups are found by one thread anyway
            return self.msearch([body, *others], asked)
        answers = self.msearch([tie_breaking.widen_by_score(body), *others], asked)
        hits = tie_breaking.break_ties(body, answers[0]["hits"]["hits"])
        answers[0]["hits"]["hits"] = self.msearch([body], asked)[0]["hits"]["hits"] if hits is None else hits
        return answers

    def _approximate(self, query: SimilarQuery, reason: str) -> SimilarPage:
        """The pool of an approximate search first, and behind it everything else in exact order."""
        plan = Plan("knn", reason, self._count(query))
        pool, asked = self._breadth(query.parts[0].space).pool, query.page
        if asked.end <= pool:
            return self._pool_page(query, plan)
        page = self._pool_page(replace(query, page=replace(asked, offset=0, limit=pool)), plan)
        seen = (*query.exclusions.ids, *(hit.id for hit in page.hits))
        tail = replace(
            query,
            exclusions=replace(query.exclusions, ids=seen),
            page=replace(asked, offset=max(0, asked.offset - pool), limit=min(asked.limit, asked.end - pool)),
            counts=Counts(),
        )
        rest = self._exact(tail, reason)
        hits = [*page.hits[asked.offset :], *rest.hits]
        return replace(page, hits=hits, server_ms=page.server_ms + rest.server_ms)

    def _pool_page(self, query: SimilarQuery, plan: Plan) -> SimilarPage:
        if len(query.parts) > 1:
            return self._union(query, plan)
        (part,) = query.parts
        body = queries.build_knn_search(query, part, self._index_type(part.space), self._breadth(part.space))
        answers = self.msearch([body, *_counts(query)], queries.compute_preference(query))
        return self._page(query, plan, answers, similarity.knn_to_cosine)

    def _union(self, query: SimilarQuery, plan: Plan) -> SimilarPage:
        """Several spaces: the union of each one's nearest, each scored exactly by the weighted script."""
        bodies = [self._wide(query, part) for part in query.parts]
        answers = self.msearch(bodies, queries.compute_preference(query))
        found = sorted({hit["_id"] for answer in answers for hit in answer["hits"]["hits"]})
        page = self._exact(query, plan.reason, only_ids=found)
        took = max(float(answer["took"]) for answer in answers)
        total = None if queries.counts_hits(query) else page.total
        return replace(page, plan=plan, total=total, server_ms=page.server_ms + took)

    def _wide(self, query: SimilarQuery, part: QueryPart) -> dict[str, Any]:
        breadth = self._breadth(part.space)
        wide = replace(breadth, pool=breadth.pool * UNION_WIDTH)
        alone = replace(query, page=Page(limit=wide.pool, fields=("id",)), score_threshold=None)
        return queries.build_knn_search(alone, part, self._index_type(part.space), wide)

    def _breadth(self, space: Space) -> Breadth:
        return self.breadth or breadth_of(self._index_type(space))

    def _page(self, query: SimilarQuery, plan: Plan, answers: Sequence[Any], to_cosine: Any) -> SimilarPage:
        """The page that a ranking and, behind it, the searches of `overviews`, where they were asked, say."""
        ranked = answers[0]
        overview = self._overview(query, answers[1:]) if len(answers) > 1 else None
        counted = overview.products if overview else plan.candidates
        if counted is None and query.score_threshold is None:  # under a threshold hits count only what is above it
            counted = ranked["hits"]["total"]["value"]
        return SimilarPage(
            hits=[read_hit(hit, query, to_cosine) for hit in ranked["hits"]["hits"]],
            plan=replace(plan, candidates=counted),
            total=_total(query, plan, ranked, overview),
            facets=overview.facets if overview and query.counts.facets else None,
            server_ms=float(max(answer["took"] for answer in answers)),
        )

    def _overview(self, query: SimilarQuery, answers: Sequence[Any]) -> Overview:
        overview = overviews.read_overview(query, answers)
        if overview.unclear:
            (answer,) = self.msearch(
                [overviews.build_unclear_search(query, overview.unclear)], queries.compute_preference(query)
            )
            overview = overviews.complete_overview(query, overview, answer)
        return overview

    def _choose(self, query: SimilarQuery) -> Choice:
        needed = "groups need every product that passes" if query.page.group_size else ""
        if query.exclusions.only_ids is not None or query.exclusions.only_groups is not None:
            needed = "only the products that were named are compared with"
        dims = sum(part.space.dims for part in query.parts)
        first = query.parts[0].space
        index_type, shards = self._index_type(first), self.shape.get().shards
        facts = Facts(index_type, dims, 0, 0, shards, query.exact, needed, bulk=self.scans.likely())
        if query.exact or needed:
            return choose(facts, self.costs, self._breadth(first))
        total = self._count(SimilarQuery(query.parts))
        facts = replace(facts, candidates=total, total=total)
        filtered = query.filters != NO_FILTERS or bool(query.exclusions.filters)
        if filtered and not is_small(facts, self.costs):  # a small catalogue is judged as if everything passed
            facts = replace(facts, candidates=self._count(query))
        return choose(facts, self.costs, self._breadth(first))

    def _count(self, query: SimilarQuery) -> int:
        """Products that pass the filters and have every vector; at most COUNTS_FRESH seconds old.

        What is left out by id or group is counted all the same, or every source would have to be counted anew.
        """
        named = replace(query.exclusions, source_ids=(), source_groups=(), ids=(), groups=())
        body = candidate_clauses.match_candidates(replace(query, exclusions=named))
        key = orjson.dumps(body)
        known, now = self._counts.get(key), time.monotonic()
        if known and now - known[0] < COUNTS_FRESH:
            return known[1]
        number = self.count_products(body)
        if len(self._counts) >= COUNTS_KEPT:
            self._counts.clear()
        self._counts[key] = (now, number)
        return number

    def _index_type(self, space: Space) -> VectorIndex:
        return self.shape.get().index_types.get(space.name, "flat")


def _counts(query: SimilarQuery) -> list[dict[str, Any]]:
    """The searches for what a query wants counted."""
    return overviews.build_searches(query) if query.counts.facets or query.counts.total else []


def _total(query: SimilarQuery, plan: Plan, ranked: Any, overview: Overview | None) -> int | None:
    """How many products or groups all pages hold; None where that was not asked, or nobody counted them.

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
