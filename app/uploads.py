"""Reads a shopper's photo, by upload, base64 or address: bounded, decoded as the ETL decodes, and cut to its box."""

import threading
from io import BytesIO
from typing import IO, Any

from flask import Request
from PIL import Image

from models.photos import Fetcher, PhotoError, PhotoSettings, Reason, decode

Box = tuple[float, float, float, float]
OTHER_PIXELS = 16_000_000  # of a photo that is no plain JPEG; such photos cost more, and phones make plain JPEGs
DECODED = 2  # photos in memory at a time; the cores are shared by all processes, so more would be no faster
SCHEMES = ("http://", "https://")


class InMemoryRequest(Request):
    """Keeps a shopper's photo in memory: werkzeug would put large ones into a temporary file."""

    def _get_file_stream(self, *_: Any, **__: Any) -> IO[bytes]:
        return BytesIO()


class PhotoReader:
    """Reads photos of shoppers.

    `settings` bound what is read; `patience` is the seconds a photo at an address has to arrive.
    """

    def __init__(self, settings: PhotoSettings, patience: float) -> None:
        timeout = min(settings.image_timeout, patience)
        self._settings = settings.model_copy(update={"image_timeout": timeout})
        self.slots = threading.Semaphore(DECODED)  # to be held from `decode` until the photo is no longer needed

    def fetch(self, url: str) -> bytes:
        """Returns the encoded photo at an http(s) address; a shopper names no files of ours. Raises PhotoError."""
        if not url.lower().startswith(SCHEMES):
            raise PhotoError(Reason.BAD_ADDRESS, "image_url has to start with https:// or http://")
        with Fetcher(self._settings) as fetcher:  # of its own: strangers' hosts are rarely asked twice
            return fetcher.fetch(url).data

    def decode(self, data: bytes, box: Box | None) -> Image.Image:
        """Returns the upright RGB photo in `data`, or the part of it inside `box`; raises PhotoError."""
        limit = self._settings.image_max_bytes
        if not data:
            raise PhotoError(Reason.NOT_AN_IMAGE, "the photo is empty")
        if len(data) > limit:
            raise PhotoError(Reason.TOO_LARGE, f"the photo has {len(data):,} bytes; at most {limit:,} are taken")
        image = decode(data, self._settings.image_max_pixels, OTHER_PIXELS)
        return image.crop(box_pixels(box, image.size)) if box else image


def box_pixels(box: Box, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Returns a box of shares as pixels of a photo of `size`, at least one pixel wide and high."""
    width, height = size
    left, top = min(round(box[0] * width), width - 1), min(round(box[1] * height), height - 1)
    return left, top, max(round(box[2] * width), left + 1), max(round(box[3] * height), top + 1)
