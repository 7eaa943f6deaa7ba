"""Formats brands, titles and descriptions: what a shop would write about a product it knows by its attributes."""

from collections.abc import Mapping

import numpy as np

BRANDS = (
    "Nordhem", "Lira & Co", "Alma Reyes", "Kestrel", "Fjordline", "Maison Ode", "Tallow", "Brightwater", "Osker",
    "Pine & Plum", "Solenne", "Urban Yard",
)  # fmt: skip
BRANDS_SHOES = ("Stride", "Cobbler & Daughters", "Volanti", "Nordhem", "Pavement", "Kestrel")
BRANDS_KIDS = ("Little Fox", "Puddle Jump", "Minimo", "Nordhem Kids")

_PLURAL = {"sneaker": "sneakers", "boot": "boots", "pump": "pumps", "sock": "socks"}
_UNSAID = (
    "shirt collar", "hooded", "regular", "plain", "no belt", "pullover", "crew neck", "short", "sleeveless", "long",
    "cuffed", "baseball", "court", "daypack", "straight", "knee", "puff",
)  # fmt: skip
_PATTERN_WORDS = {
    "checked": "checked",
    "dotted": "polka-dot",
    "marble": "tie-dye",
    "leopard": "leopard-print",
    "camouflage": "camouflage-print",
}
_FOR = {"female": "women", "male": "men", "unisex": "everyone"}

_OPENINGS = (
    "Something to live in",
    "The one you will reach for first",
    "Easy wear for every day",
    "Our favourite this season",
    "A considered take on a classic",
    "Made to be worn often",
)
_CARE = (
    "Machine wash at 30 °C.",
    "Wash with similar colours, dry flat.",
    "Hand wash or dry clean.",
    "Wipe clean with a damp cloth.",
)
_WIPED = ("leather", "suede", "acetate", "metal", "straw", "canvas")


def choose_brand(kind_group: str, age_group: str, rng: np.random.Generator) -> str:
    """Returns a brand that would make such a thing."""
    names = BRANDS_KIDS if age_group == "kids" else BRANDS_SHOES if kind_group == "Shoes" else BRANDS
    return names[int(rng.integers(len(names)))]


def pluralize(kind: str) -> str:
    """Returns what the kind is called in running text."""
    return _PLURAL.get(kind, kind)


def format_title(kind: str, color: str, pattern: str, traits: Mapping[str, str], age_group: str) -> str:
    """Formats a title, for example "Striped v-neck sweater in navy"."""
    name = pluralize(kind)
    # "Sun hat", not "sun hat hat".
    named = next((value for value in traits.values() if value.endswith(kind)), None)
    said = [value for value in traits.values() if value not in _UNSAID and value != named][:2]
    printed = [] if pattern == "solid" else [_PATTERN_WORDS.get(pattern, pattern)]
    young = ["kids'"] if age_group == "kids" else []
    words = " ".join([*young, *printed, *said, named or name])
    return f"{words[0].upper()}{words[1:]} in {color}"


def format_description(
    kind: str, color: str, material: str, traits: Mapping[str, str], gender: str, rng: np.random.Generator
) -> str:
    """Returns two or three sentences with the facts in them."""
    opening = _OPENINGS[int(rng.integers(len(_OPENINGS)))]
    details = ", ".join(f"{name}: {value}" for name, value in traits.items())
    care = _CARE[3] if material in _WIPED else _CARE[int(rng.integers(3))]
    subject = f"{pluralize(kind)} for {_FOR[gender]} in {color} {material}"
    return f"{opening}: {subject}. {details[0].upper()}{details[1:]}. {care}"
