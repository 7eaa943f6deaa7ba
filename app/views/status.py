"""How the catalogue and its embeddings are doing."""

from typing import Any

from apiflask import APIBlueprint
from flask import Response

from app.context import context
from app.http.jsons import respond
from app.schemas.answers import StatusAnswer
from app.schemas.params import NoParams
from catalog.domain.records import SpaceStatus
from catalog.similar import serving_space

bp = APIBlueprint("status", __name__, url_prefix="/v1", tag="catalog")


def _space(status: SpaceStatus, serving: str | None) -> dict[str, Any]:
    space = status.space
    return {
        "space": space.name,
        "model": space.model,
        "version": space.version,
        "dims": space.dims,
        "serving": space.name == serving,
        "done": status.done,
        "pending": status.pending,
        "retry": status.retry,
        "failed": status.failed,
        "retry_reasons": status.retry_reasons,
    }


@bp.get("/catalog/status")
@bp.input(NoParams, location="query")
@bp.output(StatusAnswer)
@bp.doc(operation_id="getCatalogStatus", responses=[403, 422, 503])
def status(query_data: NoParams) -> Response:
    """Totals, and per embedding space what is done, pending, to be retried and failed"""
    index = context().index
    found = index.status.read()
    serving = serving_space(index)
    return respond(
        {
            "index": found.index,
            "products": found.products,
            "with_image": found.with_image,
            "available": found.available,
            "spaces": [_space(each, serving) for each in found.spaces],
            "writes_blocked": found.writes_blocked,
            "reindex": found.reindex,
            "left_over": found.left_over,
            "old_index": found.old_index,
        }
    )
