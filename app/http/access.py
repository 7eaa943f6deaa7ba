"""Who may do what: the one place that is asked, for every request, before its parameters and body are even read.

A question needs the scope `search` unless PUBLIC_SEARCH, a write the scope that its view names unless
ALLOW_ANONYMOUS_WRITES. An endpoint that nobody thought of here is a question. A key that is sent has to be good
also where none is needed: who sends one wants to know that it does not work.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from apiflask import APIFlask
from flask import g, request
from werkzeug.datastructures import Headers

from app.http.access_errors import KeyRefused, KeyRequired, RateLimited, ScopeLacking
from app.http.rate_limits import RateLimiter
from app.settings import ApiSettings
from catalog.domain.api_keys import ApiKey, Scope, parse_rate, read_id
from catalog.ports import ApiKeyPort

V = TypeVar("V", bound=Callable[..., object])
BEARER = "bearer "
# Nothing of the catalogue is here, and nothing that may depend on Elasticsearch: health checks have no keys.
OPEN = frozenset(
    {
        "operations.healthz",
        "operations.readyz",
        "operations.prometheus",
        "openapi.spec",
        "pages.docs",
        "pages.shop",
        "static",
    }
)
SCOPE = "needed_scope"  # attribute of a view


def needs(scope: Scope) -> Callable[[V], V]:
    """Marks a view that writes as one for keys with `scope` only; it stands right below the route."""

    def mark(view: V) -> V:
        setattr(view, SCOPE, scope)
        return view

    return mark


def scope_of(endpoint: str | None, app: APIFlask) -> Scope | None:
    """Returns the scope that an endpoint needs where nothing is open to everybody; None: it always is."""
    if endpoint is None or endpoint in OPEN:
        return None
    return getattr(app.view_functions[endpoint], SCOPE, "search")


def read_key(headers: Headers) -> str | None:
    """Returns the key that a request carries; raises KeyRefused for two that differ.

    Other schemes than Bearer are none of ours: a proxy before the API may use them.
    """
    authorization = headers.get("Authorization", "")
    bearer = authorization[len(BEARER) :].strip() if authorization.lower().startswith(BEARER) else None
    if authorization.strip().lower() == BEARER.strip():
        bearer = ""
    plain = headers.get("X-API-Key")
    if bearer is not None and plain is not None and bearer != plain.strip():
        raise KeyRefused("Authorization and X-API-Key name two different keys: send one", "malformed")
    return bearer if bearer is not None else None if plain is None else plain.strip()


def identify(text: str, keys: ApiKeyPort, now: datetime) -> ApiKey:
    """Returns the key that `text` is; raises KeyRefused for one that allows nothing, Unavailable."""
    key_id = read_id(text)
    if key_id is None:
        raise KeyRefused("this is no key of this service: a key is `vs_`, 8 characters, `_` and 43 more", "malformed")
    key = keys.get_all().get(key_id)
    if key is None or not key.fits(text):
        raise KeyRefused("this service knows no such key", "unknown")
    if fault := key.find_fault(now):
        raise KeyRefused(f"the key {key.public_id} is {fault}: ask whoever runs this service for another", fault)
    return key


def _require(scope: Scope, key: ApiKey | None, settings: ApiSettings) -> None:
    """Raises KeyRequired or ScopeLacking where `key` does not allow what `scope` stands for."""
    if settings.public_search if scope == "search" else settings.allow_anonymous_writes:
        return
    if key is None:
        raise KeyRequired(scope)
    if scope not in key.scopes:
        raise ScopeLacking(key.public_id, scope)


def _limit(key: ApiKey, limiter: RateLimiter, settings: ApiSettings) -> None:
    """Raises RateLimited where the key was used too often."""
    rate = key.rate or settings.api_key_rate
    if rate and (wait := limiter.take(key.id, parse_rate(rate))):
        raise RateLimited(key.public_id, rate, wait)


def install(app: APIFlask, settings: ApiSettings, keys: ApiKeyPort, limiter: RateLimiter) -> None:
    """Check every request but those for health and for a browser's permission to ask (CORS)."""

    def check() -> None:
        scope = scope_of(request.endpoint, app)
        on_health_port = settings.health and request.environ.get("SERVER_PORT") == str(settings.health)
        if scope is None or request.method == "OPTIONS" or on_health_port:
            return
        text = read_key(request.headers)
        if text is not None:
            g.api_key = identify(text, keys, datetime.now(UTC))
            _limit(g.api_key, limiter, settings)
        _require(scope, g.get("api_key"), settings)

    app.before_request(check)
