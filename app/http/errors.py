"""Errors in HTTP's words, all of them: `{code, message, detail}` and a status by the class of the error.

VisualSearchError (catalog.errors)
├── NotPublic                figures that this port does not serve; 403
├── InvalidInput
│   ├── InvalidRequest       parameters or body do not fit the schema; 422
│   │   └── UnreadableBody   the body is no JSON; 400
│   └── NoEmbedding          the model makes nothing of a photo; 400
├── TooManyUploads           as many photos are being worked on as this process takes; 429
├── AccessDenied             see app.http.access_errors; 401, 403, 429
├── Conflict
│   ├── PreconditionFailed   the product is not what If-Match names; 412
│   └── BundleMissing        products have embeddings of a model that is not here to embed photos; 409
└── Unavailable
    ├── ShuttingDown         this instance takes no new traffic; 503
    └── CircuitOpen          Elasticsearch was not asked, it failed a moment ago; 503
"""

import logging
import math
from typing import Any

from apiflask import APIFlask
from flask import Response, g, has_app_context
from werkzeug.exceptions import HTTPException, SecurityError

from app.http import access_errors
from app.http.jsons import respond
from catalog import errors

log = logging.getLogger(__name__)
MAX_FORM_PARTS = 4000
RETRY_AFTER = 1  # seconds; what the breaker waits before it lets the next question through


class InvalidRequest(errors.InvalidInput):
    """`detail.problems` lists every field and what is wrong with it."""

    code = "invalid_request"


class UnreadableBody(InvalidRequest):
    code = "unreadable_body"


class NoEmbedding(errors.InvalidInput):
    code = "invalid_image"


class TooManyUploads(errors.VisualSearchError):
    code = "too_many_uploads"


class BundleMissing(errors.Conflict):
    code = "bundle_missing"
    public = None


class PreconditionFailed(errors.Conflict):
    code = "precondition_failed"
    public = None


class NotPublic(errors.VisualSearchError):
    code = "not_public"
    public = None


class ShuttingDown(errors.Unavailable):
    public = None


class CircuitOpen(errors.Unavailable):
    """`retry_after` is in seconds; `told` is what strangers were told when Elasticsearch was still asked."""

    def __init__(self, message: str, retry_after: float, told: str | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self._told = told

    @property
    def public_message(self) -> str:
        return self._told or super().public_message


# The nearest class of an error's ancestry decides.
STATUS: dict[type[BaseException], int] = {
    NotPublic: 403,
    UnreadableBody: 400,
    InvalidRequest: 422,
    errors.InvalidFilter: 422,
    errors.InvalidProduct: 422,
    errors.InvalidRule: 422,
    errors.InvalidSetting: 500,
    errors.InvalidInput: 400,
    TooManyUploads: 429,
    access_errors.KeyRefused: 401,
    access_errors.ScopeLacking: 403,
    access_errors.RateLimited: 429,
    errors.NotFound: 404,
    PreconditionFailed: 412,
    errors.Conflict: 409,
    errors.Unavailable: 503,
    errors.VisualSearchError: 500,
}
CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "content_too_large",
    414: "uri_too_long",
    415: "unsupported_media_type",
    416: "range_not_satisfiable",
}
MESSAGES = {
    "untrusted_host": "this service does not answer to this Host",
    "not_found": "there is nothing at this path; /docs lists what there is",
    "method_not_allowed": "this path does not take this method; see the header Allow",
    "content_too_large": f"the body is larger than is taken here, or the form has more than {MAX_FORM_PARTS} fields",
}
HINTS = {  # what an operator could do
    "untrusted_host": "TRUSTED_HOSTS lists the Hosts that are answered",
    "content_too_large": "MAX_CONTENT_LENGTH is the largest body, MAX_UPLOAD_LENGTH that of one with a photo",
    "request_timeout": "REQUEST_TIMEOUT says how long a request may take to arrive",
}


def body(code: str, message: str, detail: Any = None) -> dict[str, Any]:
    """Returns the one shape of an error."""
    return {"code": code, "message": message, "detail": detail or {}}


def hint_of(code: str) -> dict[str, str]:
    """Returns the detail of an error that Flask or the server itself found."""
    return {"hint": HINTS[code]} if code in HINTS else {}


def status_of(error: errors.VisualSearchError) -> int:
    """Returns the status of the nearest class that has one."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def domain_body(error: errors.VisualSearchError) -> dict[str, Any]:
    """Returns the body of an error raised on purpose; what strangers are not told is logged with the request's id."""
    if error.public_message != error.message:
        # Refusals of the breaker come by the thousand, and its reason was logged when it opened.
        level = logging.DEBUG if isinstance(error, CircuitOpen) else logging.WARNING
        write(level, f"{error.code}: {error.message}", code=error.code, detail=error.detail)
    return body(error.code, error.public_message, error.public_detail)


def write(level: int, text: str, exc_info: BaseException | None = None, **fields: Any) -> None:
    """Writes a log line that names the request by the id its answer has in X-Query-Id."""
    query_id = g.get("query_id") if has_app_context() else None
    extra = {"fields": {"query_id": query_id, **fields}}
    log.log(level, "%s (query %s)", text, query_id, extra=extra, exc_info=exc_info)


def domain_error(error: errors.VisualSearchError) -> Response:
    """Answers an error raised on purpose."""
    status = status_of(error)
    response = respond(domain_body(error), status)
    if status in (429, 503):
        response.headers["Retry-After"] = retry_after(error)
    if isinstance(error, access_errors.AccessDenied) and error.challenge:
        response.headers["WWW-Authenticate"] = error.challenge
    return response


def retry_after(error: errors.VisualSearchError) -> str:
    """Returns the header's value for an error that passes by itself: whole seconds, at least one."""
    wait = error.retry_after if isinstance(error, CircuitOpen | access_errors.RateLimited) else RETRY_AFTER
    return str(max(1, math.ceil(wait)))


def http_error(error: HTTPException) -> Response:
    """Answers an error of Flask or werkzeug: no such route, wrong method, too large..."""
    status = error.code or 500
    code = "untrusted_host" if isinstance(error, SecurityError) else CODES.get(status, "http_error")
    message = MESSAGES.get(code) or error.description or error.name
    response = respond(body(code, message, hint_of(code)), status)
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def unexpected_body(error: Exception) -> dict[str, Any]:
    """Returns the body for a mistake of ours: the log has the traceback, the answer has none."""
    write(logging.ERROR, f"unexpected {type(error).__name__}", exc_info=error)
    return body("internal_error", "something went wrong on our side; the log knows by X-Query-Id")


def unexpected_error(error: Exception) -> Response:
    """Answers a mistake of ours."""
    return respond(unexpected_body(error), 500)


def install(app: APIFlask) -> None:
    """Register the three."""
    app.register_error_handler(errors.VisualSearchError, domain_error)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(Exception, unexpected_error)
