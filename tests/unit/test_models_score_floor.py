"""The floor: the cosine that one in twenty pairs of different categories reaches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from catalog.similarity import normalize
from models.making import score_floor
from models.making.score_floor import measure_floor
from training.learning.metrics import compute_floor_cosine


def photos(kinds: int, each: int, noise: float, seed: int = 1) -> tuple[Any, list[str], list[str]]:
    """Unit vectors around one centre per kind, two photos of each garment."""
    rng = np.random.default_rng(seed)
    centres = np.repeat(rng.normal(size=(kinds, 16)), each, axis=0)
    rows = normalize(centres + noise * rng.normal(size=centres.shape))
    return rows, [f"kind {n // each}" for n in range(len(rows))], [f"garment {n // 2}" for n in range(len(rows))]


def test_one_in_twenty_unlike_pairs_reaches_the_floor() -> None:
    rows, kinds, garments = photos(8, 30, 1.0)
    found = measure_floor(rows, kinds, garments)
    assert found is not None
    scores = rows @ rows.T
    unlike = [scores[i, j] for i in range(240) for j in range(i) if kinds[i] != kinds[j]]
    alike = [scores[i, j] for i in range(240) for j in range(i) if kinds[i] == kinds[j] and i // 2 != j // 2]
    assert (found.photos, found.unlike_pairs) == (240, len(unlike))
    assert np.mean(np.array(unlike) >= found.floor) == pytest.approx(0.05, abs=0.01)
    assert found.alike_reaching == pytest.approx(np.mean(np.array(alike) >= found.floor))
    assert found.alike_reaching > 0.5 and found.lonely == 0


def test_pairs_of_one_garment_count_neither_way() -> None:
    rows, _, garments = photos(40, 4, 0.5)
    found = measure_floor(rows, [f"kind {n}" for n in range(160)], garments)
    assert found is not None and found.unlike_pairs == 160 * 159 // 2 - 80 and found.alike_reaching is None
    apart = measure_floor(np.eye(60, dtype=np.float32), [str(n % 3) for n in range(60)], [str(n) for n in range(60)])
    assert apart is not None and (apart.floor, apart.lonely) == (0.0, 0.0)


def test_too_few_unlike_pairs_make_no_floor_and_many_photos_are_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, kinds, garments = photos(2, 16, 0.5)
    assert measure_floor(rows, kinds, garments) is None  # 256 pairs
    assert measure_floor(rows, ["one"] * 32, garments) is None
    assert measure_floor(np.empty((0, 1), np.float32), [], []) is None
    rows, kinds, garments = photos(8, 30, 1.0)
    monkeypatch.setattr(score_floor, "MOST", 100)
    found = measure_floor(rows, kinds, garments)
    assert found is not None and found.photos == 100


def test_a_training_measures_photos_with_a_label() -> None:
    rows, kinds, garments = photos(8, 30, 1.0)
    whole = measure_floor(rows, kinds, garments)
    labels = np.array([int(kind[5:]) for kind in kinds])
    assert whole is not None and compute_floor_cosine(rows, labels, garments) == whole.floor
    labels[60:] = -1
    assert compute_floor_cosine(rows, labels, garments) is None  # 900 pairs are left
