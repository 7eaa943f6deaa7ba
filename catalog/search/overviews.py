"""Totals and facets over all products that pass, from a search that is the same for every source.

A body that leaves out the source would never be in Elasticsearch's shard request cache. So all that passes the filter
is counted, beside it the source's own products alone, and the one is taken from the other here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from catalog.search import facet_queries, queries
from catalog.search.facet_queries import FACET_SIZE, SPARE
from catalog.search.search_types import SimilarQuery

EVERY_VALUE = 10_000  # values of one facet among the source's products: no group has as many

Values = Mapping[str, Any]  # of one facet, as Elasticsearch's aggregation gives them


@dataclass(frozen=True, slots=True)
class Overview:
    """How many products and groups pass, and the facets; `unclear` ones have to be asked for by `again`.

    `groups` are counted, and `facets` filled, only where the query asks for them.
    """

    products: int
    groups: int
    facets: Mapping[str, Any]
    unclear: tuple[str, ...] = ()


def searches(query: SimilarQuery) -> list[dict[str, Any]]:
    """The bodies of one or two searches: over what passes with the source, and over the source's own part of that."""
    own = queries.of_source(query)
    return [_counting(query), *([_counting(query, own, size=EVERY_VALUE)] if own else [])]


def again(query: SimilarQuery, names: Sequence[str]) -> dict[str, Any]:
    """The body of a search for the facets `names` without the source, for when taking away cannot tell."""
    return facet_queries.overview(
        replace(query, counts=replace(query.counts, facets=tuple(names))), _always(query), queries.must_not(query)
    )


def read(query: SimilarQuery, answers: Sequence[Mapping[str, Any]]) -> Overview:
    """What the answers to `searches` say."""
    every, own = answers[0], answers[1] if len(answers) > 1 else None
    products, groups, names = _products(every), _groups(every), query.counts.facets
    if own is None:
        return Overview(products, groups, facet_queries.read_facets(names, every.get("aggregations", {})))
    left = {name: _left(name, _values(every, name), _values(own, name)) for name in names}
    clear = {name: {"values": values} for name, values in left.items() if values is not None}
    return Overview(
        # A product may have changed between the two searches.
        max(0, products - _products(own)),
        max(0, groups - _groups(own)),
        facet_queries.read_facets([name for name in names if name in clear], clear),
        tuple(name for name in names if name not in clear),
    )


def completed(query: SimilarQuery, overview: Overview, answer: Mapping[str, Any]) -> Overview:
    """The overview with the facets that were unclear, by the answer to `again`."""
    found = {**overview.facets, **facet_queries.read_facets(overview.unclear, answer["aggregations"])}
    return replace(overview, facets={name: found[name] for name in query.counts.facets}, unclear=())


def _counting(query: SimilarQuery, *more: Mapping[str, Any], size: int = FACET_SIZE + SPARE) -> dict[str, Any]:
    groups = bool(query.page.group_size and query.counts.total)
    always = [*_always(query), *more]
    never = queries.must_not_but_source(query)
    return facet_queries.overview(query, always, never, count_groups=groups, size=size)


def _always(query: SimilarQuery) -> list[dict[str, Any]]:
    return [*queries.scorable(query.parts), *queries.only(query)]


def _products(answer: Mapping[str, Any]) -> int:
    return int(answer["hits"]["total"]["value"])


def _groups(answer: Mapping[str, Any]) -> int:
    counted = answer.get("aggregations", {})
    return facet_queries.read_groups(counted) if facet_queries.GROUPS in counted else 0


def _values(answer: Mapping[str, Any], name: str) -> Values:
    values: Values = answer["aggregations"][name]["values"]
    return values


def _left(name: str, every: Values, own: Values) -> Values | None:
    """One facet without the source's products; None where that cannot be told from the two."""
    return _range_left(every, own) if name == "price" else _terms_left(every, own)


def _range_left(every: Values, own: Values) -> Values | None:
    """The lowest and the highest stay as long as neither is the source's: another product may have it or may not."""
    if not own["count"]:
        return every
    if own["count"] >= every["count"]:
        return {"min": None, "max": None}
    return every if every["min"] < own["min"] and own["max"] < every["max"] else None


def _terms_left(every: Values, own: Values) -> Values | None:
    """Fewer of each value that the source has, in the order of Elasticsearch: by falling count, then by value.

    A list that was cut off has SPARE values more than are shown: one of those to show can have stood further down,
    but at most by as many places as there are values that lost some.
    """
    lost = {bucket["key"]: bucket["doc_count"] for bucket in own["buckets"]}
    if every["sum_other_doc_count"] and len(lost) > SPARE:
        return None
    left = [(bucket["key"], bucket["doc_count"] - lost.get(bucket["key"], 0)) for bucket in every["buckets"]]
    kept = sorted(((key, count) for key, count in left if count > 0), key=lambda one: (-one[1], one[0]))
    return {"buckets": [{"key": key, "doc_count": count} for key, count in kept]}
