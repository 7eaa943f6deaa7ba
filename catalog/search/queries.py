"""Pure functions that build the bodies of searches; the mapping they rely on stands in `catalog.mapping`."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from catalog import similarity
from catalog.domain.product import DERIVED_FIELDS, PRODUCT_FIELDS, SHOWN_DERIVED_FIELDS
from catalog.domain.space import Space, vector_field
from catalog.errors import InvalidInput
from catalog.search import facet_queries, filter_clauses
from catalog.search.filter_clauses import all_of
from catalog.search.planner import QUANTISED, Breadth
from catalog.search.search_types import IN_STOCK_NEWEST, SORT_KEYS, BrowseQuery, QueryPart, SimilarQuery
from catalog.settings import VectorIndex

PUBLIC_FIELDS = (*PRODUCT_FIELDS, *SHOWN_DERIVED_FIELDS)
STORED_FIELDS = (*PRODUCT_FIELDS, *DERIVED_FIELDS)
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


def preference(query: SimilarQuery | BrowseQuery) -> str:
    """The `preference` of a question: all its pages are asked of the same shard copies.

    Copies of a graph differ in what they find, and each refreshes in its own time. So nothing goes into it that
    changes from page to page: not limit and offset, nor what a later page leaves out because earlier ones had it.
    """
    if isinstance(query, BrowseQuery):
        asked: list[Any] = [query.q, query.sort, query.filters.model_dump(), query.within.model_dump()]
    else:
        asked = [[part.space.name, part.vector, part.weight] for part in query.parts]
    return hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SERIALIZE_NUMPY)).hexdigest()[:16]


def source_filter(fields: Sequence[str] | None) -> dict[str, Any]:
    """What of a product to fetch; raises InvalidInput for a field that no answer has."""
    if fields is None:
        return {"includes": list(PUBLIC_FIELDS)}
    for name in fields:
        if name.split(".")[0] not in PUBLIC_FIELDS:
            raise InvalidInput(f"fields: there is no '{name}'; there are {', '.join(PUBLIC_FIELDS)}", field=name)
    return {"includes": list(fields)}


def must_not(query: SimilarQuery) -> list[dict[str, Any]]:
    """Clauses that leave out products, whole groups, and what passes a filter."""
    return [*_must_not_be(query), *_must_not_pass(query)]


def must_not_but_source(query: SimilarQuery | BrowseQuery) -> list[dict[str, Any]]:
    """The same without those that leave out the source."""
    left_out = query.exclusions
    return [*_named(left_out.ids, left_out.groups), *_must_not_pass(query)]


def of_source(query: SimilarQuery) -> dict[str, Any] | None:
    """The clause that only the source's own products pass; None where there are none."""
    own = _named(query.exclusions.source_ids, query.exclusions.source_groups)
    return {"bool": {"should": own, "minimum_should_match": 1}} if own else None


def _must_not_be(query: SimilarQuery) -> list[dict[str, Any]]:
    left_out = query.exclusions
    return _named((*left_out.source_ids, *left_out.ids), (*left_out.source_groups, *left_out.groups))


