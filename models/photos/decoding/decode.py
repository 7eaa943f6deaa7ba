"""Decodes a photo to upright RGB pixels, the same for index and query, at a cost that is known beforehand."""

import warnings
from io import BytesIO

from PIL import Image, UnidentifiedImageError

from models.photos.decoding import jpeg_header, png_header, webp_header
from models.photos.decoding.file_signature import name_other, recognize
from models.photos.decoding.header import check_pixels
from models.photos.decoding.limits import MAX_PIXELS
from models.photos.decoding.pixels import to_upright_rgb
from models.photos.decoding.process_pool import decoding_pool
from models.photos.errors import PhotoError, Reason

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")
HEADER_READERS = {
    "JPEG": jpeg_header.read_jpeg_header,
    "PNG": png_header.read_png_header,
    "WEBP": webp_header.read_webp_header,
}

# Below Pillow's own limit (89 million pixels) ours is checked from the header; above it Pillow must not merely warn.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


def decode(data: bytes, max_pixels: int = MAX_PIXELS, other_pixels: int = MAX_PIXELS) -> Image.Image:
    """Returns the photo in `data` (JPEG, PNG, WebP, GIF, AVIF) as an upright RGB image without metadata.

    The first frame of an animation, transparency on white. A plain JPEG (8 bits, one scan) may have `max_pixels`,
    anything else `other_pixels` too. An ordinary JPEG or PNG is judged by its header and decoded here; all else is
    decoded in a process whose time and memory are limited. Raises PhotoError: too_many_pixels, too_costly, truncated,
    unsupported, not_an_image.
    """
    kind = recognize(data)
    if kind is None:
        raise _unidentified_error(data)
    header = HEADER_READERS[kind](data) if kind in HEADER_READERS else None
    if header is not None:
        header.check(len(data), max_pixels, other_pixels)
    if header is None or header.needs_process:
        return decoding_pool.decode(data, min(max_pixels, other_pixels))
    return decode_here(data, max_pixels)


def decode_here(data: bytes, max_pixels: int) -> Image.Image:
    """Decodes in this process, at whatever cost; for photos whose header was read."""
    try:
        opened = Image.open(BytesIO(data), formats=FORMATS)
        check_pixels(*opened.size, max_pixels)
        return to_upright_rgb(opened)
    except PhotoError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PhotoError(Reason.TOO_MANY_PIXELS, f"too many pixels; at most {max_pixels:,} in all") from error
    except UnidentifiedImageError as error:
        raise _unidentified_error(data) from error
    except Exception as error:  # what Pillow raises on hostile bytes is not documented
        raise _damage_error(error) from error


def _unidentified_error(data: bytes) -> PhotoError:
    """Explains by its first bytes why `data` holds no picture that we decode."""
    head = data[:512]
    start = head.lstrip().lower()
    if not data:
        return PhotoError(Reason.NOT_AN_IMAGE, "the answer is empty")
    if start.startswith((b"<!doctype html", b"<html")) or b"<html" in start:
        return PhotoError(Reason.NOT_AN_IMAGE, "it is an HTML page, not a photo")
    if (name := name_other(head)) is not None:
        return PhotoError(Reason.UNSUPPORTED, f"{name} is not supported; give JPEG, PNG, WebP, GIF or AVIF")
    if recognize(data) in ("JPEG", "PNG", "WEBP", "GIF"):
        return PhotoError(Reason.TRUNCATED, "the photo starts well but its header is cut off or damaged")
    return PhotoError(Reason.NOT_AN_IMAGE, "it is not a photo")


def _damage_error(error: Exception) -> PhotoError:
    text = str(error).lower()
    if isinstance(error, MemoryError) or "memory" in text:
        return PhotoError(Reason.TOO_COSTLY, "decoding takes more memory than one photo may: save it smaller")
    if isinstance(error, EOFError) or "truncated" in text or "not enough image data" in text or "incomplete" in text:
        return PhotoError(Reason.TRUNCATED, "the photo ends too early")
    return PhotoError(Reason.NOT_AN_IMAGE, f"the photo is damaged: {error}")
