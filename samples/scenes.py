"""Builds the scene in which a product is photographed: backdrop, camera, lamp and props."""

from dataclasses import replace

import numpy as np

from samples.drawing.canvas import SIZE
from samples.drawing.garment import Drawing
from samples.drawing.geometry import Camera
from samples.drawing.hands import draw_fist, draw_pinch
from samples.drawing.light import Lamp
from samples.drawing.photo import Setting
from samples.drawing.props import Props, draw_clips, draw_dummy, draw_hanger, draw_head

_FLOORS = {"wood": "wood", "linen": "linen", "concrete": "concrete"}
_STANDS = ("sneaker", "boot", "pump", "bag", "backpack")
_CLIPPED = ("trousers", "shorts", "skirt")
_HANDLED = ("bag", "backpack")
_ACCESSORIES = ("cap", "beanie", "hat", "sneaker", "sock", "scarf", "sunglasses", *_HANDLED)

_HAND_SIZE = {"cap": 0.4, "beanie": 0.42, "hat": 0.42, "sneaker": 0.5, "sock": 0.38, "bag": 0.4, "backpack": 0.36}
"""Width of a hand in each kind's own garment units."""

_HAND_LEAN = {"sock": np.pi, "cap": 0.6, "sneaker": -0.7}
"""Where the arm comes from, in radians from straight below."""

_HEADS = {
    "beanie": (0.52, 0.56, 0.8),
    "hat": (0.5, 0.5, 0.72),
    "sunglasses": (0.22, 0.98, 1.35),
    "scarf": (-0.78, 0.27, 0.38),
}
"""y of the face's middle, half width and half height of the head that wears it."""


def _props(kind: str, scene: str, drawing: Drawing, rng: np.random.Generator) -> Props:
    rail = float(rng.uniform(-1, 1))
    if scene == "hanger":
        return draw_clips(drawing.hold, rail) if kind in _CLIPPED else draw_hanger(drawing.hold, rail)
    if scene == "hand":
        return _hold(kind, drawing, rng)
    if scene == "mannequin":
        return _figure(kind, drawing)
    return Props()


def _hold(kind: str, drawing: Drawing, rng: np.random.Generator) -> Props:
    x, y = drawing.hold
    if kind in _HANDLED:
        return Props(over=draw_fist(x, y, _HAND_SIZE[kind]), reach=(y - 0.55, y))
    if kind in _HAND_SIZE:
        return draw_pinch(x, y, _HAND_SIZE[kind], float(rng.uniform(-0.3, 0.3)) + _HAND_LEAN.get(kind, 0.0))
    if kind in _CLIPPED:
        return _carry(draw_clips(drawing.hold, -1), y - 0.42)
    return _carry(draw_hanger(drawing.hold, -1), min(y, -0.02) - 0.32)


def _carry(held: Props, top: float) -> Props:
    return Props((), held.inside, (*held.over, *draw_fist(0.05, top + 0.02, 0.19)), (top - 0.3, top))


def _figure(kind: str, drawing: Drawing) -> Props:
    if kind in _HEADS:
        return draw_head(0.0, *_HEADS[kind])
    figure = draw_dummy()
    # Below the waist the camera does not care for the shoulders.
    return figure if drawing.bounds()[1] < 0.4 else Props(figure.before, figure.inside)


def _camera(kind: str, scene: str, drawing: Drawing, props: Props, rng: np.random.Generator) -> Camera:
    x0, y0, x1, y1 = drawing.bounds()
    if props.reach is not None:
        y0, y1 = min(y0, props.reach[0]), max(y1, props.reach[1])
    if scene == "mannequin" and kind in ("beanie", "hat", "sunglasses"):
        x0, x1, y1 = x0 - 0.25, x1 + 0.25, y1 + 0.75
    if scene == "hand" and kind in _ACCESSORIES and kind not in _HANDLED:
        y0, y1 = (y0 - 0.5, y1) if kind == "sock" else (y0, y1 + 0.5)
    fill = rng.uniform(0.72, 0.86) if kind in _ACCESSORIES or kind in _STANDS else rng.uniform(0.82, 0.94)
    upright = scene in ("hanger", "mannequin", "hand", "wall") or (kind in _STANDS and scene not in _FLOORS)
    turn = float(rng.normal(0, 0.018 if upright else 0.05 if scene not in _FLOORS else 0.22))
    across, along = abs(np.cos(turn)), abs(np.sin(turn))
    wide, high = (x1 - x0) * across + (y1 - y0) * along, (y1 - y0) * across + (x1 - x0) * along
    zoom = float(min(fill * SIZE / wide, fill * SIZE / high, 300))
    room = 0.5 * (1 - fill) * SIZE * 0.5
    centre = (SIZE / 2 + float(rng.uniform(-room, room)), SIZE / 2 + float(rng.uniform(-room, room)) * 0.6)
    facing = -1.0 if rng.random() < 0.5 else 1.0
    middle = ((x0 + x1) / 2, (y0 + y1) / 2)
    wobble = float(rng.uniform(0.004, 0.02)) if scene != "mannequin" and kind not in _STANDS else 0.004
    return Camera(
        centre, middle, zoom, turn, facing, wobble, (float(rng.uniform(0, 6.28)), float(rng.uniform(0, 6.28)))
    )


def _backdrop(kind: str, scene: str, rng: np.random.Generator) -> str:
    if scene in _FLOORS:
        return _FLOORS[scene]
    if scene == "wall":
        return "wall"
    if scene in ("hanger", "hand", "mannequin"):
        return ("wall", "wall", "gradient", "studio")[int(rng.integers(4))]
    if kind in _STANDS:
        return "cove"
    return scene


def _shadow(kind: str, scene: str) -> str:
    if scene in _FLOORS or (scene in ("studio", "gradient") and kind not in _STANDS):
        return "flat"
    return "ground" if kind in _STANDS and scene in ("studio", "gradient") else "wall"


def adapt_to_scene(kind: str, scene: str, drawing: Drawing) -> Drawing:
    """Returns the product as this scene shows it: on a face, the temples of glasses run backwards, out of sight."""
    return replace(drawing, behind=()) if kind == "sunglasses" and scene == "mannequin" else drawing


def build_setting(kind: str, scene: str, drawing: Drawing, rng: np.random.Generator) -> Setting:
    """Builds the named scene for this product, with the small accidents of one particular photo."""
    props = _props(kind, scene, drawing, rng)
    camera = _camera(kind, scene, drawing, props, rng)
    side = -1.0 if rng.random() < 0.7 else 1.0
    lamp = Lamp(side * float(rng.uniform(0.45, 0.8)), -float(rng.uniform(0.55, 0.9)), float(rng.uniform(0.8, 1.2)))
    return Setting(_backdrop(kind, scene, rng), camera, props, lamp, _shadow(kind, scene))