def _named(ids: Sequence[str], groups: Sequence[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if ids:
        found.append({"ids": {"values": list(ids)}})
    if groups:
        found.append({"terms": {"group_key": list(groups)}})
    return found


def _must_not_pass(query: SimilarQuery | BrowseQuery) -> list[dict[str, Any]]:
    version = query.mapping_version
    return [all_of(filter_clauses.clauses(each, version).values()) for each in query.exclusions.filters]


def passing(query: SimilarQuery) -> Iterable[dict[str, Any]]:
    """Clauses of the filters."""
    return filter_clauses.clauses(query.filters, query.mapping_version).values()


def only(query: SimilarQuery) -> list[dict[str, Any]]:
    """Clauses that leave nothing but the products or groups named."""
    found: list[dict[str, Any]] = []
    ids, groups = query.exclusions.only_ids, query.exclusions.only_groups
    if ids is not None:
        found.append({"ids": {"values": list(ids)}})
    if groups is not None:
        found.append({"terms": {"group_key": list(groups)}})
    return found


def has_vector(space: Space) -> dict[str, Any]:
    """One product without a vector would fail a whole script_score search."""
    return {"exists": {"field": vector_field(space.name)}}


def scorable(parts: Sequence[QueryPart]) -> list[dict[str, Any]]:
    """Clauses that a product must pass for a script over `parts` not to fail on it."""
    return [has_vector(part.space) for part in parts]


def candidates(query: SimilarQuery) -> dict[str, Any]:
    """The products that a query has to choose from."""
    return all_of([*passing(query), *only(query), *scorable(query.parts)], must_not(query))


def script(parts: Sequence[QueryPart]) -> dict[str, Any]:
    """The exact script: a cosine, or the weighted mean of several."""
    if len(parts) == 1:
        return similarity.script(parts[0].space.field, parts[0].vector)
    fields = [part.space.field for part in parts]
    return similarity.mix_script(fields, [part.vector for part in parts], [part.weight for part in parts])


def similar(query: SimilarQuery, only_ids: Sequence[str] | None = None) -> dict[str, Any]:
    """The exact plan: script_score over the filter and the existence of a vector; ties break on `id`."""
    chosen = [*passing(query), *only(query), *scorable(query.parts)]
    if only_ids is not None:
        chosen.append({"ids": {"values": list(only_ids)}})
    scored = {"query": all_of(chosen, must_not(query)), "script": script(query.parts)}
    # Counting is free here: every candidate is scored anyway.
    return _ranked(query, {"script_score": scored}) | {"track_total_hits": True}


def scan(query: SimilarQuery) -> dict[str, Any]:
    """The exact plan by `vector_scan`, the query of the engine's plugin: the same scores, and nothing counted.

    Where it need not count, it hands on only what can still reach the page, which is half of its speed.
    """
    parts = [
        {"field": part.space.field, "query_vector": part.vector, "weight": float(part.weight)} for part in query.parts
    ]
    chosen = all_of([*passing(query), *only(query)], _must_not_pass(query))
    scored: dict[str, Any] = {"vector_scan": {"parts": parts, "filter": chosen}}
    if few := _must_not_be(query):  # as part of the filter they would cost a look at every product
        scored = {"bool": {"must": [scored], "must_not": few}}
    return _ranked(query, scored) | {"track_total_hits": counts_hits(query)}


def counts_hits(query: SimilarQuery) -> bool:
    """Whether the total is that of the hits themselves: how many reach a threshold no filter knows."""
    return query.counts.total and query.score_threshold is not None


def _ranked(query: SimilarQuery, scored: dict[str, Any]) -> dict[str, Any]:
    """A page of the best by `scored`, above the threshold and in groups where asked for."""
    body: dict[str, Any] = {"query": scored, **_hits(query)}
    if query.score_threshold is not None:
        body["min_score"] = similarity.cosine_to_script(query.score_threshold)
    if query.page.group_size:
        inner = {"name": "group", "size": query.page.group_size, "sort": RANKING, "_source": body["_source"]}
        body["collapse"] = {"field": "group_key", "inner_hits": inner}
        if counts_hits(query):  # aggregations do not know the search's own `min_score`, but that of a query
            body["query"] = {"function_score": {"query": scored, "min_score": body.pop("min_score")}}
            body["aggs"] = facet_queries.group_aggs()
    return body


def nearest(query: SimilarQuery, part: QueryPart, index_type: VectorIndex, breadth: Breadth) -> dict[str, Any]:
    """The approximate plan for one space: knn with the filter inside, a quantised type rescored with real vectors."""
    others = [has_vector(other.space) for other in query.parts if other.space != part.space]
    chosen = [*passing(query), *only(query), *others]
    knn: dict[str, Any] = {
        "field": part.space.field,
        "query_vector": part.vector,
        "k": breadth.pool,
        "num_candidates": max(breadth.num_candidates, breadth.pool),
        "filter": all_of(chosen, must_not(query)),
    }
    if index_type in QUANTISED:
        knn["rescore_vector"] = {"oversample": breadth.oversample}
    body: dict[str, Any] = {"knn": knn, **_hits(query), "track_total_hits": False}
    if query.score_threshold is not None:
        body["min_score"] = similarity.cosine_to_knn(query.score_threshold)
    return body


def _hits(query: SimilarQuery) -> dict[str, Any]:
    page = query.page
    body = {"size": page.limit, "from": page.offset, "sort": RANKING, "_source": source_filter(page.fields)}
    if page.with_vectors:  # servers from 9.2 on may leave them out of `_source`
        body["fields"] = [part.space.field for part in query.parts]
    return body


def browse(query: BrowseQuery) -> dict[str, Any]:
    """Products that pass the filters and match `q` in the title, with facets in the same search."""
    body = facet_queries.overview(
        query, filter_clauses.clauses(query.within, query.mapping_version).values(), must_not_but_source(query)
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
        "_source": source_filter(query.page.fields),
    }
    return body
