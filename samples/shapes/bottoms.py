"""Trousers, shorts and skirt: waist at y=0.62."""

import numpy as np

from samples.drawing.garment import Drawing, Folds, Item, Piece, Stroke, crease, pair, stitch
from samples.drawing.geometry import box, ellipse, flip, mirror, outline, ribbon, shift, spline
from samples.shapes.dresses import pleats, scallop_hem
from samples.shapes.tops import choose

_WAIST = 0.62


def _waistband(half: float, depth: float, button: str) -> list[Item]:
    y = _WAIST
    band = mirror([(0, y + 0.022), (half, y)], [(half + 0.012, y + depth), (0, y + depth + 0.022)])
    items: list[Item] = [Piece(band, puff=0.5, lift=0.2)]
    for x in (half * 0.45, half * 0.88):
        items += pair(Piece(box(x - 0.014, y - 0.006, x + 0.014, y + depth + 0.03, 0.005), puff=0.6, lift=0.35))
    return [*items, Piece(ellipse(0, y + depth * 0.5 + 0.022, 0.02, 0.02), button, puff=0.8, lift=0.4)]


def _fly(half: float, crotch: float, tone: float) -> list[Item]:
    y = _WAIST + 0.1
    items: list[Item] = [Stroke(spline([(0, y), (0.0, crotch)]), 0.009, -0.4)]
    items.append(stitch(spline([(0.055, y), (0.055, crotch - 0.13), (0.005, crotch - 0.05)]), tone))
    pocket = spline([(half * 0.42, y - 0.005), (half * 0.6, y + 0.1), (half * 1.04, y + 0.13)])
    items += [*pair(Stroke(pocket, 0.01, -0.4)), *pair(stitch(shift(pocket, -0.004, 0.02), tone))]
    for reach in (0.13, 0.2):
        items += pair(crease(spline([(0.01, crotch - 0.01), (reach, crotch + 0.5 * reach - 0.04)]), -0.11, 0.025))
    return items


def _legs(half: float, hip: float, crotch: float, low: float, knee: float, end: float, gap: float) -> Piece:
    """Draws both legs in one piece; `gap` is the distance of the inner hem from the middle."""
    mid = crotch + 0.47 * (low - crotch)
    outer = [
        (half, _WAIST),
        (half + 0.045, _WAIST + 0.16),
        (hip, crotch - 0.05),
        (gap + 2 * knee, mid),
        (gap + 2 * end, low),
    ]
    inner = [(gap, low), (gap * 0.8 + 0.006, mid), (0.012, crotch + 0.03)]
    hem = [(gap + 2 * end, low), (gap + end, low + 0.014), (gap, low)]
    return Piece(mirror([(0, _WAIST + 0.02), (half, _WAIST)], outer, hem, inner, [(0.0, crotch)]), puff=1.1)


def _cut(rng: np.random.Generator) -> tuple[str, float, float]:
    cut = choose(rng, "slim", "straight", "wide", "tapered", "flared")
    knee, end = {
        "slim": (0.125, 0.095),
        "straight": (0.148, 0.142),
        "wide": (0.185, 0.215),
        "tapered": (0.16, 0.1),
        "flared": (0.125, 0.19),
    }[cut]
    return cut, knee + rng.uniform(-0.006, 0.01), end + rng.uniform(-0.006, 0.01)


def draw_trousers(rng: np.random.Generator) -> Drawing:
    """Draws trousers: waistband with loops, fly, pockets; creased, turned up or cargo."""
    cut, knee, end = _cut(rng)
    half, crotch, low = 0.30 + rng.uniform(-0.01, 0.03), rng.uniform(1.12, 1.2), rng.uniform(2.4, 2.6)
    gap = rng.uniform(0.015, 0.08)
    finish = choose(rng, "plain", "pressed crease", "turn-ups", "cargo pockets")
    back = mirror([(0, _WAIST - 0.012), (half, _WAIST)], [(half, _WAIST + 0.07), (0, _WAIST + 0.08)])
    items: list[Item] = [
        _legs(half, 0.375, crotch, low, knee, end, gap),
        *_fly(half, crotch, 0.4),
        *_waistband(half, 0.075, "metal"),
    ]
    if finish == "pressed crease":
        items += pair(Stroke(spline([(0.2, 0.85), (gap + knee, 1.75), (gap + end, low)]), 0.016, 0.3, soft=0.006))
    elif finish == "turn-ups":
        turn = outline(
            [(gap - 0.01, low - 0.1), (gap + 2 * end + 0.012, low - 0.1)],
            [(gap + 2 * end + 0.012, low + 0.01), (gap - 0.01, low + 0.01)],
        )
        items += pair(Piece(turn, "lining" if rng.random() < 0.5 else "main", puff=0.6, lift=0.3))
    elif finish == "cargo pockets":
        x, y = gap + 1.25 * knee, 1.5
        items += pair(Piece(box(x - 0.06, y, x + 0.13, y + 0.24, 0.02), puff=0.5, lift=0.3))
        items += pair(Piece(box(x - 0.07, y - 0.02, x + 0.14, y + 0.06, 0.01), puff=0.5, lift=0.3))
    if finish != "turn-ups":
        items += pair(stitch(spline([(gap + 0.005, low - 0.04), (gap + 2 * end - 0.005, low - 0.04)]), 0.3))
    for y in (1.72, 1.8, 2.25):
        items += pair(crease(spline([(gap + 0.02, y), (gap + knee, y + 0.03)]), -0.09, 0.03))
    traits = {"cut": cut, "finish": finish}
    return Drawing(tuple(items), (Piece(back, "lining", puff=0.2),), Folds(0.2, 0.36, 14), traits, (0.0, _WAIST))


