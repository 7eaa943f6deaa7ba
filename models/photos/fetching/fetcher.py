"""Fetches a photo's bytes from its address; every way in which that fails is named."""

import hashlib
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from models.photos.errors import PhotoError, Reason
from models.photos.fetching.dialer import Dialer, Resolver, resolve
from models.photos.fetching.files import read_file
from models.photos.fetching.http import HttpReader
from models.photos.settings import PhotoSettings


@dataclass(frozen=True, slots=True)
class EncodedPhoto:
    """Holds the encoded photo as it came, `sha256` of it in hex, and the host's ETag if it gave one."""

    url: str
    data: bytes
    sha256: str
    etag: str | None = None


class Fetcher:
    """Fetches photos; may be used by many threads at once. Close it, or use it in a `with`."""

    def __init__(self, settings: PhotoSettings, resolver: Resolver = resolve) -> None:
        self.settings = settings
        self._dialer = Dialer(settings.image_allowed_hosts, settings.image_connect_timeout, resolver)
        self._http = HttpReader(self._dialer, settings.image_max_bytes, settings.image_timeout)

    def fetch(self, url: str) -> EncodedPhoto:
        """Returns the photo at a `file:`, `http:` or `https:` URL; raises PhotoError, and nothing else."""
        scheme = url.partition(":")[0].lower()
        if scheme == "file":
            return _build_photo(url, read_file(url, self.settings), None)
        if scheme in ("http", "https"):
            answer = self._http.get(url)
            return _build_photo(url, answer.data, answer.etag)
        raise PhotoError(Reason.BAD_ADDRESS, "a photo's address starts with https:, http: or file:")

    def refetch(self, url: str, etag: str) -> EncodedPhoto | None:
        """Returns the photo at `url`, None where its host says it is still the one with `etag`; raises PhotoError."""
        if url.partition(":")[0].lower() not in ("http", "https"):
            return self.fetch(url)
        answer = self._http.get(url, etag)
        return None if answer.not_modified else _build_photo(url, answer.data, answer.etag)

    def close(self) -> None:
        """Closes kept connections."""
        self._http.close()
        self._dialer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _build_photo(url: str, data: bytes, etag: str | None) -> EncodedPhoto:
    return EncodedPhoto(url, data, hashlib.sha256(data).hexdigest(), etag)
