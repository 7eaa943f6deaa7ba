"""What can go wrong, as exceptions.

VisualSearchError
├── NoAnswerError            nothing answered, or not in time
├── UnreadableAnswerError    something answered that is no visual search service
├── PagesEndError            more products are there than pages reach
└── ApiError                 the service's own `{code, message, detail}` and its status
    ├── InvalidRequestError  400, 413, 414, 415, 422: what was asked cannot be answered
    ├── AuthenticationError  401: no key, or none that is known
    ├── PermissionDeniedError  403: the key does not allow it
    ├── NotFoundError        404: no such product, model or rule; `code` says which
    ├── ConflictError        409, 412: not as things are now
    ├── RateLimitError       429: too much at once
    └── UnavailableError     502, 503, 504: nobody there who could answer now
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx


class VisualSearchError(Exception):
    """Base of all errors of this package."""


class NoAnswerError(VisualSearchError):
    """Nothing answered: no connection, a connection that broke, or a timeout; `__cause__` is httpx's error."""


class UnreadableAnswerError(VisualSearchError):
    """The answer is not one of the service: `status` and the beginning of its `text` say what it is."""

    def __init__(self, status: int, text: str, problem: str) -> None:
        super().__init__(f"not an answer of the visual search service ({problem}): {status} {text[:200]!r}")
        self.status = status
        self.text = text


class PagesEndError(VisualSearchError):
    """Pages end before the products do; narrow the question by filters."""


class ApiError(VisualSearchError):
    """An error that the service answered with.

    `code` is stable and for programs, `message` says what to do, `detail` has names and figures. `status` is the HTTP
    status, `retry_after` the seconds to wait where the service said so, `query_id` what its log calls the request.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        detail: Mapping[str, Any] | None = None,
        *,
        retry_after: float | None = None,
        query_id: str | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.detail = dict(detail or {})
        self.retry_after = retry_after
        self.query_id = query_id


class InvalidRequestError(ApiError):
    """What was asked does not fit; `detail["problems"]` lists what and where, if the service says it."""


class AuthenticationError(ApiError):
    """No API key was sent, or one that is not known, expired or revoked."""


class PermissionDeniedError(ApiError):
    """The API key does not allow this."""


class NotFoundError(ApiError):
    """No such product, model, rule or path; `code` says which."""


class ConflictError(ApiError):
    """It cannot be done as things are now."""


class RateLimitError(ApiError):
    """Too much at once; try again after `retry_after` seconds."""


class UnavailableError(ApiError):
    """The service, or what it needs, does not answer now."""


BY_STATUS: dict[int, type[ApiError]] = {
    **dict.fromkeys((400, 413, 414, 415, 422), InvalidRequestError),
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    412: ConflictError,
    429: RateLimitError,
    502: UnavailableError,
    503: UnavailableError,
    504: UnavailableError,
}


def build_error(status: int, body: Any, headers: Mapping[str, str] | None = None) -> ApiError:
    """Returns the error that `body` describes; a proxy's, which describes none, gets the code `http_error`."""
    found = body if isinstance(body, dict) else {}
    headers = headers or {}
    detail = found.get("detail")
    return BY_STATUS.get(status, ApiError)(
        status,
        str(found.get("code") or "http_error"),
        str(found.get("message") or f"the server answered {status} and did not say why"),
        detail if isinstance(detail, dict) else {},
        retry_after=read_retry_after(headers.get("retry-after")),
        query_id=headers.get("x-query-id"),
    )


def read_error(response: httpx.Response) -> ApiError:
    """Returns the error that a response of another status than 2xx is."""
    if response.is_redirect:
        where = response.headers.get("location", "nowhere")
        return ApiError(response.status_code, "http_error", f"the service is somewhere else: {where}")
    try:
        body = response.json()
    except ValueError:
        body = None
    return build_error(response.status_code, body, response.headers)


def read_retry_after(value: str | None) -> float | None:
    """Returns the seconds of a `Retry-After`, which is a number of them or a date (RFC 9110, 10.2.3)."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            then = parsedate_to_datetime(value)
        except ValueError:
            return None
        seconds = (then.replace(tzinfo=then.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return max(0.0, seconds) if math.isfinite(seconds) else None
