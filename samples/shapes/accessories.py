"""Scarf and sock."""

import numpy as np

from samples.drawing.garment import Drawing, Folds, Item, Piece, Stroke, crease
from samples.drawing.geometry import Points, mirror, outline, ribbon, spline
from samples.shapes.tops import choose


def _fringe(x: float, y: float, width: float, lean: float, rng: np.random.Generator) -> list[Item]:
    items: list[Item] = []
    for t in np.linspace(-0.46, 0.46, 11):
        top = (x + t * width, y - 0.02)
        end = (top[0] + lean + rng.uniform(-0.015, 0.015), y + rng.uniform(0.12, 0.16))
        items.append(
            Piece(ribbon([top, ((top[0] + end[0]) / 2 + 0.006, y + 0.07), end], 0.022, 0.014), "main", puff=0.4)
        )
    return items


def _tail(x: float, top: float, low: float, width: float, lean: float) -> Points:
    w = width / 2
    return outline(
        [(x - w * 0.75, top), (x - w * 0.95 + lean * 0.5, (top + low) / 2), (x - w + lean, low)],
        [(x + w + lean, low), (x + w * 0.95 + lean * 0.5, (top + low) / 2), (x + w * 0.75, top)],
    )


def draw_scarf(rng: np.random.Generator) -> Drawing:
    """Draws a scarf looped around an invisible neck, two tails hanging, often fringed."""
    wide, thick, fringed = rng.uniform(0.34, 0.44), rng.uniform(0.25, 0.33), rng.random() < 0.65
    lows, lean = (rng.uniform(1.15, 1.45), rng.uniform(0.95, 1.3)), rng.uniform(-0.05, 0.1)
    deep = 0.2 + 0.5 * thick
    outer = [(-0.33, -0.31), (-0.51, -0.16), (-0.46, 0.1), (0.0, deep), (0.46, 0.1), (0.51, -0.16), (0.33, -0.31)]
    inner = [(0.33, -0.31), (0.27, -0.14), (0.0, deep - thick), (-0.27, -0.14), (-0.33, -0.31)]
    ring = mirror([(0, -0.44), (0.22, -0.42), (0.37, -0.32), (0.42, -0.18)], [(0.3, -0.12), (0.18, -0.2), (0, -0.22)])
    items: list[Item] = []
    for x, low, tilt in ((-0.16, lows[0], -lean), (0.17, lows[1], lean)):
        if fringed:
            items += _fringe(x + tilt, low, wide, tilt * 0.15, rng)
        items.append(Piece(_tail(x, 0.1, low, wide, tilt), puff=1.3, lift=0.3))
        for s in (-0.18, 0.12):
            items.append(
                crease(
                    spline(
                        [(x + s * wide, 0.3), (x + s * wide + tilt * 0.5, 0.75), (x + s * wide * 1.5 + tilt, low)]
                    ),
                    -0.18,
                    0.035,
                )
            )
    items.append(Piece(outline(outer, inner), grain=1.2, puff=1.8, lift=0.45))
    for t in (0.28, 0.5, 0.74):
        low = deep - t * thick
        fold = spline(
            [
                (-0.45 + 0.12 * t, -0.12),
                (-0.36 + 0.1 * t, 0.02),
                (0.0, low),
                (0.36 - 0.1 * t, 0.02),
                (0.45 - 0.12 * t, -0.12),
            ]
        )
        items.append(crease(fold, -0.2, 0.03))
    behind = (Piece(ring, "lining", grain=0.2, puff=1.4),)
    return Drawing(
        tuple(items), behind, Folds(0.35, 0.3, 14), {"finish": "fringed" if fringed else "plain"}, (0.0, -0.3)
    )


def _sock(x: float, y: float, leg: float) -> tuple[Points, Points, Points, Points]:
    body = outline(
        [(x - 0.25, y - leg), (x + 0.25, y - leg)],
        [
            (x + 0.25, y - leg),
            (x + 0.235, y - 0.35),
            (x + 0.27, y - 0.06),
            (x + 0.5, y + 0.12),
            (x + 0.86, y + 0.26),
            (x + 0.99, y + 0.42),
            (x + 0.9, y + 0.56),
            (x + 0.7, y + 0.58),
        ],
        [
            (x + 0.7, y + 0.58),
            (x + 0.3, y + 0.5),
            (x - 0.08, y + 0.42),
            (x - 0.29, y + 0.24),
            (x - 0.28, y - 0.1),
            (x - 0.25, y - leg),
        ],
    )
    heel = outline(
        [(x - 0.285, y - 0.06), (x - 0.06, y + 0.14), (x + 0.1, y + 0.46)],
        [(x - 0.08, y + 0.42), (x - 0.29, y + 0.24)],
    )
    toe = outline(
        [(x + 0.72, y + 0.19), (x + 0.66, y + 0.4), (x + 0.66, y + 0.575)],
        [(x + 0.9, y + 0.56), (x + 0.99, y + 0.42), (x + 0.86, y + 0.26)],
    )
    cuff = outline(
        [(x - 0.26, y - leg - 0.01), (x + 0.26, y - leg - 0.01)],
        [(x + 0.25, y - leg + 0.2), (x - 0.255, y - leg + 0.2)],
    )
    return body, heel, toe, cuff


def draw_sock(rng: np.random.Generator) -> Drawing:
    """Draws a pair of socks, one half over the other; heel and toe often in another colour."""
    cut = choose(rng, "ankle", "crew", "knee")
    leg = {"ankle": 0.4, "crew": 0.95, "knee": 1.45}[cut] + rng.uniform(-0.05, 0.05)
    ends = choose(rng, "trim", "main", "trim")
    dx, dy = rng.uniform(0.3, 0.45), rng.uniform(-0.2, -0.05)
    items: list[Item] = []
    for x, y in ((dx, dy), (0.0, 0.0)):
        body, heel, toe, cuff = _sock(x, y, leg)
        items += [Piece(body, puff=1.2, lift=0.4), Piece(heel, ends, puff=0.5), Piece(toe, ends, puff=0.8)]
        items += [Stroke(spline([(x - 0.285, y - 0.06), (x - 0.06, y + 0.14), (x + 0.1, y + 0.46)]), 0.012, -0.2)]
        items += [Piece(cuff, "trim rib" if ends == "trim" and rng.random() < 0.5 else "rib", puff=1.0)]
        items += [
            Stroke(spline([(x - 0.255, y - leg + 0.2), (x, y - leg + 0.21), (x + 0.25, y - leg + 0.2)]), 0.01, -0.25)
        ]
        items += [crease(spline([(x + 0.24, y - 0.12), (x + 0.05, y - 0.02), (x - 0.1, y + 0.02)]), -0.16, 0.035)]
    return Drawing(tuple(items), (), Folds(0.08, 0.35), {"cut": cut}, (0.0, -leg))
