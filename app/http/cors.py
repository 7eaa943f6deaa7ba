"""Cross-origin requests: refused by browsers unless the origin is configured."""

from collections.abc import Sequence

from apiflask import APIFlask
from flask import Response, request

EXPOSED = "X-Query-Id, Server-Timing, Retry-After, ETag, WWW-Authenticate"
TAKEN = "Content-Type, Authorization, X-API-Key, If-Match, If-None-Match"


def install(app: APIFlask, origins: Sequence[str]) -> None:
    """Answer the origins given; Flask itself answers OPTIONS with the methods of the route."""

    def allow(response: Response) -> Response:
        response.headers.add("Vary", "Origin")
        origin = request.headers.get("Origin")
        if origin and ("*" in origins or origin in origins):
            response.headers["Access-Control-Allow-Origin"] = "*" if "*" in origins else origin
            response.headers["Access-Control-Expose-Headers"] = EXPOSED
            if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
                response.headers["Access-Control-Allow-Methods"] = response.headers.get("Allow", "GET")
                response.headers["Access-Control-Allow-Headers"] = TAKEN
                response.headers["Access-Control-Max-Age"] = "600"
        return response

    if origins:
        app.after_request(allow)
