"""A small shop whose products have photos, embedded by the real `color` bundle, for tests of questions by photo."""

from __future__ import annotations

import io
from functools import cache
from typing import Any

import numpy as np
from flask.testing import FlaskClient
from PIL import Image

from app import create_app
from app.settings import ApiSettings
from catalog.domain.product import document, parse
from models.bundles.registry import find_bundle
from models.photos.settings import PhotoSettings
from models.runtime.onnx_embedder import OnnxEmbedder
from models.settings import ModelSettings
from tests.fakes import FakeCatalogue

COUNT = 12
SIZE = (120, 160)


@cache
def embedder() -> OnnxEmbedder:
    return OnnxEmbedder(find_bundle("color", ModelSettings()), 1)


@cache
def picture(number: int) -> Image.Image:
    """A garment of sorts: a blob and a stripe in colours of the product's own, on a light ground."""
    rng = np.random.default_rng(number)
    image = Image.new("RGB", SIZE, (240, 240, 238))
    color, stripe = (tuple(int(part) for part in rng.integers(0, 230, 3)) for _ in range(2))
    image.paste(color, (25, 20, 95, 140))
    image.paste(stripe, (25, 40 + 5 * number, 95, 60 + 5 * number))
    return image


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def source(number: int) -> dict[str, Any]:
    return document(
        parse(
            {
                "id": f"p-{number}",
                "title": f"Shirt {number}",
                "price": 10 + number,
                "color_family": ("red", "blue", "green")[number % 3],
                "item_group_id": f"g-{number // 2}",
                "image_url": f"https://photos.example/{number}.png",
            }
        )
    )


def shop() -> FakeCatalogue:
    space = embedder().space
    catalogue = FakeCatalogue(spaces=[space])
    vectors = embedder().embed_images([picture(number) for number in range(COUNT)])
    for number in range(COUNT):
        catalogue.put(source(number))
        catalogue.embed(f"p-{number}", space, vectors[number])
    return catalogue


def client_of(
    catalogue: Any, photos: dict[str, Any] | None = None, models: ModelSettings | None = None, **settings: Any
) -> FlaskClient:
    return create_app(catalogue, ApiSettings(**settings), PhotoSettings(**photos or {}), models).test_client()
