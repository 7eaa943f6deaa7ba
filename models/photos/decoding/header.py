"""Judges a photo's header, read without unpacking anything, by what decoding it will cost.

`jpeg_header` and `png_header` know the ordinary forms of these formats only. Whatever else a file holds (rare
markers, much metadata, damage) makes it unknown, and unknown photos are decoded in a process of their own, see
`process_pool.py`.
"""

from dataclasses import dataclass

from models.photos.decoding.limits import MAX_RAW, MEMORY
from models.photos.errors import PhotoError, Reason

RGB_BYTES = 4  # Pillow keeps a pixel of any mode with several channels in four bytes
TURNING_BYTES = 7  # an RGB picture beside its three channels, see `models.photos.decoding.pixels`


@dataclass(frozen=True, slots=True)
class PhotoHeader:
    """`plain`: a JPEG of 8 bits in one scan. `pixel_bytes`: memory per pixel at the worst moment of decoding.

    `raw`: bytes that a PNG unpacks to. `needs_process`: the header gives the size, not the time that decoding takes.
    """

    width: int
    height: int
    plain: bool
    pixel_bytes: float
    raw: int = 0
    needs_process: bool = False

    def check(self, size: int, max_pixels: int, other_pixels: int) -> None:
        """Raises PhotoError (too_many_pixels, too_costly) for a photo of `size` encoded bytes that costs too much."""
        check_pixels(self.width, self.height, max_pixels if self.plain else min(max_pixels, other_pixels))
        if self.raw > MAX_RAW:
            raise PhotoError(
                Reason.TOO_COSTLY,
                f"{self.raw // 1_000_000} MB to unpack, at most {MAX_RAW // 1_000_000}: save it with 8 bits",
            )
        needed = int(size + self.width * self.height * max(self.pixel_bytes, TURNING_BYTES))
        if needed > MEMORY:
            raise PhotoError(
                Reason.TOO_COSTLY,
                f"{self.width} x {self.height} pixels of this kind take {needed // 1_000_000} MB to decode; "
                f"at most {MEMORY // 1_000_000}: save it smaller or as a plain JPEG",
            )


def check_pixels(width: int, height: int, max_pixels: int) -> None:
    """Raises PhotoError (too_many_pixels)."""
    if width * height > max_pixels:
        raise PhotoError(Reason.TOO_MANY_PIXELS, f"{width} x {height} pixels; at most {max_pixels:,} in all")
