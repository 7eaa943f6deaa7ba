"""Finds the colour family of the garment in a photo.

What fills the frame of the photo is background, what fills its middle and not the frame is the garment: colour
histograms of both, projected back onto the pixels (Swain and Ballard, Color indexing, 1991), and again from the
pixels so found, as GrabCut does (Rother, Kolmogorov and Blake, 2004). The garment's pixels then vote for the family
whose typical value is nearest in CIE L*a*b*. The constants were tuned on 800 drawn photos.
"""

from functools import cache

import numpy as np
from PIL import Image

from catalog.domain.colors.families import MULTI, NAMES, get_prototypes
from catalog.domain.colors.lab import Floats, convert_to_lab

SIDE = 64  # pixels
FRAME = 0.08  # width of the background's frame, of the side
SPREAD = (0.45, 0.33)  # sigma of the garment's Gaussian down and across, of half the side
SIGMA = 6.0  # of a pixel's share in a colour of the histogram, in units of L*a*b*
ROUNDS = 3
GREY_WEIGHT = 0.65  # shadows and mixed pixels are grey, whatever the garment is
MANY, LEAST, LEADING = 3, 0.22, 0.36  # families in `multi`, the share each has at least, and a leader's from which on

# Colours of the histogram in L*a*b*: greys (L*), and rings of (chroma, hues, L* of each, first hue in steps).
_GREYS = (8.0, 30.0, 52.0, 75.0, 97.0)
_RINGS = ((22.0, 7, (35.0, 65.0), 0.5), (55.0, 9, (52.0,), 0.0))


def find_garment_family(image: Image.Image) -> str:
    """Returns the family of the garment in an RGB photo; `multi` where three or more share it."""
    small = image.resize((SIDE, SIDE), Image.Resampling.BOX)
    return choose_family(measure_family_shares(np.asarray(small)))


def measure_family_shares(pixels: np.typing.ArrayLike) -> Floats:
    """Returns which share of the garment in sRGB `pixels` [SIDE,SIDE,3] each of NAMES has."""
    lab = convert_to_lab(pixels).reshape(-1, 3)
    rows, numbers = get_prototypes()
    votes = numbers[_square_distances(lab, rows).argmin(axis=1)]
    shares = np.bincount(votes, weights=_weigh_garment(lab), minlength=len(NAMES))
    shares[NAMES.index("grey")] *= GREY_WEIGHT
    return np.asarray(shares / shares.sum(), dtype=np.float64)


def choose_family(shares: Floats) -> str:
    """Returns the name of the greatest share, or `multi` where several are large and none of them leads."""
    large = int((shares >= LEAST).sum())
    return MULTI if large >= MANY and shares.max() < LEADING else NAMES[int(shares.argmax())]


def _weigh_garment(lab: Floats) -> Floats:
    """Returns how surely each pixel of `lab` [n,3] is one of the garment."""
    middle, frame = _map_middle(), _map_frame()
    colors = _compute_memberships(lab)
    inside, outside, share = middle, frame, middle
    for _ in range(ROUNDS):
        likely = colors @ (colors.T @ (inside / inside.sum()))
        unlike = colors @ (colors.T @ (outside / outside.sum()))
        share = likely / (likely + unlike + 1e-9)
        inside, outside = middle * share, frame + (1 - middle) * (1 - share)
    return middle * share**2


def _compute_memberships(lab: Floats) -> Floats:
    """Returns the share of each colour of the histogram in each pixel: [n,K], rows sum to 1."""
    distances = _square_distances(lab, _list_colors())
    nearness = np.exp((distances.min(axis=1, keepdims=True) - distances) / (2 * SIGMA**2))
    return np.asarray(nearness / nearness.sum(axis=1, keepdims=True), dtype=np.float64)


def _square_distances(one: Floats, other: Floats) -> Floats:
    lengths = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1)
    return np.asarray(lengths - 2 * one @ other.T, dtype=np.float64)


@cache
def _list_colors() -> Floats:
    colors = [(lightness, 0.0, 0.0) for lightness in _GREYS]
    for chroma, hues, lightnesses, first in _RINGS:
        for lightness in lightnesses:
            angles = 2 * np.pi * (np.arange(hues) + first) / hues
            colors += [(lightness, chroma * np.cos(angle), chroma * np.sin(angle)) for angle in angles]
    return np.array(colors)


@cache
def _map_middle() -> Floats:
    """Returns a Gaussian about the middle of the photo [SIDE * SIDE], maximum about 1."""
    at = _list_positions()
    down, across = (np.exp(-0.5 * (at / spread) ** 2) for spread in SPREAD)
    return np.asarray(np.outer(down, across).ravel(), dtype=np.float64)


@cache
def _map_frame() -> Floats:
    """Returns 1 for a pixel of the photo's frame, else 0: [SIDE * SIDE]."""
    reach = np.abs(_list_positions())
    frame = np.maximum(reach[:, None], reach[None, :]) > 1 - 2 * FRAME
    return np.asarray(frame.ravel(), dtype=np.float64)


def _list_positions() -> Floats:
    return np.asarray((np.arange(SIDE) + 0.5) / SIDE * 2 - 1, dtype=np.float64)
