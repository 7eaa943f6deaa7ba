"""Gets photos over http(s): redirects by hand, bytes counted while they come, one deadline for all of it."""

import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ssl import SSLError
from urllib.parse import urljoin

from urllib3.exceptions import DecodeError, HTTPError, LocationParseError, ProtocolError, ReadTimeoutError
from urllib3.exceptions import SSLError as WrappedSSLError
from urllib3.response import BaseHTTPResponse
from urllib3.util import Timeout, Url, parse_url

from catalog.domain.product import has_control
from models.photos.errors import PhotoError, Reason
from models.photos.fetching.connections import StaleConnection, build_pools
from models.photos.fetching.dialer import Dialer

MAX_REDIRECTS = 5
CHUNK = 64 * 1024
REDIRECTS = (301, 302, 303, 307, 308)
HEADERS = {
    "Accept": "image/avif,image/webp,image/jpeg,image/png,image/gif;q=0.9,*/*;q=0.1",
    "Accept-Encoding": "identity",
    "User-Agent": "visual-search/0.1",
}


@dataclass(frozen=True, slots=True)
class PhotoResponse:
    """Holds a photo's bytes, decompressed, or where to look instead, or that the one with the ETag is unchanged."""

    data: bytes = b""
    etag: str | None = None
    location: str | None = None
    not_modified: bool = False


class HttpReader:
    """Reads at most `max_bytes` from an URL within `seconds`; environment variables (proxies, netrc) have no say."""

    def __init__(self, dialer: Dialer, max_bytes: int, seconds: float) -> None:
        self.max_bytes = max_bytes
        self.seconds = seconds
        self._pools = build_pools(dialer)

    def get(self, url: str, etag: str | None = None) -> PhotoResponse:
        """Returns the photo at `url`, redirects followed, unless it is the one with `etag`; raises PhotoError."""
        headers = HEADERS | ({"If-None-Match": etag} if etag else {})
        ends = time.monotonic() + self.seconds
        for _ in range(MAX_REDIRECTS + 1):
            host = (parse_address(url).host or "").strip("[]")
            try:
                # Read to its end, the connection is back in its pool before the response is closed.
                with closing(self._request(url, ends, headers)) as response:
                    answer = self._read(response, host, headers)
            except (TimeoutError, ReadTimeoutError) as error:
                raise PhotoError(Reason.TIMEOUT, f"the photo did not arrive within {self.seconds:g} s") from error
            except (HTTPError, OSError, ValueError) as error:
                raise _name_failure(error, host) from error
            if answer.location is None:
                return answer
            url = urljoin(url, answer.location)
        raise PhotoError(Reason.TOO_MANY_REDIRECTS, f"more than {MAX_REDIRECTS} redirects")

    def _request(self, url: str, ends: float, headers: Mapping[str, str]) -> BaseHTTPResponse:
        while (left := ends - time.monotonic()) > 0:
            try:
                return self._pools.urlopen(
                    "GET",
                    url,
                    redirect=False,
                    headers=headers,
                    retries=False,
                    timeout=Timeout(total=left),
                    preload_content=False,
                )
            except StaleConnection:
                continue
        raise TimeoutError

    def _read(self, response: BaseHTTPResponse, host: str, headers_sent: Mapping[str, str]) -> PhotoResponse:
        headers = response.headers
        if response.status == 304 and "If-None-Match" in headers_sent:
            response.drain_conn()
            return PhotoResponse(not_modified=True)
        if response.status in REDIRECTS:
            location = headers.get("Location")
            if not location:
                raise PhotoError(Reason.HTTP_ERROR, f"{host} redirects to nowhere")
            return PhotoResponse(location=location)
        if response.status != 200:
            raise _status_error(response.status, headers, host)
        too_large = PhotoError(Reason.TOO_LARGE, f"the photo has more than {self.max_bytes:,} bytes")
        if (response.length_remaining or 0) > self.max_bytes:
            raise too_large
        data = bytearray()
        for chunk in response.stream(CHUNK, decode_content=True):
            data += chunk
            if len(data) > self.max_bytes:
                raise too_large
        return PhotoResponse(bytes(data), etag=headers.get("ETag"))

    def close(self) -> None:
        """Closes kept connections."""
        self._pools.clear()


def parse_address(url: str) -> Url:
    """Returns the parts of an http(s) URL without credentials; raises PhotoError (bad_address)."""
    if has_control(url):
        raise PhotoError(Reason.BAD_ADDRESS, "the photo's address holds line ends or other control characters")
    try:
        parts = parse_url(url)
    except (LocationParseError, UnicodeError) as error:
        raise PhotoError(Reason.BAD_ADDRESS, "the photo's address is not a URL") from error
    if parts.scheme not in ("http", "https") or not parts.host:
        raise PhotoError(Reason.BAD_ADDRESS, "a photo on the network has an http: or https: address")
    if parts.auth is not None:
        raise PhotoError(Reason.BAD_ADDRESS, "a photo's address may not carry credentials")
    return parts


def _status_error(status: int, headers: Mapping[str, str], host: str) -> PhotoError:
    message, retry_after = f"{host} answered {status}", parse_retry_after(headers.get("Retry-After"))
    if status in (404, 410):
        return PhotoError(Reason.NOT_FOUND, message)
    if status == 429:
        return PhotoError(Reason.RATE_LIMITED, message, retry_after)
    if status in (408, 425) or status >= 500:
        return PhotoError(Reason.SERVER_ERROR, message, retry_after)
    return PhotoError(Reason.HTTP_ERROR, message)


def parse_retry_after(retry_after: str | None, now: datetime | None = None) -> float | None:
    """Returns the seconds that a Retry-After header asks for (seconds or an HTTP date); None where it has neither."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return float(min(int(text[:9]), 7 * 86_400))
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((moment - (now or datetime.now(UTC))).total_seconds(), 0.0), 7 * 86_400.0)


def _name_failure(error: Exception, host: str) -> PhotoError:
    if isinstance(error, (SSLError, WrappedSSLError)):
        return PhotoError(Reason.UNREACHABLE, f"no trusted TLS connection to {host}: {error}")
    if isinstance(error, DecodeError):
        return PhotoError(Reason.NOT_AN_IMAGE, "the answer is compressed and cannot be unpacked")
    if isinstance(error, (ProtocolError, ConnectionError)):
        return PhotoError(Reason.INTERRUPTED, f"the connection to {host} ended before the photo did")
    if isinstance(error, OSError):
        return PhotoError(Reason.UNREACHABLE, f"{host} cannot be reached: {error}")
    return PhotoError(Reason.HTTP_ERROR, f"{host} answered something that is not HTTP: {error}")
