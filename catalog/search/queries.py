"""Builds the bodies of searches, by pure functions; the mapping they rely on stands in `catalog.index_mapping`."""

import hashlib
from collections.abc import Sequence
from typing import Any

import orjson

from catalog import similarity
from catalog.errors import InvalidInput
from catalog.search import facet_queries, filter_clauses
from catalog.search.candidate_clauses import (
    exclude_all,
    exclude_all_but_source,
    exclude_filtered,
    exclude_products,
    require_filters,
    require_only,
    require_vector,
    require_vectors,
)
from catalog.search.filter_clauses import combine_clauses
from catalog.search.planning.plan_cost import QUANTISED, Breadth
from catalog.search.product_fields import PUBLIC_FIELDS, list_stored
from catalog.search.search_types import IN_STOCK_NEWEST, SORT_KEYS, BrowseQuery, QueryPart, SimilarQuery
from catalog.settings import VectorIndex

SKU_PAGE = 1000  # products that one search by SKUs finds
RANKING: list[Any] = [{"_score": "desc"}, {"id": "asc"}]
BROWSE_SORTS: dict[str, list[Any]] = {
    **{
        f"{sign}{key}": [{field: {"order": order, "missing": "_last"}}] if field else []
        for key, field in SORT_KEYS.items()
        for sign, order in (("", "asc"), ("-", "desc"))
    },
    "relevance": [{"_score": "desc"}],
    IN_STOCK_NEWEST: [
        {"available": {"order": "desc", "missing": "_last"}},
        {"updated_at": {"order": "desc", "missing": "_last"}},
    ],
}


def compute_preference(query: SimilarQuery | BrowseQuery) -> str:
    """Returns the `preference` of a question: all its pages are asked of the same shard copies.

    Copies of a graph differ in what they find, and each refreshes in its own time. So nothing goes into it that
    changes from page to page: not limit and offset, nor what a later page leaves out because earlier ones had it.
    """
    if isinstance(query, BrowseQuery):
        asked: list[Any] = [query.q, query.sort, query.filters.model_dump(), query.within.model_dump()]
    else:
        asked = [[part.space.name, part.vector, part.weight] for part in query.parts]
    return hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SERIALIZE_NUMPY)).hexdigest()[:16]


def build_source_filter(fields: Sequence[str] | None) -> dict[str, Any]:
    """Returns which fields of a product to fetch; raises InvalidInput for a field that no answer has."""
    for name in fields or ():
        if name.split(".")[0] not in PUBLIC_FIELDS:
            raise InvalidInput(f"fields: there is no '{name}'; there are {', '.join(PUBLIC_FIELDS)}", field=name)
    return {"includes": list(list_stored(fields))}


def build_script(parts: Sequence[QueryPart]) -> dict[str, Any]:
    """Returns the exact script: a cosine, or the weighted mean of several."""
    if len(parts) == 1:
        return similarity.script(parts[0].space.field, parts[0].vector)
    fields = [part.space.field for part in parts]
    return similarity.mix_script(fields, [part.vector for part in parts], [part.weight for part in parts])


def build_exact_search(query: SimilarQuery, only_ids: Sequence[str] | None = None) -> dict[str, Any]:
    """Builds the exact plan: script_score over the filter and the existence of a vector; ties break on `id`."""
    chosen = [*require_filters(query), *require_only(query), *require_vectors(query.parts)]
    if only_ids is not None:
        chosen.append({"ids": {"values": list(only_ids)}})
    scored = {"query": combine_clauses(chosen, exclude_all(query)), "script": build_script(query.parts)}
    # Counting is free here: every candidate is scored anyway.
    return _build_ranked_search(query, {"script_score": scored}) | {"track_total_hits": True}


def build_scan_search(query: SimilarQuery) -> dict[str, Any]:
    """Builds the exact plan by `vector_scan`, the query of the engine's plugin: the same scores, nothing counted.

    Where it need not count, it passes on only what can still reach the page, which is half of its speed.
    """
    parts = [
        {"field": part.space.field, "query_vector": part.vector, "weight": float(part.weight)} for part in query.parts
    ]
    chosen = combine_clauses([*require_filters(query), *require_only(query)], exclude_filtered(query))
    scored: dict[str, Any] = {"vector_scan": {"parts": parts, "filter": chosen}}
    if few := exclude_products(query):  # as part of the filter they would cost a look at every product
        scored = {"bool": {"must": [scored], "must_not": few}}
    return _build_ranked_search(query, scored) | {"track_total_hits": counts_hits(query)}


