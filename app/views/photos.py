"""Photos of products, for pages that show them."""

import logging
from typing import NoReturn

from apiflask import APIBlueprint
from flask import Response, redirect

from app.context import context
from app.http.errors import write
from app.photos.addresses import is_loadable
from app.schemas.params import PhotoParams
from catalog.errors import PhotoNotFound, ProductNotFound
from models.photos import PhotoError

YEAR, MINUTES = 31_536_000, 300  # seconds that a copy may be kept: of this very photo, of whatever photo it is
bp = APIBlueprint("photos", __name__, url_prefix="/v1", tag="product")


@bp.get("/products/<product_id>/photo")
@bp.input(PhotoParams, location="query")
@bp.output({}, content_type="image/jpeg")
@bp.doc(operation_id="getPhoto", responses=[302, 304, 404, 422, 503])
def photo(product_id: str, query_data: PhotoParams) -> Response:
    """The photo of a product, scaled: the address that answers name as `photo`

    A JPEG without metadata, never enlarged. With the `v` of this photo it may be kept for a year; otherwise for five
    minutes, and then be asked for by its ETag. A photo that the shop itself shows (`http(s)`) is redirected to.
    """
    found = context().index.products.read(product_id)
    if found is None:
        raise ProductNotFound(f"there is no product '{product_id}'", id=product_id)
    url = str(found.source.get("image_url", ""))
    if is_loadable(url):
        response: Response = redirect(url)  # type: ignore[assignment]
        response.cache_control.public, response.cache_control.max_age = True, MINUTES
        return response
    if not url:
        raise PhotoNotFound(f"product '{product_id}' has no photo", id=product_id)
    return _send_copy(found.id, url, query_data)


def _send_copy(product_id: str, url: str, asked: PhotoParams) -> Response:
    try:
        copy = context().copies.get(url, asked.width)
    except PhotoError as error:
        _refuse(product_id, error)
    response = Response(copy.jpeg, mimetype="image/jpeg")
    same = asked.v is not None and copy.sha256.startswith(asked.v)
    response.cache_control.public, response.cache_control.max_age = True, YEAR if same else MINUTES
    if same:
        response.cache_control.immutable = True
    response.set_etag(f"{copy.sha256[:32]}-{copy.width}")
    return response


def _refuse(product_id: str, error: PhotoError) -> NoReturn:
    write(logging.INFO, f"the photo of product '{product_id}' cannot be shown: {error.message}")
    message = f"the photo of product '{product_id}' cannot be shown: {error.reason}"
    raise PhotoNotFound(message, id=product_id, reason=str(error.reason)) from error
