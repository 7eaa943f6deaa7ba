"""Similar products on a real index: count what passes, choose a plan, run it, read the hits."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from catalog import similarity
from catalog.domain.embedding_space import Space
from catalog.domain.filters import Filters
from catalog.elastic.completeness import Incomplete
from catalog.elastic.connection import IndexConnection
from catalog.elastic.searching.bulk_scoring import BulkScoring
from catalog.elastic.searching.candidate_counts import CandidateCounts
from catalog.elastic.searching.similar_pages import ToCosine, read_page
from catalog.elastic.stores.spaces import SpaceStore
from catalog.errors import InvalidInput
from catalog.search import overviews, queries, tie_breaking
from catalog.search.overviews import Overview
from catalog.search.planning.plan_cost import Breadth, Facts
from catalog.search.planning.planner import IN_BULK, Choice, Planner
from catalog.search.search_types import Counts, Page, Plan, QueryPart, SimilarPage, SimilarQuery

NO_FILTERS = Filters()
UNION_WIDTH = 3  # pools that each space gives to a mix, whose best need not be among the best of any one space


class SimilarStore:
    """Finds similar products: the planner chooses how, `search` carries it out."""

    def __init__(self, connection: IndexConnection, spaces: SpaceStore, planner: Planner) -> None:
        self._msearch = connection.msearch
        self._spaces = spaces
        self._counts = CandidateCounts(connection)
        self.planner = planner
        self.bulk_scoring = BulkScoring(connection.settings.bulk_scoring)

    def search(self, query: SimilarQuery) -> SimilarPage:
        """Finds the nearest products by cosine; facets and total in the same request, over all that pass."""
        query = replace(query, mapping_version=self._spaces.get_mapping_version())
        choice, counted = self._choose(query), _cut_at_floor(query)
        if choice.strategy == "exact":
            return self._search_exactly(counted, choice.reason)
        page = self._search_approximately(query, choice.reason)
        expected = min(query.page.limit, max(0, (page.plan.candidates or 0) - query.page.offset))
        if query.score_threshold is None and len(page.hits) < expected:
            return self._search_exactly(counted, "the approximate search found fewer products than pass")
        return page if counted is query else replace(page, total=None)

    def _search_exactly(self, query: SimilarQuery, reason: str, only_ids: Sequence[str] | None = None) -> SimilarPage:
        if only_ids is not None or not self.bulk_scoring.is_likely():
            return self._search_by_script(query, reason, only_ids)
        try:
            return self._search_by_scan(query, reason)
        except (InvalidInput, Incomplete) as error:
            if isinstance(error, Incomplete) and error.is_outage:  # no node that only lacks the plugin
                raise
            page = self._search_by_script(query, reason)  # raises as well where the question was wrong
            self.bulk_scoring.pause(error)
            return page

    def _search_by_script(
        self, query: SimilarQuery, reason: str, only_ids: Sequence[str] | None = None
    ) -> SimilarPage:
        answers = self._search_best(query, queries.build_exact_search(query, only_ids), _build_counts(query))
        return self._read_page(query, Plan("exact", reason), answers, similarity.script_to_cosine)

    def _search_by_scan(self, query: SimilarQuery, reason: str) -> SimilarPage:
        """Ranks by the server's own query; raises Incomplete or InvalidInput where a node does not know it."""
        counts = overviews.build_searches(query) if query.score_threshold is None else _build_counts(query)
        answers = self._search_best(query, queries.build_scan_search(query), counts)
        return self._read_page(query, Plan("exact", reason + IN_BULK), answers, similarity.script_to_cosine)

    def _search_best(self, query: SimilarQuery, body: dict[str, Any], others: Sequence[dict[str, Any]]) -> list[Any]:
        """Returns the answers to a ranking, its ties in order of `id`, and to the searches beside it."""
        asked = queries.compute_preference(query)
        if query.page.group_size:  # groups are found by one thread anyway
            return self._msearch([body, *others], asked)
        answers = self._msearch([tie_breaking.widen_by_score(body), *others], asked)
        hits = tie_breaking.break_ties(body, answers[0]["hits"]["hits"])
        answers[0]["hits"]["hits"] = self._msearch([body], asked)[0]["hits"]["hits"] if hits is None else hits
        return answers

    def _search_approximately(self, query: SimilarQuery, reason: str) -> SimilarPage:
        """Answers the pool of an approximate search first, and behind it everything else in exact order."""
        plan = Plan("knn", reason, self._counts.count(query))
        pool, asked = self._breadth(query.parts[0].space).pool, query.page
        if asked.end <= pool:
            return self._search_pool(query, plan)
        page = self._search_pool(replace(query, page=replace(asked, offset=0, limit=pool)), plan)
        seen = (*query.exclusions.ids, *(hit.id for hit in page.hits))
        tail = replace(
            query,
            exclusions=replace(query.exclusions, ids=seen),
            page=replace(asked, offset=max(0, asked.offset - pool), limit=min(asked.limit, asked.end - pool)),
            counts=Counts(),
        )
        rest = self._search_exactly(tail, reason)
        hits = [*page.hits[asked.offset :], *rest.hits]
        return replace(page, hits=hits, server_ms=page.server_ms + rest.server_ms)

    def _search_pool(self, query: SimilarQuery, plan: Plan) -> SimilarPage:
        if len(query.parts) > 1:
            return self._search_union(query, plan)
        (part,) = query.parts
        body = queries.build_knn_search(
            query, part, self._spaces.get_index_type(part.space), self._breadth(part.space)
        )
        answers = self._msearch([body, *_build_counts(query)], queries.compute_preference(query))
        return self._read_page(query, plan, answers, similarity.knn_to_cosine)

    def _search_union(self, query: SimilarQuery, plan: Plan) -> SimilarPage:
        """Several spaces: the union of each one's nearest, each scored exactly by the weighted script."""
        bodies = [self._build_wide_search(query, part) for part in query.parts]
        answers = self._msearch(bodies, queries.compute_preference(query))
        found = sorted({hit["_id"] for answer in answers for hit in answer["hits"]["hits"]})
        page = self._search_exactly(query, plan.reason, only_ids=found)
        took = max(float(answer["took"]) for answer in answers)
        total = None if queries.counts_hits(query) else page.total
        return replace(page, plan=plan, total=total, server_ms=page.server_ms + took)

    def _build_wide_search(self, query: SimilarQuery, part: QueryPart) -> dict[str, Any]:
        breadth = self._breadth(part.space)
        wide = replace(breadth, pool=breadth.pool * UNION_WIDTH)
        alone = replace(query, page=Page(limit=wide.pool, fields=("id",)), score_threshold=None)
        return queries.build_knn_search(alone, part, self._spaces.get_index_type(part.space), wide)

    def _breadth(self, space: Space) -> Breadth:
        return self.planner.get_breadth(self._spaces.get_index_type(space))

    def _read_page(self, query: SimilarQuery, plan: Plan, answers: Sequence[Any], to_cosine: ToCosine) -> SimilarPage:
        """Returns the page that a ranking and the searches of `overviews` behind it, where they were asked, make."""
        overview = self._read_overview(query, answers[1:]) if len(answers) > 1 else None
        return read_page(query, plan, answers, overview, to_cosine)

    def _read_overview(self, query: SimilarQuery, answers: Sequence[Any]) -> Overview:
        overview = overviews.read_overview(query, answers)
        if overview.unclear:
            (answer,) = self._msearch(
                [overviews.build_unclear_search(query, overview.unclear)], queries.compute_preference(query)
            )
            overview = overviews.complete_overview(query, overview, answer)
        return overview

    def _choose(self, query: SimilarQuery) -> Choice:
        needed = "groups need every product that passes" if query.page.group_size else ""
        if query.exclusions.only_names is not None or query.exclusions.only_groups is not None:
            needed = "only the products that were named are compared with"
        facts = Facts(
            index_type=self._spaces.get_index_type(query.parts[0].space),
            dims=sum(part.space.dims for part in query.parts),
            candidates=0,
            total=0,
            shards=self._spaces.shape.get().shards,
            exact_asked=query.exact,
            exact_needed=needed,
            bulk=self.bulk_scoring.is_likely(),
        )
        return self.planner.choose(facts, _Counts(self._counts, query))


@dataclass(frozen=True, slots=True)
class _Counts:
    """Counts for the planner what a query would have to compare with."""

    counts: CandidateCounts
    query: SimilarQuery

    def count_all(self) -> int:
        return self.counts.count(SimilarQuery(self.query.parts))

    def count_passing(self) -> int | None:
        if self.query.filters == NO_FILTERS and not self.query.exclusions.filters:
            return None
        return self.counts.count(self.query)


def _cut_at_floor(query: SimilarQuery) -> SimilarQuery:
    """Returns the query with the floor as its threshold where the total has to count what reaches it."""
    if not query.counts.total or query.counts.floor is None or query.score_threshold is not None:
        return query
    return replace(query, score_threshold=query.counts.floor)


def _build_counts(query: SimilarQuery) -> list[dict[str, Any]]:
    """Returns the searches for what a query wants counted."""
    return overviews.build_searches(query) if query.counts.facets or query.counts.total else []
