"""The pictures that networks are tried on before anybody trusts them."""

from __future__ import annotations

import numpy as np
import pytest

from models.runtime.synthetic_inputs import draw_synthetic_pixels


def test_six_pictures_of_any_side_unless_told_otherwise() -> None:
    assert draw_synthetic_pixels(16).shape == (6, 3, 16, 16)
    assert draw_synthetic_pixels(9, 2).shape == (2, 3, 9, 9)
    assert draw_synthetic_pixels(8).dtype == np.float32


def test_channels_vary_as_much_as_photos_do_and_are_not_equally_bright() -> None:
    pixels = draw_synthetic_pixels(32)
    assert pixels.std(axis=(2, 3)) == pytest.approx(1, abs=1e-5)
    means = pixels.mean(axis=(2, 3))
    assert np.abs(means).max() < 2, "about 0, as after preprocessing"
    assert np.ptp(means, axis=1).min() > 0.05, "or a network of channel means would give them no direction"


def test_no_two_pictures_are_alike() -> None:
    flat = draw_synthetic_pixels(32).reshape(6, -1)
    assert np.abs(np.corrcoef(flat)[np.triu_indices(6, 1)]).max() < 0.9


def test_the_pictures_are_the_same_on_every_machine() -> None:
    """Or the parity that a bundle states would not be what another machine measures."""
    assert draw_synthetic_pixels(8)[:, :, 2, 5].ravel().tolist() == pytest.approx(
        [
            -1.7471, 1.2081, -0.3567, -1.2660, -1.0379, -1.7340, 0.6292, -0.7498, -0.6305,
            -0.9023, 1.1508, -0.6621, -0.1046, -1.5940, -1.4040, 0.6302, -1.4439, -0.0759,
        ],
        abs=1e-4,
    )  # fmt: skip
