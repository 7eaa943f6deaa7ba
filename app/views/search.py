"""Similar products: to a product of the path, and to what a body asks for."""

from typing import Any

from apiflask import APIBlueprint
from flask import Response, g

from app import metrics
from app.context import context
from app.jsons import respond
from app.schemas.answers import SimilarAnswer
from app.schemas.bodies import SearchBody
from app.schemas.params import SimilarParams
from catalog.similar import Answer, SimilarRequest, similar_to

bp = APIBlueprint("search", __name__, url_prefix="/v1", tag="search")


def shown(answer: Answer) -> dict[str, Any]:
    """The body of an answer: the same for the same question, so no ids and no times."""
    return {
        "hits": [{"id": hit.id, "score": hit.score, "product": hit.product} for hit in answer.hits],
        "facets": answer.facets,
        "limit": answer.limit,
        "offset": answer.offset,
        "total": answer.total,
        "model": {"name": answer.space.model, "version": answer.space.version},
        "plan": {
            "strategy": answer.plan.strategy,
            "candidates": answer.plan.candidates,
            "reason": answer.plan.reason,
        },
        "missing_ids": answer.missing_ids,
        "warnings": answer.warnings,
    }


def _answer(request: SimilarRequest) -> Response:
    answer = similar_to(context().index, request)
    g.server_ms = answer.server_ms
    metrics.PLANS.labels(answer.plan.strategy).inc()
    return respond(shown(answer))


@bp.get("/products/<product_id>/similar")
@bp.input(SimilarParams, location="query")
@bp.output(SimilarAnswer)
@bp.doc(responses=[400, 404, 409, 422, 503])
def similar(product_id: str, query_data: SimilarParams) -> Response:
    """Products that look like one

    Filters are repeated keys (`color=red&color=blue` is any of, different keys are all of). The source's gender and
    age group are kept unless a filter names them; the source and its group are left out unless asked for.
    """
    return _answer(query_data.request(product_id))


@bp.post("/search")
@bp.input(SearchBody, location="json", example={"query": {"product_id": "p-1"}, "filter": {"available": True}})
@bp.output(SimilarAnswer)
@bp.doc(responses=[400, 404, 409, 413, 415, 422, 503])
def search(json_data: SearchBody) -> Response:
    """Similar products by a JSON question"""
    return _answer(json_data.request())
