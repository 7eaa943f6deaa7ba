"""Builds questions to the index from flat keywords, so that a test names only what it is about."""

from dataclasses import fields, replace
from typing import Any, TypeVar

from catalog.domain.embedding_space import Space
from catalog.domain.filters import Filters
from catalog.search.search_types import BrowseQuery, Counts, Exclusions, Page, QueryPart, SimilarQuery
from catalog.similar import SimilarRequest

Q = TypeVar("Q", SimilarQuery, BrowseQuery, SimilarRequest)
NESTED: dict[str, Any] = {"page": Page, "counts": Counts, "exclusions": Exclusions}


def similar_query(space: Space, vector: Any, filters: Filters = Filters(), **flat: Any) -> SimilarQuery:
    """Returns a query for what is near `vector`; keywords name fields of it, its page, counts or exclusions."""
    return changed(SimilarQuery((QueryPart(space, vector, flat.pop("weight", 1.0)),), filters), **flat)


def browse_query(filters: Filters = Filters(), **flat: Any) -> BrowseQuery:
    return changed(BrowseQuery(filters), **flat)


def similar_request(product_id: str | None, filters: Filters = Filters(), **flat: Any) -> SimilarRequest:
    return changed(SimilarRequest(product_id, filters), **flat)


def match_names(*names: str) -> dict[str, Any]:
    """The clause for products of these names, which are ids or SKUs."""
    either = [{"ids": {"values": list(names)}}, {"terms": {"skus": list(names)}}]
    return {"bool": {"should": either, "minimum_should_match": 1}}


def changed(question: Q, **flat: Any) -> Q:
    """Returns the question with these fields changed; `exclude_ids` is `ids` of a query's exclusions, and so on.

    `more` are parts of a query behind its own.
    """
    changes: dict[str, Any] = {}
    if "more" in flat:
        changes["parts"] = (*question.parts, *flat.pop("more"))
    own = {field.name for field in fields(question)}
    for name, kind in NESTED.items():
        if name in own:
            inner = {field.name for field in fields(kind)}
            given = {key: flat.pop(key) for key in list(flat) if key not in own and _inner(name, key) in inner}
            if given:
                changes[name] = replace(
                    getattr(question, name), **{_inner(name, key): each for key, each in given.items()}
                )
    return replace(question, **changes, **flat)


def _inner(place: str, key: str) -> str:
    if place != "exclusions":
        return key
    return key.removeprefix("exclude_") if key.startswith(("exclude_", "source_", "only_")) else ""
