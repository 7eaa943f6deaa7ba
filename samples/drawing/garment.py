"""Describes a drawing: pieces of cloth, seams and buttons in painter's order, in garment units."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from samples.drawing.geometry import Points, flip


@dataclass(frozen=True)
class Piece:
    """Describes one piece of cloth (or rubber, metal, glass: see `cloth`), drawn over everything before it."""

    shape: Points
    cloth: str = "main"
    grain: float = 0.0
    """Radians by which the cloth's threads are turned, as on a sleeve."""
    puff: float = 1.0
    """How far it bulges towards the camera."""
    lift: float = 0.0
    """How strong a shadow it throws on the garment beneath, 0 to 1."""
    flush: float = 0.0
    """1 where it is sewn level with what is beneath (a body to its sleeves), 0 where it stands off."""


@dataclass(frozen=True)
class Stroke:
    """Describes a seam, crease or cord along an open line; `tone` below 0 darkens, above 0 lightens what is there."""

    line: Points
    width: float = 0.012
    tone: float = -0.3
    soft: float = 0.0
    """Blur radius in garment units: 0 is a seam, 0.03 a crease."""
    dash: float = 0.0
    """Length of a stitch; 0 is an unbroken line."""


Item = Piece | Stroke


@dataclass(frozen=True)
class Folds:
    """How the cloth falls: `drape` hangs in vertical folds, `crumple` wrinkles anywhere; both about 0 to 1."""

    drape: float = 0.2
    crumple: float = 0.4
    across: float = 12.0
    """Folds across the photo's width."""


@dataclass(frozen=True)
class Drawing:
    """Describes a garment; `behind` lies inside it (lining, back of the neck): props can stand between the two."""

    items: tuple[Item, ...]
    behind: tuple[Item, ...] = ()
    folds: Folds = Folds()
    traits: Mapping[str, str] = field(default_factory=dict)
    """What a shop would say about the cut, e.g. {"neckline": "v-neck"}."""
    hold: tuple[float, float] = (0.0, 0.0)
    """Where a hand or a hanger takes it, in garment units."""

    def bounds(self) -> tuple[float, float, float, float]:
        """Returns x0, y0, x1, y1 over all pieces."""
        points = np.vstack([item.shape for item in (*self.behind, *self.items) if isinstance(item, Piece)])
        (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
        return float(x0), float(y0), float(x1), float(y1)


def pair(item: Item) -> tuple[Item, Item]:
    """Returns the item and its mirror image, for sleeves, legs, lapels and pockets."""
    if isinstance(item, Piece):
        return item, Piece(flip(item.shape), item.cloth, -item.grain, item.puff, item.lift, item.flush)
    return item, Stroke(flip(item.line), item.width, item.tone, item.soft, item.dash)


def stitch(line: Points, tone: float = -0.22) -> Stroke:
    """Returns a row of visible stitches."""
    return Stroke(line, 0.008, tone, dash=0.022)


def crease(line: Points, tone: float = -0.22, width: float = 0.035) -> Stroke:
    """Returns a soft fold pressed into the cloth."""
    return Stroke(line, width, tone, soft=0.022)
