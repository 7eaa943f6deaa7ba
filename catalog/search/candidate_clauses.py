"""Builds the clauses that decide which products a query chooses from: filters, vectors, exclusions."""

from collections.abc import Iterable, Sequence
from typing import Any

from catalog.domain.embedding_space import Space, vector_field
from catalog.search.filter_clauses import build_filter_clauses, combine_clauses
from catalog.search.search_types import BrowseQuery, QueryPart, SimilarQuery


def exclude_all(query: SimilarQuery) -> list[dict[str, Any]]:
    """Returns the clauses that leave out products, whole groups, and what passes a filter."""
    return [*exclude_products(query), *exclude_filtered(query)]


def exclude_all_but_source(query: SimilarQuery | BrowseQuery) -> list[dict[str, Any]]:
    """Returns the clauses of `exclude_all` without those that leave out the source."""
    left_out = query.exclusions
    return [*_match_named(left_out.ids, left_out.groups, left_out.names), *exclude_filtered(query)]


def match_source(query: SimilarQuery) -> dict[str, Any] | None:
    """Returns the clause that only the source's own products pass; None where there are none."""
    own = _match_named(query.exclusions.source_ids, query.exclusions.source_groups)
    return {"bool": {"should": own, "minimum_should_match": 1}} if own else None


def exclude_products(query: SimilarQuery) -> list[dict[str, Any]]:
    left_out = query.exclusions
    ids, groups = (*left_out.source_ids, *left_out.ids), (*left_out.source_groups, *left_out.groups)
    return _match_named(ids, groups, left_out.names)


def _match_named(ids: Sequence[str], groups: Sequence[str], names: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Returns the clauses that products of these ids, these groups or these names (ids or SKUs) pass, each alone."""
    found: list[dict[str, Any]] = []
    if ids or names:
        found.append({"ids": {"values": [*ids, *names]}})
    if names:
        found.append({"terms": {"skus": list(names)}})
    if groups:
        found.append({"terms": {"group_key": list(groups)}})
    return found


def exclude_filtered(query: SimilarQuery | BrowseQuery) -> list[dict[str, Any]]:
    version = query.mapping_version
    return [combine_clauses(build_filter_clauses(each, version).values()) for each in query.exclusions.filters]


def require_filters(query: SimilarQuery) -> Iterable[dict[str, Any]]:
    """Returns the clauses of the filters."""
    return build_filter_clauses(query.filters, query.mapping_version).values()


def require_only(query: SimilarQuery) -> list[dict[str, Any]]:
    """Returns the clauses that leave nothing but the products or groups named."""
    found: list[dict[str, Any]] = []
    names, groups = query.exclusions.only_names, query.exclusions.only_groups
    if names is not None:
        either = [{"ids": {"values": list(names)}}, {"terms": {"skus": list(names)}}]
        found.append({"bool": {"should": either, "minimum_should_match": 1}})
    if groups is not None:
        found.append({"terms": {"group_key": list(groups)}})
    return found


def require_vector(space: Space) -> dict[str, Any]:
    """Returns the clause for a vector: one product without it would fail a whole script_score search."""
    return {"exists": {"field": vector_field(space.name)}}


def require_vectors(parts: Sequence[QueryPart]) -> list[dict[str, Any]]:
    """Returns the clauses that a product must pass for a script over `parts` not to fail on it."""
    return [require_vector(part.space) for part in parts]


def match_candidates(query: SimilarQuery) -> dict[str, Any]:
    """Returns the query for the products that `query` chooses from."""
    return combine_clauses(
        [*require_filters(query), *require_only(query), *require_vectors(query.parts)], exclude_all(query)
    )
