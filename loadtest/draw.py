"""Drawn products with clustered vectors: the same seed gives the same products, whatever their number."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK = 1000  # products drawn at a time, so that a million of them need no memory
CENTRES = 64
SPREAD = 0.6  # length of the noise around a centre of length 1: neighbours at a cosine of about 0.75
ID_PREFIX = "drawn-"

# What the benchmarks filter by: `Alder` keeps 30 % of the products, `Hazel` 3 %.
BRANDS = {
    "Alder": 0.30, "Birch": 0.22, "Cedar": 0.15, "Elm": 0.12, "Fir": 0.08, "Larch": 0.06, "Rowan": 0.04,
    "Hazel": 0.03,
}  # fmt: skip
KINDS = ("dresses", "shirts", "trousers", "skirts", "jackets", "shoes", "bags", "hats")
COLORS = ("red", "orange", "yellow", "green", "teal", "blue", "purple", "pink", "brown", "black", "grey", "white")
PATTERNS = ("plain", "striped", "checked", "dotted", "floral")
MATERIALS = ("cotton", "wool", "linen", "silk", "polyester", "leather")
GENDERS = ("female", "male", "unisex")
SIZES = ("XS", "S", "M", "L", "XL")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A product document as the index stores it, without `embedding`, and its unit vector (float32 [dims])."""

    document: dict[str, Any]
    vector: NDArray[np.float32]


def products(count: int, dims: int, seed: int = 0) -> Iterator[Drawn]:
    """`count` products; the first n of a longer draw are the same as a draw of n."""
    centres = _unit(np.random.default_rng(seed).standard_normal((CENTRES, dims)))
    for start in range(0, count, BLOCK):
        rng = np.random.default_rng([seed, start])
        cluster = rng.integers(CENTRES, size=BLOCK)
        noise = rng.standard_normal((BLOCK, dims)) * (SPREAD / np.sqrt(dims))
        vectors = _unit(centres[cluster] + noise).astype(np.float32)
        documents = _documents(rng, start, cluster)
        for offset in range(min(BLOCK, count - start)):
            yield Drawn(documents[offset], vectors[offset])


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float64)


def _documents(rng: np.random.Generator, start: int, cluster: NDArray[np.int64]) -> list[dict[str, Any]]:
    def pick(values: Sequence[str], shares: Sequence[float] | None = None) -> list[str]:
        return [values[number] for number in rng.choice(len(values), size=BLOCK, p=shares)]

    brand, color = pick(tuple(BRANDS), tuple(BRANDS.values())), pick(COLORS)
    pattern, material, gender = pick(PATTERNS), pick(MATERIALS), pick(GENDERS)
    price = np.round(rng.lognormal(mean=3.8, sigma=0.6, size=BLOCK), 2).tolist()
    reduced = (rng.random(BLOCK) < 0.2).tolist()
    stock = (rng.random((BLOCK, len(SIZES))) < 0.7).tolist()
    found = []
    for offset in range(BLOCK):
        kind = KINDS[int(cluster[offset]) % len(KINDS)]  # what looks alike is mostly of a kind
        words = {"brand": brand[offset], "color": color[offset], "pattern": pattern[offset]}
        words |= {"material": material[offset], "gender": gender[offset], "age_group": "adult"}
        sale_price = round(price[offset] * 0.7, 2) if reduced[offset] else None
        found.append(_document(start + offset, kind, words, price[offset], sale_price, stock[offset]))
    return found


def _document(
    number: int, kind: str, words: dict[str, str], price: float, sale_price: float | None, stock: list[bool]
) -> dict[str, Any]:
    key = f"{ID_PREFIX}{number:08d}"
    # One style in ten comes in two colours.
    group = {"item_group_id": f"style-{number // 2:08d}"} if number // 2 % 10 == 0 else {}
    in_stock = [size for size, there in zip(SIZES, stock, strict=True) if there]
    return {
        "id": key,
        "title": f"{words['color']} {words['pattern']} {kind}",
        "category": ["clothing", kind],
        "color_family": words["color"],
        **words,
        **group,
        "link": f"https://shop.example/p/{key}",
        "image_url": f"https://shop.example/photos/{key}.jpg",
        "currency": "EUR",
        "price": price,
        **({"sale_price": sale_price} if sale_price is not None else {}),
        "variants": [
            {"sku": f"{key}-{size}", "size": size, "available": there}
            for size, there in zip(SIZES, stock, strict=True)
        ],
        "available": bool(in_stock),
        "effective_price": price if sale_price is None else sale_price,
        **({"sizes_available": in_stock} if in_stock else {}),
        "group_key": group.get("item_group_id", key),
    }
