"""How the catalogue and its embeddings are doing."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from apiflask import APIBlueprint
from flask import Response

from app.context import context
from app.http.jsons import respond
from app.http.private_endpoints import is_on_health_port
from app.schemas.answers import StatusAnswer
from app.schemas.params import StatusParams
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
        "next_try_at": status.next_try_at,
    }


def _failures(spaces: Sequence[SpaceStatus], limit: int) -> list[dict[str, Any]]:
    if not limit:
        return []
    found = context().index.status.read_failures([each.space for each in spaces], limit)
    if is_on_health_port(context().settings):
        return [asdict(each) for each in found]
    return [asdict(each) | {"image_url": hide_path(each.image_url)} for each in found]


def hide_path(image_url: str) -> str | None:
    """Returns the address of a photo as everybody may see it: None for a file of this machine."""
    return None if image_url.lower().startswith("file:") else image_url


@bp.get("/catalog/status")
@bp.input(StatusParams, location="query")
@bp.output(StatusAnswer)
@bp.doc(operation_id="getCatalogStatus", responses=[403, 422, 503])
def status(query_data: StatusParams) -> Response:
    """Totals, and per embedding space what is done, pending, to be retried and failed, on request with the photos"""
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
            "failures": _failures(found.spaces, query_data.failures),
            "writes_blocked": found.writes_blocked,
            "reindex": found.reindex,
            "left_over": found.left_over,
            "old_index": found.old_index,
        }
    )
