"""What a product hangs on, is worn by or is held in: hangers, a shop dummy, heads and hands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from samples.drawing.garment import Item, Part, Stroke, crease
from samples.drawing.geometry import box, ellipse, mirrored, outline, ribbon, spline


@dataclass(frozen=True)
class Props:
    """Things drawn before the product, inside it (between its back and its front), and over it."""

    before: tuple[Item, ...] = ()
    inside: tuple[Item, ...] = ()
    over: tuple[Item, ...] = ()
    reach: tuple[float, float] | None = None
    """y from and to which the camera must show, where the product alone would cut the prop off."""


def _hook(x: float, low: float, size: float) -> Part:
    top = low - size
    curl = [(x, low), (x, top), (x + 0.01, top - 0.05), (x + 0.06, top - 0.085), (x + 0.11, top - 0.05), (x + 0.105, top)]
    return Part(ribbon(curl, 0.022), "steel", puff=0.7)


def _rail(y: float) -> Part:
    return Part(ribbon([(-6, y), (6, y)], 0.05), "steel", puff=1.2)


def hanger(at: tuple[float, float], rail: float) -> Props:
    """A wooden hanger in the shoulders; `rail` above 0 draws the bar it hangs from."""
    y = min(at[1], -0.02)
    arm = [(-0.4, 0.13), (-0.22, 0.035), (0.0, -0.03), (0.22, 0.035), (0.4, 0.13)]
    top = y - 0.24
    before = (_rail(top - 0.05),) if rail > 0 else (Part(ellipse(0.055, top - 0.055, 0.03, 0.03), "steel"),)
    inside = (_hook(0.0, -0.03, 0.0 - top - 0.03), Part(ribbon(arm, 0.05), "timber", puff=1.0, lift=0.4))
    return Props(before, inside, (), (top - 0.1, top))


def clips(at: tuple[float, float], rail: float) -> Props:
    """A bar with two clips, for trousers and skirts."""
    y = at[1] - 0.1
    bar = Part(ribbon([(-0.3, y), (0.3, y)], 0.03), "steel", puff=0.9)
    grips = [Part(box(x - 0.03, y - 0.03, x + 0.03, at[1] + 0.055, 0.012), "button", puff=0.8, lift=0.5) for x in (-0.22, 0.22)]
    top = y - 0.2
    before = (_rail(top - 0.05),) if rail > 0 else ()
    return Props(before, (), (_hook(0.0, y, 0.2), bar, *grips), (top - 0.1, top))


def dummy() -> Props:
    """A headless figure in the proportions the body block is cut for."""
    torso = mirrored(
        [(0, -0.3), (0.1, -0.3)],
        [(0.1, -0.3), (0.105, -0.1), (0.18, 0.0), (0.36, 0.07)],
        [(0.36, 0.07), (0.415, 0.16), (0.40, 0.36)],
        [(0.37, 0.42), (0.30, 0.7), (0.35, 0.98), (0.345, 1.2), (0.27, 1.75), (0.25, 2.1), (0.18, 2.75), (0.15, 3.3)],
        [(0.07, 3.3), (0.06, 2.7), (0.07, 2.1), (0.04, 1.75), (0.006, 1.2)],
    )
    neck = Part(ellipse(0, -0.3, 0.1, 0.024), "dummy dark", puff=0.3)
    return Props((), (Part(torso, "dummy", puff=2.0), neck), (), (-0.36, 0.4))


def head(x: float, y: float, wide: float, high: float) -> Props:
    """A faceless display head with its neck and shoulders; (x, y) is the middle of the face."""
    shape = outline(
        [(x, y - high), (x + wide * 0.72, y - high * 0.72), (x + wide, y - high * 0.1), (x + wide * 0.86, y + high * 0.45), (x + wide * 0.42, y + high * 0.93), (x, y + high)],
        [(x, y + high), (x - wide * 0.42, y + high * 0.93), (x - wide * 0.86, y + high * 0.45), (x - wide, y - high * 0.1), (x - wide * 0.72, y - high * 0.72), (x, y - high)],
    )
    n, low = wide * 0.5, y + high * 1.32
    bust = mirrored([(0, y + 0.5 * high), (n, y + 0.55 * high)], [(n, low - 0.2 * high), (n * 1.2, low), (wide * 2.1, low + 0.32 * high), (wide * 2.5, low + 1.6 * high)], [(0, low + 1.6 * high)])
    nose = spline([(x - wide * 0.06, y - high * 0.08), (x - wide * 0.14, y + high * 0.3), (x + wide * 0.02, y + high * 0.34)])
    mouth = spline([(x - wide * 0.22, y + high * 0.58), (x, y + high * 0.6), (x + wide * 0.22, y + high * 0.58)])
    brow = [crease(spline([(x + s * wide * 0.2, y - high * 0.05), (x + s * wide * 0.44, y - high * 0.1), (x + s * wide * 0.66, y - high * 0.02)]), -0.1, wide * 0.12) for s in (-1, 1)]
    face = (crease(nose, -0.14, wide * 0.06), Stroke(mouth, wide * 0.05, -0.16, soft=wide * 0.02), *brow)
    return Props((), (Part(bust, "dummy", puff=2.0), Part(shape, "dummy", puff=2.2, lift=0.3), *face), (), None)


def fist(x: float, y: float, size: float) -> tuple[Item, ...]:
    """A hand from above, its four fingers closed around something at (x, y)."""
    s = size
    arm = Part(ribbon([(x + 0.5 * s, y - 9 * s), (x + 0.16 * s, y - 2.2 * s), (x + 0.02 * s, y - 0.5 * s)], 1.15 * s, 0.86 * s), "skin", puff=2.2)
    back = Part(outline([(x - 0.42 * s, y - 0.95 * s), (x + 0.44 * s, y - 0.95 * s), (x + 0.56 * s, y - 0.3 * s), (x + 0.52 * s, y + 0.12 * s)], [(x - 0.5 * s, y + 0.12 * s), (x - 0.56 * s, y - 0.4 * s), (x - 0.42 * s, y - 0.95 * s)]), "skin", puff=1.4)
    items: list[Item] = [arm, back]
    for k, drop in enumerate((0.16, 0.26, 0.24, 0.12)):
        fx = x + (-0.4 + 0.265 * k) * s
        finger = outline([(fx - 0.125 * s, y - 0.2 * s), (fx - 0.14 * s, y + 0.05 * s), (fx - 0.1 * s, y + drop * s + 0.08 * s), (fx, y + drop * s + 0.14 * s), (fx + 0.1 * s, y + drop * s + 0.08 * s), (fx + 0.14 * s, y + 0.05 * s), (fx + 0.125 * s, y - 0.2 * s)])
        items += [Part(finger, "skin", puff=1.3, lift=0.3), Stroke(spline([(fx - 0.08 * s, y - 0.02 * s), (fx, y + 0.01 * s), (fx + 0.08 * s, y - 0.02 * s)]), 0.03 * s, -0.15)]
    thumb = ribbon([(x + 0.5 * s, y - 0.5 * s), (x + 0.5 * s, y - 0.02 * s), (x + 0.22 * s, y + 0.24 * s), (x + 0.06 * s, y + 0.24 * s)], 0.34 * s, 0.2 * s)
    return (*items, Part(thumb, "skin", puff=1.3, lift=0.4))


def pinch(x: float, y: float, size: float, lean: float) -> Props:
    """A hand from below whose thumb lies on the product at (x, y) and whose fingers are behind it."""
    s, out = size, np.array([np.sin(lean), np.cos(lean)])
    side = np.array([out[1], -out[0]])

    def at(along: float, across: float) -> tuple[float, float]:
        p = np.array([x, y]) + s * (along * out + across * side)
        return float(p[0]), float(p[1])

    arm = Part(ribbon([at(9, 0.5), at(2.4, 0.1), at(0.9, 0.0)], 1.3 * s, 0.8 * s), "skin", puff=2.2)
    palm = Part(outline([at(1.5, -0.4), at(0.8, -0.55), at(0.1, -0.5), at(-0.3, -0.3), at(-0.4, 0.1), at(-0.1, 0.42), at(0.8, 0.52), at(1.5, 0.4)]), "skin", puff=1.8)
    fingers = [Part(ribbon([at(0.3, c), at(-0.35 - d, c * 1.15)], 0.26 * s, 0.2 * s), "skin", puff=1.2, lift=0.3) for c, d in ((-0.38, 0.05), (-0.12, 0.25), (0.14, 0.2), (0.36, 0.0))]
    thumb = Part(outline([at(1.25, 0.5), at(0.6, 0.42), at(0.0, 0.16), at(-0.3, 0.02), at(-0.36, -0.12), at(-0.24, -0.22), at(0.1, -0.14), at(0.7, 0.02), at(1.3, 0.1)]), "skin", puff=1.5, lift=0.5)
    nail = Part(ellipse(*at(-0.22, -0.08), 0.085 * s, 0.11 * s, -lean), "nail", puff=0.5)
    return Props((), (arm, palm, *fingers), (thumb, nail), None)
