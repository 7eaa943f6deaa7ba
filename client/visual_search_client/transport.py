"""What both clients do around a request: its headers and body, when it is tried again, what is made of the answer."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

from visual_search_client.calls import Call
from visual_search_client.errors import NoAnswerError, UnreadableAnswerError, read_error, read_retry_after
from visual_search_client.reading import UnfitJson

T = TypeVar("T")
Outcome = httpx.Response | httpx.RequestError
VERSION = "0.1.0"
PASSING = frozenset({429, 502, 503})  # the service did nothing, and may do it when asked again
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
MAYBE_DONE = (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)  # the connection broke on the way


@dataclass(frozen=True)
class Retries:
    """When a request is sent again, and after how long.

    After 429, 502 and 503 as long as `Retry-After` says, and a little longer by chance, so that clients that were
    refused together do not come back together. Without that header, and where there was no connection, the wait
    doubles from `first_wait` seconds. Nobody waits more than `longest_wait`: where the service asks for more, its
    error is raised at once. A wait that passed without a `times`-th answer raises the last error.
    """

    times: int = 3
    first_wait: float = 0.25
    longest_wait: float = 30.0

    def choose_wait(self, call: Call[Any], outcome: Outcome, attempt: int) -> float | None:
        """Returns the seconds to wait before `call` is sent again, None where it is not; `attempt` counts from 0."""
        if attempt >= self.times or not may_repeat(call, outcome):
            return None
        told = None
        if isinstance(outcome, httpx.Response):
            told = read_retry_after(outcome.headers.get("retry-after"))
        spread = min(self.first_wait * 2**attempt, self.longest_wait)
        if told is None:
            return random.uniform(spread / 2, spread)  # noqa: S311 - no secret
        return None if told > self.longest_wait else told + random.uniform(0, spread)  # noqa: S311 - no secret


def may_repeat(call: Call[Any], outcome: Outcome) -> bool:
    """Says whether a request that had this outcome may be sent again."""
    if isinstance(outcome, httpx.Response):
        return outcome.status_code == 429 or (outcome.status_code in PASSING and call.repeatable)
    return isinstance(outcome, NOT_SENT) or (isinstance(outcome, MAYBE_DONE) and call.repeatable)


def check_url(url: str) -> str:
    """Returns the address of the service without a slash at its end; raises ValueError where it is none."""
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"the address of the service starts with https:// or http://, not {url!r}")
    return url.rstrip("/")


def build_headers(api_key: str | None) -> dict[str, str]:
    """Returns the headers of every request."""
    headers = {"Accept": "application/json", "User-Agent": f"visual-search-client/{VERSION}"}
    return headers | ({"Authorization": f"Bearer {api_key}"} if api_key else {})


def build_request(call: Call[Any]) -> dict[str, Any]:
    """Returns the arguments of httpx's `build_request` but for method and address."""
    arguments: dict[str, Any] = {}
    if call.params:
        arguments["params"] = call.params
    if call.json is not None:
        arguments["json"] = call.json
    if call.lines is not None:
        arguments |= {"content": call.lines, "headers": {"Content-Type": "application/x-ndjson"}}
    if call.photo is not None:
        arguments |= {
            "files": {"image": ("photo", call.photo, "application/octet-stream")},
            "data": _group(call.form),
        }
    return arguments


def _group(pairs: list[tuple[str, str]]) -> Mapping[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return grouped


def conclude(call: Call[T], outcome: Outcome) -> T:
    """Returns what `call` asked for, or raises what went wrong."""
    if isinstance(outcome, httpx.RequestError):
        raise NoAnswerError(f"{call.method} {call.path}: {_describe(outcome)}") from outcome
    if not outcome.is_success:
        raise read_error(outcome)
    try:
        return call.read(outcome.json() if outcome.content else None)
    except UnfitJson as error:
        raise UnreadableAnswerError(outcome.status_code, outcome.text, str(error)) from error
    except ValueError as error:
        raise UnreadableAnswerError(outcome.status_code, outcome.text, "no JSON") from error


def _describe(error: httpx.RequestError) -> str:
    kind = "not answered in time" if isinstance(error, httpx.TimeoutException) else "no answer"
    return f"{kind} ({type(error).__name__}{': ' if str(error) else ''}{error})"
