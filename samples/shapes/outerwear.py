"""Jacket (bomber, trucker, puffer, biker) and coat (single- or double-breasted, belted)."""

import numpy as np

from samples.drawing.garment import Drawing, Folds, Item, Piece, Stroke, crease, pair, stitch
from samples.drawing.geometry import box, ellipse, mirror, outline, ribbon, shift, spline
from samples.shapes.tops import choose
from samples.shapes.torso import (
    BodyBlock,
    Sleeve,
    armhole_seams,
    back_of_neck,
    build_block,
    cuffs,
    front,
    hem_rib,
    side_creases,
    sleeve,
    sleeve_items,
)


def _zip(top: float, low: float, x: float = 0.0) -> list[Item]:
    return [
        Stroke(spline([(x, top), (x, low)]), 0.034, -0.4),
        Piece(box(x - 0.007, top, x + 0.007, low), "metal", puff=0.0),
        Piece(box(x - 0.012, top + 0.03, x + 0.012, top + 0.1, 0.008), "metal", puff=0.4, lift=0.3),
    ]


def _stand(b: BodyBlock, height: float, cloth: str) -> list[Item]:
    n = b.neck
    inside = mirror([(0, -height * 1.05), (n * 0.8, -height * 1.08), (n, -height)], [(n, 0.05), (0, 0.1)])
    shape = mirror(
        [(0, -height * 0.5), (n * 0.55, -height * 0.66), (n * 0.98, -height)],
        [(n * 1.1, -height * 0.5), (n * 1.16, 0.04), (n * 0.6, 0.15), (0, 0.18)],
    )
    return [Piece(inside, "lining", puff=0.4), Piece(shape, cloth, puff=0.9, lift=0.3)]


def _chambers(b: BodyBlock, s: Sleeve, length: float) -> list[Item]:
    """Draws the quilting seams of a down jacket, each with the swell above and below it."""
    items: list[Item] = []
    for y in np.arange(0.26, b.length - 0.02, 0.125):
        w = float(np.interp(y, [b.slope, b.armpit, b.length], [b.shoulder - 0.04, b.chest - 0.015, b.hem - 0.015]))
        seam = spline([(-w, y - 0.01), (-0.5 * w, y + 0.012), (0, y + 0.004), (0.5 * w, y + 0.012), (w, y - 0.01)])
        items += [
            Stroke(seam, 0.01, -0.4),
            crease(shift(seam, 0, 0.02), -0.2, 0.03),
            Stroke(shift(seam, 0, -0.05), 0.03, 0.18, soft=0.015),
        ]
    for back in np.arange(0.12, length - 0.1, 0.125):
        line = s.across(float(back))
        items += [*pair(Stroke(line, 0.01, -0.4)), *pair(crease(shift(line, 0, 0.02), -0.2, 0.03))]
    return items


def _slanted_pockets(y: float) -> tuple[Item, ...]:
    return pair(Piece(ribbon([(0.16, y), (0.27, y + 0.17)], 0.03), "main", puff=0.5, lift=0.35))


def _trucker(b: BodyBlock) -> list[Item]:
    items: list[Item] = [Piece(box(-0.035, 0.12, 0.035, b.length - 0.03), puff=0.3, lift=0.15)]
    items += [stitch(spline([(-b.chest * 0.97, 0.36), (0, 0.38), (b.chest * 0.97, 0.36)]), 0.5)]
    flap = outline([(0.1, 0.36), (0.29, 0.36)], [(0.29, 0.43), (0.195, 0.475), (0.1, 0.43)])
    items += pair(Piece(flap, puff=0.4, lift=0.3))
    for x0, x1 in ((0.12, 0.09), (0.27, 0.2)):
        items += pair(stitch(spline([(x0, 0.46), (x1, b.length - 0.1)]), 0.5))
    for y in (0.2, 0.36, 0.52, 0.68, 0.84):
        items.append(Piece(ellipse(0, y, 0.02, 0.02), "metal", puff=0.7, lift=0.4))
    leaf = outline(
        [(0.012, 0.12), (0.12, 0.02), (b.neck + 0.02, -0.05)],
        [(b.neck + 0.08, 0.06), (0.2, 0.2)],
        [(0.2, 0.2), (0.05, 0.14)],
    )
    return [*items, *pair(Piece(leaf, puff=0.5, lift=0.45))]


def _biker(b: BodyBlock) -> list[Item]:
    lapel = outline(
        [(0.0, 0.3), (b.neck * 0.7, 0.05), (b.neck + 0.02, -0.05)], [(b.neck + 0.1, 0.1), (0.24, 0.28), (0.06, 0.42)]
    )
    items: list[Item] = [*pair(Piece(lapel, puff=0.6, lift=0.45)), *_slanted_pockets(0.62)]
    cut = [(0.06, 0.4), (0.11, 0.7), (0.13, b.length)]
    items += [Stroke(spline(cut), 0.03, -0.4), Piece(ribbon(cut, 0.012), "metal", puff=0.0)]
    belt = mirror([(0, b.length - 0.1), (b.hem, b.length - 0.115)], [(b.hem, b.length - 0.01), (0, b.length + 0.012)])
    return [
        *items,
        Piece(belt, puff=0.6, lift=0.25),
        Piece(box(-0.05, b.length - 0.09, 0.04, b.length, 0.01), "metal"),
    ]


