"""Builds the cloths that a drawing's pieces need from the names of colour, pattern and material."""

from dataclasses import dataclass

import numpy as np

from samples.drawing.cloth import Cloth, Colours, mix, plain
from samples.palette import BY_NAME, luminance, partners


@dataclass(frozen=True)
class SampleMaterial:
    """Describes a material: what a shop calls it, the surface it shows, and how it shines."""

    label: str
    surface: str
    shine: float = 0.0


MATERIALS: dict[str, SampleMaterial] = {
    "cotton": SampleMaterial("cotton", "smooth"),
    "linen": SampleMaterial("linen", "linen"),
    "viscose": SampleMaterial("viscose", "smooth", 0.06),
    "polyester": SampleMaterial("polyester", "smooth", 0.08),
    "silk": SampleMaterial("silk", "smooth", 0.3),
    "denim": SampleMaterial("denim", "denim"),
    "corduroy": SampleMaterial("corduroy", "corduroy"),
    "fleece": SampleMaterial("fleece", "wool"),
    "wool": SampleMaterial("wool", "wool"),
    "felt": SampleMaterial("wool", "wool"),
    "wool knit": SampleMaterial("wool", "knit"),
    "cotton knit": SampleMaterial("cotton", "knit"),
    "cable knit": SampleMaterial("wool", "cable"),
    "leather": SampleMaterial("leather", "leather", 0.32),
    "patent leather": SampleMaterial("leather", "smooth", 0.75),
    "suede": SampleMaterial("suede", "suede"),
    "canvas": SampleMaterial("canvas", "canvas"),
    "nylon": SampleMaterial("nylon", "smooth", 0.18),
    "quilted nylon": SampleMaterial("nylon", "quilted", 0.16),
    "straw": SampleMaterial("straw", "straw"),
    "acetate": SampleMaterial("acetate", "smooth", 0.6),
    "metal": SampleMaterial("metal", "smooth", 0.9),
}

_SKINS = ((242, 206, 182), (224, 178, 146), (196, 144, 108), (150, 100, 70), (98, 64, 46))
_DUMMIES = ((232, 228, 222), (208, 204, 200), (222, 200, 174), (70, 68, 70), (240, 240, 240))
_METALS = ((196, 198, 202), (206, 172, 104), (110, 112, 116))
_LEATHERS = ((150, 98, 58), (92, 58, 38), (40, 36, 35), (188, 138, 90))
_SOLES = ((240, 240, 236), (246, 246, 244), (196, 152, 104), (46, 46, 48))
_GLASS = ((28, 28, 32), (58, 42, 32), (30, 52, 48), (40, 48, 82))
_TIMBERS = ((196, 150, 102), (120, 80, 50), (226, 208, 180), (236, 236, 234))


def _rgb(name: str) -> Colours:
    return np.asarray(np.array(BY_NAME[name].rgb, dtype=np.float32) / 255, dtype=np.float32)


def _choose(rng: np.random.Generator, choices: tuple[tuple[int, int, int], ...]) -> tuple[int, int, int]:
    return choices[int(rng.integers(len(choices)))]


def choose_accents(colour: str, rng: np.random.Generator) -> tuple[str, str]:
    """Returns the second and third colour of a style in this colour; equal random numbers give matching choices."""
    first, second = (int(i) for i in rng.permutation(6)[:2])
    names = partners(colour)
    other = names[second] if names[second] != names[first] else names[(second + 1) % 6]
    return names[first], other


def build_cloths(colour: str, pattern: str, material: str, rng: np.random.Generator) -> dict[str, Cloth]:
    """Builds every cloth a drawing may name, for one style in one colour."""
    stuff, (second, third) = MATERIALS[material], choose_accents(colour, rng)
    main, dark = _rgb(colour), luminance(BY_NAME[colour].rgb) < 0.3
    colours = np.stack([main, _rgb(second), _rgb(third)]).astype(np.float32)
    scale = float(rng.uniform(0.8, 1.35))
    black, white = np.zeros(3, dtype=np.float32), np.ones(3, dtype=np.float32)
    ribbed = "rib" if stuff.surface in ("smooth", "wool", "knit", "cable", "quilted") else stuff.surface
    lining = mix(main, black, 0.3) if not dark else mix(main, white, 0.1)
    own = {
        "main": Cloth(colours, pattern, stuff.surface, scale, stuff.shine),
        "rib": Cloth(mix(main, black, 0.04)[None], "solid", ribbed),
        "trim": Cloth(
            colours[1:2], "solid", stuff.surface if stuff.surface != "quilted" else "smooth", 1.0, stuff.shine
        ),
        "trim rib": Cloth(colours[1:2], "solid", ribbed),
        "lining": Cloth(lining[None], "solid", "smooth"),
        "cord": Cloth(
            (mix(main, white, 0.75) if rng.random() < 0.6 else mix(main, black, 0.6))[None], "solid", "canvas"
        ),
        "fur": Cloth(mix(main, white, 0.6)[None], "solid", "wool"),
        "elastic": Cloth(mix(main, black, 0.65)[None], "solid", "rib"),
        "heel": Cloth(mix(main, black, 0.78)[None], "solid", "smooth", 1.0, 0.1),
    }
    return own | _haberdashery(rng, dark)


def _haberdashery(rng: np.random.Generator, dark: bool) -> dict[str, Cloth]:
    """Builds the cloths of everything sewn on or standing around, which do not follow the product's colour."""
    dummy = _choose(rng, _DUMMIES)
    skin = _choose(rng, _SKINS)
    nail = (min(255, skin[0] + 12), min(255, skin[1] + 4), min(255, skin[2] + 6))
    return {
        "button": plain(
            _choose(rng, ((236, 232, 222), (60, 50, 46), (150, 112, 78))) if not dark else (70, 66, 64), shine=0.3
        ),
        "label": plain((232, 230, 224) if rng.random() < 0.7 else (40, 40, 44)),
        "metal": plain(_choose(rng, _METALS), shine=0.8),
        "sole": plain(_choose(rng, _SOLES)),
        "glass": plain(_choose(rng, _GLASS), shine=0.5),
        "leather": plain(_choose(rng, _LEATHERS), "leather", 0.2),
        "hole": plain((24, 24, 26)),
        "steel": plain((168, 170, 174), shine=0.7),
        "timber": plain(_choose(rng, _TIMBERS), "suede", 0.1),
        "dummy": plain(dummy, shine=0.05),
        "dummy dark": plain((int(dummy[0] * 0.8), int(dummy[1] * 0.8), int(dummy[2] * 0.8))),
        "skin": plain(skin, "suede"),
        "nail": plain(nail, shine=0.3),
    }
