"""Turns an opened photo into upright RGB pixels; modes are converted in bands, so no second picture is held."""

import numpy as np
from PIL import Image

WIDE_MODES = ("I", "I;16", "I;16L", "I;16B", "I;16N")  # 16 bits per pixel, which convert() would clip at 255
BAND = 1 << 20  # pixels converted at a time
ORIENTATION = 0x0112
TURNS = {  # by EXIF orientation
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def to_upright_rgb(opened: Image.Image) -> Image.Image:
    """Returns an opened photo's first frame, upright, transparency on white, without metadata.

    `opened` is used up: its pixels are the result's, or are given back before the result is whole.
    """
    opened.load()
    turn = TURNS.get(_read_orientation(opened))
    image = _to_rgb(opened)
    return _transpose(image, turn) if turn is not None else image


def _read_orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except MemoryError:
        raise
    except Exception:  # metadata that cannot be read says nothing about the orientation
        return 1


def _to_rgb(opened: Image.Image) -> Image.Image:
    if opened.mode == "RGB" and not opened.has_transparency_data:
        image = Image.Image()._new(opened.im)  # the same pixels, without the file and its metadata
        opened.close()
        return image
    image = Image.new("RGB", opened.size)
    for top, bottom in split_bands(*opened.size):
        image.paste(_convert_band(opened.crop((0, top, opened.width, bottom))), (0, top))
    opened.close()
    return image


def split_bands(width: int, height: int) -> list[tuple[int, int]]:
    """Returns top and bottom rows of parts of at most about a million pixels."""
    rows = max(1, BAND // width)
    return [(top, min(top + rows, height)) for top in range(0, height, rows)]


def _convert_band(image: Image.Image) -> Image.Image:
    if image.mode in WIDE_MODES:
        wide = np.asarray(image)
        if wide.dtype != np.uint16:
            wide = np.clip(wide, 0, 65_535)
        image = Image.fromarray((wide // 257).astype(np.uint8))
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        white = Image.new("RGBA", layer.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, layer)
    return image.convert("RGB")


def _transpose(image: Image.Image, turn: Image.Transpose) -> Image.Image:
    """Turns channel by channel, so that two pictures of four bytes per pixel never exist. Uses `image` up."""
    channels = list(image.split())
    image.close()
    for number, channel in enumerate(channels):
        channels[number] = channel.transpose(turn)
        channel.close()
    return Image.merge("RGB", channels)
