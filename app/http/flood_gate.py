"""Turns a flood of one key away before a thread is taken for it, so that nobody else waits or is refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from apiflask import APIFlask
from werkzeug.datastructures import Headers

from app.http.access import read_key
from app.http.access_errors import KeyRefused, RateLimited
from app.http.rate_limits import RateLimiter
from app.settings import ApiSettings
from catalog.domain.api_keys import parse_rate, read_id
from catalog.ports import ApiKeyPort

NAMES = frozenset({"AUTHORIZATION", "X-API-KEY"})
GATE = "flood_gate"


@dataclass(frozen=True, slots=True)
class FloodGate:
    """Looks at memory alone, for it runs in the server's loop. What is in doubt the application decides."""

    keys: ApiKeyPort
    limiter: RateLimiter
    default_rate: str

    def find_refusal(self, headers: Sequence[tuple[str, str]]) -> RateLimited | None:
        """Returns how a request with these headers (names in upper case) is refused, None where it is let through."""
        if NAMES.isdisjoint(name for name, _ in headers):
            return None
        try:
            text = read_key(Headers(list(headers))) or ""
        except KeyRefused:
            return None
        key = self.keys.peek_all().get(read_id(text) or "")
        rate = (key.rate or self.default_rate) if key else ""
        if key is None or not rate or not key.fits(text) or key.find_fault(datetime.now(UTC)):
            return None
        wait = self.limiter.measure_wait(key.id, parse_rate(rate))
        return RateLimited(key.public_id, rate, wait) if wait else None


def install(app: APIFlask, settings: ApiSettings, keys: ApiKeyPort, limiter: RateLimiter) -> None:
    """Keep the gate where the server finds it."""
    app.extensions[GATE] = FloodGate(keys, limiter, settings.api_key_rate)


def find_gate(application: object) -> FloodGate | None:
    """Returns the gate of a WSGI application, None where it has none."""
    found = getattr(application, "extensions", {}).get(GATE)
    return found if isinstance(found, FloodGate) else None
