"""Takes the photo: puts a drawing before a backdrop, with its props, under a lamp, and develops it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from samples.drawing import canvas as paint
from samples.drawing.backdrop import BACKDROPS
from samples.drawing.canvas import SIZE, Canvas, Patch, Throw
from samples.drawing.cloth import Cloth
from samples.drawing.garment import Drawing, Item, Piece, Stroke
from samples.drawing.geometry import Camera, Points, ellipse
from samples.drawing.light import Lamp, apply_light, build_folds, compute_light
from samples.drawing.noise import Field, resize, speckle
from samples.drawing.props import Props

_USUAL_ZOOM = 190.0
"""Pixels per garment unit at which a print has its usual size."""


@dataclass(frozen=True)
class Setting:
    """Describes everything about the photo that is not the product."""

    backdrop: str
    camera: Camera
    props: Props
    lamp: Lamp
    shadow: str
    """`flat` on a floor, `wall` behind it, `ground` under a thing that stands, `none`."""


@dataclass(frozen=True)
class DrawnPhoto:
    """`rgb` (400, 400, 3) uint8; `worn`, `main` (400, 400) float32, the product's and its main cloth's coverage."""

    rgb: NDArray[np.uint8]
    worn: Field
    main: Field


class _Painter:
    def __init__(self, canvas: Canvas, setting: Setting, wardrobe: Mapping[str, Cloth], seed: int) -> None:
        self.canvas, self.setting, self.wardrobe, self.seed = canvas, setting, wardrobe, seed
        self.folds: Field = np.zeros((SIZE // paint.CELL, SIZE // paint.CELL), dtype=np.float32)
        self.repeat = float(np.clip(_USUAL_ZOOM / setting.camera.zoom, 0.75, 1.5))

    def draw(self, items: Iterable[Item]) -> None:
        """Paints props, which are not counted as product."""
        for item in items:
            self._stroke(item) if isinstance(item, Stroke) else self._part(item)

    def dress(self, items: Iterable[Item]) -> None:
        """Paints the product itself and counts it in the masks."""
        for item in items:
            if isinstance(item, Stroke):
                self._stroke(item)
                continue
            patch = self._part(item)
            if patch is not None:
                self.canvas.claim(patch, 1.0 if item.cloth in ("main", "rib") else 0.0)

    def _part(self, part: Piece) -> Patch | None:
        camera, lamp = self.setting.camera, self.setting.lamp
        patch = paint.fill(camera.project(part.shape), 16.0 if part.lift else 8.0)
        if patch is None:
            return None
        if part.lift:
            far = 1.0 + 4.0 * part.lift
            self.canvas.overlap(patch, 0.62 * part.lift + 0.08, (round(-lamp.x * far), round(-lamp.y * far)))
        cloth = self.wardrobe[part.cloth]
        u, v = self._threads(patch, part.grain, cloth.pattern)
        rgb = cloth.weave(u, v, self.repeat, np.random.default_rng(self.seed))
        beneath = self.canvas.worn[patch.area] * np.float32(part.flush) if part.flush else None
        light = compute_light(patch, beneath, self.folds, part.puff, lamp)
        self.canvas.cover(patch, apply_light(rgb, light, cloth.shine))
        return patch

    def _threads(self, patch: Patch, grain: float, pattern: str) -> tuple[Field, Field]:
        camera = self.setting.camera
        x = ((np.arange(patch.x0, patch.x1, dtype=np.float32) + 0.5 - camera.centre[0]) / SIZE)[None, :]
        y = ((np.arange(patch.y0, patch.y1, dtype=np.float32) + 0.5 - camera.centre[1]) / SIZE)[:, None]
        angle = camera.turn + camera.facing * grain
        c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        u, v = x * c + y * s, y * c - x * s
        if pattern != "solid":
            # Prints follow the folds they are on.
            h, w = patch.mask.shape
            bend = resize(self.folds[patch.cells], h, w)
            u, v = u + 0.006 * bend, v + 0.008 * bend
        return np.asarray(u, dtype=np.float32), np.asarray(v, dtype=np.float32)

    def _stroke(self, stroke: Stroke) -> None:
        camera = self.setting.camera
        zoom = camera.zoom
        soft = stroke.soft * zoom
        patch = paint.line(camera.project(stroke.line), max(0.7, stroke.width * zoom), soft, stroke.dash * zoom)
        if patch is not None:
            # A blurred line is thinner at its heart: make up for it.
            self.canvas.shade(patch, stroke.tone * (1.5 if soft else 1.0))


def _throw_shadow(canvas: Canvas, drawing: Drawing, setting: Setting) -> None:
    camera, lamp = setting.camera, setting.lamp
    shapes = [camera.project(i.shape) for i in (*drawing.behind, *drawing.items) if isinstance(i, Piece)]
    props = [camera.project(i.shape) for i in setting.props.inside if isinstance(i, Piece)]
    away = (-lamp.x, -lamp.y)
    if setting.shadow == "flat":
        near = Throw(shapes, 4.0, 0.36, (away[0] * 3, away[1] * 3))
        canvas.shadow([Throw(shapes + props, 9.0, 0.34, (away[0] * 7, away[1] * 7)), near])
    elif setting.shadow == "wall":
        canvas.shadow([Throw(shapes + props, 14.0, 0.24, (away[0] * 14, away[1] * 13))])
    elif setting.shadow == "ground":
        canvas.shadow(_on_the_ground(np.vstack(shapes), away[0] * 10))


def _on_the_ground(points: Points, shift: float) -> list[Throw]:
    low, left, right = points[:, 1].max(), points[:, 0].min(), points[:, 0].max()
    middle, half = (left + right) / 2, (right - left) / 2
    rings = [ellipse(middle, low - 2, wide * half, high * half) for wide, high in ((1.05, 0.13), (0.9, 0.035))]
    return [Throw(rings[:1], 12.0, 0.34, (shift, 0.0)), Throw(rings[1:], 4.0, 0.5, (shift, 0.0))]


def _develop(rgb: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.uint8]:
    warmth, exposure = rng.normal(0, 0.014), rng.normal(1.0, 0.025)
    line = np.linspace(-1, 1, SIZE, dtype=np.float32) ** 2
    gain = 255 - np.float32(255 * rng.uniform(0, 0.045)) * (line[None, :] + line[:, None])
    grain = np.float32(255 * rng.uniform(0.002, 0.008)) * speckle(rng, SIZE, SIZE) + np.float32(0.5)
    image = np.empty((SIZE, SIZE, 3), dtype=np.uint8)
    for channel, tint in enumerate((1 + warmth, 1.0, 1 - warmth)):
        image[:, :, channel] = np.clip(rgb[channel] * (np.float32(exposure * tint) * gain) + grain, 0, 255)
    return image


def shoot(drawing: Drawing, wardrobe: Mapping[str, Cloth], setting: Setting, rng: np.random.Generator) -> DrawnPhoto:
    """Paints the drawing in the given cloths and setting; every bit of it follows from the arguments."""
    canvas = Canvas(BACKDROPS[setting.backdrop](rng))
    painter = _Painter(canvas, setting, wardrobe, int(rng.integers(2**32)))
    painter.draw(setting.props.before)
    _throw_shadow(canvas, drawing, setting)
    folds = build_folds(drawing.folds, setting.camera.turn, rng)
    painter.folds = folds
    painter.dress(drawing.behind)
    painter.folds = folds * 0
    painter.draw(setting.props.inside)
    painter.folds = folds
    painter.dress(drawing.items)
    painter.folds = folds * 0
    painter.draw(setting.props.over)
    return DrawnPhoto(_develop(canvas.rgb, rng), canvas.worn, canvas.main)
