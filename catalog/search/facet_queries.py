"""The size-0 search beside the hits: totals, groups and facets over all products that pass."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from catalog.domain.filter_fields import FACET_FIELDS, FLAG_FIELDS
from catalog.mapping import VERSION
from catalog.search.filter_clauses import all_of, any_of, keys_of, price_field, without_key
from catalog.search.filter_clauses import clauses as clauses_of
from catalog.search.search_types import BrowseQuery, SimilarQuery

GROUPS = "_groups"  # the aggregation that counts groups; no facet can be called so
MAX_PRECISION = 40_000  # Elasticsearch's highest: group totals are exact up to here, close beyond
FACET_SIZE = 100  # values per facet, most frequent first
SPARE = (
    50  # values asked for beyond those: what comes up when a source's own are taken out (catalog.search.overviews)
)


def facet_aggs(
    names: Sequence[str],
    clauses: Mapping[str, Mapping[str, Any]],
    *,
    size: int = FACET_SIZE + SPARE,
    prices: Sequence[Mapping[str, Any]] = (),
    version: int = VERSION,
) -> dict[str, Any]:
    """One aggregation per facet, each under all filters but its own, with up to `size` values.

    That of the price is under `prices` too; `version` is that of the index's mapping.
    """
    aggs: dict[str, Any] = {}
    for name in names:
        others = without_key(clauses, name)
        if name == "price":
            others += prices
            inner: dict[str, Any] = {"stats": {"field": price_field(version)}}
        else:
            inner = {"terms": {"field": FACET_FIELDS[name], "size": size}}
        aggs[name] = {"filter": _passing(others), "aggs": {"values": inner}}
    return aggs


def _passing(clauses: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return all_of(clauses) if clauses else {"match_all": {}}


def group_aggs(clauses: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """The aggregation that counts the groups among what passes the clauses."""
    counted = {"cardinality": {"field": "group_key", "precision_threshold": MAX_PRECISION}}
    return {GROUPS: {"filter": _passing(clauses), "aggs": {"values": counted}}}


def read_groups(aggregations: Mapping[str, Any]) -> int:
    """The number of groups that `group_aggs` counted."""
    return int(aggregations[GROUPS]["values"]["value"])


def overview(
    query: SimilarQuery | BrowseQuery,
    always: Iterable[Mapping[str, Any]],
    never: Sequence[Mapping[str, Any]] = (),
    *,
    count_groups: bool = False,
    size: int = FACET_SIZE + SPARE,
) -> dict[str, Any]:
    """The size-0 search that counts what passes and fills the facets.

    Filters on a faceted key go into `post_filter`, so that its facet still shows the other values while the total
    is that of all filters.
    """
    facets, clauses = query.counts.facets, clauses_of(query.filters, query.mapping_version)
    faceted = {key: clause for key, clause in clauses.items() if not keys_of(key).isdisjoint(facets)}
    rest = [clause for key, clause in clauses.items() if key not in faceted]
    body: dict[str, Any] = {
        "size": 0,
        "track_total_hits": True,
        "query": all_of([*rest, *always], never),
    }
    if faceted:
        body["post_filter"] = all_of(faceted.values())
    version, currencies = query.mapping_version, query.counts.price_currencies
    prices = [] if currencies is None else [any_of("currency", currencies, version)]
    aggs = facet_aggs(facets, faceted, size=size, prices=prices, version=version)
    if count_groups:
        aggs |= group_aggs(list(faceted.values()))
    if aggs:
        body["aggs"] = aggs
    return body


def read_facets(names: Sequence[str], aggregations: Mapping[str, Any]) -> dict[str, Any]:
    """Facets of an answer: `[{value, count}]` per key, `{min, max}` for the price."""
    found: dict[str, Any] = {}
    for name in names:
        values = aggregations[name]["values"]
        if name == "price":
            found[name] = {"min": values["min"], "max": values["max"]}
            continue
        buckets = values["buckets"][:FACET_SIZE]
        if name in FLAG_FIELDS:
            found[name] = [{"value": bool(b["key"]), "count": b["doc_count"]} for b in buckets]
        else:
            found[name] = [{"value": b["key"], "count": b["doc_count"]} for b in buckets]
    return found
