"""T-shirt, tank top, shirt, sweater and hoodie."""

import numpy as np

from samples.drawing.garment import Drawing, Folds, Item, Piece, Stroke, crease, pair, stitch
from samples.drawing.geometry import box, ellipse, mirror, outline, ribbon, spline
from samples.shapes.torso import (
    armhole_seams,
    back_of_neck,
    build_block,
    collar_rib,
    cuffs,
    front,
    hem_rib,
    hem_stitch,
    side_creases,
    sleeve,
    sleeve_items,
)


def choose(rng: np.random.Generator, *names: str) -> str:
    """Returns one of the names."""
    return names[int(rng.integers(len(names)))]


def draw_t_shirt(rng: np.random.Generator) -> Drawing:
    """Draws a t-shirt: short sleeves, a ribbed neck, stitched hems, sometimes a chest pocket."""
    neckline, fit = (choose(rng, "crew neck", "crew neck", "v-neck"), choose(rng, "slim", "regular", "oversized"))
    ease = {"slim": 0.0, "regular": 0.04, "oversized": 0.1}[fit]
    b = build_block(rng, rng.uniform(1.14, 1.3), ease, drop=rng.uniform(0.11, 0.16))
    s = sleeve(b, rng.uniform(0.3, 0.42), rng.uniform(0.62, 0.9), 0.16 + 0.35 * ease)
    items: list[Item] = [*sleeve_items(s), Piece(front(b, neckline), flush=0.9)]
    items += [*armhole_seams(b), hem_stitch(b), *collar_rib(b, neckline, 0.042, choose(rng, "rib", "rib", "trim"))]
    if rng.random() < 0.3:
        items += [
            Piece(box(0.1, 0.38, 0.27, 0.58, 0.02), lift=0.15, puff=0.3),
            stitch(spline([(0.1, 0.42), (0.27, 0.42)])),
        ]
    return Drawing(
        (*items, *side_creases(b, rng)),
        back_of_neck(b),
        Folds(0.16, 0.42),
        {"neckline": neckline, "fit": fit, "sleeve": "short"},
    )


def draw_tank_top(rng: np.random.Generator) -> Drawing:
    """Draws a tank top: two straps, deep armholes, bound edges."""
    wide, drop = rng.uniform(0.055, 0.11), rng.uniform(0.26, 0.36)
    at, chest, length = 0.22, 0.37 + rng.uniform(-0.01, 0.03), rng.uniform(1.0, 1.15)
    neck = [(0.0, drop), (at * 0.6, drop * 0.88), (at - wide * 0.6, drop * 0.4), (at - wide / 2, 0.0)]
    arm = [(at + wide / 2, 0.01), (at + wide * 0.55, 0.22), (chest - 0.06, 0.4), (chest, 0.44)]
    hem = [(chest + 0.02, length), (chest * 0.5, length + 0.025), (0.0, length + 0.03)]
    side = [(chest, 0.44), (chest - 0.05, 0.75), hem[0]]
    low = drop * 0.55
    back = mirror([(0, low), (at * 0.6, low * 0.85), (at - wide / 2, 0)], [(at + 0.02, 0.2), (0.3, 0.5), (0, 0.5)])
    items: list[Item] = [Piece(mirror(neck, [neck[-1], arm[0]], arm, side, hem))]
    for edge in (neck, arm):
        items += pair(Piece(ribbon(edge, 0.028), "rib", puff=0.4, lift=0.1))
    items += [Stroke(spline([(-chest, length - 0.03), (0, length), (chest, length - 0.03)]), 0.007, -0.2, dash=0.012)]
    traits = {"neckline": "scoop neck", "sleeve": "sleeveless", "fit": choose(rng, "slim", "regular")}
    return Drawing(tuple(items), (Piece(back, "lining", puff=0.3),), Folds(0.25, 0.3), traits, (0.0, 0.02))