def draw_jacket(rng: np.random.Generator) -> Drawing:
    """Draws short outerwear with a zip or metal buttons."""
    cut = choose(rng, "bomber", "trucker", "puffer", "biker")
    ease = {"bomber": 0.1, "trucker": 0.05, "puffer": 0.13, "biker": 0.03}[cut] + rng.uniform(0, 0.02)
    b = build_block(rng, rng.uniform(1.0, 1.12), ease, neck=0.18, drop=0.15)
    length, bow = rng.uniform(0.98, 1.06), 0.04 if cut in ("bomber", "puffer") else 0.012
    s = sleeve(b, length, rng.uniform(0.2, 0.36), 0.105 + 0.3 * bow, bow=bow)
    ends = "rib" if cut == "bomber" else "main"
    items: list[Item] = [*sleeve_items(s, hem=0.0, long=length), *cuffs(s, 0.085, ends, -0.012)]
    items += [Piece(front(b, "crew neck"), puff=1.2, flush=0.8), *armhole_seams(b)]
    if cut == "trucker":
        items += _trucker(b)
    elif cut == "biker":
        items += _biker(b)
    else:
        items += _chambers(b, s, length) if cut == "puffer" else _slanted_pockets(0.64)
        items += [*hem_rib(b, 0.1, ends), *_zip(0.12, b.length + 0.04)]
        items += _stand(b, 0.09 if cut == "bomber" else 0.14, ends)
        items.append(Piece(box(-0.007, 0.02, 0.007, 0.2), "metal", puff=0.0))
    return Drawing((*items, *side_creases(b, rng)), back_of_neck(b), Folds(0.1, 0.55), {"cut": cut, "sleeve": "long"})


def _lapels(b: BodyBlock, low: float) -> list[Item]:
    lapel = outline(
        [(0.0, low), (b.neck * 0.55, low * 0.45), (b.neck * 0.95, -0.03)],
        [(b.neck + 0.07, 0.16), (0.27, 0.25)],
        [(0.27, 0.25), (0.16, low * 0.72), (0.0, low)],
    )
    collar = outline(
        [(b.neck * 0.75, 0.08), (b.neck * 0.98, -0.06)],
        [(b.neck + 0.06, 0.02), (0.29, 0.15)],
        [(0.22, 0.21), (b.neck * 0.75, 0.1)],
    )
    edge = spline([(b.neck + 0.07, 0.17), (0.26, 0.255), (0.152, low * 0.72), (0.005, low - 0.01)])
    return [
        *pair(Piece(lapel, puff=0.6, lift=0.5)),
        *pair(Stroke(shift(edge, 0.008, 0.008), 0.012, -0.4)),
        *pair(Stroke(shift(edge, -0.012, 0.0), 0.01, 0.22)),
        *pair(Piece(collar, puff=0.7, lift=0.5)),
    ]


def draw_coat(rng: np.random.Generator) -> Drawing:
    """Draws long outerwear with lapels, large buttons, pocket flaps, sometimes a belt."""
    double, belted = rng.random() < 0.5, rng.random() < 0.4
    b = build_block(rng, rng.uniform(1.6, 2.0), rng.uniform(0.04, 0.09), neck=0.17, drop=0.2)
    flare, low = rng.uniform(0.03, 0.12), rng.uniform(0.42, 0.55)
    b = BodyBlock(b.neck, b.drop, b.shoulder, b.slope, b.chest, b.armpit, b.waist, b.hem + flare, b.length)
    length = rng.uniform(1.0, 1.08)
    s = sleeve(b, length, rng.uniform(0.14, 0.24), 0.115)
    items: list[Item] = [*sleeve_items(s, hem=0.09, long=length), Piece(front(b, "v-neck"), puff=1.2, flush=0.8)]
    x = 0.13 if double else 0.0
    items += [*armhole_seams(b), Stroke(spline([(x + 0.03, low), (x + 0.04, b.length + 0.01)]), 0.012, -0.4)]
    items += [crease(spline([(0.0, low + 0.5), (-0.02, b.length)]), -0.12, 0.05)]
    flap = outline([(0.15, 1.02), (0.34, 1.0)], [(0.345, 1.07), (0.155, 1.09)])
    items += [*pair(Piece(flap, puff=0.4, lift=0.3)), *_lapels(b, low)]
    for y in np.arange(low + 0.08, 1.3, 0.24):
        for side in (-x, x) if double else (0.0,):
            items.append(Piece(ellipse(side, float(y), 0.027, 0.027), "button", puff=0.9, lift=0.45))
    if belted:
        w = b.waist + 0.02
        items.append(Piece(mirror([(0, 0.78), (w, 0.77)], [(w, 0.87), (0, 0.885)]), puff=0.6, lift=0.35))
        items.append(Piece(ribbon([(0.02, 0.86), (0.05, 1.05), (0.03, 1.28)], 0.085, 0.095), puff=0.6, lift=0.4))
        items.append(Piece(box(-0.04, 0.76, 0.05, 0.9, 0.02), "button", puff=0.6, lift=0.3))
    traits = {
        "cut": "double-breasted" if double else "single-breasted",
        "sleeve": "long",
        "belt": "belted" if belted else "no belt",
    }
    return Drawing((*items, *side_creases(b, rng)), back_of_neck(b), Folds(0.32, 0.36, 10), traits)
