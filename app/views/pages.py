"""Pages for people: the demo shop and the API's documentation. No file of another host."""

from apiflask import APIBlueprint
from flask import Response, current_app

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
