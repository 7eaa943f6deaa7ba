"""The photos themselves: what is drawn is what the ground truth says."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from samples.drawing.garment import Drawing, Piece
from samples.drawing.photo import DrawnPhoto
from samples.kinds import KINDS
from samples.palette import COLOURS
from samples.photos import photograph
from samples.products import SampleProduct, build_product

EVERY = 17
"""Products from all over a catalogue, so that few photos show many kinds, colours and scenes."""


def lab(rgb: np.ndarray) -> np.ndarray:
    """Converts sRGB 0 to 255, shape (..., 3), to CIE L*a*b* under D65 (IEC 61966-2-1 and CIE 15)."""
    c = np.asarray(rgb, dtype=np.float64) / 255
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    matrix = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = linear @ matrix.T / np.array([0.9505, 1.0, 1.089])
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1)


@pytest.fixture(scope="module")
def shots() -> list[tuple[SampleProduct, DrawnPhoto]]:
    products = [build_product(7, index * EVERY) for index in range(32)]
    return [(item, photograph(item)) for item in products]


def test_ground_truth_colour_is_the_colour_in_the_photo(shots: list[tuple[SampleProduct, DrawnPhoto]]) -> None:
    table = lab(np.array([colour.rgb for colour in COLOURS]))
    right = 0
    for item, photo in shots:
        median = np.median(photo.rgb[photo.main > 0.9], axis=0)
        distance = np.linalg.norm(table - lab(median), axis=1)
        own = distance[[colour.name for colour in COLOURS].index(item.color)]
        # Folds and a warm lamp move a colour, but never to the other side of the palette.
        assert own < 36, (item.id, item.title, median)
        right += COLOURS[int(distance.argmin())].family == item.color_family
    assert right >= 0.88 * len(shots)


def test_the_product_fills_a_fair_part_of_the_photo(shots: list[tuple[SampleProduct, DrawnPhoto]]) -> None:
    for item, photo in shots:
        assert 0.05 < photo.worn.mean() < 0.8, item.title
        assert photo.main.sum() > 0.3 * photo.worn.sum(), item.title
        rim = np.concatenate([photo.worn[0], photo.worn[-1], photo.worn[:, 0], photo.worn[:, -1]])
        assert rim.mean() < 0.05, (item.id, item.title, item.scene)


def test_cloth_is_shaded_not_flat(shots: list[tuple[SampleProduct, DrawnPhoto]]) -> None:
    for item, photo in shots:
        light = photo.rgb[photo.main > 0.9].mean(axis=1)
        assert np.percentile(light, 95) - np.percentile(light, 5) > 6, item.title


def test_photos_of_one_style_differ_in_scene_or_pose() -> None:
    first, second = next(
        (a, b)
        for a, b in ((build_product(7, i), build_product(7, i + 1)) for i in range(100))
        if a.style.group_id == b.style.group_id
    )
    one, other = photograph(first), photograph(second)
    assert not np.array_equal(one.worn > 0.5, other.worn > 0.5)


def silhouette(drawing: Drawing) -> np.ndarray:
    """The outline scaled into a square of 96, shape kept."""
    x0, y0, x1, y1 = drawing.bounds()
    zoom = 92 / max(x1 - x0, y1 - y0)
    image = Image.new("1", (96, 96))
    draw = ImageDraw.Draw(image)
    middle = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
    for part in (*drawing.behind, *drawing.items):
        if isinstance(part, Piece):
            draw.polygon(((part.shape - middle) * zoom + 48).ravel().tolist(), fill=1)
    return np.asarray(image)


def test_every_kind_has_a_silhouette_of_its_own() -> None:
    styles = range(12)
    shapes = {
        kind.name: np.mean([silhouette(kind.silhouette(np.random.default_rng(s))) for s in styles], axis=0)
        for kind in KINDS
    }
    for one, other in combinations(shapes, 2):
        a, b = shapes[one], shapes[other]
        overlap = np.minimum(a, b).sum() / np.maximum(a, b).sum()
        assert overlap < 0.93, (one, other, overlap)
    for kind in KINDS:
        a, b = (silhouette(kind.silhouette(np.random.default_rng(s))) for s in (1, 2))
        assert (a & b).sum() / (a | b).sum() < 0.999, kind.name


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_any_random_numbers_give_a_sound_drawing(kind: object) -> None:
    silhouette_of = next(k for k in KINDS if k is kind).silhouette
    for seed in range(40):
        drawing = silhouette_of(np.random.default_rng(seed))
        x0, y0, x1, y1 = drawing.bounds()
        assert np.isfinite([x0, y0, x1, y1]).all()
        assert 0.5 < x1 - x0 < 4
        assert 0.3 < y1 - y0 < 4
        assert any(isinstance(item, Piece) and item.cloth == "main" for item in drawing.items)
        assert drawing.traits
