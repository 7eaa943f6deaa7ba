"""Sends texts compressed to those who take gzip.

Nobody's secret is in a body beside what a stranger may choose, so lengths tell nothing (BREACH).
"""

import gzip
from functools import lru_cache

from flask import Request, Response

ENCODING = "gzip"
SMALLEST = 1024  # bytes; below, a packet is sent all the same
QUICK, SMALL = 1, 9  # levels of zlib: answers are made for one request, files are compressed once
TYPES = frozenset(
    {
        "application/json",
        "application/javascript",
        "image/svg+xml",
        "text/css",
        "text/html",
        "text/javascript",
    }
)


def is_text(response: Response) -> bool:
    """Says whether an answer is of a kind that is worth compressing; photos are compressed already."""
    return response.mimetype in TYPES and "Content-Encoding" not in response.headers


def is_wanted(request: Request, response: Response) -> bool:
    """Says whether this answer goes out compressed: a text, not too short, for a client that takes gzip."""
    if not is_text(response) or response.status_code in (204, 206, 304):
        return False
    length = response.content_length if response.content_length is not None else response.calculate_content_length()
    return (length or 0) >= SMALLEST and request.accept_encodings.quality(ENCODING) > 0


def compress(response: Response) -> None:
    """Compresses the body in place; the same body always gives the same bytes."""
    is_file = response.direct_passthrough
    response.direct_passthrough = False
    data = response.get_data()
    response.set_data(_compress_file(data) if is_file else gzip.compress(data, QUICK, mtime=0))
    response.headers["Content-Encoding"] = ENCODING


@lru_cache(maxsize=16)  # the pages' few files
def _compress_file(data: bytes) -> bytes:
    return gzip.compress(data, SMALL, mtime=0)
