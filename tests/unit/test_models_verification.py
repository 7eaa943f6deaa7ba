"""What `find_problem` says of bundles whose files are right and whose networks are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.bundles.writer import write_bundle
from models.runtime.verification import find_problem
from tests.unit.models_making import DIMS, SIDE, put, record, tiny_network
from tests.unit.test_models_classes import HEAD, put_telling


@pytest.fixture(autouse=True)
def probed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bytes, int]]:
    """Notes what is to be tried in a process of its own, and tries nothing."""
    tried: list[tuple[bytes, int]] = []
    monkeypatch.setattr("models.runtime.verification.probe", lambda model, side: tried.append((model, side)))
    return tried


def test_a_good_bundle_has_no_problem_and_was_tried_in_a_process_first(
    tmp_path: Path, probed: list[tuple[bytes, int]]
) -> None:
    bundle = put(tmp_path)
    assert find_problem(bundle.path) is None
    assert probed == [(bundle.read(), SIDE)]
    assert find_problem(put_telling(tmp_path).path) is None


@pytest.mark.parametrize("value", [0, np.nan], ids=["zero", "NaN"])
def test_a_network_without_an_embedding_for_ordinary_pictures(tmp_path: Path, value: float) -> None:
    network = tiny_network(np.full((3, DIMS), value, np.float32))
    bundle = write_bundle(tmp_path, record(), {"model.onnx": network}).bundle
    assert find_problem(bundle.path) == f"{bundle.path}: it gives no embedding for an ordinary picture"


def test_a_network_without_probabilities_for_ordinary_pictures(tmp_path: Path) -> None:
    bundle = put_telling(tmp_path, np.full_like(HEAD, np.nan))
    assert find_problem(bundle.path) == f"{bundle.path}: it gives no class probabilities for an ordinary picture"


def test_a_damaged_folder_is_named(tmp_path: Path) -> None:
    bundle = put(tmp_path)
    (bundle.path / "model.onnx").write_bytes(b"changed")
    assert str(find_problem(bundle.path)).startswith(f"{bundle.path / 'model.onnx'} is not the file it was")
