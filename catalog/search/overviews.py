"""Counts totals and facets over all products that pass, by a search that is the same for every source.

A body that leaves out the source would never be in Elasticsearch's shard request cache. So all that passes the filter
is counted, beside it the source's own products alone, and the one is taken from the other here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from catalog.search import facet_queries
from catalog.search.candidate_clauses import (
    exclude_all,
    exclude_all_but_source,
    match_source,
    require_only,
    require_vectors,
)
from catalog.search.facet_queries import FACET_SIZE, SPARE
from catalog.search.search_types import SimilarQuery

EVERY_VALUE = 10_000  # values of one facet among the source's products: no group has as many

Values = Mapping[str, Any]  # of one facet, as Elasticsearch's aggregation gives them


@dataclass(frozen=True, slots=True)
class Overview:
    """Holds how many products and groups pass, and the facets; `unclear` ones need `build_unclear_search`.

    `groups` are counted, and `facets` filled, only where the query asks for them.
    """

    products: int
    groups: int
    facets: Mapping[str, Any]
    unclear: tuple[str, ...] = ()


def build_searches(query: SimilarQuery) -> list[dict[str, Any]]:
    """Builds one or two searches: over what passes with the source, and over the source's own part of that."""
    own = match_source(query)
    return [_build_count_search(query), *([_build_count_search(query, own, size=EVERY_VALUE)] if own else [])]


def build_unclear_search(query: SimilarQuery, names: Sequence[str]) -> dict[str, Any]:
    """Builds a search for the facets `names` without the source, for when subtracting leaves them open."""
    return facet_queries.build_count_search(
        replace(query, counts=replace(query.counts, facets=tuple(names))), _require_always(query), exclude_all(query)
    )


def read_overview(query: SimilarQuery, answers: Sequence[Mapping[str, Any]]) -> Overview:
    """Reads the answers to `build_searches`."""
    every, own = answers[0], answers[1] if len(answers) > 1 else None
    products, groups, names = _count_products(every), _count_groups(every), query.counts.facets
    if own is None:
        return Overview(products, groups, facet_queries.read_facets(names, every.get("aggregations", {})))
    left = {name: _subtract(name, _read_values(every, name), _read_values(own, name)) for name in names}
    clear = {name: {"values": values} for name, values in left.items() if values is not None}
    return Overview(
        # A product may have changed between the two searches.
        max(0, products - _count_products(own)),
        max(0, groups - _count_groups(own)),
        facet_queries.read_facets([name for name in names if name in clear], clear),
        tuple(name for name in names if name not in clear),
    )


def complete_overview(query: SimilarQuery, overview: Overview, answer: Mapping[str, Any]) -> Overview:
    """Returns the overview with the facets that were unclear, by the answer to `build_unclear_search`."""
    found = {**overview.facets, **facet_queries.read_facets(overview.unclear, answer["aggregations"])}
    return replace(overview, facets={name: found[name] for name in query.counts.facets}, unclear=())


def _build_count_search(
    query: SimilarQuery, *more: Mapping[str, Any], size: int = FACET_SIZE + SPARE
) -> dict[str, Any]:
    groups = bool(query.page.group_size and query.counts.total)
    always = [*_require_always(query), *more]
    never = exclude_all_but_source(query)
    return facet_queries.build_count_search(query, always, never, count_groups=groups, size=size)


def _require_always(query: SimilarQuery) -> list[dict[str, Any]]:
    return [*require_vectors(query.parts), *require_only(query)]


def _count_products(answer: Mapping[str, Any]) -> int:
    return int(answer["hits"]["total"]["value"])


def _count_groups(answer: Mapping[str, Any]) -> int:
    counted = answer.get("aggregations", {})
    return facet_queries.read_groups(counted) if facet_queries.GROUPS in counted else 0


def _read_values(answer: Mapping[str, Any], name: str) -> Values:
    values: Values = answer["aggregations"][name]["values"]
    return values


def _subtract(name: str, every: Values, own: Values) -> Values | None:
    """Returns one facet without the source's products; None where the two do not tell."""
    return _subtract_range(every, own) if name == "price" else _subtract_terms(every, own)


def _subtract_range(every: Values, own: Values) -> Values | None:
    """Keeps the lowest and the highest as long as neither is the source's: another product may have it or not."""
    if not own["count"]:
        return every
    if own["count"] >= every["count"]:
        return {"min": None, "max": None}
    return every if every["min"] < own["min"] and own["max"] < every["max"] else None


def _subtract_terms(every: Values, own: Values) -> Values | None:
    """Subtracts what the source has of each value; in Elasticsearch's order, by falling count, then by value.

    A list that was cut off has SPARE values more than are shown: one of those to show can have stood further down,
    but at most by as many places as there are values that lost some.
    """
    lost = {bucket["key"]: bucket["doc_count"] for bucket in own["buckets"]}
    if every["sum_other_doc_count"] and len(lost) > SPARE:
        return None
    left = [(bucket["key"], bucket["doc_count"] - lost.get(bucket["key"], 0)) for bucket in every["buckets"]]
    kept = sorted(((key, count) for key, count in left if count > 0), key=lambda one: (-one[1], one[0]))
    return {"buckets": [{"key": key, "doc_count": count} for key, count in kept]}
