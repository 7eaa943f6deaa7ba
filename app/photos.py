"""Photos given as `file:` URLs: which of them the demo shop may show."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

MIMETYPES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".avif": "image/avif",
}


@dataclass(frozen=True, slots=True)
class Photo:
    path: Path
    mimetype: str


def find_photo(url: str, roots: Sequence[str]) -> Photo | None:
    """The file of a `file:` URL, links followed, if it is an image below one of `roots`."""
    parts = urlsplit(url)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
        return None
    path = Path(url2pathname(parts.path)).resolve()
    mimetype = MIMETYPES.get(path.suffix.lower())
    if mimetype is None or not any(path.is_relative_to(Path(root).resolve()) for root in roots):
        return None
    return Photo(path, mimetype) if path.is_file() else None
