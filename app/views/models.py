"""Lists the models that are here, what they declare and which one serves; embeds a photo with one."""

import logging
import time
from typing import Any

from apiflask import APIBlueprint
from flask import Response

from app.context import context
from app.embedding import PhotoPrediction
from app.http.errors import write
from app.http.jsons import respond
from app.observability.request_log import add_photo_seconds
from app.photo_warnings import warn_of_photo
from app.schemas.models import ModelCard, ModelsAnswer, PredictAnswer, PredictBody, PredictForm, describe_manifest
from app.schemas.params import NoParams
from catalog.domain.filters import Filters
from catalog.errors import Unavailable
from catalog.similar import serving_space
from models.bundles.bundle import Bundle
from models.bundles.registry import BundleListing, choose_bundle, list_verified, load_cached

bp = APIBlueprint("models", __name__, url_prefix="/v1", tag="models")


@bp.get("/models")
@bp.input(NoParams, location="query")
@bp.output(ModelsAnswer)
@bp.doc(operation_id="listModels", responses=[422, 503])
def list_models(query_data: NoParams) -> Response:
    """The models that are here, with what they declare and which one serves"""
    listed = list_verified(context().embedders.settings)
    spaces = _IndexedSpaces()
    return respond(
        {
            "models": [spaces.card(one.bundle) for one in listed if one.bundle],
            "broken": [_present_broken(one) for one in listed if one.bundle is None],
        }
    )


@bp.get("/models/<name>")
@bp.input(NoParams, location="query")
@bp.output(ModelCard)
@bp.doc(operation_id="getModel", responses=[404, 422, 503])
def model(name: str, query_data: NoParams) -> Response:
    """One model: what it declares and whether it serves

    The name is a model's (`color`: the version that serves, else the newest) or a space's (`color__0123456789ab`).
    """
    spaces = _IndexedSpaces()
    chosen = choose_bundle(name, context().embedders.settings, prefer=spaces.serving)
    return respond(spaces.card(load_cached(chosen.path)))


@bp.post("/models/<name>/predict")
@bp.input(PredictBody, location="json")
@bp.output(PredictAnswer)
@bp.doc(operation_id="predict", responses=[400, 404, 409, 413, 415, 422, 429, 503])
def predict(name: str, json_data: PredictBody | PredictForm) -> Response:
    """The embedding of a photo and, where the model has classes, the most probable ones

    The photo comes as for a search: base64 or an address in JSON, or the file `image` of a multipart form. It is not
    stored. `warnings` say where it lies outside of what the model was made for.
    """
    here = context()
    bundle = choose_bundle(name, here.embedders.settings, prefer=_find_serving())
    limits = here.embedders.limits([bundle.space])
    here.admission.acquire()
    started = time.perf_counter()
    url = json_data.image_url
    data = here.uploads.fetch(url) if url is not None else json_data.image or b""
    with here.uploads.slots:
        image = here.uploads.decode(data, json_data.bounding_box)
        found = here.embedders.predict(image, bundle.space)
        warnings = warn_of_photo(image, limits, Filters())
        del image  # others wait for its memory
    add_photo_seconds(time.perf_counter() - started)
    return respond(
        {
            "model": {"name": bundle.name, "version": bundle.version},
            "embedding": found.embedding,
            "classes": _rank_classes(found, json_data.top),
            "warnings": warnings,
        }
    )


def _rank_classes(found: PhotoPrediction, top: int) -> list[dict[str, Any]] | None:
    if found.probabilities is None:
        return None
    best = sorted(found.probabilities.items(), key=lambda each: (-each[1], each[0]))[:top]
    return [{"label": label, "probability": probability} for label, probability in best]


def _find_serving() -> str | None:
    """Returns the space that serves, where Elasticsearch says: a photo is embedded without it too."""
    try:
        return serving_space(context().index)
    except Unavailable:
        return None


class _IndexedSpaces:
    """Holds what the index says about spaces, read once per request."""

    def __init__(self) -> None:
        index = context().index
        self.indexed = {space.name for space in index.spaces.get_all()}
        self.promoted = index.promotions.get_promoted()
        self.serving = serving_space(index)

    def card(self, bundle: Bundle) -> dict[str, Any]:
        space = bundle.space.name
        return describe_manifest(bundle.manifest) | {
            "promoted": space == self.promoted,
            "serving": space == self.serving,
            "indexed": space in self.indexed,
        }


def _present_broken(one: BundleListing) -> dict[str, Any]:
    write(logging.WARNING, f"{one.path} is no bundle that can be used: {one.problem}")
    problem = "it cannot be used; the log knows why by X-Query-Id"
    return {"name": one.name, "version": one.version, "problem": problem, "hint": "run `python -m models verify`"}
