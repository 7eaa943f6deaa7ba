"""Draws what the running demo answers: a product's photo, and the products most like it, as the API orders them."""

from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import requests
from PIL import Image, ImageDraw, ImageFont

from demo.question import get_json
from demo.settings import DemoSettings
from demo.steps import StepFailed

# One question for each; no question names its kind, so other kinds may answer it.
KINDS = ("Dresses", "Sneakers", "Pumps", "Coats")
COLUMNS = 6
SIDE, GAP, CAPTION, TITLE = 150, 10, 34, 30
INK, PALE = "#222222", "#777777"
MAX_PRICE = 120
FIELDS = "id,category,effective_price,photo"


def find_source(settings: DemoSettings, kind: str) -> dict[str, Any]:
    """Returns the first product of the category `kind` in stock; raises StepFailed where there is none."""
    hits = get_json(f"{settings.api}/v1/products?category={kind}&available=true&limit=1&fields={FIELDS}")["hits"]
    if not hits:
        raise StepFailed(f"the demo has no {kind.lower()} in stock: draw a larger shop (DEMO_PRODUCTS)")
    source: dict[str, Any] = hits[0]["product"]
    return source


def draw(settings: DemoSettings, out: Path) -> Path:
    """Writes the picture to `out`: a row for each kind, with the question above and all hits in the API's order."""
    width = (COLUMNS + 1) * (SIDE + GAP) + 3 * GAP
    height = len(KINDS) * (TITLE + SIDE + CAPTION + GAP) + GAP
    sheet = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(sheet)
    for row, kind in enumerate(KINDS):
        source = find_source(settings, kind)
        top = GAP + row * (TITLE + SIDE + CAPTION + GAP)
        path = f"/v1/products/{source['id']}/similar?available=true&price_max={MAX_PRICE}"
        pen.text((GAP, top), path, fill=INK, font=ImageFont.load_default(17))
        _paste(settings, sheet, (GAP, top + TITLE), source, f"the product ({_kind(source)})")
        hits = get_json(f"{settings.api}{path}&limit={COLUMNS}&fields={FIELDS}")["hits"]
        for column, hit in enumerate(hits):
            left = 3 * GAP + (column + 1) * (SIDE + GAP)
            words = f"{_kind(hit['product'])} · {hit['product']['effective_price']:.2f} · {hit['score']:.2f}"
            _paste(settings, sheet, (left, top + TITLE), hit["product"], words)
    out.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(out, quality=85)
    return out


def _kind(product: dict[str, Any]) -> str:
    return str(product["category"][-1]).lower()


def _paste(
    settings: DemoSettings, sheet: Image.Image, corner: tuple[int, int], product: dict[str, Any], words: str
) -> None:
    answer = requests.get(urljoin(settings.api, product["photo"]), timeout=30)
    answer.raise_for_status()
    sheet.paste(Image.open(BytesIO(answer.content)).convert("RGB").resize((SIDE, SIDE)), corner)
    pen = ImageDraw.Draw(sheet)
    pen.text((corner[0], corner[1] + SIDE + 3), words, fill=PALE, font=ImageFont.load_default(13))
