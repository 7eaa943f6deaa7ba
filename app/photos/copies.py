"""Makes smaller copies of photos in files: upright JPEGs without metadata, remembered by what the file holds."""

import hashlib
from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from app.photos.addresses import WIDTHS
from app.photos.byte_cache import ByteCache
from app.uploads import PhotoReader
from models.photos import PhotoError
from models.photos.errors import Reason
from models.photos.fetching.files import read_file
from models.photos.settings import PhotoSettings

TALLEST = 4  # times its width; what is narrower still gets narrower
QUALITY = 82
FAILURE_BYTES = 500  # that a remembered failure counts


@dataclass(frozen=True, slots=True)
class PhotoCopy:
    """Holds a JPEG at most `width` wide of the photo whose file has this SHA-256 (hexadecimal digits)."""

    jpeg: bytes
    sha256: str
    width: int


@dataclass(frozen=True, slots=True)
class _Failure:
    reason: Reason
    message: str


Made = PhotoCopy | _Failure


def _count_bytes(made: Made) -> int:
    return len(made.jpeg) if isinstance(made, PhotoCopy) else FAILURE_BYTES


class PhotoCopies:
    """Makes copies for one process, and remembers `room` bytes of them.

    A copy belongs to the content of a file, so a replaced file never shows the old one. What cannot be decoded is
    remembered as well: a broken photo costs its decoding once.
    """

    def __init__(self, photos: PhotoSettings, reader: PhotoReader, room: int) -> None:
        self._photos, self._reader = photos, reader
        self._made: ByteCache[tuple[str, int], Made] = ByteCache(room, _count_bytes)

    def get(self, url: str, width: int) -> PhotoCopy:
        """Returns the copy of the photo at `url`, a file below IMAGE_ROOTS, not wider than the next of WIDTHS.

        Raises PhotoError.
        """
        data = read_file(url, self._photos)
        key = hashlib.sha256(data).hexdigest(), min(each for each in WIDTHS if each >= width)
        made = self._made.get(key)
        if made is None:
            with self._reader.slots:  # whoever waited here for the same copy finds it made
                made = self._made.get(key) or self._make(data, *key)
        if isinstance(made, _Failure):
            raise PhotoError(made.reason, made.message)
        return made

    def _make(self, data: bytes, sha256: str, width: int) -> Made:
        try:
            made: Made = PhotoCopy(_scale(self._reader.decode(data, None), width), sha256, width)
        except PhotoError as error:
            if not error.permanent:
                raise
            made = _Failure(error.reason, error.message)
        self._made.put((sha256, width), made)
        return made


def _scale(image: Image.Image, width: int) -> bytes:
    """Returns the image as a JPEG that is at most `width` wide, never wider than it was."""
    image.thumbnail((width, TALLEST * width), Image.Resampling.LANCZOS, reducing_gap=3.0)
    out = BytesIO()
    image.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()
