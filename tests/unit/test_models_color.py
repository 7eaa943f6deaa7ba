"""The weight-free `color` model: the committed bundle, and what it can tell apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from models.bundles.registry import find_bundle
from models.bundles.writer import BundleMaker
from models.making.color import color_export
from models.runtime.embedder import is_usable
from models.runtime.onnx_embedder import OnnxEmbedder
from models.settings import REPOSITORY
from tests.unit.models_making import settings_for

SHIPPED = settings_for(REPOSITORY / "bundles")


@pytest.fixture(scope="module")
def color() -> OnnxEmbedder:
    return OnnxEmbedder(find_bundle("color", SHIPPED), threads=1)


def shirt(color: str, background: str = "white", trousers: bool = False) -> Image.Image:
    photo = Image.new("RGB", (200, 240), background)
    draw = ImageDraw.Draw(photo)
    if trousers:
        draw.polygon([(70, 20), (130, 20), (150, 225), (110, 225), (100, 80), (90, 225), (50, 225)], fill=color)
    else:
        draw.polygon([(60, 40), (140, 40), (190, 90), (165, 115), (145, 95), (145, 210), (55, 210), (55, 95),
                      (35, 115), (10, 90)], fill=color)  # fmt: skip
    return photo


def cosines(embedder: OnnxEmbedder, *photos: Image.Image) -> np.ndarray:
    rows = embedder.embed_images(photos)
    return rows[1:] @ rows[0]


def test_export_makes_the_committed_version(tmp_path: Path, color: OnnxEmbedder) -> None:
    made = color_export.export_color(BundleMaker("tests", "test", tmp_path))
    assert made.bundle.version == color.bundle.version
    assert made.bundle.read() == color.bundle.read()
    assert color_export.export_color(BundleMaker("tests", "test", tmp_path)).existed


def test_small_enough_and_normalised(color: OnnxEmbedder) -> None:
    assert color.dims <= 128
    assert len(color.bundle.read()) < 100_000
    rows = color.embed_images([shirt("red"), shirt("navy")])
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_same_photo_same_embedding_alone_or_in_a_batch(color: OnnxEmbedder) -> None:
    photos = [shirt(name) for name in ("red", "navy", "olive", "white")]
    together = color.embed_images(photos)
    alone = np.concatenate([color.embed_images([photo]) for photo in photos])
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_colour_decides_among_equal_shapes(color: OnnxEmbedder) -> None:
    crimson, navy, green = cosines(color, shirt("red"), shirt("crimson"), shirt("navy"), shirt("green"))
    assert crimson > 0.8
    assert crimson > max(navy, green) + 0.2


def test_shape_decides_among_equal_colours(color: OnnxEmbedder) -> None:
    same, other = cosines(color, shirt("teal"), shirt("teal", "whitesmoke"), shirt("teal", trousers=True))
    assert same > other + 0.1


def test_background_counts_less_than_the_garment(color: OnnxEmbedder) -> None:
    elsewhere, other_garment = cosines(color, shirt("red", "tan"), shirt("red", "lightgray"), shirt("blue", "tan"))
    assert elsewhere > other_garment + 0.2


@pytest.mark.parametrize("plain", ["black", "white", "red", "gray"])
def test_flat_photos_still_have_an_embedding(color: OnnxEmbedder, plain: str) -> None:
    rows = color.embed_images([Image.new("RGB", (50, 50), plain), Image.new("RGB", (1, 1), plain)])
    assert is_usable(rows).all()


def test_noise_has_an_embedding(color: OnnxEmbedder) -> None:
    random = np.random.default_rng(0)
    noise = [Image.fromarray(random.integers(0, 256, (90, 70, 3), dtype=np.uint8)) for _ in range(8)]
    assert is_usable(color.embed_images(noise)).all()


def test_drawn_catalogue_style_hue_wheel(color: OnnxEmbedder) -> None:
    """Neighbours on the hue wheel are nearer than opposites, all around."""
    wheel = [f"hsl({hue}, 80%, 45%)" for hue in range(0, 360, 45)]
    rows = color.embed_images([shirt(name) for name in wheel])
    cosine = rows @ rows.T
    for index in range(len(wheel)):
        neighbours = [cosine[index, (index + step) % 8] for step in (1, -1)]
        assert min(neighbours) > cosine[index, (index + 4) % 8] - 0.02
