"""Describes a kind of product: what is known before one is drawn."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from samples.drawing.garment import Drawing

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
    by_cut: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Materials of a cut that is not made of just anything."""
