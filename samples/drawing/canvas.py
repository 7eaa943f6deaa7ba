"""Paints antialiased parts, lines and shadows on a float image."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from samples.drawing.geometry import Points
from samples.drawing.noise import Field, blur, stretch

SIZE = 400
"""Width and height of a photo in pixels."""

CELL = 4
"""The light is worked out on cells of this many pixels: folds and bulges are soft, and this is 16 times cheaper."""

_OVERSAMPLE = 3


def coarse(mask: Field) -> Field:
    """Returns a mask averaged over cells."""
    rows = mask[0::CELL] + mask[1::CELL] + mask[2::CELL] + mask[3::CELL]
    total = rows[:, 0::CELL] + rows[:, 1::CELL] + rows[:, 2::CELL] + rows[:, 3::CELL]
    return np.asarray(total * np.float32(1 / CELL**2), dtype=np.float32)


@dataclass(frozen=True)
class Patch:
    """Holds a rectangle of the photo, aligned to cells, and each pixel's coverage, shape (h, w), 0 to 1."""

    x0: int
    y0: int
    x1: int
    y1: int
    mask: Field

    @property
    def area(self) -> tuple[slice, slice]:
        """Returns the index of the rectangle in an image of the whole photo."""
        return slice(self.y0, self.y1), slice(self.x0, self.x1)

    @property
    def cells(self) -> tuple[slice, slice]:
        """Returns the index of the rectangle in a field of cells."""
        return slice(self.y0 // CELL, self.y1 // CELL), slice(self.x0 // CELL, self.x1 // CELL)

    def coarse(self) -> Field:
        """Returns the mask averaged over cells."""
        return coarse(self.mask)


def _frame(points: Points, margin: float) -> tuple[int, int, int, int] | None:
    low = np.floor((points.min(axis=0) - margin) / CELL).astype(int) * CELL
    high = np.ceil((points.max(axis=0) + margin) / CELL).astype(int) * CELL
    x0, y0 = (int(v) for v in np.clip(low, 0, SIZE))
    x1, y1 = (int(v) for v in np.clip(high, 0, SIZE))
    return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None


def _reduce(image: Image.Image) -> Field:
    return np.asarray(image.reduce(_OVERSAMPLE), dtype=np.float32) / np.float32(255)


def fill(points: Points, margin: float = 8.0) -> Patch | None:
    """Returns the closed outline, in pixels, as a patch; None where it lies outside the photo."""
    frame = _frame(points, margin)
    if frame is None:
        return None
    x0, y0, x1, y1 = frame
    image = Image.new("L", ((x1 - x0) * _OVERSAMPLE, (y1 - y0) * _OVERSAMPLE))
    corner = np.array([x0, y0])
    ImageDraw.Draw(image).polygon(((points - corner) * _OVERSAMPLE).ravel().tolist(), fill=255)
    return Patch(x0, y0, x1, y1, _reduce(image))


def _dashes(points: Points, length: float) -> list[Points]:
    if length <= 0:
        return [points]
    steps = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    count = max(1, int(steps[-1] / length))
    at = np.linspace(0, steps[-1], count * 2 + 1)
    dense = np.stack([np.interp(at, steps, points[:, k]) for k in (0, 1)], axis=1)
    return [dense[i : i + 2] for i in range(0, count * 2, 2)]


def line(points: Points, width: float, soft: float = 0.0, dash: float = 0.0) -> Patch | None:
    """Returns an open line, all in pixels, blurred by `soft`, broken into dashes of about `dash`."""
    frame = _frame(points, width + 3 * soft + 2)
    if frame is None:
        return None
    x0, y0, x1, y1 = frame
    # What will be blurred needs no fine edge.
    finer = 1 if soft >= 1.5 else _OVERSAMPLE
    image = Image.new("L", ((x1 - x0) * finer, (y1 - y0) * finer))
    draw, corner = ImageDraw.Draw(image), np.array([x0, y0])
    thick = max(1, round(width * finer))
    for piece in _dashes(points, dash):
        draw.line(((piece - corner) * finer).ravel().tolist(), fill=255, width=thick, joint="curve")
    small = image.reduce(finer) if finer > 1 else image
    if soft > 0:
        small = small.filter(ImageFilter.GaussianBlur(soft))
    return Patch(x0, y0, x1, y1, np.asarray(small, dtype=np.float32) / np.float32(255))


@dataclass(frozen=True)
class Throw:
    """One shadow: of which outlines, how soft (pixels), how dark (0 to 1), and how far away (pixels)."""

    outlines: Sequence[Points]
    soft: float
    dark: float
    shift: tuple[float, float]


class Canvas:
    """Holds the photo so far: `rgb` (3, 400, 400) sRGB 0 to 1, `worn` and `main` (400, 400), how much of a pixel
    is product, and how much is the product's main cloth (no trim, sole or button)."""

    def __init__(self, backdrop: NDArray[np.float32]) -> None:
        self.rgb = backdrop
        self.worn: Field = np.zeros((SIZE, SIZE), dtype=np.float32)
        self.main: Field = np.zeros((SIZE, SIZE), dtype=np.float32)

    def cover(self, patch: Patch, rgb: NDArray[np.float32]) -> None:
        """Lays colours, shape (3, h, w), over the patch; `rgb` is used up."""
        below = self.rgb[:, *patch.area]
        rgb -= below
        rgb *= patch.mask
        below += rgb

    def claim(self, patch: Patch, main: float) -> None:
        """Counts the patch as product; `main` is 1 for its main cloth and 0 for anything sewn on."""
        worn, own = self.worn[patch.area], self.main[patch.area]
        np.maximum(worn, patch.mask, out=worn)
        own += (np.float32(main) - own) * patch.mask

    def shade(self, patch: Patch, tone: float) -> None:
        """Darkens (below 0) or lightens what is there, in proportion to what it is."""
        below = self.rgb[:, *patch.area]
        if tone < 0:
            below *= 1 + np.float32(tone) * patch.mask
        else:
            below += (np.minimum(1.0, below * 1.25 + 0.1) - below) * (np.float32(tone) * patch.mask)

    def shadow(self, throws: Sequence[Throw]) -> None:
        """Lays blurred shadows of outlines on whatever is there, computed on cells and all at once."""
        n = SIZE // CELL
        light: Field = np.ones((n, n), dtype=np.float32)
        for throw in throws:
            image = Image.new("L", (2 * n, 2 * n))
            draw = ImageDraw.Draw(image)
            for points in throw.outlines:
                draw.polygon(((points + np.array(throw.shift)) * (2 / CELL)).ravel().tolist(), fill=255)
            cells = np.asarray(image.reduce(2), dtype=np.float32) / np.float32(255)
            light *= 1 - np.float32(throw.dark) * blur(cells, throw.soft / CELL)
        self.rgb *= stretch(light, SIZE, SIZE)

    def overlap(self, patch: Patch, dark: float, shift: tuple[int, int]) -> None:
        """Draws the shadow of a piece on the product beneath it; the patch needs a margin of some 16 pixels."""
        h, w = patch.mask.shape
        mask = np.roll(stretch(blur(patch.coarse(), 0.9), h, w), (shift[1], shift[0]), axis=(0, 1))
        self.shade(Patch(patch.x0, patch.y0, patch.x1, patch.y1, mask * self.worn[patch.area]), -dark)
