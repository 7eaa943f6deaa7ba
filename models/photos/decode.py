"""Encoded photo to upright RGB pixels, the same way for index and query."""

import warnings
from io import BytesIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from models.photos.errors import PhotoError, Reason

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")
MAX_PIXELS = 25_000_000
WIDE_MODES = ("I", "I;16", "I;16L", "I;16B", "I;16N")  # 16 bits per pixel, which convert() would clip at 255

# Below Pillow's own limit (89 million pixels) ours is checked from the header; above it Pillow must not merely warn.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


def decode(data: bytes, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """The photo in `data` (JPEG, PNG, WebP, GIF, AVIF) as an upright RGB image without metadata.

    The first frame of an animation, transparency on white. Raises PhotoError: too_many_pixels (from the header,
    before anything is unpacked), truncated, unsupported, not_an_image.
    """
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as image:
            width, height = image.size
            if width * height > max_pixels:
                raise PhotoError(Reason.TOO_MANY_PIXELS, f"{width} x {height} pixels; at most {max_pixels:,} in all")
            image.load()
            return _rgb(_upright(image))
    except PhotoError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PhotoError(Reason.TOO_MANY_PIXELS, f"too many pixels; at most {max_pixels:,} in all") from error
    except UnidentifiedImageError as error:
        raise _unidentified(data) from error
    except Exception as error:  # what Pillow raises on hostile bytes is not documented
        raise _damaged(error) from error


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # metadata that cannot be read says nothing about the orientation
        return image


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode in WIDE_MODES:
        wide = np.asarray(image).astype(np.int64)
        image = Image.fromarray((np.clip(wide, 0, 65_535) // 257).astype(np.uint8))
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        white = Image.new("RGBA", layer.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, layer)
    image = image.convert("RGB") if image.mode != "RGB" else image.copy()
    image.info.clear()
    return image


def _unidentified(data: bytes) -> PhotoError:
    """Why Pillow saw no picture of ours in `data`; told by the first bytes."""
    head = data[:512]
    start = head.lstrip().lower()
    if not data:
        return PhotoError(Reason.NOT_AN_IMAGE, "the answer is empty")
    if start.startswith((b"<!doctype html", b"<html")) or b"<html" in start:
        return PhotoError(Reason.NOT_AN_IMAGE, "it is an HTML page, not a photo")
    if (name := _other_format(head)) is not None:
        return PhotoError(Reason.UNSUPPORTED, f"{name} is not supported; give JPEG, PNG, WebP, GIF or AVIF")
    if head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a")) or _is_webp(head):
        return PhotoError(Reason.TRUNCATED, "the photo starts well but its header is cut off or damaged")
    return PhotoError(Reason.NOT_AN_IMAGE, "it is not a photo")


def _is_webp(head: bytes) -> bool:
    return head.startswith(b"RIFF") and head[8:12] == b"WEBP"


def _other_format(head: bytes) -> str | None:
    if head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"hevc", b"mif1", b"msf1"):
        return "HEIC"
    signatures = {
        b"BM": "BMP",
        b"II*\0": "TIFF",
        b"MM\0*": "TIFF",
        b"8BPS": "PSD",
        b"\xff\x0a": "JPEG XL",
        b"\0\0\0\x0cJXL ": "JPEG XL",
        b"\0\0\0\x0cjP  ": "JPEG 2000",
        b"%PDF": "PDF",
        b"\0\0\x01\0": "ICO",
    }
    for signature, name in signatures.items():
        if head.startswith(signature):
            return name
    return "SVG" if b"<svg" in head.lower() else None


def _damaged(error: Exception) -> PhotoError:
    text = str(error).lower()
    if isinstance(error, EOFError) or "truncated" in text or "not enough image data" in text or "incomplete" in text:
        return PhotoError(Reason.TRUNCATED, "the photo ends too early")
    return PhotoError(Reason.NOT_AN_IMAGE, f"the photo is damaged: {error}")
