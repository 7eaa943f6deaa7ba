"""Reads a WebP's size from its first chunk."""

from models.photos.decoding.header import PhotoHeader

PIXEL_BYTES = 19  # two canvases of the animation decoder, its answer, Pillow's picture, four each, and some more


def read_webp_header(data: bytes) -> PhotoHeader | None:
    """Returns the size of the WebP in `data`, not its time: a lossless one may hold tables of any number."""
    kind, body = data[12:16], data[20:30]
    if len(body) < 10:
        return None
    if kind == b"VP8 ":
        width, height = (int.from_bytes(body[at : at + 2], "little") & 0x3FFF for at in (6, 8))
    elif kind == b"VP8X":
        width, height = (int.from_bytes(body[at : at + 3], "little") + 1 for at in (4, 7))
    elif kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    else:
        return None
    return PhotoHeader(width, height, plain=False, pixel_bytes=PIXEL_BYTES, needs_process=True)
