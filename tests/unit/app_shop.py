"""A small shop in memory for the tests of the API."""

from __future__ import annotations

from typing import Any

import numpy as np
from flask.testing import FlaskClient

from app import create_app
from app.settings import ApiSettings
from catalog.domain.embedding_space import Space
from tests.fakes import FakeCatalogue

SPACE = Space("color", "abc", 4)
UNEMBEDDED = "p-19"
COLORS = ("red", "blue", "green")


def product(number: int) -> dict[str, Any]:
    return {
        "id": f"p-{number}",
        "title": f"Linen dress {number}",
        "price": 10.0 + number,
        "currency": "EUR",
        "gender": "women",
        "category": ["clothing", "dress"],
        "color_family": COLORS[number % 3],
        "image_url": f"https://photos.example/{number}.jpg",
        "variants": [{"sku": f"s-{number}-{size}", "size": size, "available": number % 4 != 3} for size in "ML"],
        "attributes": {"fit": "slim" if number % 2 else "wide"},
    }


def shop() -> FakeCatalogue:
    """Twenty dresses, all but the last embedded."""
    catalogue = FakeCatalogue([product(number) for number in range(20)], [SPACE])
    vectors = np.random.default_rng(1).normal(size=(20, 4))
    for number in range(19):
        catalogue.embed(f"p-{number}", SPACE, vectors[number])
    return catalogue


def client_of(catalogue: FakeCatalogue, **settings: Any) -> FlaskClient:
    return create_app(catalogue, ApiSettings(**settings)).test_client()
