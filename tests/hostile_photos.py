"""Photos made to cost much, and rare ones that must pass: drawn by code, none is stored."""

import io
import math
import struct
import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    """`image` as a file of format `kind`."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def textured(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """A picture with some texture in every channel, so that decoding it costs about what a photo costs."""
    grey = Image.effect_noise((width // 8, height // 8), 80).resize((width, height))
    count = len(Image.new(mode, (1, 1)).getbands())
    return Image.merge(
        mode, [grey.point([(value + 40 * number) % 256 for value in range(256)]) for number in range(count)]
    )


def segment(code: int, body: bytes) -> bytes:
    """A JPEG segment."""
    return bytes((0xFF, code)) + (len(body) + 2).to_bytes(2) + body


def scans_jpeg(width: int, height: int, scans: int, before: bytes = b"") -> bytes:
    """A progressive JPEG of three components: one scan of flat blocks, then scans that only walk over all of them.

    `before` follows the start of the file.
    """
    components = b"".join(bytes((number, 0x11, 0)) for number in (1, 2, 3))
    frame = b"\x08" + height.to_bytes(2) + width.to_bytes(2) + b"\x03" + components
    one_code, two_codes = b"\x01" + bytes(15), b"\x01\x01" + bytes(14)
    tables = segment(0xC4, b"\x00" + one_code + b"\x00") + segment(0xC4, b"\x10" + two_codes + b"\xe0\x00")
    blocks = math.ceil(width / 8) * math.ceil(height / 8)
    parts = [b"\xff\xd8", before, segment(0xDB, b"\0" + b"\1" * 64), segment(0xC2, frame), tables]
    parts += [segment(0xDA, b"\x03\x01\0\x02\0\x03\0" + b"\0\0\1"), bytes(math.ceil(3 * blocks / 8))]
    run = "0" + "1" * 14  # the code of runs of empty blocks, and the longest of them
    bits = run * math.ceil(blocks / (2**15 - 1))
    bits += "1" * (-len(bits) % 8)
    walk = bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)).replace(b"\xff", b"\xff\0")
    for number in range(scans - 1):
        precision = 0x01 if number < 3 else 0x10
        parts += [segment(0xDA, bytes((1, number % 3 + 1, 0, 1, 63, precision))), walk]
    return b"".join((*parts, b"\xff\xd9"))


def chunk(kind: bytes, body: bytes) -> bytes:
    """A PNG chunk."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def flat_png(
    width: int,
    height: int,
    depth: int = 8,
    colour: int = 2,
    extra: bytes = b"",
    rows: int | None = None,
    filter: int = 0,
) -> bytes:
    """A PNG of one value; `extra` chunks follow the header, `rows` of pixels are there, each with the same filter."""
    row = bytes((filter,)) + bytes(math.ceil(width * depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour] / 8))
    packer = zlib.compressobj(9)
    pixels = b"".join([*(packer.compress(row) for _ in range(height if rows is None else rows)), packer.flush()])
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def crowded_exif(entries: int = 4_000, size: int = 60_000) -> bytes:
    """64 KiB of EXIF whose entries all claim the same `size` bytes: Pillow would copy them for each."""
    listed = b"".join(struct.pack("<HHII", number + 1, 1, size, 8) for number in range(entries))
    return b"Exif\0\0" + b"II*\0" + struct.pack("<IH", 8, entries) + listed + bytes(4 + max(0, size - 12 * entries))


def animation(kind: str, frames: int, side: int) -> bytes:
    """An animated photo."""
    drawn = [Image.new("RGB", (side, side), (number % 256, 0, 0)) for number in range(frames)]
    return encoded(drawn[0], kind, save_all=True, append_images=drawn[1:], duration=10)


