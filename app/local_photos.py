"""Photos given as `file:` URLs, for the demo shop: a browser cannot load them, and may see no other file."""

import logging

from app.http.errors import write
from catalog.errors import NotFound
from models.photos.errors import PhotoError
from models.photos.fetching.files import read_file
from models.photos.fetching.http import parse_address
from models.photos.settings import PhotoSettings

SIGNATURES = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (4, b"ftypavif", "image/avif"),
)


def public_address(url: str) -> str:
    """Returns the http(s) address `url` of a photo to send a browser to; raises NotFound where it is none."""
    try:
        parse_address(url)
    except PhotoError as error:
        raise NotFound(f"this photo cannot be shown: {error.message}") from error
    return url


def load_photo(url: str, settings: PhotoSettings) -> tuple[bytes, str]:
    """Bytes and media type of a photo below IMAGE_ROOTS; raises NotFound for every other file."""
    try:
        data = read_file(url, settings)
    except PhotoError as error:
        write(logging.INFO, f"a photo cannot be shown: {error.message}")
        raise NotFound("this photo cannot be shown", reason=str(error.reason)) from error
    for start, signature, mimetype in SIGNATURES:
        if data.startswith(signature, start):
            return data, mimetype
    raise NotFound("this photo cannot be shown: the file is not a picture a browser knows")