def _shirt_front(length: float, placket: float) -> list[Item]:
    items: list[Item] = [Piece(box(-placket, 0.1, placket, length - 0.02, 0.01), puff=0.25, lift=0.12)]
    for x in (-placket + 0.01, placket - 0.01):
        items.append(stitch(spline([(x, 0.14), (x, length - 0.05)])))
    for y in np.arange(0.2, length - 0.08, 0.155):
        items.append(Piece(ellipse(0, float(y), 0.017, 0.017), "button", puff=0.6, lift=0.4))
    return items


def _collar_leaf(neck: float, point: float) -> list[Item]:
    leaf = outline(
        [(0.012, 0.11), (neck * 0.62, 0.03), (neck + 0.02, -0.045)],
        [(neck + 0.055, 0.03), (neck * 0.95, 0.105 + point)],
        [(neck * 0.9, 0.12 + point), (0.05, 0.12)],
    )
    edge = spline([(neck + 0.045, 0.03), (neck * 0.9, 0.1 + point), (0.05, 0.108)])
    return [*pair(Piece(leaf, grain=0.9, puff=0.6, lift=0.5)), *pair(stitch(edge * [0.96, 0.97]))]


def draw_shirt(rng: np.random.Generator) -> Drawing:
    """Draws a shirt: collar, placket with buttons, chest pocket, cuffs, a curved hem."""
    long, ease = rng.random() < 0.68, rng.choice([0.0, 0.035, 0.08])
    b = build_block(rng, rng.uniform(1.24, 1.38), float(ease), neck=0.155, drop=0.13)
    length = rng.uniform(0.95, 1.05) if long else rng.uniform(0.36, 0.44)
    s = sleeve(b, length, rng.uniform(0.2, 0.36) if long else rng.uniform(0.55, 0.75), 0.082 if long else 0.165)
    hem = [
        (b.hem, b.length - 0.13),
        (b.hem * 0.82, b.length - 0.02),
        (b.hem * 0.45, b.length + 0.01),
        (0.0, b.length),
    ]
    items: list[Item] = [*sleeve_items(s, hem=0.0 if long else 0.045, long=length if long else 0.0)]
    items += cuffs(s, 0.1, "main") if long else ()
    items += [Piece(front(b, "crew neck", hem), flush=0.9), *armhole_seams(b), *_shirt_front(b.length, 0.04)]
    if rng.random() < 0.7:
        pocket = outline([(0.11, 0.4), (0.29, 0.4)], [(0.29, 0.58), (0.2, 0.62), (0.11, 0.58)])
        items += [Piece(pocket, puff=0.3, lift=0.18), stitch(spline([(0.115, 0.435), (0.285, 0.435)]))]
    items += [*side_creases(b, rng), *_collar_leaf(b.neck, rng.uniform(0.05, 0.11))]
    traits = {"neckline": "shirt collar", "sleeve": "long" if long else "short", "fit": "regular" if ease else "slim"}
    return Drawing(tuple(items), back_of_neck(b), Folds(0.16, 0.5), traits)


def draw_sweater(rng: np.random.Generator) -> Drawing:
    """Draws a sweater: long sleeves, ribbed neck, cuffs and hem."""
    neckline = choose(rng, "crew neck", "v-neck", "turtleneck", "crew neck")
    ease = rng.uniform(0.03, 0.11)
    b = build_block(rng, rng.uniform(1.08, 1.2), ease, drop=0.12)
    length = rng.uniform(0.98, 1.08)
    s = sleeve(b, length, rng.uniform(0.16, 0.34), 0.1, bow=rng.uniform(0.0, 0.035))
    cloth = "trim" if rng.random() < 0.12 else "rib"
    items: list[Item] = [*sleeve_items(s, hem=0.0, long=length), *cuffs(s, 0.1, cloth, -0.012)]
    opening = "crew neck" if neckline == "turtleneck" else neckline
    items += [Piece(front(b, opening), puff=1.15, flush=0.85), *armhole_seams(b), *hem_rib(b, 0.1, cloth)]
    if neckline == "turtleneck":
        n = b.neck
        roll = mirror(
            [(0, -0.145), (n * 0.8, -0.14), (n * 0.98, -0.11)], [(n * 1.08, 0.03), (n * 0.8, 0.11), (0, 0.14)]
        )
        items += [Piece(roll, cloth, puff=1.3, lift=0.4), crease(spline([(-n, -0.01), (0, 0.02), (n, -0.01)]), -0.2)]
    else:
        items += collar_rib(b, opening, 0.062, cloth)
    traits = {"neckline": neckline, "sleeve": "long", "fit": "oversized" if ease > 0.085 else "regular"}
    return Drawing((*items, *side_creases(b, rng)), back_of_neck(b), Folds(0.12, 0.42), traits)


