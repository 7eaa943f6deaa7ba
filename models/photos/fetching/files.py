"""Reads photos given as `file:` URLs, only below the folders that the settings allow."""

import errno
import os
import stat
from pathlib import Path, PurePath
from urllib.parse import unquote, urlsplit

from catalog.domain.product import has_control
from models.photos.errors import PhotoError, Reason
from models.photos.settings import PhotoSettings

FOLDER = os.O_DIRECTORY | os.O_NOFOLLOW | getattr(os, "O_PATH", os.O_RDONLY)
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK  # not to wait for the other end of a pipe


def read_file(url: str, settings: PhotoSettings) -> bytes:
    """Returns the bytes of a file below IMAGE_ROOTS; raises PhotoError.

    Links are followed where they lead to a place below IMAGE_ROOTS. The path they lead to is then opened folder by
    folder from the root down, and no link is followed any more: one put there meanwhile is refused.
    """
    path = _parse_path(url)
    try:
        descriptor = _open_beneath(*_find_root(path, settings))
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise PhotoError(Reason.NOT_AN_IMAGE, f"{path} is not a file")
            data = file.read(settings.image_max_bytes + 1)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise PhotoError(Reason.NOT_FOUND, f"there is no file {path}") from error
    except IsADirectoryError as error:
        raise PhotoError(Reason.NOT_AN_IMAGE, f"{path} is not a file") from error
    except OSError as error:
        raise PhotoError(Reason.UNREADABLE, f"{path} cannot be read: {error.strerror}") from error
    if len(data) > settings.image_max_bytes:
        raise PhotoError(Reason.TOO_LARGE, f"{path} has more than {settings.image_max_bytes:,} bytes")
    return data


def _parse_path(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise PhotoError(Reason.BAD_ADDRESS, "the photo's address is not a URL") from error
    path = unquote(parts.path)
    if parts.netloc not in ("", "localhost") or not path.startswith("/") or "\0" in path or has_control(url):
        raise PhotoError(Reason.BAD_ADDRESS, "a file: URL is file:///absolute/path, without control characters")
    return path


def _find_root(path: str, settings: PhotoSettings) -> tuple[str, PurePath]:
    """Returns the root, and where below it the path leads, all links resolved."""
    if not settings.image_roots:
        raise PhotoError(
            Reason.OUTSIDE_IMAGE_ROOTS,
            "file: URLs are read only below the folders of IMAGE_ROOTS, and it is not set",
        )
    resolved = Path(os.path.realpath(path))
    for root in map(os.path.realpath, settings.image_roots):
        if resolved.is_relative_to(root):
            return root, resolved.relative_to(root)
    raise PhotoError(Reason.OUTSIDE_IMAGE_ROOTS, "the file is not below a folder of IMAGE_ROOTS")


def _open_beneath(root: str, inner: PurePath) -> int:
    """Returns a descriptor of the file `inner` below `root`, of whose path nothing is a link; raises OSError."""
    *folders, name = inner.parts or (".",)
    at = os.open(root, FOLDER)
    try:
        for folder in folders:
            below = _open(folder, FOLDER, at)
            os.close(at)
            at = below
        return _open(name, FILE, at)
    finally:
        os.close(at)


def _open(name: str, flags: int, folder: int) -> int:
    try:
        return os.open(name, flags, dir_fd=folder)
    except OSError as error:
        # What the error of a link is differs: ELOOP, with O_DIRECTORY also ENOTDIR.
        if error.errno == errno.ELOOP or stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            raise OSError(errno.ELOOP, "it became a link while it was opened", name) from error
        raise
