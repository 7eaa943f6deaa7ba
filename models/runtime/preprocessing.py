"""Turns a photo into the pixels a model was trained on; the one implementation for every runtime."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.bundles.manifest import Preprocessing

Pixels = NDArray[np.float32]

# Beyond 16:1 the ends that the centre crop would drop anyway are cut before resizing, or a 1 × 20000 photo would be
# blown up to a bomb.
MAX_ASPECT = 16

INTERPOLATIONS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


def preprocess(image: Image.Image, recipe: Preprocessing) -> Pixels:
    """Returns pixels [3, crop, crop] float32 of an upright photo, `(x/255 - mean) / std`, in the recipe's channels.

    The shorter side becomes `resize_shorter_side`, the longer `round(long * side / short)` (Pillow's antialiased
    resize), the crop starts at `(w - crop) // 2`, `(h - crop) // 2`. EXIF orientation and alpha are the decoder's.
    """
    rgb = image if image.mode == "RGB" else image.convert("RGB")
    square = _center_square(_resize(_trim(rgb), recipe), recipe.center_crop)
    values: Pixels = np.asarray(square, dtype=np.float32) / np.float32(255)
    if recipe.color == "BGR":
        values = values[:, :, ::-1]
    mean, std = np.array(recipe.mean, dtype=np.float32), np.array(recipe.std, dtype=np.float32)
    values = np.asarray((values - mean) / std, dtype=np.float32)
    return np.ascontiguousarray(values.transpose(2, 0, 1))


def _trim(image: Image.Image) -> Image.Image:
    width, height = image.size
    longest = MAX_ASPECT * min(width, height)
    if max(width, height) <= longest:
        return image
    kept = (min(width, longest), min(height, longest))
    left, top = (width - kept[0]) // 2, (height - kept[1]) // 2
    return image.crop((left, top, left + kept[0], top + kept[1]))


def _resize(image: Image.Image, recipe: Preprocessing) -> Image.Image:
    width, height = image.size
    side = recipe.resize_shorter_side
    size = (side, round(height * side / width)) if width <= height else (round(width * side / height), side)
    return image.resize(size, INTERPOLATIONS[recipe.interpolation])


def _center_square(image: Image.Image, crop: int) -> Image.Image:
    left, top = (image.width - crop) // 2, (image.height - crop) // 2
    return image.crop((left, top, left + crop, top + crop))
