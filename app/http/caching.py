"""What clients and proxies may keep of an answer, and answers that need not be sent again (304)."""

import hashlib

from apiflask import APIFlask
from flask import Response, g, request

from app.http import compression
from app.http.preconditions import SEPARATOR
from app.settings import ApiSettings

SECONDS = 2  # as old as what the service itself remembers of rules and promotions may be
SHARED = frozenset({"search.similar", "products.browse"})  # asked again and again, and dear
NEVER = frozenset({"operations.healthz", "operations.readyz", "operations.prometheus", "status.status"})
QUESTIONS = ("GET", "HEAD")


def note_version(version: str) -> None:
    """Puts the version of the product that is answered into the answer's ETag, for `If-Match`."""
    g.version = version


def install(app: APIFlask, settings: ApiSettings) -> None:
    """Finish every answer; it runs before the answer is counted and logged."""

    def finish(response: Response) -> Response:
        zipped = compression.is_wanted(request, response)
        _control(response, settings)
        if compression.is_text(response):
            response.vary.add("Accept-Encoding")
        if request.method in QUESTIONS and response.status_code == 200:
            _tag(response, zipped=zipped)
            if "ETag" in response.headers:
                response.make_conditional(request)
        if zipped and response.status_code != 304:
            compression.compress(response)
        return response

    app.after_request(finish)


def _control(response: Response, settings: ApiSettings) -> None:
    """Says how long, and by whom, an answer may be kept where its view has not."""
    closed = not settings.public_search and request.path.startswith("/v1/")
    if closed:
        response.vary.update(("Authorization", "X-API-Key"))
    if kept := response.headers.get("Cache-Control"):
        response.headers["Cache-Control"] = kept.replace("public", "private") if closed else kept
        return
    if response.status_code >= 400 or request.endpoint in NEVER:
        response.headers["Cache-Control"] = "no-store"
    elif request.method in QUESTIONS:
        whose = "private" if closed or g.get("api_key") is not None else "public"
        how_long = f"max-age={SECONDS}" if request.endpoint in SHARED else "no-cache"
        response.headers["Cache-Control"] = f"{whose}, {how_long}"


def _tag(response: Response, *, zipped: bool) -> None:
    """Gives an answer a strong ETag, another one where it goes out compressed: not the same bytes."""
    tag, weak = response.get_etag()
    if tag is None and response.mimetype == "application/json" and request.endpoint not in NEVER:
        tag, weak = hashlib.blake2b(response.get_data(), digest_size=16).hexdigest(), False
        tag = f"{g.version}{SEPARATOR}{tag}" if "version" in g else tag
    if tag is not None:
        response.set_etag(f"{tag}-{compression.ENCODING}" if zipped else tag, weak=bool(weak))
