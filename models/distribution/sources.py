"""Opens the places bundles are fetched from: a folder, http(s), or what fsspec has a backend for (s3, gs ...)."""

from collections.abc import Iterator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import urllib3

from models.errors import SourceUnavailable, get_first_line

CHUNK = 1 << 20  # bytes
TIMEOUT = urllib3.Timeout(connect=10, read=60)  # seconds
MISSING = 404


class BundleSource(Protocol):
    """`read` gives a file below `url` in pieces; raises SourceUnavailable, FileNotFoundError where it is absent."""

    url: str

    def read(self, path: str) -> Iterator[bytes]: ...


class HttpSource:
    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._pool = urllib3.PoolManager(timeout=TIMEOUT, retries=urllib3.Retry(2, redirect=3, backoff_factor=0.2))

    def read(self, path: str) -> Iterator[bytes]:
        address = f"{self.url}/{path}"
        try:
            with closing(self._pool.request("GET", address, preload_content=False)) as response:
                if response.status == MISSING:
                    raise FileNotFoundError(address)
                if response.status != 200:
                    raise _unavailable_error(address, f"it answers {response.status}")
                yield from response.stream(CHUNK, decode_content=True)
        except urllib3.exceptions.HTTPError as error:
            raise _unavailable_error(address, get_first_line(error)) from error


class FileSource:
    """Reads a folder on any file system of fsspec."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        if find_spec("fsspec") is None:
            raise SourceUnavailable(f"{url}: fsspec is needed to fetch it: pip install -r requirements-etl.txt")
        import fsspec

        try:
            self._files, self._root = fsspec.core.url_to_fs(self.url)
        except (ImportError, ValueError, OSError) as error:
            raise _unavailable_error(url, get_first_line(error)) from error

    def read(self, path: str) -> Iterator[bytes]:
        try:
            with self._files.open(f"{self._root.rstrip('/')}/{path}", "rb") as file:
                while piece := file.read(CHUNK):
                    yield piece
        except (FileNotFoundError, NotADirectoryError):
            raise FileNotFoundError(f"{self.url}/{path}") from None
        except Exception as error:  # every backend has errors of its own
            raise _unavailable_error(f"{self.url}/{path}", get_first_line(error)) from error

    def list_folders(self, path: str = "") -> list[str]:
        """Returns the names of the folders below `path`; none where it is absent or the backend lists nothing."""
        try:
            found: list[dict[str, Any]] = self._files.ls(f"{self._root.rstrip('/')}/{path}", detail=True)
        except FileNotFoundError:
            return []
        names = (one["name"].rstrip("/").rsplit("/", 1)[-1] for one in found if one["type"] == "directory")
        return sorted(name for name in names if not name.startswith("."))


def open_source(url: str) -> HttpSource | FileSource:
    """Returns the source at `url`: http(s), a path, or a URL that fsspec knows; raises SourceUnavailable."""
    if url.startswith(("http://", "https://")):
        return HttpSource(url)
    return FileSource(url if "://" in url else str(Path(url).absolute()))


def _unavailable_error(address: str, why: str) -> SourceUnavailable:
    return SourceUnavailable(
        f"{address} cannot be fetched ({why}): try again, or put the bundle's folder <name>/<version> into the "
        "folder BUNDLES by hand and check it with `python -m models verify`",
        address=address,
    )
