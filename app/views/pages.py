"""Pages for people: the demo shop, its photos, and the API's documentation. No file of another host."""

from apiflask import APIBlueprint
from flask import Response, current_app, redirect, request

from app.context import context
from app.local_photos import load_photo, public_address
from catalog.errors import ProductNotFound

PHOTO_AGE = 3600  # seconds
bp = APIBlueprint("pages", __name__, enable_openapi=False)
# Photos of a catalogue live where the shop keeps them; everything else comes from here.
POLICY = (
    "default-src 'self'; img-src 'self' data: https: http:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"
)


def _page(name: str) -> Response:
    response = current_app.send_static_file(name)
    response.headers["Content-Security-Policy"] = POLICY
    return response


@bp.get("/")
def shop() -> Response:
    """Shows the demo shop."""
    return _page("shop/index.html")


@bp.get("/docs")
def docs() -> Response:
    """Shows Swagger UI over /openapi.json."""
    return _page("docs/index.html")


@bp.get("/shop/photos/<product_id>")
def photo(product_id: str) -> Response:
    """Returns the photo of a product: `file:` ones below IMAGE_ROOTS are read, http(s) ones are redirected to."""
    found = context().index.products.read(product_id)
    if found is None:
        raise ProductNotFound(f"there is no product '{product_id}'", id=product_id)
    url = str(found.source.get("image_url", ""))
    if url.startswith(("http://", "https://")):
        return redirect(public_address(url))  # type: ignore[return-value]
    data, mimetype = load_photo(url, context().photos)
    response = Response(data, mimetype=mimetype)
    response.cache_control.max_age = PHOTO_AGE
    response.add_etag()
    response.make_conditional(request)
    return response
