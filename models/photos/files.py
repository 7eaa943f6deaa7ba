"""Reads photos given as `file:` URLs, only below the folders that the settings allow."""

import os
import stat
from pathlib import Path
from urllib.parse import unquote, urlsplit

from models.photos.errors import PhotoError, Reason
from models.photos.settings import PhotoSettings


def read_file(url: str, settings: PhotoSettings) -> bytes:
    """The bytes of a file below IMAGE_ROOTS, links resolved first; raises PhotoError."""
    path = _inside(_path_of(url), settings)
    try:
        # Not to follow what became a link since it was resolved, nor to wait for the other end of a pipe.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise PhotoError(Reason.NOT_AN_IMAGE, f"{path} is not a file")
        with os.fdopen(descriptor, "rb") as file:
            data = file.read(settings.image_max_bytes + 1)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise PhotoError(Reason.NOT_FOUND, f"there is no file {path}") from error
    except OSError as error:
        raise PhotoError(Reason.UNREADABLE, f"{path} cannot be read: {error.strerror}") from error
    if len(data) > settings.image_max_bytes:
        raise PhotoError(Reason.TOO_LARGE, f"{path} has more than {settings.image_max_bytes:,} bytes")
    return data


def _path_of(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise PhotoError(Reason.BAD_ADDRESS, "the photo's address is not a URL") from error
    path = unquote(parts.path)
    if parts.netloc not in ("", "localhost") or not path.startswith("/") or "\0" in path:
        raise PhotoError(Reason.BAD_ADDRESS, "a file: URL is file:///absolute/path")
    return path


def _inside(path: str, settings: PhotoSettings) -> Path:
    if not settings.image_roots:
        raise PhotoError(
            Reason.OUTSIDE_IMAGE_ROOTS,
            "file: URLs are read only below the folders of IMAGE_ROOTS, and it is not set",
        )
    resolved = Path(os.path.realpath(path))
    if not any(resolved.is_relative_to(os.path.realpath(root)) for root in settings.image_roots):
        raise PhotoError(Reason.OUTSIDE_IMAGE_ROOTS, "the file is not below a folder of IMAGE_ROOTS")
    return resolved
