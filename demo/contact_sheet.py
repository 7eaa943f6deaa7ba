"""Draws the contact sheet: what several models find for a few queries, from photos of the drawn shop alone."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from catalog.errors import InvalidInput
from catalog.similarity import cosine
from models.photos import decode
from models.runtime.onnx_embedder import OnnxEmbedder

QUERIES, SHOWN = 8, 4
SIDE, GAP, CAPTION, HEAD = 92, 6, 16, 44
INK, PALE = "#222222", "#777777"
BATCH = 32


class NothingToShow(InvalidInput):
    """Raised for a folder that is no drawn shop, or too small a one."""


@dataclass(frozen=True, slots=True)
class SheetProduct:
    """Describes a product of the drawn shop and what it truly is."""

    path: Path
    kind: str
    words: str
    group: str


@dataclass(frozen=True, slots=True)
class SheetColumn:
    title: str
    model: OnnxEmbedder


def read_shop(folder: Path, limit: int) -> list[SheetProduct]:
    """Reads the first `limit` products that `python -m samples make` drew in `folder`; raises NothingToShow."""
    feed = folder / "feed.jsonl"
    try:
        rows = [json.loads(line) for line in feed.read_text(encoding="utf-8").splitlines()[:limit]]
        return [_to_product(folder, row) for row in rows]
    except (OSError, ValueError, KeyError) as error:
        raise NothingToShow(
            f"{folder} holds no drawn shop: draw one with `python -m samples make {folder}`"
        ) from error


def _to_product(folder: Path, row: Mapping[str, Any]) -> SheetProduct:
    kind = row["attributes"]["kind"]
    return SheetProduct(
        folder / row["image_link"], kind, f"{row['color']} {row['pattern']} {kind}", row["item_group_id"]
    )


def choose_queries(products: Sequence[SheetProduct], count: int = QUERIES) -> list[int]:
    """Chooses places of products of different kinds, patterned ones first; raises NothingToShow if too few."""
    patterned_first = sorted(range(len(products)), key=lambda place: "solid" in products[place].words)
    chosen = {products[place].kind: place for place in reversed(patterned_first)}
    if len(chosen) < count:
        raise NothingToShow(f"{len(chosen)} kinds of products, {count} are shown: draw a larger shop")
    return sorted(chosen.values())[:count]


def embed_products(model: OnnxEmbedder, products: Sequence[SheetProduct]) -> NDArray[np.float32]:
    """Returns embeddings [products, dims]."""
    batches = (products[at : at + BATCH] for at in range(0, len(products), BATCH))
    return np.concatenate(
        [model.embed_images([decode(product.path.read_bytes()) for product in batch]) for batch in batches]
    )


def find_nearest(
    rows: NDArray[np.float32], query: int, products: Sequence[SheetProduct], count: int = SHOWN
) -> list[int]:
    """Returns places of the products most like the one at `query`, none of its own group, ties in order."""
    scores = cosine(rows[query], rows)
    own = [place for place, product in enumerate(products) if product.group == products[query].group]
    scores[own] = -np.inf
    return [int(place) for place in np.argsort(-scores, kind="stable")[:count]]


def draw_sheet(
    products: Sequence[SheetProduct], asked: Sequence[int], found: Mapping[str, Sequence[Sequence[int]]]
) -> Image.Image:
    """Draws the sheet: a row per query, a column per model of `found` (title → places per query)."""
    step, block = SIDE + GAP, SHOWN * (SIDE + GAP) + 3 * GAP
    size = step + 3 * GAP + len(found) * block, HEAD + len(asked) * (SIDE + CAPTION + GAP) + GAP
    sheet = Image.new("RGB", size, "white")
    pen, large, small = ImageDraw.Draw(sheet), ImageFont.load_default(16), ImageFont.load_default(11)
    pen.text((GAP, GAP), "asked", fill=INK, font=large)
    for column, title in enumerate(found):
        pen.text((step + 3 * GAP + column * block, GAP), title, fill=INK, font=large)
    for row, query in enumerate(asked):
        top = HEAD + row * (SIDE + CAPTION + GAP)
        _paste(sheet, (GAP, top), products[query])
        pen.text((GAP, top + SIDE + 1), products[query].words[:60], fill=PALE, font=small)
        for column, places in enumerate(found.values()):
            left = step + 3 * GAP + column * block
            for number, place in enumerate(places[row]):
                _paste(sheet, (left + number * step, top), products[place])
    return sheet


def make_sheet(folder: Path, columns: Sequence[SheetColumn], out: Path, limit: int) -> Path:
    """Writes the sheet of the drawn shop in `folder` to `out`; raises NothingToShow."""
    products = read_shop(folder, limit)
    asked = choose_queries(products)
    found = {}
    for column in columns:
        rows = embed_products(column.model, products)
        found[column.title] = [find_nearest(rows, query, products) for query in asked]
    out.parent.mkdir(parents=True, exist_ok=True)
    draw_sheet(products, asked, found).save(out, quality=85)
    return out


def _paste(sheet: Image.Image, corner: tuple[int, int], product: SheetProduct) -> None:
    image = decode(product.path.read_bytes())
    image.thumbnail((SIDE, SIDE))
    sheet.paste(image, (corner[0] + (SIDE - image.width) // 2, corner[1] + (SIDE - image.height) // 2))
