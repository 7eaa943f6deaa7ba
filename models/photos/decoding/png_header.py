"""Reads a PNG's header: size, channels and real bit depth, from its chunks alone."""

import struct

from models.photos.decoding.header import RGB_BYTES, PhotoHeader

CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type: grey, RGB, palette, grey and alpha, RGBA
GREY, RGB, PALETTE = 0, 2, 3
# Those whose content is small or not looked at; what may hold compressed text, EXIF or further frames is not here.
KNOWN = frozenset(
    (b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"pHYs", b"tIME", b"bKGD", b"hIST", b"iCCP", b"tEXt")
)
MAX_OTHERS = 64  # chunks beside the picture's own
MAX_PARTS = 20_000  # chunks of the picture: 20 MB in the smallest that writers make
MAX_TEXT = 65_536  # bytes of one text


def read_png_header(data: bytes) -> PhotoHeader | None:
    """Returns the header of the PNG in `data`, None where it is out of the ordinary."""
    if data[8:16] != b"\0\0\0\rIHDR" or len(data) < 33:
        return None
    width, height, depth, colour = struct.unpack_from(">IIBB", data, 16)
    if colour not in CHANNELS or depth not in (1, 2, 4, 8, 16) or not _is_ordinary(data):
        return None
    pixel = (1 if depth <= 8 else 2) if colour in (GREY, PALETTE) else RGB_BYTES
    opaque = colour == RGB and b"tRNS" not in data[: data.find(b"IDAT")]
    raw = width * height * CHANNELS[colour] * depth // 8
    return PhotoHeader(width, height, False, pixel if opaque else pixel + RGB_BYTES, raw)


def _is_ordinary(data: bytes) -> bool:
    at, others, parts = 33, 0, 0
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"IEND":
            return parts > 0
        if kind == b"IDAT":
            parts += 1
        elif kind in KNOWN and not _is_heavy_text(kind, length, data[at + 8 : at + 20]):
            others += 1
        else:
            return False
        if others > MAX_OTHERS or parts > MAX_PARTS:
            return False
        at += 12 + length
    return False


def _is_heavy_text(kind: bytes, length: int, start: bytes) -> bool:
    """Says that a text is long, or EXIF in disguise."""
    return kind == b"tEXt" and (length > MAX_TEXT or start.lower().startswith((b"raw profile", b"exif\0")))
