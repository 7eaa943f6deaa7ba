"""The kinds of product as data: silhouette, cloths, sizes, prices, and where such a thing is photographed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from samples.drawing.garment import Drawing
from samples.shapes.accessories import scarf, sock, sunglasses
from samples.shapes.bags import backpack, bag
from samples.shapes.bottoms import shorts, skirt, trousers
from samples.shapes.dresses import dress
from samples.shapes.headwear import beanie, cap, hat
from samples.shapes.outerwear import coat, jacket
from samples.shapes.shoes import boot, pump, sneaker
from samples.shapes.tops import hoodie, shirt, sweater, t_shirt, tank_top

Silhouette = Callable[[np.random.Generator], Drawing]


@dataclass(frozen=True)
class Kind:
    """One kind of product. Repeats in a tuple make a choice likelier."""

    name: str
    aisle: tuple[str, ...]
    """The product type below the gender, broad to narrow."""
    silhouette: Silhouette
    materials: tuple[str, ...]
    patterns: tuple[str, ...]
    scenes: tuple[str, ...]
    sizes: str
    price: tuple[int, int]
    """Lowest and highest price in whole EUR."""
    genders: tuple[str, ...] = ("female", "male", "unisex")
    kids: float = 0.1
    """Share of styles made for children."""
    weight: float = 1.0


_LAID = ("studio", "studio", "gradient", "wood", "linen", "concrete")
_HUNG = (*_LAID, "hanger", "hanger", "wall")
_WORN = (*_HUNG, "mannequin", "mannequin", "hand")
_BOTTOM = (*_LAID, "hanger", "mannequin", "hand")
_STANDING = ("studio", "studio", "studio", "gradient", "gradient", "wood", "concrete")
_HELD = ("studio", "studio", "gradient", "wood", "linen", "concrete", "hand")
_HEAD = (*_HELD, "mannequin")

_PRINTS = ("solid", "solid", "solid", "striped", "pinstripe", "checked", "dotted", "floral", "camouflage", "marble", "leopard", "color block")
_JERSEY = ("solid", "solid", "solid", "striped", "striped", "dotted", "floral", "camouflage", "marble", "color block")
_WOVEN = ("solid", "solid", "pinstripe", "checked", "checked", "striped", "dotted", "floral", "herringbone")
_KNITTED = ("solid", "solid", "solid", "striped", "striped", "color block", "herringbone")
_HEAVY = ("solid", "solid", "solid", "herringbone", "checked", "camouflage")

KINDS: tuple[Kind, ...] = (
    Kind("dress", ("Dresses",), dress, ("cotton", "viscose", "silk", "linen", "polyester"), (*_PRINTS, "floral", "dotted"), _WORN, "alpha", (35, 160), ("female",), weight=1.7),
    Kind("t-shirt", ("Tops", "T-shirts"), t_shirt, ("cotton", "cotton", "linen", "polyester"), _JERSEY, _WORN, "alpha", (12, 45), kids=0.2, weight=1.6),
    Kind("tank top", ("Tops", "Tank tops"), tank_top, ("cotton", "viscose", "polyester"), _JERSEY, _WORN, "alpha", (10, 35), weight=0.8),
    Kind("shirt", ("Tops", "Shirts"), shirt, ("cotton", "linen", "denim", "viscose"), _WOVEN, _WORN, "alpha", (25, 90), weight=1.4),
    Kind("sweater", ("Tops", "Sweaters"), sweater, ("wool knit", "cotton knit", "cable knit", "wool knit"), _KNITTED, _WORN, "alpha", (30, 140), weight=1.2),
    Kind("hoodie", ("Tops", "Hoodies"), hoodie, ("cotton", "fleece", "polyester"), ("solid", "solid", "solid", "camouflage", "marble", "color block"), _WORN, "alpha", (35, 95), kids=0.2),
    Kind("jacket", ("Outerwear", "Jackets"), jacket, ("denim", "leather", "polyester", "nylon", "corduroy"), ("solid", "solid", "solid", "camouflage", "color block"), _WORN, "alpha", (60, 320)),
    Kind("coat", ("Outerwear", "Coats"), coat, ("wool", "wool", "cotton", "polyester"), _HEAVY, _WORN, "alpha", (90, 420), kids=0.05),
    Kind("trousers", ("Bottoms", "Trousers"), trousers, ("denim", "denim", "cotton", "wool", "corduroy", "linen"), ("solid", "solid", "solid", "pinstripe", "checked", "herringbone", "camouflage"), _BOTTOM, "waist", (35, 140), weight=1.5),
    Kind("shorts", ("Bottoms", "Shorts"), shorts, ("cotton", "denim", "linen", "polyester"), ("solid", "solid", "solid", "striped", "checked", "floral", "camouflage"), _BOTTOM, "waist", (20, 60)),
    Kind("skirt", ("Bottoms", "Skirts"), skirt, ("cotton", "denim", "viscose", "leather", "silk"), (*_PRINTS, "checked"), _BOTTOM, "alpha", (25, 110), ("female",), weight=1.1),
    Kind("cap", ("Accessories", "Caps"), cap, ("cotton", "canvas", "corduroy", "polyester"), ("solid", "solid", "solid", "camouflage", "checked", "striped"), _HELD, "one", (12, 40), kids=0.2, weight=0.8),
    Kind("beanie", ("Accessories", "Beanies"), beanie, ("wool knit", "cotton knit", "cable knit"), ("solid", "solid", "striped", "herringbone"), _HEAD, "one", (12, 45), kids=0.25, weight=0.7),
    Kind("hat", ("Accessories", "Hats"), hat, ("felt", "straw", "cotton", "canvas"), ("solid", "solid", "solid", "herringbone", "checked", "floral"), _HEAD, "hat", (20, 90), weight=0.7),
    Kind("sneaker", ("Shoes", "Sneakers"), sneaker, ("leather", "canvas", "suede", "polyester"), ("solid", "solid", "solid", "solid", "camouflage", "marble", "checked", "leopard"), (*_STANDING, "hand"), "shoe", (40, 170), kids=0.2, weight=1.4),
    Kind("boot", ("Shoes", "Boots"), boot, ("leather", "suede", "leather"), ("solid", "solid", "solid", "leopard"), _STANDING, "shoe", (70, 260), ("female", "male")),
    Kind("pump", ("Shoes", "Pumps"), pump, ("leather", "suede", "patent leather"), ("solid", "solid", "solid", "leopard", "dotted"), _STANDING, "shoe", (45, 190), ("female",), kids=0.0, weight=0.7),
    Kind("bag", ("Accessories", "Bags"), bag, ("leather", "leather", "canvas", "suede", "straw"), ("solid", "solid", "solid", "striped", "checked", "leopard"), (*_STANDING, "hand", "hand"), "one", (25, 280), ("female", "unisex"), kids=0.0),
    Kind("backpack", ("Accessories", "Backpacks"), backpack, ("nylon", "canvas", "leather"), ("solid", "solid", "camouflage", "dotted", "floral", "checked"), (*_STANDING, "hand"), "one", (30, 130), ("unisex",), kids=0.25, weight=0.8),
    Kind("scarf", ("Accessories", "Scarves"), scarf, ("wool", "cotton knit", "silk", "wool knit"), (*_WOVEN, "leopard", "marble"), ("studio", "gradient", "wood", "linen", "mannequin", "mannequin"), "one", (15, 90), weight=0.8),
    Kind("sock", ("Accessories", "Socks"), sock, ("cotton knit", "wool knit"), ("solid", "striped", "striped", "dotted", "checked", "color block"), _HELD, "sock", (5, 20), kids=0.2, weight=0.7),
    Kind("sunglasses", ("Accessories", "Sunglasses"), sunglasses, ("acetate", "metal"), ("solid", "solid", "solid", "leopard", "marble"), ("studio", "studio", "gradient", "wood", "concrete", "mannequin"), "one", (15, 180), kids=0.05, weight=0.7),
)

BY_NAME = {kind.name: kind for kind in KINDS}

SIZES: dict[str, dict[str, tuple[str, ...]]] = {
    "alpha": {
        "female": ("XS", "S", "M", "L", "XL"),
        "male": ("S", "M", "L", "XL", "XXL"),
        "unisex": ("XS", "S", "M", "L", "XL", "XXL"),
        "kids": ("104", "116", "128", "140", "152", "164"),
    },
    "waist": {
        "female": ("34", "36", "38", "40", "42", "44"),
        "male": ("W28", "W30", "W32", "W34", "W36", "W38"),
        "unisex": ("W28", "W30", "W32", "W34", "W36"),
        "kids": ("104", "116", "128", "140", "152", "164"),
    },
    "shoe": {
        "female": ("36", "37", "38", "39", "40", "41"),
        "male": ("40", "41", "42", "43", "44", "45", "46"),
        "unisex": ("37", "38", "39", "40", "41", "42", "43", "44"),
        "kids": ("28", "29", "30", "31", "32", "33", "34"),
    },
    "hat": {"adult": ("S", "M", "L"), "kids": ("50", "52", "54")},
    "sock": {"adult": ("35-38", "39-42", "43-46"), "kids": ("23-26", "27-30", "31-34")},
    "one": {"adult": ("One Size",), "kids": ("One Size",)},
}


def sizes_of(kind: Kind, gender: str, age_group: str) -> tuple[str, ...]:
    """The size run of a kind for these people."""
    system = SIZES[kind.sizes]
    if age_group == "kids":
        return system["kids"]
    return system[gender] if gender in system else system["adult"]
