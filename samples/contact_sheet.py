"""Draws a contact sheet: many photos with their titles on one page."""

import json
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from samples.errors import NoSamples

_TILE, _CAPTION, _GAP = 200, 34, 8


def _rows(folder: Path, kind: str | None) -> list[dict[str, Any]]:
    feed = folder / "feed.jsonl"
    if not feed.is_file():
        raise NoSamples(f"no finished samples in {folder}: run `python -m samples make {folder} --products 100`")
    rows = [json.loads(line) for line in feed.read_text(encoding="utf-8").splitlines()]
    chosen = [row for row in rows if kind is None or row["attributes"]["kind"] == kind]
    if not chosen:
        raise NoSamples(f"no product of kind {kind!r} in {folder}")
    return chosen


def _caption(draw: ImageDraw.ImageDraw, x: int, y: int, row: dict[str, Any]) -> None:
    font = ImageFont.load_default(size=11)
    price = row.get("sale_price", row["price"])
    for line, whole in enumerate((row["title"], f"{row['brand']}  {price}")):
        text = whole
        while draw.textlength(text, font=font) > _TILE - 4:
            text = text[:-2] + "…"
        draw.text((x + 2, y + 2 + 15 * line), text, font=font, fill=(40, 40, 40) if line == 0 else (120, 120, 120))


def draw_contact_sheet(folder: Path, out: Path, columns: int, rows: int, kind: str | None = None) -> int:
    """Draws `columns` × `rows` photos evenly spread over the catalogue; returns how many. Raises NoSamples."""
    products = _rows(folder, kind)
    count = min(columns * rows, len(products))
    chosen = [products[i * len(products) // count] for i in range(count)]
    high = -(-count // columns)
    page = Image.new("RGB", (columns * (_TILE + _GAP) + _GAP, high * (_TILE + _CAPTION + _GAP) + _GAP), "white")
    draw = ImageDraw.Draw(page)
    for number, row in enumerate(chosen):
        x = _GAP + number % columns * (_TILE + _GAP)
        y = _GAP + number // columns * (_TILE + _CAPTION + _GAP)
        with Image.open(folder / row["image_link"]) as photo:
            page.paste(photo.resize((_TILE, _TILE), Image.Resampling.LANCZOS), (x, y))
        _caption(draw, x, y + _TILE, row)
    out.parent.mkdir(parents=True, exist_ok=True)
    page.save(out)
    return count
