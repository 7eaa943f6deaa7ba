"""Gives every request an id, its timing in a header, a count, and a log line if asked for."""

import logging
import time
import uuid

from apiflask import APIFlask
from flask import Response, g, has_request_context, request

from app.index.breaker import CircuitBreaker
from app.observability import metrics

access = logging.getLogger("app.access")


def begin() -> None:
    """Before the request."""
    g.started = time.perf_counter()
    g.query_id = uuid.uuid4().hex
    g.index_seconds = 0.0
    g.photo_seconds = 0.0
    g.server_ms = None


def add_index_seconds(seconds: float) -> None:
    """Add a call of the index to the request that made it."""
    if has_request_context():
        g.index_seconds += seconds


def add_photo_seconds(seconds: float) -> None:
    """Add fetching, decoding and embedding a photo to the request that brought it."""
    if has_request_context():
        g.photo_seconds += seconds


def _server_timing(total: float) -> str:
    parts = [f"es;dur={g.server_ms:.1f}"] if g.server_ms is not None else []
    if g.index_seconds:
        parts.append(f"index;dur={g.index_seconds * 1000:.2f}")
    if g.photo_seconds:
        parts.append(f"photo;dur={g.photo_seconds * 1000:.2f}")
    return ", ".join([*parts, f"total;dur={total * 1000:.2f}"])


def install(app: APIFlask, breaker: CircuitBreaker, *, log_requests: bool) -> None:
    """Register the hooks; with `log_requests` one line per request goes to the logger app.access."""

    def end(response: Response) -> Response:
        total = time.perf_counter() - g.started
        response.headers["X-Query-Id"] = g.query_id
        response.headers["Server-Timing"] = _server_timing(total)
        response.headers["X-Content-Type-Options"] = "nosniff"
        metrics.count(request, response, total, g.index_seconds)
        metrics.BREAKER.set(breaker.is_open)
        return response

    def write(response: Response) -> Response:
        fields = {
            "query_id": g.query_id,
            "method": request.method,
            "path": request.path,
            "status": response.status_code,
            "ms": round((time.perf_counter() - g.started) * 1000, 2),
            "key": key.public_id if (key := g.get("api_key")) else None,
            "index_ms": round(g.index_seconds * 1000, 2),
        }
        access.info("%(method)s %(path)s %(status)s %(ms)s ms", fields, extra={"fields": fields})
        return response

    app.before_request(begin)
    if log_requests:
        app.after_request(write)
    app.after_request(end)
