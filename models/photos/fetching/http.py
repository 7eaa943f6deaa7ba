"""GET over http(s): redirects by hand, bytes counted while they come, one deadline for all of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from ssl import SSLError
from urllib.parse import urljoin

from urllib3.exceptions import DecodeError, HTTPError, LocationParseError, ProtocolError, ReadTimeoutError
from urllib3.exceptions import SSLError as WrappedSSLError
from urllib3.response import BaseHTTPResponse
from urllib3.util import parse_url

from catalog.domain.product import has_control
from models.photos.errors import PhotoError, Reason
from models.photos.fetching.connections import Connection, Connections, Origin
from models.photos.fetching.deadline import Deadline
from models.photos.fetching.dial import Dialer

MAX_REDIRECTS = 5
CHUNK = 64 * 1024
REDIRECTS = (301, 302, 303, 307, 308)
HEADERS = {
    "Accept": "image/avif,image/webp,image/jpeg,image/png,image/gif;q=0.9,*/*;q=0.1",
    "Accept-Encoding": "identity",
    "User-Agent": "visual-search/0.1",
}
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Answer:
    """A photo's bytes, decompressed, or where to look instead, or that it is still the one with the ETag given."""

    data: bytes = b""
    etag: str | None = None
    location: str | None = None
    not_modified: bool = False


class HttpReader:
    """Reads at most `max_bytes` from an URL; environment variables (proxies, netrc) have no say."""

    def __init__(self, dialer: Dialer, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._connections = Connections(dialer)

    def get(self, url: str, deadline: Deadline, etag: str | None = None) -> Answer:
        """The photo at `url`, redirects followed, unless it is the one with `etag`; raises PhotoError."""
        headers = HEADERS | ({"If-None-Match": etag} if etag else {})
        for _ in range(MAX_REDIRECTS + 1):
            origin, target = parse_target(url)
            try:
                answer = self._ask(origin, target, deadline, headers)
            except (HTTPError, HTTPException, OSError, ValueError) as error:
                deadline.remaining()  # an error after the deadline is the deadline's doing
                raise _named(error, origin.host) from error
            if answer.location is None:
                return answer
            url = urljoin(url, answer.location)
        raise PhotoError(Reason.TOO_MANY_REDIRECTS, f"more than {MAX_REDIRECTS} redirects")

    def _ask(self, origin: Origin, target: str, deadline: Deadline, headers: Mapping[str, str]) -> Answer:
        kept = self._connections.take(origin)
        if kept is not None:
            try:
                return self._exchange(kept, origin, target, deadline, headers)
            except (ConnectionError, HTTPException):  # the host closed it while it was idle
                deadline.remaining()
        return self._exchange(self._connections.open(origin, deadline), origin, target, deadline, headers)

    def _exchange(
        self, connection: Connection, origin: Origin, target: str, deadline: Deadline, headers: Mapping[str, str]
    ) -> Answer:
        reusable = False
        try:
            connection.timeout = deadline.remaining()
            connection.request("GET", target, headers=headers, preload_content=False)
            sock = connection.sock
            if sock is None:
                raise PhotoError(Reason.INTERRUPTED, f"{origin.host} closed the connection")
            with deadline.guard(sock):
                response = connection.getresponse()
                answer = self._read(response, origin.host, headers)
                reusable = answer.location is None
            return answer
        finally:
            if reusable and connection.sock is not None:
                self._connections.keep(origin, connection)
            else:
                connection.close()

    def _read(self, response: BaseHTTPResponse, host: str, asked: Mapping[str, str]) -> Answer:
        headers = response.headers
        if response.status == 304 and "If-None-Match" in asked:
            response.drain_conn()
            return Answer(not_modified=True)
        if response.status in REDIRECTS:
            location = headers.get("Location")
            if not location:
                raise PhotoError(Reason.HTTP_ERROR, f"{host} redirects to nowhere")
            return Answer(location=location)
        if response.status != 200:
            raise _refused(response.status, headers, host)
        too_large = PhotoError(Reason.TOO_LARGE, f"the photo has more than {self.max_bytes:,} bytes")
        if (response.length_remaining or 0) > self.max_bytes:
            raise too_large
        data = bytearray()
        for chunk in response.stream(CHUNK, decode_content=True):
            data += chunk
            if len(data) > self.max_bytes:
                raise too_large
        return Answer(bytes(data), etag=headers.get("ETag"))

    def close(self) -> None:
        """Close kept connections."""
        self._connections.close()


def parse_target(url: str) -> tuple[Origin, str]:
    """Origin and request target of an http(s) URL; raises PhotoError (bad_address)."""
    if has_control(url):
        raise PhotoError(Reason.BAD_ADDRESS, "the photo's address holds line ends or other control characters")
    try:
        parts = parse_url(url)
    except (LocationParseError, UnicodeError) as error:
        raise PhotoError(Reason.BAD_ADDRESS, "the photo's address is not a URL") from error
    if parts.scheme not in PORTS or not parts.host:
        raise PhotoError(Reason.BAD_ADDRESS, "a photo on the network has an http: or https: address")
    if parts.auth is not None:
        raise PhotoError(Reason.BAD_ADDRESS, "a photo's address may not carry credentials")
    port = PORTS[parts.scheme] if parts.port is None else parts.port
    return Origin(parts.scheme, parts.host.strip("[]"), port), parts.request_uri


def _refused(status: int, headers: Mapping[str, str], host: str) -> PhotoError:
    message, retry_after = f"{host} answered {status}", seconds_of(headers.get("Retry-After"))
    if status in (404, 410):
        return PhotoError(Reason.NOT_FOUND, message)
    if status == 429:
        return PhotoError(Reason.RATE_LIMITED, message, retry_after)
    if status in (408, 425) or status >= 500:
        return PhotoError(Reason.SERVER_ERROR, message, retry_after)
    return PhotoError(Reason.HTTP_ERROR, message)


def seconds_of(retry_after: str | None, now: datetime | None = None) -> float | None:
    """Seconds that a Retry-After header (seconds or an HTTP date) asks for; None when it says nothing."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return float(min(int(text[:9]), 7 * 86_400))
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((moment - (now or datetime.now(UTC))).total_seconds(), 0.0), 7 * 86_400.0)


def _named(error: Exception, host: str) -> PhotoError:
    if isinstance(error, (TimeoutError, ReadTimeoutError)):
        return PhotoError(Reason.TIMEOUT, f"{host} did not answer in time")
    if isinstance(error, (SSLError, WrappedSSLError)):
        return PhotoError(Reason.UNREACHABLE, f"no trusted TLS connection to {host}: {error}")
    if isinstance(error, DecodeError):
        return PhotoError(Reason.NOT_AN_IMAGE, "the answer is compressed and cannot be unpacked")
    if isinstance(error, (ProtocolError, HTTPException, ConnectionError)):
        return PhotoError(Reason.INTERRUPTED, f"the connection to {host} ended before the photo did")
    if isinstance(error, OSError):
        return PhotoError(Reason.UNREACHABLE, f"{host} cannot be reached: {error}")
    return PhotoError(Reason.HTTP_ERROR, f"{host} answered something that is not HTTP: {error}")
