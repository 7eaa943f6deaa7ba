"""Names why a photo could not be had: one reason each, permanent or worth another try.

catalog.errors.InvalidInput
└── PhotoError               code `invalid_image`; `.reason`, `.permanent`, `.message`, `.retry_after`
    └── BlockedAddress       code `blocked_address`: we do not go there
"""

from enum import StrEnum
from typing import ClassVar, Self

from catalog.errors import InvalidInput


class Reason(StrEnum):
    """Reasons by the value that the index stores; `retryable` ones are worth another try, all others permanent.

    `public` is the message for strangers, where the full one would name hosts, addresses or files.
    """

    retryable: bool
    public: str | None

    def __new__(cls, value: str, public: str | None = None, retryable: bool = False) -> Self:
        reason = str.__new__(cls, value)
        reason._value_, reason.public, reason.retryable = value, public, retryable
        return reason

    # Not a URL, another scheme than file, http, https, or credentials in it.
    BAD_ADDRESS = (
        "bad_address",
        "this is no address of a photo: it has to start with https:// or http://, with a public host "
        "and without credentials",
    )
    # The host is private, loopback, link-local, multicast ... and not allowed.
    BLOCKED_ADDRESS = "blocked_address", "photos are not fetched from this address"
    OUTSIDE_IMAGE_ROOTS = "outside_image_roots", "photos are not read from this address"
    NOT_FOUND = "not_found", "there is no photo at this address"  # no such file; 404, 410
    # Every other answer that is not a photo: 401, 403, a redirect to nowhere.
    HTTP_ERROR = "http_error", "this address does not answer with a photo"
    TOO_MANY_REDIRECTS = "too_many_redirects", "this address redirects too often"
    TOO_LARGE = "too_large"  # more bytes than IMAGE_MAX_BYTES, also after decompression
    TOO_MANY_PIXELS = "too_many_pixels"  # more than IMAGE_MAX_PIXELS, read from the header
    TOO_COSTLY = "too_costly"  # decoding takes more time or memory than one photo may: scans, frames, tags
    NOT_AN_IMAGE = "not_an_image"  # HTML, text, nothing at all, a damaged picture
    UNSUPPORTED = "unsupported"  # a picture, but not JPEG, PNG, WebP, GIF or AVIF
    TRUNCATED = "truncated"  # the picture ends too early
    UNREADABLE = "unreadable", "the photo at this address cannot be read", True
    # No connection, or not all of the photo, within the deadline.
    TIMEOUT = "timeout", "the photo did not arrive in time", True
    # No such host, refused, no route, a certificate that does not fit.
    UNREACHABLE = "unreachable", "this address cannot be reached", True
    INTERRUPTED = "interrupted", "the connection ended before the photo did", True
    # 429; `retry_after` has the seconds the host asked for.
    RATE_LIMITED = "rate_limited", "the photo's host asks for fewer questions: try again later", True
    SERVER_ERROR = "server_error", "the photo's host has a problem: try again later", True  # 408, 425, 5xx


class PhotoError(InvalidInput):
    """Raised for a photo that could not be had; `retry_after` is what the host asked for, in seconds."""

    code: ClassVar[str] = "invalid_image"

    def __init__(self, reason: Reason, message: str, retry_after: float | None = None) -> None:
        super().__init__(message, reason=str(reason))
        self.reason = reason
        self.retry_after = retry_after

    @property
    def public_message(self) -> str:
        return self.reason.public or self.message

    @property
    def permanent(self) -> bool:
        """Says that trying again is pointless as long as the photo and the settings stay what they are."""
        return not self.reason.retryable


class BlockedAddress(PhotoError):
    code: ClassVar[str] = "blocked_address"

    def __init__(self, message: str) -> None:
        super().__init__(Reason.BLOCKED_ADDRESS, message)
