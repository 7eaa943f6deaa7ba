"""Outlines of cloth: smooth curves through points, mirrored halves, ribbons, and the camera that projects them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""Shape (n, 2): x to the right, y downwards, in garment units (a shoulder is about 0.45 from the middle)."""

Run = Sequence[tuple[float, float] | Points]
"""Points on a line, in order: pairs, or vectors of two."""

_STEPS = 7


def spline(points: Run | Points) -> Points:
    """Returns the uniform Catmull-Rom curve through all points (Catmull and Rom, 1974), open, shape (n, 2)."""
    p = np.asarray(points, dtype=np.float64)
    if len(p) < 3:
        return p
    padded = np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    a, b, c, d = (padded[i : len(p) - 1 + i, None, :] for i in range(4))
    t = np.linspace(0.0, 1.0, _STEPS, endpoint=False)[None, :, None]
    middle = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    return np.vstack([middle.reshape(-1, 2), p[-1:]])


def outline(*runs: Run | Points) -> Points:
    """Returns a closed outline: each run is smooth, runs meet in corners."""
    return np.vstack([spline(run) for run in runs])


def flip(points: Points) -> Points:
    """Mirrors a shape to the other side of the garment's middle line."""
    return np.asarray(points * np.array([-1.0, 1.0]), dtype=np.float64)


def shift(points: Points, dx: float, dy: float) -> Points:
    """Shifts a shape."""
    return np.asarray(points + np.array([dx, dy]), dtype=np.float64)


def mirror(*runs: Run | Points) -> Points:
    """Returns a closed symmetric outline from its right half, given from the top middle to the bottom middle."""
    half = outline(*runs)
    return np.vstack([half, flip(half)[::-1]])


def ribbon(spine: Run | Points, start: float, end: float | None = None) -> Points:
    """Returns a closed strip along a smooth spine, `start` wide at its beginning and `end` wide at its end."""
    s = spline(spine)
    t = np.gradient(s, axis=0)
    normal = np.stack([-t[:, 1], t[:, 0]], axis=1) / np.maximum(np.linalg.norm(t, axis=1, keepdims=True), 1e-9)
    width = np.linspace(start, start if end is None else end, len(s))[:, None] / 2
    return np.vstack([s + normal * width, (s - normal * width)[::-1]])


def ellipse(x: float, y: float, rx: float, ry: float, turn: float = 0.0) -> Points:
    """Returns a closed ellipse around (x, y), turned by `turn` radians."""
    a = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    px, py = rx * np.cos(a), ry * np.sin(a)
    return np.stack([x + px * np.cos(turn) - py * np.sin(turn), y + px * np.sin(turn) + py * np.cos(turn)], axis=1)


def box(x0: float, y0: float, x1: float, y1: float, corner: float = 0.0) -> Points:
    """Returns a closed rectangle with corners rounded by `corner`."""
    c = corner
    return outline(
        [(x0 + c, y0), (x1 - c, y0)],
        [(x1 - c, y0), (x1 - 0.29 * c, y0 + 0.29 * c), (x1, y0 + c)],
        [(x1, y1 - c), (x1 - 0.29 * c, y1 - 0.29 * c), (x1 - c, y1)],
        [(x0 + c, y1), (x0 + 0.29 * c, y1 - 0.29 * c), (x0, y1 - c)],
        [(x0, y0 + c), (x0 + 0.29 * c, y0 + 0.29 * c), (x0 + c, y0)],
    )


@dataclass(frozen=True)
class Camera:
    """Projects a garment into the photo: pixels = centre + zoom · turn · (flip · (p + wobble(p)) - middle)."""

    centre: tuple[float, float]
    middle: tuple[float, float]
    zoom: float
    turn: float
    facing: float = 1.0
    wobble: float = 0.0
    phase: tuple[float, float] = (0.0, 0.0)

    def project(self, points: Points) -> Points:
        """Converts garment units to pixels, shape (n, 2)."""
        x, y = points[:, 0], points[:, 1]
        # Nothing sewn is exactly symmetric: a slow wave bends every outline and seam alike.
        wx = x + self.wobble * np.sin(2.3 * y + 1.1 * x + self.phase[0])
        wy = y + self.wobble * np.sin(2.1 * x - 0.9 * y + self.phase[1])
        dx, dy = self.facing * (wx - self.middle[0]), wy - self.middle[1]
        c, s = np.cos(self.turn), np.sin(self.turn)
        return np.stack(
            [self.centre[0] + self.zoom * (c * dx - s * dy), self.centre[1] + self.zoom * (s * dx + c * dy)], axis=1
        )
