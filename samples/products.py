"""Decides what product number k of a seed is: its style, its colour, its photo's scene, its sizes and its price.

Products come in blocks of eight. A block falls into styles of one to four colours, so product k needs nothing but the
seed and k, however many products are drawn.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

import numpy as np

from samples import product_texts
from samples.drawing.garment import Drawing
from samples.kinds import KINDS, Kind
from samples.kinds.sizes import choose_sizes
from samples.materials import MATERIALS
from samples.palette import COLOURS

BLOCK = 8
_SPLITS = ((1, 3, 2, 2), (3, 3, 2), (4, 2, 1, 1), (2, 2, 2, 2), (1, 1, 3, 3), (3, 1, 2, 2))
_DENIM = ("blue", "navy", "light blue", "black", "charcoal", "grey", "white", "beige", "olive")
_EPOCH = datetime(2025, 1, 1, tzinfo=UTC)
_SHARES = np.cumsum([kind.weight for kind in KINDS])[:-1] / sum(kind.weight for kind in KINDS)

_BLOCK_STREAM, _STYLE_STREAM, _PRODUCT_STREAM, _PHOTO_STREAM, _CLOTH_STREAM, _KIND_STREAM = range(1, 7)
"""Every decision has its own random stream, so that a change to one leaves the others' products alone."""


@dataclass(frozen=True)
class Style:
    """Describes what the colours of one design share, its silhouette included."""

    group_id: str
    kind: Kind
    drawing: Drawing
    pattern: str
    material: str
    gender: str
    age_group: str
    brand: str
    price: Decimal
    colours: tuple[str, ...]
    key: tuple[int, ...]


@dataclass(frozen=True)
class SampleOffer:
    """Describes one size: what it costs and whether it is there."""

    sku: str
    size: str
    in_stock: bool


@dataclass(frozen=True)
class SampleProduct:
    """Describes one style in one colour."""

    index: int
    seed: int
    style: Style
    color: str
    color_family: str
    scene: str
    title: str
    description: str
    price: Decimal
    sale_price: Decimal | None
    offers: tuple[SampleOffer, ...]
    updated_at: datetime

    @property
    def id(self) -> str:
        """Returns the shop's product number."""
        return f"p{self.index:06d}"

    @property
    def material(self) -> str:
        """Returns the material as a shopper reads it."""
        return MATERIALS[self.style.material].label

    def photo_rng(self) -> np.random.Generator:
        """Returns random numbers of this one photo."""
        return np.random.default_rng([self.seed, _PHOTO_STREAM, self.index])

    def cloth_rng(self) -> np.random.Generator:
        """Returns random numbers of the cloths, the same for all colours of the style."""
        return np.random.default_rng([self.seed, _CLOTH_STREAM, *self.style.key])


def _locate(seed: int, index: int) -> tuple[int, int, int, int]:
    """Returns the block, the style in the block, the colour in the style, and how many colours it has."""
    block, rest = divmod(index, BLOCK)
    rng = np.random.default_rng([seed, _BLOCK_STREAM, block])
    split = rng.permutation(_SPLITS[int(rng.integers(len(_SPLITS)))])
    for number, size in enumerate(int(s) for s in split):
        if rest < size:
            return block, number, rest, size
        rest -= size
    raise AssertionError("every split adds up to a block")


def _choose_price(kind: Kind, age_group: str, rng: np.random.Generator) -> Decimal:
    low, high = kind.price
    euros = low + (high - low) * float(rng.beta(1.3, 2.6))
    if age_group == "kids":
        euros *= 0.65
    ending = ("0.90", "0.95", "0.99", "0.00")[int(rng.integers(4))]
    return Decimal(max(4, int(euros))) + Decimal(ending)


def _choose_kind(seed: int, block: int, number: int) -> Kind:
    """Chooses kinds by a golden-ratio sequence: each has its share already among the first hundred products."""
    at = np.random.default_rng([seed, _KIND_STREAM]).random() + 0.6180339887498949 * (4 * block + number)
    return KINDS[int(np.searchsorted(_SHARES, at % 1.0, side="right"))]


@lru_cache(maxsize=256)
def build_style(seed: int, block: int, number: int, count: int) -> Style:
    """Builds style `number` of a block, in `count` colours."""
    rng = np.random.default_rng([seed, _STYLE_STREAM, block, number])
    kind = _choose_kind(seed, block, number)
    drawing = kind.silhouette(rng)
    pattern = kind.patterns[int(rng.integers(len(kind.patterns)))]
    materials = kind.by_cut.get(drawing.traits.get("cut", ""), kind.materials)
    material = materials[int(rng.integers(len(materials)))]
    if material in ("denim", "cable knit", "quilted nylon", "straw", "corduroy"):
        pattern = "solid"
    palette = _DENIM if material == "denim" else tuple(colour.name for colour in COLOURS)
    colours = tuple(palette[int(i)] for i in rng.permutation(len(palette))[:count])
    gender = kind.genders[int(rng.integers(len(kind.genders)))]
    age_group = "kids" if rng.random() < kind.kids else "adult"
    return Style(
        f"g{block:05d}{number}",
        kind,
        drawing,
        pattern,
        material,
        gender,
        age_group,
        product_texts.choose_brand(kind.aisle[0], age_group, rng),
        _choose_price(kind, age_group, rng),
        colours,
        (block, number),
    )


def _choose_sale(price: Decimal, rng: np.random.Generator) -> Decimal | None:
    if rng.random() >= 0.22:
        return None
    off = Decimal(int(rng.integers(2, 11)) * 5) / 100
    return max(Decimal("1.90"), (price * (1 - off)).quantize(Decimal(1)) - Decimal("0.10"))


def _build_offers(product_id: str, sizes: tuple[str, ...], rng: np.random.Generator) -> tuple[SampleOffer, ...]:
    # Some colours are sold out, the others miss a size here and there.
    share = 0.0 if rng.random() < 0.06 else float(rng.uniform(0.55, 1.0))
    return tuple(
        SampleOffer(f"{product_id}-{size.replace(' ', '').upper()}", size, bool(rng.random() < share))
        for size in sizes
    )


def build_product(seed: int, index: int) -> SampleProduct:
    """Builds product number `index` of the catalogue drawn from `seed`."""
    block, number, at, count = _locate(seed, index)
    style = build_style(seed, block, number, count)
    rng = np.random.default_rng([seed, _PRODUCT_STREAM, index])
    colour = next(c for c in COLOURS if c.name == style.colours[at])
    material, traits = MATERIALS[style.material].label, style.drawing.traits
    scene = style.kind.scenes[int(rng.integers(len(style.kind.scenes)))]
    return SampleProduct(
        index,
        seed,
        style,
        colour.name,
        colour.family,
        scene,
        product_texts.format_title(style.kind.name, colour.name, style.pattern, traits, style.age_group),
        product_texts.format_description(style.kind.name, colour.name, material, traits, style.gender, rng),
        style.price,
        _choose_sale(style.price, rng),
        _build_offers(f"p{index:06d}", choose_sizes(style.kind.sizes, style.gender, style.age_group), rng),
        _EPOCH + timedelta(seconds=int(rng.integers(90 * 86400))),
    )
