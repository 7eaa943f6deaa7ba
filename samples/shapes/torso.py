"""Draws what everything worn above the waist shares: the body block, sleeves, neck openings and ribs."""

from dataclasses import dataclass

import numpy as np

from samples.drawing.garment import Item, Piece, Stroke, crease, pair
from samples.drawing.geometry import Points, Run, flip, mirror, outline, ribbon, shift, spline


@dataclass(frozen=True)
class BodyBlock:
    """Half widths at the named heights; the neck's edge is at y=0 and the garment ends at `length`."""

    neck: float
    drop: float
    shoulder: float
    slope: float
    chest: float
    armpit: float
    waist: float
    hem: float
    length: float


def build_block(
    rng: np.random.Generator, length: float, ease: float, neck: float = 0.17, drop: float = 0.14
) -> BodyBlock:
    """Builds a body of the given length; `ease` is how far it stands off the body (0 tight, 0.15 oversized)."""
    chest = 0.385 + ease + rng.uniform(-0.012, 0.015)
    return BodyBlock(
        neck=neck + rng.uniform(-0.012, 0.015),
        drop=drop,
        shoulder=0.43 + 0.55 * ease + rng.uniform(-0.015, 0.02),
        slope=rng.uniform(0.09, 0.125),
        chest=chest,
        armpit=0.40 + 0.5 * ease + rng.uniform(-0.015, 0.02),
        waist=chest - 0.055 + 0.3 * ease + rng.uniform(-0.015, 0.02),
        hem=chest - 0.01 + rng.uniform(-0.01, 0.025),
        length=length,
    )


def neck_edge(b: BodyBlock, neckline: str) -> list[tuple[float, float]]:
    """Draws the right half of the front neck opening, from the middle up to the shoulder."""
    if neckline == "v-neck":
        return [(0.0, b.drop * 1.75), (b.neck * 0.5, b.drop * 0.98), (b.neck * 0.9, b.drop * 0.22), (b.neck, 0.0)]
    if neckline == "boat neck":
        return [(0.0, b.drop * 0.55), (b.neck * 0.8, b.drop * 0.42), (b.neck * 1.35, 0.04)]
    if neckline == "square neck":
        return [(0.0, b.drop * 1.2), (b.neck * 0.92, b.drop * 1.18)]
    return [(0.0, b.drop), (b.neck * 0.55, b.drop * 0.82), (b.neck * 0.9, b.drop * 0.36), (b.neck, 0.0)]


def armhole(b: BodyBlock) -> Run:
    """Draws the armhole's edge from the shoulder's end down to the armpit."""
    mid = (b.slope + b.armpit) / 2
    return [(b.shoulder, b.slope), (min(b.shoulder, b.chest) - 0.025, mid + 0.03), (b.chest, b.armpit)]


def front(b: BodyBlock, neckline: str, hem: Run | None = None) -> Points:
    """Draws the closed outline of the body."""
    edge = neck_edge(b, neckline)
    foot = hem or [(b.hem, b.length - 0.015), (b.hem * 0.5, b.length + 0.008), (0.0, b.length + 0.012)]
    side = [(b.chest, b.armpit), (b.waist, 0.68 * min(b.length, 1.1)), foot[0]]
    return mirror(edge, [edge[-1], (b.shoulder, b.slope)], armhole(b), side, foot)


def back_of_neck(b: BodyBlock) -> tuple[Item, ...]:
    """Draws the inside of the back, seen through the neck opening."""
    w = b.neck * 1.08
    low = max(b.drop * 2.1, 0.2)
    inside = mirror([(0, 0.028), (w * 0.6, 0.018), (w, -0.012)], [(w, -0.01), (w * 0.9, low * 0.5), (0, low)])
    label = outline([(-0.045, 0.055), (0.045, 0.055)], [(0.045, 0.105), (-0.045, 0.105)])
    return Piece(inside, "lining", puff=0.3), Piece(label, "label", puff=0.0)


@dataclass(frozen=True)
class Sleeve:
    """Describes a right sleeve: its outline and the two corners of its end, for cuffs and stitches."""

    shape: Points
    outer: tuple[float, float]
    inner: tuple[float, float]
    angle: float

    def across(self, back: float) -> Points:
        """Draws a line across the sleeve, `back` up from its end."""
        up = np.array([-np.sin(self.angle), -np.cos(self.angle)]) * back
        return spline([tuple(np.array(self.outer) + up), tuple(np.array(self.inner) + up)])


