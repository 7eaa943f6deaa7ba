"""Drawn catalogue as arrays in memory: vectors, brands and prices as they are in the index."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.sizes import Size
from loadtest.drawn_products import BRANDS, ID_PREFIX, draw_vectors

BRAND_NAMES = tuple(BRANDS)
Vectors = NDArray[np.float32]
Mask = NDArray[np.bool_]


def parse_number(product_id: str) -> int:
    """Returns the number of a drawn product, which is its row in the arrays."""
    return int(product_id.removeprefix(ID_PREFIX))


@dataclass(frozen=True, slots=True)
class DrawnShop:
    """`vectors` float32 [n, dims] of length 1, `brands` int16 [n] into BRAND_NAMES, `prices` float64 [n] or empty."""

    vectors: Vectors
    brands: NDArray[np.int16]
    prices: NDArray[np.float64]

    @classmethod
    def draw(cls, size: Size, seed: int) -> "DrawnShop":
        """Draws the products of `size` without their prices, a million in seconds."""
        vectors, brands = draw_vectors(size.products, size.dims, seed)
        return cls(vectors, _encode(brands.tolist()), np.empty(0))

    @classmethod
    def draw_with_prices(cls, size: Size, seed: int) -> "DrawnShop":
        """Draws the products of `size`."""
        products = list(size.draw_silent(seed))
        return cls(
            np.stack([one.vector for one in products]),
            _encode([one.document["brand"] for one in products]),
            np.array([one.document["effective_price"] for one in products]),
        )

    @classmethod
    def load(cls, folder: Path) -> "DrawnShop":
        return cls(*(np.load(folder / f"{name}.npy") for name in cls.__slots__))

    def save(self, folder: Path) -> None:
        for name in self.__slots__:
            np.save(folder / f"{name}.npy", getattr(self, name))

    def match_brands(self, names: Sequence[str]) -> Mask:
        """Returns which products are of one of these brands, bool [n]; all where none is named."""
        return np.isin(self.brands, _encode(names)) if names else np.ones(len(self.vectors), dtype=bool)


def _encode(brands: Sequence[str]) -> NDArray[np.int16]:
    return np.array([BRAND_NAMES.index(brand) for brand in brands], dtype=np.int16)
