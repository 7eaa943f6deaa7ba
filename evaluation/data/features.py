"""Extracts descriptors that need no model: HOG as a baseline, and hash bits and colours for leaks and labels."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.color import rgb2lab
from skimage.feature import hog

from catalog.domain.colors.families import FAMILIES, NAMES
from catalog.domain.embedding_space import Space
from catalog.similarity import Vectors
from models.runtime.embedder import normalize_rows

HOG_SIDE = 128
HASH_SIDE = 8
HASH_BITS = 2 * HASH_SIDE * HASH_SIDE
CENTRE = 0.4  # of each side: what is in the middle of a product photo is the product
BINS = 6  # of each Lab axis
SPREAD = ((0, 100), (-60, 60), (-60, 60))  # of L, a, b; what lies outside counts in the outermost bin

LOOK_DIMS = HASH_BITS + len(NAMES) + BINS**3


class Extractor(Protocol):
    """Turns upright photos into vectors [n, dims] float32 of one space; NaN rows for photos it has none of."""

    @property
    def space(self) -> Space: ...
    def embed_images(self, images: Sequence[Image.Image]) -> Vectors: ...


class HogExtractor:
    """Computes histograms of oriented gradients of the grey centre square at 128 px: 9 orientations, cells of 16,
    blocks of 2.

    Source: Dalal and Triggs, CVPR 2005; scikit-image's implementation, L2-Hys blocks.
    """

    space = Space("hog", "s128c16", 7 * 7 * 2 * 2 * 9)

    def embed_images(self, images: Sequence[Image.Image]) -> Vectors:
        rows = [
            hog(np.asarray(_crop_square(image).convert("L").resize((HOG_SIDE, HOG_SIDE))), 9, (16, 16), (2, 2))
            for image in images
        ]
        return normalize_rows(np.asarray(rows, dtype=np.float64).reshape(len(images), self.space.dims))


class LookExtractor:
    """Computes dHash bits, shares of colour families, and a Lab histogram of the centre, side by side."""

    space = Space("look", "v1", LOOK_DIMS)

    def embed_images(self, images: Sequence[Image.Image]) -> Vectors:
        rows = [np.concatenate([_compute_hash(image), *_measure_colors(image)]) for image in images]
        return np.asarray(rows, dtype=np.float32).reshape(len(images), LOOK_DIMS)


def select_hash_bits(look: Vectors) -> Vectors:
    """Returns the 128 bits [n, 128] of rows: is the next pixel brighter, to the right and below (dHash)."""
    return look[:, :HASH_BITS]


def select_family_shares(look: Vectors) -> Vectors:
    """Returns the share of the centre's pixels nearest to each of NAMES, [n, families]."""
    return look[:, HASH_BITS : HASH_BITS + len(NAMES)]


def select_histograms(look: Vectors) -> Vectors:
    """Returns the Lab histogram of the centre, [n, 216], sums to 1."""
    return look[:, HASH_BITS + len(NAMES) :]


def _crop_square(image: Image.Image) -> Image.Image:
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side))


def _compute_hash(image: Image.Image) -> NDArray[np.float64]:
    grey = np.asarray(
        image.convert("L").resize((HASH_SIDE + 1, HASH_SIDE + 1), Image.Resampling.BOX), dtype=np.float64
    )
    across, down = grey[:-1, 1:] > grey[:-1, :-1], grey[1:, :-1] > grey[:-1, :-1]
    return np.concatenate([across.ravel(), down.ravel()]).astype(np.float64)


def _measure_colors(image: Image.Image) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    left, top = image.width * (1 - CENTRE) / 2, image.height * (1 - CENTRE) / 2
    centre = image.crop((round(left), round(top), round(image.width - left), round(image.height - top)))
    pixels = rgb2lab(np.asarray(centre.resize((32, 32), Image.Resampling.BOX))).reshape(-1, 3)
    distances = np.linalg.norm(pixels[:, None] - _PROTOTYPES[None], axis=2)
    family = _FAMILY_OF[distances.argmin(axis=1)]
    shares = np.bincount(family, minlength=len(NAMES)) / len(pixels)
    counts, _ = np.histogramdd(pixels.clip([low for low, _ in SPREAD], [high for _, high in SPREAD]), BINS, SPREAD)
    return shares, counts.ravel() / len(pixels)


_PROTOTYPES = np.concatenate([rgb2lab(np.array([colours], dtype=np.uint8))[0] for colours in FAMILIES.values()])
_FAMILY_OF = np.repeat(np.arange(len(NAMES)), [len(colours) for colours in FAMILIES.values()])