def canvas_webp(side: int) -> bytes:
    """A small WebP on a canvas of side x side."""
    drawn = encoded(Image.new("RGB", (8, 8)), "WEBP", lossless=True)
    size = (side - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + (10).to_bytes(4, "little") + bytes(4) + size + size + drawn[12:]
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _texts_bomb() -> bytes:
    packed = b"\0\0" + zlib.compress(bytes(1_000_000), 9)
    return flat_png(64, 64, extra=b"".join(chunk(b"zTXt", b"k%d" % number + packed) for number in range(60)))


def _wide_grey(side: int) -> bytes:
    return encoded(Image.fromarray(np.full((side, side), 32_896, np.uint16)), "PNG")


HOSTILE: dict[str, Callable[[], bytes]] = {
    "jpeg of 1,000 scans": lambda: scans_jpeg(5_000, 5_000, 1_000),
    "jpeg of 64 scans": lambda: scans_jpeg(4_000, 4_000, 64),
    "jpeg with crowded exif": lambda: scans_jpeg(64, 64, 2, segment(0xE1, crowded_exif())),
    "jpeg of empty segments": lambda: scans_jpeg(64, 64, 2, segment(0xE5, b"") * 4_000_000),
    "jpeg of markers": lambda: scans_jpeg(64, 64, 2)[:-2] + b"\xff\xfe" * 8_000_000 + b"\xff\xd9",
    "jpeg of fill bytes": lambda: scans_jpeg(64, 64, 2)[:-2] + b"\xff" * 16_000_000 + b"\xff\xd9",
    "jpeg of fill bytes without end": lambda: scans_jpeg(64, 64, 2)[:-2] + b"\xff" * 16_000_000,
    "jpeg of tails": lambda: scans_jpeg(64, 64, 2) + b"\xff" * 16_000_000,
    "jpeg of restarts": lambda: scans_jpeg(64, 64, 2)[:-2] + b"\xff\xd0" * 8_000_000 + b"\xff\xd9",
    "jpeg of junk": lambda: scans_jpeg(64, 64, 2, bytes(16_000_000)),
    "jpeg of exif parts": lambda: scans_jpeg(64, 64, 2, segment(0xE1, b"Exif\0\0" + bytes(20)) * 500_000),
    "jpeg of icc profiles": lambda: scans_jpeg(
        64, 64, 2, segment(0xE2, b"ICC_PROFILE\0\1\xff" + bytes(65_000)) * 255
    ),
    "jpeg, CMYK, progressive": lambda: encoded(
        textured(3_600, 3_600, "CMYK"), "JPEG", progressive=True, subsampling=0
    ),
    "png, 16-bit grey": lambda: _wide_grey(4_990),
    "png, 16-bit RGBA": lambda: flat_png(3_990, 3_990, 16, 6, filter=4),
    "png, 16-bit RGB, 25 MP": lambda: flat_png(4_990, 4_990, 16, 2, filter=4),
    "png, RGBA": lambda: encoded(textured(3_990, 3_990, "RGBA"), "PNG", compress_level=1),
    "png of 60,000 squared": lambda: flat_png(60_000, 60_000, rows=0),
    "png of more pixels than it says": lambda: flat_png(64, 64, rows=3_000_000),
    "png of text bombs": _texts_bomb,
    "png of an icc bomb": lambda: flat_png(
        64, 64, extra=chunk(b"iCCP", b"p\0\0" + zlib.compress(bytes(500_000_000)))
    ),
    "png of empty chunks": lambda: flat_png(64, 64, extra=chunk(b"tEXt", b"k\0") * 1_000_000),
    "gif of 2,000 frames": lambda: animation("GIF", 2_000, 32),
    "gif of extensions": lambda: b"GIF89a" + bytes((64, 0, 64, 0, 0, 0, 0)) + b"!\xfe\1a\0" * 3_000_000,
    "gif of 65,535 squared": lambda: b"GIF89a\xff\xff\xff\xff" + encoded(Image.new("L", (8, 8)), "GIF")[10:],
    "webp of 300 frames": lambda: animation("WEBP", 300, 64),
    "webp, lossless": lambda: encoded(textured(3_000, 3_000, "RGBA"), "WEBP", lossless=True, method=0, quality=0),
    "webp on a canvas of 16,383 squared": lambda: canvas_webp(16_383),
    "avif": lambda: encoded(textured(3_900, 3_900), "AVIF", speed=10),
    "avif of 100 frames": lambda: animation("AVIF", 100, 64),
}
