"""Turns results and errors of searches into the bodies of answers."""

from typing import Any

from app.http import errors
from catalog.errors import VisualSearchError
from catalog.similar import SimilarResult


def similar_response(result: SimilarResult) -> dict[str, Any]:
    """Returns the body of an answer: the same for the same question, so no ids and no times."""
    return {
        "hits": [_present_hit(result, position) for position in range(len(result.hits))],
        "score_floor": result.score_floor,
        "facets": result.facets,
        "limit": result.page.limit,
        "offset": result.page.offset,
        "total": result.total,
        "model": {"name": result.space.model, "version": result.space.version},
        "plan": {
            "strategy": result.plan.strategy,
            "candidates": result.plan.candidates,
            "reason": result.plan.reason,
        },
        "missing_ids": result.missing_ids,
        "warnings": result.warnings,
    }


def batch_entry(result: SimilarResult | Exception) -> dict[str, Any]:
    """Returns the answer to one search of a batch, or its error with the status it would have had alone."""
    if isinstance(result, SimilarResult):
        return similar_response(result)
    if isinstance(result, VisualSearchError):
        return {"status": errors.status_of(result), **errors.domain_body(result)}
    return {"status": 500, **errors.unexpected_body(result)}


def _present_hit(result: SimilarResult, position: int) -> dict[str, Any]:
    hit = result.hits[position]
    body: dict[str, Any] = {"id": hit.id, "score": hit.score, "product": hit.product}
    if hit.fill is not None:
        body["fill"] = hit.fill
    if hit.group is not None:
        body["group"] = [{"id": each.id, "score": each.score, "product": each.product} for each in hit.group]
    if result.explanations is not None and hit.fill is None:
        body["explain"] = result.explanations[hit.id]
    return body
