"""Builds the size-0 search beside the hits: totals, groups and facets over all products that pass."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from catalog.domain.filter_fields import FACET_FIELDS, FLAG_FIELDS
from catalog.index_mapping import VERSION
from catalog.search.filter_clauses import (
    build_filter_clauses,
    build_terms_clause,
    combine_clauses,
    drop_key,
    find_clause_keys,
    get_price_field,
)
from catalog.search.search_types import BrowseQuery, SimilarQuery

GROUPS = "_groups"  # the aggregation that counts groups; no facet can be called so
MAX_PRECISION = 40_000  # Elasticsearch's highest: group totals are exact up to here, close beyond
FACET_SIZE = 100  # values per facet, most frequent first
# Values asked for beyond those: what comes up when a source's own are taken out (catalog.search.overviews).
SPARE = 50


def build_facet_aggs(
    names: Sequence[str],
    clauses: Mapping[str, Mapping[str, Any]],
    *,
    size: int = FACET_SIZE + SPARE,
    prices: Sequence[Mapping[str, Any]] = (),
    version: int = VERSION,
) -> dict[str, Any]:
    """Returns one aggregation per facet, each under all filters but its own, with up to `size` values.

    That of the price is under `prices` too; `version` is that of the index's mapping.
    """
    aggs: dict[str, Any] = {}
    for name in names:
        others = drop_key(clauses, name)
        if name == "price":
            others += prices
            inner: dict[str, Any] = {"stats": {"field": get_price_field(version)}}
        else:
            inner = {"terms": {"field": FACET_FIELDS[name], "size": size}}
        aggs[name] = {"filter": _match_clauses(others), "aggs": {"values": inner}}
    return aggs


def _match_clauses(clauses: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return combine_clauses(clauses) if clauses else {"match_all": {}}


def build_group_aggs(clauses: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """Returns the aggregation that counts the groups among what passes the clauses."""
    counted = {"cardinality": {"field": "group_key", "precision_threshold": MAX_PRECISION}}
    return {GROUPS: {"filter": _match_clauses(clauses), "aggs": {"values": counted}}}


def read_groups(aggregations: Mapping[str, Any]) -> int:
    """Returns the number of groups that `build_group_aggs` counted."""
    return int(aggregations[GROUPS]["values"]["value"])


def build_count_search(
    query: SimilarQuery | BrowseQuery,
    always: Iterable[Mapping[str, Any]],
    never: Sequence[Mapping[str, Any]] = (),
    *,
    count_groups: bool = False,
    size: int = FACET_SIZE + SPARE,
) -> dict[str, Any]:
    """Builds the size-0 search that counts what passes and fills the facets.

    Filters on a faceted key go into `post_filter`, so that its facet still shows the other values while the total
    is that of all filters.
    """
    facets, clauses = query.counts.facets, build_filter_clauses(query.filters, query.mapping_version)
    faceted = {key: clause for key, clause in clauses.items() if not find_clause_keys(key).isdisjoint(facets)}
    rest = [clause for key, clause in clauses.items() if key not in faceted]
    body: dict[str, Any] = {
        "size": 0,
        "track_total_hits": True,
        "query": combine_clauses([*rest, *always], never),
    }
    if faceted:
        body["post_filter"] = combine_clauses(faceted.values())
    version, currencies = query.mapping_version, query.counts.price_currencies
    prices = [] if currencies is None else [build_terms_clause("currency", currencies, version)]
    aggs = build_facet_aggs(facets, faceted, size=size, prices=prices, version=version)
    if count_groups:
        aggs |= build_group_aggs(list(faceted.values()))
    if aggs:
        body["aggs"] = aggs
    return body


def read_facets(names: Sequence[str], aggregations: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the facets of an answer: `[{value, count}]` per key, `{min, max}` for the price."""
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
