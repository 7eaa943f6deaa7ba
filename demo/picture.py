"""A picture of what the running demo answers: a photo, and the photos of the products most like it."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import requests
from PIL import Image, ImageDraw, ImageFont

from demo.settings import Settings
from demo.show import get

ROWS, COLUMNS = 4, 6
SIDE, GAP, CAPTION, TITLE = 150, 10, 34, 30
INK, PALE = "#222222", "#777777"
MAX_PRICE = 120


def questions(settings: Settings) -> Iterator[tuple[dict[str, Any], str, list[dict[str, Any]]]]:
    """(source product, question in words, hits) for products of different kinds, in stock and under MAX_PRICE."""
    seen: set[str] = set()
    for hit in get(f"{settings.api}/v1/products?available=true&limit=200")["hits"]:
        source = hit["product"]
        kind = source["category"][-1]
        if kind in seen:
            continue
        params = f"category={kind}&available=true&price_max={MAX_PRICE}&limit={COLUMNS}"
        hits = get(f"{settings.api}/v1/products/{hit['id']}/similar?{params}")["hits"]
        if len(hits) == COLUMNS:
            seen.add(kind)
            yield source, f"{kind.lower()} like this, in stock, under {MAX_PRICE} {source['currency']}", hits


def draw(settings: Settings, out: Path) -> Path:
    """Write the picture to `out`."""
    width = (COLUMNS + 1) * (SIDE + GAP) + 3 * GAP
    height = ROWS * (TITLE + SIDE + CAPTION + GAP) + GAP
    sheet = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(sheet)
    for row, (source, words, hits) in zip(range(ROWS), questions(settings), strict=False):
        top = GAP + row * (TITLE + SIDE + CAPTION + GAP)
        pen.text((GAP, top), words, fill=INK, font=ImageFont.load_default(17))
        _place(settings, sheet, (GAP, top + TITLE), source, "the photo asked with")
        for column, hit in enumerate(hits):
            left = 3 * GAP + (column + 1) * (SIDE + GAP)
            price = f"{hit['product']['effective_price']:.2f}"
            _place(settings, sheet, (left, top + TITLE), hit["product"], f"{price} · {hit['score']:.2f}")
    out.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(out, quality=85)
    return out


def _place(
    settings: Settings, sheet: Image.Image, corner: tuple[int, int], product: dict[str, Any], words: str
) -> None:
    answer = requests.get(f"{settings.api}/shop/photos/{product['id']}", timeout=30)
    answer.raise_for_status()
    sheet.paste(Image.open(BytesIO(answer.content)).convert("RGB").resize((SIDE, SIDE)), corner)
    pen = ImageDraw.Draw(sheet)
    pen.text((corner[0], corner[1] + SIDE + 3), words, fill=PALE, font=ImageFont.load_default(13))