def draw_shorts(rng: np.random.Generator) -> Drawing:
    """Draws shorts: a buttoned waistband or a drawstring."""
    sporty, low = rng.random() < 0.45, rng.uniform(1.3, 1.62)
    half, crotch, gap = 0.30 + rng.uniform(0, 0.03), rng.uniform(1.08, 1.13), rng.uniform(0.02, 0.05)
    end = rng.uniform(0.165, 0.2)
    items: list[Item] = [_legs(half, 0.385, crotch, low, end - 0.005, end, gap), *_fly(half, crotch, 0.3)]
    if sporty:
        band = mirror([(0, _WAIST), (half, _WAIST - 0.01)], [(half + 0.01, _WAIST + 0.1), (0, _WAIST + 0.115)])
        items.append(Piece(band, "rib", puff=0.8, lift=0.2))
        for side in (-1.0, 1.0):
            cord = [(side * 0.03, _WAIST + 0.08), (side * 0.06, _WAIST + 0.2), (side * 0.05, _WAIST + 0.32)]
            items.append(Piece(ribbon(cord, 0.018), "cord", puff=0.5, lift=0.35))
        if rng.random() < 0.5:
            items += pair(
                Piece(
                    ribbon([(half + 0.02, 0.74), (0.36, crotch), (gap + 2 * end - 0.02, low - 0.01)], 0.04),
                    "trim",
                    puff=0.2,
                )
            )
    else:
        items += _waistband(half, 0.075, "button")
    items += pair(stitch(spline([(gap + 0.005, low - 0.05), (gap + 2 * end - 0.005, low - 0.05)]), 0.3))
    return Drawing(tuple(items), (), Folds(0.2, 0.42, 11), {"cut": "sport" if sporty else "chino"}, (0.0, _WAIST))


def draw_skirt(rng: np.random.Generator) -> Drawing:
    """Draws a pencil, A-line, pleated or tiered skirt, from mini to maxi."""
    cut, length = (choose(rng, "pencil", "a-line", "pleated", "tiered"), choose(rng, "mini", "knee", "midi", "maxi"))
    low = {"mini": 1.15, "knee": 1.45, "midi": 1.9, "maxi": 2.45}[length] + rng.uniform(-0.05, 0.05)
    fall, half = low - _WAIST, 0.285 + rng.uniform(0, 0.02)
    spread = {
        "pencil": 0.36,
        "a-line": 0.39 + 0.13 * fall,
        "pleated": 0.40 + 0.18 * fall,
        "tiered": 0.40 + 0.2 * fall,
    }[cut]
    hem = scallop_hem(
        spread, low, {"pencil": 2, "a-line": 4, "pleated": 13, "tiered": 9}[cut], 0.0 if cut == "pencil" else 0.02
    )
    hip = (max(0.385, half + 0.4 * (spread - half)), _WAIST + min(0.38, 0.45 * fall))
    body = mirror([(0, _WAIST + 0.02), (half, _WAIST)], [(half, _WAIST), hip, hem[0]], hem)
    items: list[Item] = [Piece(body, puff=1.15)]
    items += pleats(
        rng, _WAIST + 0.06, half, low, spread, {"pencil": 2, "a-line": 5, "pleated": 17, "tiered": 9}[cut]
    )
    if cut == "tiered":
        for t in (0.36, 0.68):
            w = half + (spread - half) * t * 1.02
            y = _WAIST + t * fall
            items.append(Stroke(spline([(-w, y - 0.02), (0, y + 0.02), (w, y - 0.02)]), 0.014, -0.36))
            items.append(crease(spline([(-w, y + 0.02), (0, y + 0.06), (w, y + 0.02)]), -0.18, 0.05))
    if cut == "pencil":
        items.append(Stroke(spline([(0.14, low), (0.13, low - 0.26)]), 0.014, -0.5))
    band = mirror([(0, _WAIST + 0.018), (half, _WAIST)], [(half + 0.01, _WAIST + 0.075), (0, _WAIST + 0.095)])
    items.append(Piece(band, choose(rng, "main", "main", "rib", "trim"), puff=0.6, lift=0.25))
    back = Piece(
        flip(mirror([(0, _WAIST - 0.012), (half, _WAIST)], [(half, _WAIST + 0.06), (0, _WAIST + 0.07)])), "lining"
    )
    return Drawing(
        tuple(items),
        (back,),
        Folds(0.5 if cut != "pencil" else 0.12, 0.22, 10),
        {"cut": cut, "length": length},
        (0.0, _WAIST),
    )