def sleeve(b: BodyBlock, length: float, angle: float, end: float, bow: float = 0.0) -> Sleeve:
    """Builds a sleeve: `angle` in radians from hanging down, `end` half the opening's width, `bow` its bulge."""
    shoulder, armpit = (np.array([b.shoulder - 0.06, b.slope - 0.02]), np.array([b.chest - 0.012, b.armpit + 0.015]))
    along, across = np.array([np.sin(angle), np.cos(angle)]), np.array([np.cos(angle), -np.sin(angle)])
    tip = (shoulder + armpit) / 2 + along * length
    outer, inner = tip + across * end, tip - across * end
    cap = np.array([b.shoulder + 0.02 + 0.3 * bow, b.slope + 0.022])
    top = cap * 0.5 + outer * 0.5 + across * (0.02 + bow)
    low = armpit * 0.55 + inner * 0.45 - across * (0.004 + 0.5 * bow)
    # The sleeve goes on beneath the body, so that no gap shows at the armhole.
    under = [(b.chest - 0.16, b.armpit + 0.02), (b.shoulder - 0.16, b.slope + 0.05)]
    shape = outline([shoulder, cap, top, outer], [outer, tip + along * 0.012, inner], [inner, low, armpit], under)
    return Sleeve(shape, (outer[0], outer[1]), (inner[0], inner[1]), angle)


def sleeve_items(s: Sleeve, cloth: str = "main", hem: float = 0.035, long: float = 0.0) -> tuple[Item, ...]:
    """Draws both sleeves with a stitched hem, and with an elbow's creases where they are `long` (their length)."""
    items: list[Item] = [*pair(Piece(s.shape, cloth, grain=-s.angle, puff=0.9))]
    if hem > 0:
        items += pair(Stroke(s.across(hem), 0.007, -0.2, dash=0.012))
    if long > 0:
        for back in (0.42 * long, 0.52 * long):
            fold = s.across(back)
            items += pair(crease(fold * 0.7 + fold.mean(axis=0) * 0.3 + np.array([0.01, 0.015]), -0.16, 0.028))
    return tuple(items)


def cuffs(s: Sleeve, depth: float, cloth: str, flare: float = 0.01) -> tuple[Item, ...]:
    """Draws a band around the end of each sleeve."""
    along = np.array([np.sin(s.angle), np.cos(s.angle)])
    across = np.array([np.cos(s.angle), -np.sin(s.angle)])
    o, i = np.array(s.outer) + across * flare, np.array(s.inner) - across * flare
    shape = outline([o - along * depth, o + along * 0.02], [i + along * 0.02, i - along * depth])
    return pair(Piece(shape, cloth, grain=-s.angle, puff=0.8, lift=0.25))


def collar_rib(b: BodyBlock, neckline: str, width: float, cloth: str) -> tuple[Item, ...]:
    """Draws a band sewn along the front neck opening."""
    half = spline(neck_edge(b, neckline))
    spine = np.vstack([flip(half)[::-1], half[1:]]) if neckline != "v-neck" else None
    if spine is not None:
        return (
            Piece(ribbon(spine, width), cloth, puff=0.6, lift=0.15),
            Stroke(shift(spine, 0, width * 0.55), 0.006, -0.25),
        )
    return (
        *pair(Piece(ribbon(half, width), cloth, puff=0.6, lift=0.15)),
        *pair(Stroke(shift(half, 0.012, 0.02), 0.006)),
    )


def hem_rib(b: BodyBlock, depth: float, cloth: str) -> tuple[Item, ...]:
    """Draws a knitted band around the bottom, drawn in a little."""
    y, w = b.length - depth * 0.4, b.hem * 0.96
    shape = mirror(
        [(0, y), (b.hem, y - 0.015)], [(w, y + depth * 0.5), (w - 0.01, y + depth)], [(0, y + depth + 0.01)]
    )
    return (Piece(shape, cloth, puff=0.8, lift=0.2),)


def hem_stitch(b: BodyBlock, up: float = 0.035) -> Item:
    """Draws a row of stitches above the bottom edge."""
    y, w = b.length - up, b.hem * 0.985
    return Stroke(spline([(-w, y - 0.012), (0, y + 0.012), (w, y - 0.012)]), 0.007, -0.2, dash=0.012)


def armhole_seams(b: BodyBlock) -> tuple[Item, ...]:
    """Draws the seams where the sleeves are sewn on."""
    return pair(Stroke(spline(armhole(b)), 0.008, -0.28))


def side_creases(b: BodyBlock, rng: np.random.Generator) -> tuple[Item, ...]:
    """Draws soft folds from the armpits towards the middle."""
    items: list[Item] = []
    for side in (-1.0, 1.0):
        x, y = side * b.chest * 0.93, b.armpit + 0.04
        reach = rng.uniform(0.12, 0.24)
        items.append(crease(spline([(x, y), (x - side * reach, y + reach * rng.uniform(0.5, 1.2))]), -0.17, 0.03))
    return tuple(items)
