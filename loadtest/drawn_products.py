"""Drawn products with clustered vectors: the same seed gives the same products, whatever their number."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK = 1000  # products drawn at a time, so that a million of them need no memory
CENTRES = 64
SPREAD = 0.6  # length of the noise around a centre of length 1: neighbours at a cosine of 0.75 to 0.9
# The noise is longest along a few directions, others in each cluster: its standard deviation falls as rank ** -FALL.
# Measured: 0.52 on mobilenet_v2's embeddings of 2,000 real photos. With even noise (0) near and far neighbours of 512
# dimensions hardly differ (intrinsic dimension 83 among 20,000; real ones 21), which no real catalogue is like.
FALL = 0.5
ID_PREFIX = "drawn-"

# What the benchmarks filter by: `Alder` keeps 30 % of the products, `Hazel` 3 %, `Sorrel` 0.3 %, `Yew` 0.1 %.
BRANDS = {
    "Alder": 0.30, "Birch": 0.216, "Cedar": 0.15, "Elm": 0.12, "Fir": 0.08, "Larch": 0.06, "Rowan": 0.04,
    "Hazel": 0.03, "Sorrel": 0.003, "Yew": 0.001,
}  # fmt: skip
KINDS = ("dresses", "shirts", "trousers", "skirts", "jackets", "shoes", "bags", "hats")
COLORS = ("red", "orange", "yellow", "green", "teal", "blue", "purple", "pink", "brown", "black", "grey", "white")
PATTERNS = ("plain", "striped", "checked", "dotted", "floral")
MATERIALS = ("cotton", "wool", "linen", "silk", "polyester", "leather")
GENDERS = ("female", "male", "unisex")
SIZES = ("XS", "S", "M", "L", "XL")


@dataclass(frozen=True, slots=True)
class DrawnProduct:
    """Product document as the index stores it, without `embedding`, and its unit vector (float32 [dims])."""

    document: dict[str, Any]
    vector: NDArray[np.float32]


def draw_products(count: int, dims: int, seed: int = 0) -> Iterator[DrawnProduct]:
    """Draws `count` products; the first n of a longer draw are the same as a draw of n."""
    for start, block in zip(range(0, count, BLOCK), _draw_blocks(count, dims, seed), strict=True):
        documents = _draw_documents(block, start)
        for offset in range(min(BLOCK, count - start)):
            yield DrawnProduct(documents[offset], block.vectors[offset])


def draw_vectors(count: int, dims: int, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.str_]]:
    """Draws vectors (float32 [count, dims]) and brands ([count]) of those products, in order, without documents."""
    found, brands = np.empty((count, dims), dtype=np.float32), []
    for start, block in zip(range(0, count, BLOCK), _draw_blocks(count, dims, seed), strict=True):
        found[start : start + BLOCK] = block.vectors[: count - start]
        brands += block.brands
    return found, np.array(brands[:count])


def format_product_id(number: int) -> str:
    """Returns the id of the product that is drawn as number `number`, from 0."""
    return f"{ID_PREFIX}{number:08d}"


def derive_group_key(number: int) -> str:
    """Returns the group of that product: one style in ten comes in two colours, which are one group."""
    return f"style-{number // 2:08d}" if number // 2 % 10 == 0 else format_product_id(number)


@dataclass(frozen=True, slots=True)
class _Block:
    rng: np.random.Generator  # to draw the rest with
    cluster: NDArray[np.int64]
    vectors: NDArray[np.float32]
    brands: list[str]


def _draw_blocks(count: int, dims: int, seed: int) -> Iterator[_Block]:
    """Draws as many blocks of BLOCK products as `count` products need."""
    centres = _normalise(np.random.default_rng(seed).standard_normal((CENTRES, dims)))
    lengths = _compute_noise_lengths(dims)
    for start in range(0, count, BLOCK):
        rng = np.random.default_rng([seed, start])
        cluster = rng.integers(CENTRES, size=BLOCK)
        noise = rng.standard_normal((BLOCK, dims)) * lengths[cluster]
        drawn = _normalise(centres[cluster] + noise).astype(np.float32)
        yield _Block(rng, cluster, drawn, _pick(rng, tuple(BRANDS), tuple(BRANDS.values())))


def _compute_noise_lengths(dims: int) -> NDArray[np.float64]:
    """Returns the noise's standard deviation per cluster and direction, [CENTRES, dims]; a row's length is SPREAD."""
    falling = np.arange(1.0, dims + 1) ** -FALL
    shifts = np.arange(CENTRES) * dims // CENTRES  # so that every cluster is long in other directions
    rows = falling[(np.arange(dims) + shifts[:, None]) % dims]
    return np.asarray(rows * (SPREAD / np.linalg.norm(falling)), dtype=np.float64)


def _pick(rng: np.random.Generator, values: Sequence[str], shares: Sequence[float] | None = None) -> list[str]:
    return [values[number] for number in rng.choice(len(values), size=BLOCK, p=shares)]


def _normalise(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float64)


def _draw_documents(block: _Block, start: int) -> list[dict[str, Any]]:
    rng, brand = block.rng, block.brands
    color, pattern = _pick(rng, COLORS), _pick(rng, PATTERNS)
    material, gender = _pick(rng, MATERIALS), _pick(rng, GENDERS)
    price = np.round(rng.lognormal(mean=3.8, sigma=0.6, size=BLOCK), 2).tolist()
    reduced = (rng.random(BLOCK) < 0.2).tolist()
    stock = (rng.random((BLOCK, len(SIZES))) < 0.7).tolist()
    found = []
    for offset in range(BLOCK):
        kind = KINDS[int(block.cluster[offset]) % len(KINDS)]  # what looks alike is mostly of a kind
        words = {"brand": brand[offset], "color": color[offset], "pattern": pattern[offset]}
        words |= {"material": material[offset], "gender": gender[offset], "age_group": "adult"}
        sale_price = round(price[offset] * 0.7, 2) if reduced[offset] else None
        found.append(_build_document(start + offset, kind, words, price[offset], sale_price, stock[offset]))
    return found


def _build_document(
    number: int, kind: str, words: dict[str, str], price: float, sale_price: float | None, stock: list[bool]
) -> dict[str, Any]:
    key = format_product_id(number)
    group = derive_group_key(number)
    skus = [f"{key}-{size}" for size in SIZES]
    in_stock = [size for size, there in zip(SIZES, stock, strict=True) if there]
    return {
        "id": key,
        "title": f"{words['color']} {words['pattern']} {kind}",
        "category": ["clothing", kind],
        "color_family": words["color"],
        **words,
        **({"item_group_id": group} if group != key else {}),
        "link": f"https://shop.example/p/{key}",
        "image_url": f"https://shop.example/photos/{key}.jpg",
        "currency": "EUR",
        "price": price,
        **({"sale_price": sale_price} if sale_price is not None else {}),
        "variants": [
            {"sku": sku, "size": size, "available": there}
            for sku, size, there in zip(skus, SIZES, stock, strict=True)
        ],
        "available": bool(in_stock),
        "effective_price": price if sale_price is None else sale_price,
        "offer_prices": [price if sale_price is None else sale_price],
        **({"sizes_available": in_stock} if in_stock else {}),
        "group_key": group,
        "skus": skus,
    }
