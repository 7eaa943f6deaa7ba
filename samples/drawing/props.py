"""Draws what a product hangs on or is worn by: hangers, a shop dummy, heads."""

from dataclasses import dataclass

from samples.drawing.garment import Item, Piece, Stroke, crease
from samples.drawing.geometry import box, ellipse, mirror, outline, ribbon, spline


@dataclass(frozen=True)
class Props:
    """Things drawn before the product, inside it (between its back and its front), and over it."""

    before: tuple[Item, ...] = ()
    inside: tuple[Item, ...] = ()
    over: tuple[Item, ...] = ()
    reach: tuple[float, float] | None = None
    """y from and to which the camera must show, where the product alone would cut the prop off."""


def _hook(x: float, low: float, size: float) -> Piece:
    top = low - size
    curl = [
        (x, low),
        (x, top),
        (x + 0.01, top - 0.05),
        (x + 0.06, top - 0.085),
        (x + 0.11, top - 0.05),
        (x + 0.105, top),
    ]
    return Piece(ribbon(curl, 0.022), "steel", puff=0.7)


def _rail(y: float) -> Piece:
    return Piece(ribbon([(-6, y), (6, y)], 0.05), "steel", puff=1.2)


def draw_hanger(at: tuple[float, float], rail: float) -> Props:
    """Draws a wooden hanger in the shoulders; `rail` above 0 draws the bar it hangs from."""
    y = min(at[1], -0.02)
    arm = [(-0.4, 0.13), (-0.22, 0.035), (0.0, -0.03), (0.22, 0.035), (0.4, 0.13)]
    top = y - 0.24
    before = (_rail(top - 0.05),) if rail > 0 else (Piece(ellipse(0.055, top - 0.055, 0.03, 0.03), "steel"),)
    inside = (_hook(0.0, -0.03, 0.0 - top - 0.03), Piece(ribbon(arm, 0.05), "timber", puff=1.0, lift=0.4))
    return Props(before, inside, (), (top - 0.1, top))


def draw_clips(at: tuple[float, float], rail: float) -> Props:
    """Draws a bar with two clips, for trousers and skirts."""
    y = at[1] - 0.1
    bar = Piece(ribbon([(-0.3, y), (0.3, y)], 0.03), "steel", puff=0.9)
    grips = [
        Piece(box(x - 0.03, y - 0.03, x + 0.03, at[1] + 0.055, 0.012), "button", puff=0.8, lift=0.5)
        for x in (-0.22, 0.22)
    ]
    top = y - 0.2
    before = (_rail(top - 0.05),) if rail > 0 else ()
    return Props(before, (), (_hook(0.0, y, 0.2), bar, *grips), (top - 0.1, top))


def draw_dummy() -> Props:
    """Draws a headless figure in the proportions the body block is cut for."""
    torso = mirror(
        [(0, -0.3), (0.1, -0.3)],
        [(0.1, -0.3), (0.105, -0.1), (0.18, 0.0), (0.36, 0.07)],
        [(0.36, 0.07), (0.415, 0.16), (0.40, 0.36)],
        [(0.37, 0.42), (0.30, 0.7), (0.35, 0.98), (0.345, 1.2), (0.27, 1.75), (0.25, 2.1), (0.18, 2.75), (0.15, 3.3)],
        [(0.07, 3.3), (0.06, 2.7), (0.07, 2.1), (0.04, 1.75), (0.006, 1.2)],
    )
    neck = Piece(ellipse(0, -0.3, 0.1, 0.024), "dummy dark", puff=0.3)
    return Props((), (Piece(torso, "dummy", puff=2.0), neck), (), (-0.36, 0.4))


def draw_head(x: float, y: float, wide: float, high: float) -> Props:
    """Draws a faceless display head with its neck and shoulders; (x, y) is the middle of the face."""
    cheek = [(wide * 0.42, high * 0.93), (wide * 0.86, high * 0.45), (wide, -high * 0.1), (wide * 0.74, -high * 0.74)]
    right = [(x + dx, y + dy) for dx, dy in cheek]
    left = [(x - dx, y + dy) for dx, dy in cheek[::-1]]
    shape = outline([(x, y + high), *right, (x, y - high), *left, (x, y + high)])
    n, low = wide * 0.5, y + high * 1.32
    bust = mirror(
        [(0, y + 0.5 * high), (n, y + 0.55 * high)],
        [(n, low - 0.2 * high), (n * 1.2, low), (wide * 2.1, low + 0.32 * high), (wide * 2.5, low + 7 * high)],
        [(0, low + 7 * high)],
    )
    nose = spline(
        [(x - wide * 0.06, y - high * 0.08), (x - wide * 0.14, y + high * 0.3), (x + wide * 0.02, y + high * 0.34)]
    )
    mouth = spline([(x - wide * 0.22, y + high * 0.58), (x, y + high * 0.6), (x + wide * 0.22, y + high * 0.58)])
    brow = [
        crease(
            spline(
                [
                    (x + s * wide * 0.2, y - high * 0.05),
                    (x + s * wide * 0.44, y - high * 0.1),
                    (x + s * wide * 0.66, y - high * 0.02),
                ]
            ),
            -0.1,
            wide * 0.12,
        )
        for s in (-1, 1)
    ]
    face = (crease(nose, -0.14, wide * 0.06), Stroke(mouth, wide * 0.05, -0.16, soft=wide * 0.02), *brow)
    return Props((), (Piece(bust, "dummy", puff=2.0), Piece(shape, "dummy", puff=2.2, lift=0.3), *face), (), None)