def _hood(neck: float) -> tuple[list[Item], list[Item]]:
    back = mirror([(0, -0.27), (0.15, -0.245), (0.235, -0.12), (0.255, 0.0)], [(0.23, 0.1), (0.1, 0.2), (0, 0.22)])
    inside = mirror([(0, -0.2), (0.1, -0.18), (0.16, -0.08), (0.15, 0.04)], [(0.11, 0.14), (0, 0.22)])
    rim = outline(
        [(0.225, -0.1), (0.262, 0.0), (0.25, 0.1), (0.12, 0.2), (0.0, 0.26)],
        [(0.0, 0.2), (0.1, 0.12), (0.155, 0.0), (0.17, -0.08)],
    )
    return [Piece(back, puff=1.1), Piece(inside, "lining", puff=0.5)], [*pair(Piece(rim, puff=0.8, lift=0.35))]


def draw_hoodie(rng: np.random.Generator) -> Drawing:
    """Draws a hoodie: a hood, a kangaroo pocket or a zip, cords, ribbed ends."""
    zipped, ease = rng.random() < 0.4, rng.uniform(0.05, 0.12)
    b = build_block(rng, rng.uniform(1.1, 1.24), ease, neck=0.19, drop=0.18)
    length = rng.uniform(0.98, 1.06)
    s = sleeve(b, length, rng.uniform(0.18, 0.34), 0.1, bow=0.025)
    behind, rim = _hood(b.neck)
    items: list[Item] = [*sleeve_items(s, hem=0.0, long=length), *cuffs(s, 0.1, "rib", -0.015)]
    items += [Piece(front(b, "crew neck"), puff=1.15, flush=0.85), *armhole_seams(b), *hem_rib(b, 0.09, "rib")]
    w, top, low = 0.25, rng.uniform(0.68, 0.72), b.length - 0.05
    pocket = mirror([(0, top), (w * 0.62, top)], [(w * 0.8, top + 0.1), (w, low - 0.12)], [(w, low), (0, low)])
    items += [
        Piece(pocket, puff=0.7, lift=0.25),
        *pair(stitch(spline([(w * 0.56, top + 0.02), (w * 0.74, top + 0.11), (w * 0.92, low - 0.11)]))),
    ]
    if zipped:
        items += [
            Stroke(spline([(0, 0.2), (0, b.length + 0.03)]), 0.028, -0.45),
            Piece(box(-0.006, 0.2, 0.006, b.length + 0.03), "metal"),
        ]
    items += [*side_creases(b, rng), *rim]
    for side, reach in ((-1.0, rng.uniform(0.2, 0.32)), (1.0, rng.uniform(0.2, 0.32))):
        cord = [(side * 0.07, 0.21), (side * 0.085, 0.21 + reach * 0.6), (side * 0.075, 0.21 + reach)]
        items += [
            Piece(ribbon(cord, 0.018), "cord", puff=0.5, lift=0.4),
            Piece(ellipse(side * 0.07, 0.21, 0.013, 0.013), "metal"),
        ]
    traits = {"neckline": "hooded", "sleeve": "long", "closure": "zip" if zipped else "pullover"}
    return Drawing(tuple(items), tuple(behind), Folds(0.14, 0.5), traits, (0.0, -0.24))
