"""Answers that the server gives by itself, before the application sees a request: the same JSON as all errors."""

import logging
import uuid
from http import HTTPStatus
from typing import Any

from gunicorn.http import errors as http

from app.http import errors
from app.http.flood_gate import find_gate
from app.http.jsons import encode

access = logging.getLogger("app.access")
LIMITED = "/v1/"  # paths that count as uses of a key


class Refused(Exception):
    """Ends a connection with an error answer; `retry_after` is in seconds and None where asking again is no use."""

    def __init__(
        self, status: int, code: str, message: str, retry_after: int | None = None, detail: Any = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after
        self.detail = detail
        self.query_id = uuid.uuid4().hex


def bad_request(message: str) -> Refused:
    """Refuses a request that is not HTTP as this server takes it."""
    return Refused(400, "bad_request", message)


def refuse_late() -> Refused:
    """Refuses a request that did not arrive in time."""
    return Refused(408, "request_timeout", "the request did not arrive in time: send it again")


def too_large(limit: int) -> Refused:
    """Refuses a body over the limit, before the body is read."""
    return Refused(413, "content_too_large", f"{errors.MESSAGES['content_too_large']}; here it is {limit:,} bytes")


def refuse_overload() -> Refused:
    """Refuses a request for which no thread is free, and none will be soon."""
    message = (
        "more requests are being answered than this service has threads for; ask again after Retry-After seconds"
    )
    return Refused(503, "overloaded", message, errors.RETRY_AFTER)


def check_flood(application: object, request: Any) -> None:
    """Raises Refused for a request with a key that is used too often, before a thread is taken for it."""
    gate = find_gate(application) if request.path.startswith(LIMITED) and request.method != "OPTIONS" else None
    if gate and (error := gate.find_refusal(request.headers)):
        raise Refused(429, error.code, error.message, int(errors.retry_after(error)), error.detail)


# What gunicorn's parser raises, the special before the general; hostile text is not repeated.
PARSER: dict[type[Exception], tuple[int, str, str]] = {
    http.LimitRequestLine: (414, "uri_too_long", "the address is too long; send a long question as POST /v1/search"),
    http.LimitRequestHeaders: (431, "headers_too_large", "the headers are too many or too long"),
    http.ExpectationFailed: (417, "expectation_failed", "the only Expect header understood is 100-continue"),
    http.UnsupportedTransferCoding: (501, "not_implemented", "the only Transfer-Encoding understood is chunked"),
    http.InvalidHTTPVersion: (400, "bad_request", "this server speaks HTTP/1.0 and HTTP/1.1"),
    http.InvalidRequestLine: (400, "bad_request", "the request line is malformed; addresses are percent-encoded"),
    http.InvalidRequestMethod: (400, "bad_request", "the request's method is malformed"),
    http.InvalidChunkSize: (400, "bad_request", "the chunked body is malformed"),
    http.InvalidChunkExtension: (400, "bad_request", "the chunked body is malformed"),
    http.ChunkMissingTerminator: (400, "bad_request", "the chunked body is malformed"),
    http.ParseException: (400, "bad_request", "a header is malformed, given twice, or contradicts another"),
}


def refusal_of(error: Exception) -> Refused:
    """Returns the refusal for a request that could not be read; raises other errors again."""
    if isinstance(error, Refused):
        return error
    for kind, (status, code, message) in PARSER.items():
        if isinstance(error, kind):
            return Refused(status, code, message)
    raise error


def refuse_after_error() -> Refused:
    """Refuses after a mistake of ours that the application did not answer itself."""
    return Refused(500, "internal_error", "something went wrong on our side")


def written(refused: Refused, *, with_body: bool = True) -> bytes:
    """Returns the whole HTTP answer of a refusal; `with_body=False` for one to HEAD."""
    detail = refused.detail or errors.hint_of(refused.code)
    body = encode(errors.body(refused.code, refused.message, detail))
    lines = [
        f"HTTP/1.1 {refused.status} {HTTPStatus(refused.status).phrase}",
        "Connection: close",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "X-Content-Type-Options: nosniff",
        "Cache-Control: no-store",
        f"X-Query-Id: {refused.query_id}",
    ]
    if refused.retry_after is not None:
        lines.append(f"Retry-After: {refused.retry_after}")
    head = "\r\n".join([*lines, "", ""]).encode("ascii")
    return head + body if with_body else head


def record_refusal(refused: Refused, *, log: bool) -> None:
    """Counts a refusal and, with `log`, writes a line to app.access."""
    from app.observability import metrics  # not before gunicorn's configuration has named the folder of the counters

    metrics.REQUESTS.labels("server", "other", str(refused.status)).inc()
    if log:
        fields = {"query_id": refused.query_id, "status": refused.status, "code": refused.code}
        access.info("refused %(status)s %(code)s", fields, extra={"fields": fields})
