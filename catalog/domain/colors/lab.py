"""Converts sRGB to CIE L*a*b*, in which equal distances look about equally different."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

SRGB_TO_XYZ: Floats = np.array(  # IEC 61966-2-1, D65
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_KNEE = 6 / 29


def convert_to_lab(rgb: ArrayLike) -> Floats:
    """Returns L*a*b* (D65) of sRGB from 0 to 255, both [..., 3]; formulas of CIE 15 and IEC 61966-2-1."""
    coded = np.asarray(rgb, dtype=np.float64) / 255
    linear = np.where(coded > 0.04045, ((coded + 0.055) / 1.055) ** 2.4, coded / 12.92)
    xyz = linear @ (SRGB_TO_XYZ / SRGB_TO_XYZ.sum(axis=1, keepdims=True)).T  # relative to white
    x, y, z = np.moveaxis(np.where(xyz > _KNEE**3, np.cbrt(xyz), xyz / (3 * _KNEE**2) + 4 / 29), -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)
