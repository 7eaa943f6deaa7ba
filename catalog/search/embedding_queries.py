"""Builds the queries of the embedding job: what is unprocessed, and the outcomes of the rest."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from catalog.domain.embedding_space import Space
from catalog.search.filter_clauses import combine_clauses

NEXT_TRY = "next_try"  # within a status: the first time at which one is tried again
WITH_VECTOR = "with_vector"  # within a status of `build_status_aggs`: `done` is what has a vector


def match_unprocessed(space: Space, now: datetime) -> dict[str, Any]:
    """Matches products with a photo and, in this space, no status, a retry that is due, or `done` without a
    vector."""
    prefix = f"embedding.{space.name}"
    without_vector = {
        "filter": [{"term": {f"{prefix}.status": "done"}}],
        "must_not": [{"exists": {"field": space.field}}],
    }
    due = [{"term": {f"{prefix}.status": "retry"}}, {"range": {f"{prefix}.next_try_at": {"lte": now.isoformat()}}}]
    return {
        "bool": {
            "filter": [{"exists": {"field": "image_url"}}],
            "should": [
                {"bool": {"must_not": [{"exists": {"field": f"{prefix}.status"}}]}},
                {"bool": {"filter": due}},
                {"bool": without_vector},
            ],
            "minimum_should_match": 1,
        }
    }


def match_status(space: Space, statuses: Sequence[str], reasons: Sequence[str]) -> dict[str, Any]:
    """Matches products whose outcome in this space has one of the statuses and, where given, one of the reasons."""
    prefix = f"embedding.{space.name}"
    clauses: list[dict[str, Any]] = [{"terms": {f"{prefix}.status": list(statuses)}}]
    if reasons:
        clauses.append({"terms": {f"{prefix}.reason": list(reasons)}})
    return combine_clauses(clauses)


def match_uncolored(now: datetime) -> dict[str, Any]:
    """Matches products with a photo and no colour family, unless their photo has failed or waits for another try."""
    state = "photo_color"
    due = [{"term": {f"{state}.status": "retry"}}, {"range": {f"{state}.next_try_at": {"lte": now.isoformat()}}}]
    untried = {"bool": {"must_not": [{"exists": {"field": f"{state}.status"}}]}}
    return {
        "bool": {
            "filter": [{"exists": {"field": "image_url"}}],
            "must_not": [{"exists": {"field": "color_family"}}],
            "should": [untried, {"bool": {"filter": due}}],
            "minimum_should_match": 1,
        }
    }


def match_embedded(space: Space, after: str) -> dict[str, Any]:
    """Matches products with a photo and a vector of it in this space, and an id behind `after`."""
    prefix = f"embedding.{space.name}"
    clauses: list[dict[str, Any]] = [{"exists": {"field": name}} for name in ("image_url", f"{prefix}.vector")]
    clauses.append({"term": {f"{prefix}.status": "done"}})
    if after:
        clauses.append({"range": {"id": {"gt": after}}})
    return combine_clauses(clauses)


def build_status_aggs(spaces: Sequence[Space]) -> dict[str, Any]:
    """Counts totals and, per space, statuses by reason among products that have a photo; WITH_VECTOR counts
    vectors."""
    per_space = {
        space.name: {
            "terms": {"field": f"embedding.{space.name}.status"},
            "aggs": {
                "reasons": {"terms": {"field": f"embedding.{space.name}.reason", "size": 50}},
                WITH_VECTOR: {"filter": {"exists": {"field": space.field}}},
                NEXT_TRY: {"min": {"field": f"embedding.{space.name}.next_try_at"}},
            },
        }
        for space in spaces
    }
    photo: dict[str, Any] = {"filter": {"exists": {"field": "image_url"}}}
    if per_space:
        photo["aggs"] = per_space
    return {"with_image": photo, "available": {"filter": {"term": {"available": True}}}}
