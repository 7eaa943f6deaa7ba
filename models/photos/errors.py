"""Names why a photo could not be had: one reason each, permanent or worth another try.

catalog.errors.InvalidInput
└── PhotoError               code `invalid_image`; `.reason`, `.permanent`, `.message`, `.retry_after`
    └── BlockedAddress       code `blocked_address`: we do not go there

| reason                | again? | when                                                                       |
|-----------------------|--------|----------------------------------------------------------------------------|
| `bad_address`         | never  | not a URL, another scheme than file, http, https, credentials in it        |
| `blocked_address`     | never  | the host is private, loopback, link-local, multicast ... and not allowed   |
| `outside_image_roots` | never  | a file that is not below IMAGE_ROOTS                                       |
| `not_found`           | never  | no such file; 404, 410                                                     |
| `http_error`          | never  | every other answer that is not a photo: 401, 403, a redirect to nowhere    |
| `too_many_redirects`  | never  | more than five                                                             |
| `too_large`           | never  | more bytes than IMAGE_MAX_BYTES, also after decompression                  |
| `too_many_pixels`     | never  | more pixels than IMAGE_MAX_PIXELS, read from the header                    |
| `too_costly`          | never  | decoding takes more time or memory than one photo may: scans, frames, tags |
| `not_an_image`        | never  | HTML, text, nothing at all, a damaged picture                              |
| `unsupported`         | never  | a picture, but not JPEG, PNG, WebP, GIF or AVIF                            |
| `truncated`           | never  | the picture ends too early                                                 |
| `unreadable`          | yes    | the file is there but cannot be read                                       |
| `timeout`             | yes    | no connection, or not all of it, within the deadline                       |
| `unreachable`         | yes    | no such host, refused, no route, a certificate that does not fit           |
| `interrupted`         | yes    | the connection ended before the photo did                                  |
| `rate_limited`        | yes    | 429; `retry_after` has the seconds the host asked for                      |
| `server_error`        | yes    | 408, 425, 5xx; `retry_after` likewise                                      |
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import ClassVar

from catalog.errors import InvalidInput


class Reason(StrEnum):
    """Reasons of the table above; the value is what the index stores."""

    BAD_ADDRESS = "bad_address"
    BLOCKED_ADDRESS = "blocked_address"
    OUTSIDE_IMAGE_ROOTS = "outside_image_roots"
    NOT_FOUND = "not_found"
    HTTP_ERROR = "http_error"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    TOO_LARGE = "too_large"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_COSTLY = "too_costly"
    NOT_AN_IMAGE = "not_an_image"
    UNSUPPORTED = "unsupported"
    TRUNCATED = "truncated"
    UNREADABLE = "unreadable"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    INTERRUPTED = "interrupted"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"


RETRYABLE = frozenset(
    {
        Reason.UNREADABLE,
        Reason.TIMEOUT,
        Reason.UNREACHABLE,
        Reason.INTERRUPTED,
        Reason.RATE_LIMITED,
        Reason.SERVER_ERROR,
    }
)


# Messages for strangers, where the full one would name hosts, addresses or files; other reasons are about the photo.
PUBLIC: Mapping[Reason, str] = {
    Reason.BAD_ADDRESS: "this is no address of a photo: it has to start with https:// or http://, with a public host "
    "and without credentials",
    Reason.BLOCKED_ADDRESS: "photos are not fetched from this address",
    Reason.OUTSIDE_IMAGE_ROOTS: "photos are not read from this address",
    Reason.NOT_FOUND: "there is no photo at this address",
    Reason.HTTP_ERROR: "this address does not answer with a photo",
    Reason.TOO_MANY_REDIRECTS: "this address redirects too often",
    Reason.UNREADABLE: "the photo at this address cannot be read",
    Reason.TIMEOUT: "the photo did not arrive in time",
    Reason.UNREACHABLE: "this address cannot be reached",
    Reason.INTERRUPTED: "the connection ended before the photo did",
    Reason.RATE_LIMITED: "the photo's host asks for fewer questions: try again later",
    Reason.SERVER_ERROR: "the photo's host has a problem: try again later",
}


class PhotoError(InvalidInput):
    """Raised for a photo that could not be had; `retry_after` is what the host asked for, in seconds."""

    code: ClassVar[str] = "invalid_image"

    def __init__(self, reason: Reason, message: str, retry_after: float | None = None) -> None:
        super().__init__(message, reason=str(reason))
        self.reason = reason
        self.retry_after = retry_after

    @property
    def public_message(self) -> str:
        return PUBLIC.get(self.reason, self.message)

    @property
    def permanent(self) -> bool:
        """Says that trying again is pointless as long as the photo and the settings stay what they are."""
        return self.reason not in RETRYABLE


class BlockedAddress(PhotoError):
    code: ClassVar[str] = "blocked_address"

    def __init__(self, message: str) -> None:
        super().__init__(Reason.BLOCKED_ADDRESS, message)