def counts_hits(query: SimilarQuery) -> bool:
    """Returns whether the total counts the hits themselves: those that reach a threshold, which no filter knows."""
    return query.counts.total and query.score_threshold is not None


def _build_ranked_search(query: SimilarQuery, scored: dict[str, Any]) -> dict[str, Any]:
    """Builds a page of the best by `scored`, above the threshold and in groups where asked for."""
    body: dict[str, Any] = {"query": scored, **_build_page(query)}
    if query.score_threshold is not None:
        body["min_score"] = similarity.cosine_to_script(query.score_threshold)
    if query.page.group_size:
        inner = {"name": "group", "size": query.page.group_size, "sort": RANKING, "_source": body["_source"]}
        body["collapse"] = {"field": "group_key", "inner_hits": inner}
        if counts_hits(query):  # aggregations do not know the search's own `min_score`, but that of a query
            body["query"] = {"function_score": {"query": scored, "min_score": body.pop("min_score")}}
            body["aggs"] = facet_queries.build_group_aggs()
    return body


def build_knn_search(
    query: SimilarQuery, part: QueryPart, index_type: VectorIndex, breadth: Breadth
) -> dict[str, Any]:
    """Builds the approximate plan for a space: knn with the filter inside, rescored where vectors are quantised."""
    others = [require_vector(other.space) for other in query.parts if other.space != part.space]
    chosen = [*require_filters(query), *require_only(query), *others]
    knn: dict[str, Any] = {
        "field": part.space.field,
        "query_vector": part.vector,
        "k": breadth.pool,
        "num_candidates": max(breadth.num_candidates, breadth.pool),
        "filter": combine_clauses(chosen, exclude_all(query)),
    }
    if index_type in QUANTISED:
        knn["rescore_vector"] = {"oversample": breadth.oversample}
    body: dict[str, Any] = {"knn": knn, **_build_page(query), "track_total_hits": False}
    if query.score_threshold is not None:
        body["min_score"] = similarity.cosine_to_knn(query.score_threshold)
    return body


def _build_page(query: SimilarQuery) -> dict[str, Any]:
    page = query.page
    body = {"size": page.limit, "from": page.offset, "sort": RANKING, "_source": build_source_filter(page.fields)}
    if page.with_vectors:  # servers from 9.2 on may leave them out of `_source`
        body["fields"] = [part.space.field for part in query.parts]
    return body


def build_sku_search(skus: Sequence[str]) -> dict[str, Any]:
    """Builds a search for the products that have one of `skus`, by ascending id; those who share a page are found."""
    return {
        "query": combine_clauses([{"terms": {"skus": list(skus)}}]),
        "size": SKU_PAGE,
        "sort": [{"id": "asc"}],
        "_source": ["skus"],
        "track_total_hits": False,
    }


def build_browse_search(query: BrowseQuery) -> dict[str, Any]:
    """Builds a search for products that pass the filters and match `q` in the title, with facets in the same
    search."""
    body = facet_queries.build_count_search(
        query,
        filter_clauses.build_filter_clauses(query.within, query.mapping_version).values(),
        exclude_all_but_source(query),
        count_groups=bool(query.page.group_size),
    )
    if query.q:
        body["query"]["bool"]["must"] = [{"match": {"title": {"query": query.q, "operator": "and"}}}]
    if body["query"] == {"bool": {}}:
        body["query"] = {"match_all": {}}
    by_id = {"id": "desc" if query.sort == "-id" else "asc"}
    body |= {
        "size": query.page.limit,
        "from": query.page.offset,
        "sort": [*BROWSE_SORTS.get(query.sort, []), by_id],
        "_source": build_source_filter(query.page.fields),
    }
    if query.page.group_size:
        body["collapse"] = {"field": "group_key"}
    return body
