"""Dress: bodice and skirt in many cuts."""

import numpy as np

from samples.drawing.garment import Drawing, Folds, Item, Piece, Stroke, crease, pair
from samples.drawing.geometry import Points, Run, mirror, ribbon, shift, spline
from samples.shapes.tops import choose
from samples.shapes.torso import (
    BodyBlock,
    armhole,
    armhole_seams,
    back_of_neck,
    build_block,
    collar_rib,
    cuffs,
    neck_edge,
    sleeve,
    sleeve_items,
)

_LENGTHS = {"mini": 1.45, "knee": 1.75, "midi": 2.1, "maxi": 2.6}
_SKIRTS = {"straight": 0.02, "a-line": 0.2, "flared": 0.42}


def pleats(rng: np.random.Generator, top: float, wide: float, low: float, hem: float, count: int) -> list[Item]:
    """Draws folds that fan out from the waist to the hem."""
    items: list[Item] = []
    for t in np.linspace(-0.86, 0.86, count) + rng.uniform(-0.4, 0.4, count) / count:
        middle = (t * (0.45 * wide + 0.55 * hem), top + 0.5 * (low - top))
        fold = spline([(t * wide, top + 0.02), middle, (t * hem, low - 0.01)])
        items.append(Stroke(fold, rng.uniform(0.018, 0.035), -rng.uniform(0.12, 0.26), soft=0.012))
        items.append(Stroke(shift(fold, 0.035, 0.0), 0.025, 0.12, soft=0.014))
    return items


def scallop_hem(hem: float, low: float, waves: int, depth: float) -> Run:
    """Draws the right half of a hem that hangs in soft waves."""
    x = np.linspace(1, 0, max(4, waves))
    dip = depth * (0.5 + 0.5 * np.cos(np.arange(len(x)) * np.pi))
    return [(float(hem * t), float(low + 0.05 * (1 - t * t) - d)) for t, d in zip(x, dip, strict=True)]


def _bodice(b: BodyBlock, neckline: str, sleeve_kind: str, hem: Run) -> Points:
    waist, edge = 0.74, neck_edge(b, neckline)
    side = [(b.chest, b.armpit), (b.waist, waist)]
    fall = [(b.waist, waist), (b.waist * 0.55 + hem[0][0] * 0.45 + 0.03, waist + 0.36 * (hem[0][1] - waist)), hem[0]]
    if sleeve_kind != "straps":
        return mirror(edge, [edge[-1], (b.shoulder, b.slope)], armhole(b), side, fall, hem)
    top = [(0.0, b.drop * 1.5), (0.16, b.drop * 1.35), (0.27, b.drop * 1.0)]
    return mirror(top, [(0.27, b.drop), (b.chest - 0.02, b.armpit)], side, fall, hem)


def _arms(b: BodyBlock, kind: str, rng: np.random.Generator) -> list[Item]:
    if kind == "short":
        return [*sleeve_items(sleeve(b, rng.uniform(0.24, 0.34), rng.uniform(0.55, 0.8), 0.14))]
    if kind == "puff":
        s = sleeve(b, 0.3, 0.62, 0.12, bow=0.1)
        return [*sleeve_items(s, hem=0.0), *cuffs(s, 0.04, "main", -0.005)]
    if kind == "long":
        s = sleeve(b, 1.0, rng.uniform(0.2, 0.34), 0.09, bow=0.02)
        return [*sleeve_items(s, hem=0.0, long=1.0), *cuffs(s, 0.06, "main", -0.008)]
    return []


def draw_dress(rng: np.random.Generator) -> Drawing:
    """Draws a dress whose neckline, sleeves, waist, skirt and length vary freely."""
    kind = choose(rng, "sleeveless", "straps", "short", "puff", "long")
    neckline = "sweetheart" if kind == "straps" else choose(rng, "crew neck", "v-neck", "boat neck", "square neck")
    length, skirt = choose(rng, *_LENGTHS), choose(rng, *_SKIRTS)
    b = build_block(rng, 1.0, rng.uniform(-0.045, 0.0), neck=0.19, drop=0.17)
    waist = b.chest - rng.uniform(0.08, 0.11)
    b = BodyBlock(b.neck, b.drop, b.shoulder - 0.03, b.slope, b.chest, b.armpit, waist, b.hem, b.length)
    low = _LENGTHS[length] + rng.uniform(-0.08, 0.08)
    spread = 0.42 + _SKIRTS[skirt] * (0.55 + 0.3 * (low - 1.0)) + rng.uniform(0, 0.05)
    hem = scallop_hem(
        spread, low, {"straight": 2, "a-line": 5, "flared": 8}[skirt], 0.0 if skirt == "straight" else 0.022
    )
    items: list[Item] = [*_arms(b, kind, rng), Piece(_bodice(b, neckline, kind, hem), puff=1.1, flush=0.85)]
    items += pleats(rng, 0.78, waist, low, spread, {"straight": 3, "a-line": 6, "flared": 11}[skirt])
    items += _finish(b, kind, neckline, waist, rng)
    behind = [] if kind == "straps" else [*back_of_neck(b)]
    traits = {"neckline": neckline, "sleeve": kind, "length": length, "skirt": skirt}
    return Drawing(tuple(items), tuple(behind), Folds(0.42 if skirt != "straight" else 0.2, 0.2, 9), traits)


def _finish(b: BodyBlock, kind: str, neckline: str, waist: float, rng: np.random.Generator) -> list[Item]:
    seam = spline([(-waist, 0.74), (0, 0.765), (waist, 0.74)])
    items: list[Item] = [Stroke(seam, 0.01, -0.35), crease(shift(seam, 0.0, 0.03), -0.15, 0.04)]
    if rng.random() < 0.45:
        items.append(Piece(ribbon(seam, 0.075), choose(rng, "trim", "main", "leather"), puff=0.5, lift=0.3))
    if kind == "straps":
        items += pair(Piece(ribbon([(0.25, b.drop + 0.02), (0.23, 0.05), (0.2, -0.03)], 0.035), "main", puff=0.4))
        return [*items, *pair(crease(spline([(0.3, 0.4), (0.17, 0.48), (0.06, 0.46)]), -0.16, 0.03))]
    if neckline in ("crew neck", "v-neck"):
        items += collar_rib(b, neckline, 0.022, "main")
    if kind != "sleeveless":
        items += armhole_seams(b)
    return [*items, *pair(crease(spline([(0.2, 0.7), (0.19, 0.55), (0.22, 0.44)]), -0.15, 0.02))]
