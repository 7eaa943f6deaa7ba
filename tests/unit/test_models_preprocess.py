"""Pixels are what the recipe says, whatever the photo's shape."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from models.bundles.manifest import Preprocessing
from models.runtime.preprocessing import preprocess

MOBILENET = Preprocessing(
    resize_shorter_side=256,
    interpolation="bilinear",
    center_crop=224,
    mean=(0.5, 0.5, 0.5),
    std=(0.5, 0.5, 0.5),
    color="RGB",
)


def photo(width: int, height: int) -> Image.Image:
    random = np.random.default_rng(width * 10_000 + height)
    return Image.fromarray(random.integers(0, 256, (height, width, 3), dtype=np.uint8))


def as_described(image: Image.Image) -> np.ndarray:
    """The steps of ../shared/weights/mobilenet_v2_imagenet.json, one by one."""
    width, height = image.size
    short, long = min(width, height), max(width, height)
    longer = round(long * 256 / short)
    resized = image.resize((256, longer) if width <= height else (longer, 256), Image.Resampling.BILINEAR)
    left, top = (resized.width - 224) // 2, (resized.height - 224) // 2
    square = np.asarray(resized)[top : top + 224, left : left + 224]
    return np.moveaxis(square.astype(np.float32) / 127.5 - 1, 2, 0)


@pytest.mark.parametrize(
    "size",
    [(300, 400), (400, 300), (333, 257), (256, 256), (64, 900), (1000, 1001), (256, 343), (343, 256)],
)
def test_as_the_weights_description_says(size: tuple[int, int]) -> None:
    found = preprocess(photo(*size), MOBILENET)
    assert found.dtype == np.float32
    assert found.shape == (3, 224, 224)
    assert found.flags.c_contiguous
    np.testing.assert_allclose(found, as_described(photo(*size)), atol=1e-6)


def test_mean_and_deviation_per_channel() -> None:
    recipe = MOBILENET.model_copy(update={"mean": (0.1, 0.2, 0.3), "std": (0.5, 1.0, 2.0)})
    found = preprocess(Image.new("RGB", (10, 10), (255, 0, 51)), recipe)
    np.testing.assert_allclose(found[:, 5, 5], [(1 - 0.1) / 0.5, -0.2, (0.2 - 0.3) / 2], atol=1e-6)


def test_bgr_turns_the_channels() -> None:
    recipe = MOBILENET.model_copy(update={"color": "BGR"})
    np.testing.assert_array_equal(preprocess(photo(30, 30), recipe), preprocess(photo(30, 30), MOBILENET)[::-1])


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGBA", "1"])
def test_other_modes_become_rgb(mode: str) -> None:
    found = preprocess(photo(40, 30).convert(mode), MOBILENET)
    assert found.shape == (3, 224, 224)


@pytest.mark.parametrize("size", [(1, 30_000), (30_000, 1), (3, 20_000)])
def test_thread_of_a_photo_is_no_bomb(size: tuple[int, int]) -> None:
    found = preprocess(Image.new("RGB", size, (255, 255, 255)), MOBILENET)
    np.testing.assert_allclose(found, 1, atol=1e-6)


def test_cutting_a_long_photo_keeps_its_middle() -> None:
    long = Image.new("RGB", (4000, 100), (0, 0, 0))
    long.paste((255, 255, 255), (1900, 0, 2100, 100))
    found = preprocess(long, MOBILENET)
    np.testing.assert_allclose(found, 1, atol=1e-6)


@pytest.mark.parametrize(
    ("size", "middle"), [((67, 4), (1, 0, 65, 4)), ((4, 67), (0, 1, 4, 65)), ((64, 4), (0, 0, 64, 4))]
)
def test_only_what_is_beyond_the_longest_side_is_cut(size: tuple[int, int], middle: tuple[int, ...]) -> None:
    recipe = MOBILENET.model_copy(update={"resize_shorter_side": 8, "center_crop": 8})
    long = photo(*size)
    np.testing.assert_array_equal(preprocess(long, recipe), preprocess(long.crop(middle), recipe))  # type: ignore[arg-type]


def test_the_arithmetic_is_single_precision_to_the_last_bit() -> None:
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    recipe = MOBILENET.model_copy(update={"resize_shorter_side": 32, "center_crop": 32, "mean": mean, "std": std})
    seen = photo(32, 32)
    shares = np.asarray(seen).astype(np.float32) / np.float32(255)
    expected = (shares - np.array(mean, np.float32)) / np.array(std, np.float32)
    np.testing.assert_array_equal(preprocess(seen, recipe), expected.transpose(2, 0, 1))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 120), st.integers(1, 120), st.integers(1, 40), st.data())
def test_any_size_gives_the_crop(width: int, height: int, side: int, data: st.DataObject) -> None:
    crop = data.draw(st.integers(1, side))
    recipe = MOBILENET.model_copy(update={"resize_shorter_side": side, "center_crop": crop})
    found = preprocess(photo(width, height), recipe)
    assert found.shape == (3, crop, crop)
    assert np.isfinite(found).all()
    assert found.min() >= -1
    assert found.max() <= 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"std": (0, 1, 1)},
        {"mean": (float("nan"), 0, 0)},
        {"center_crop": 300},
        {"interpolation": "box"},
        {"color": "HSV"},
    ],
)
def test_recipes_that_make_no_sense(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Preprocessing.model_validate(MOBILENET.model_dump() | wrong)
