"""The ONNX Runtime embedder, and how a runtime is chosen."""

from __future__ import annotations

import logging
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.bundles.writer import write_bundle
from models.errors import DeviceUnavailable, InvalidBatch, InvalidBundle
from models.runtime import torch_embedder
from models.runtime.device import open_embedder
from models.runtime.embedder import is_usable, normalize_rows
from models.runtime.onnx_embedder import OnnxEmbedder
from tests.unit.models_making import DIMS, SIDE, WEIGHTS, put, record, settings_for, tiny_network


def pixels(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 3, SIDE, SIDE)).astype(np.float32)


def expected(batch: np.ndarray) -> np.ndarray:
    raw = batch.mean(axis=(2, 3)) @ WEIGHTS
    return raw / np.linalg.norm(raw, axis=1, keepdims=True)


def test_rows_are_the_networks_normalised(tmp_path: Path) -> None:
    embedder = OnnxEmbedder(put(tmp_path), threads=1)
    batch = pixels(5)
    found = embedder.embed(batch)
    assert (found.dtype, found.shape, embedder.dims, embedder.space.dims) == (np.float32, (5, DIMS), DIMS, DIMS)
    np.testing.assert_allclose(found, expected(batch), atol=1e-5)
    assert embedder.embed(batch[:0]).shape == (0, DIMS)


def test_more_than_the_bundle_takes_at_once(tmp_path: Path) -> None:
    embedder = OnnxEmbedder(put(tmp_path, max_batch=4))
    batch = pixels(11)
    np.testing.assert_allclose(embedder.embed(batch), expected(batch), atol=1e-5)


def test_one_bad_row_leaves_the_others_alone(tmp_path: Path) -> None:
    batch = pixels(4)
    batch[1] = np.nan
    batch[2] = 0
    found = OnnxEmbedder(put(tmp_path)).embed(batch)
    assert is_usable(found).tolist() == [True, False, False, True]
    assert np.isnan(found[1:3]).all()
    np.testing.assert_allclose(found[[0, 3]], expected(batch[[0, 3]]), atol=1e-5)


def test_infinite_rows_have_no_direction() -> None:
    raw = np.array([[np.inf, 1], [3, 4], [1e-30, 0], [1e30, 1e30]], dtype=np.float32)
    found = normalize_rows(raw)
    assert is_usable(found).tolist() == [False, True, False, True]
    np.testing.assert_allclose(found[1], [0.6, 0.8], atol=1e-6)


@pytest.mark.parametrize(
    "batch",
    [
        np.zeros((1, 3, SIDE, SIDE)),
        np.zeros((3, SIDE, SIDE), np.float32),
        np.zeros((1, 3, SIDE, SIDE + 1), np.float32),
        np.zeros((1, 1, SIDE, SIDE), np.float32),
    ],
)
def test_wrong_batches_are_refused(tmp_path: Path, batch: np.ndarray) -> None:
    with pytest.raises(InvalidBatch, match=r"takes float32 pixels \[N, 3, 8, 8\]"):
        OnnxEmbedder(put(tmp_path)).embed(batch)


def test_photos_to_embeddings(tmp_path: Path) -> None:
    embedder = OnnxEmbedder(put(tmp_path))
    photos = [Image.new("RGB", (30, 20), color) for color in ("red", "navy")]
    batch = np.stack([embedder.preprocess(photo) for photo in photos])
    np.testing.assert_array_equal(embedder.embed_images(photos), embedder.embed(batch))
    assert embedder.embed_images([]).shape == (0, DIMS)


def test_threads_may_share_one(tmp_path: Path) -> None:
    embedder = OnnxEmbedder(put(tmp_path), threads=1)
    batches = [pixels(3, seed) for seed in range(40)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(embedder.embed, batches))
    for batch, rows in zip(batches, found, strict=True):
        np.testing.assert_allclose(rows, expected(batch), atol=1e-5)


def test_graph_that_cannot_run_or_gives_another_size(tmp_path: Path) -> None:
    unreadable = write_bundle(tmp_path / "a", record(), {"model.onnx": b"no graph"}).bundle
    with pytest.raises(InvalidBundle, match="ONNX Runtime cannot run"):
        OnnxEmbedder(unreadable)
    narrow = write_bundle(tmp_path / "b", record(), {"model.onnx": tiny_network(WEIGHTS[:, :4])}).bundle
    with pytest.raises(InvalidBundle, match=r"gave \[2, 4\] where bundle.json says"):
        OnnxEmbedder(narrow).embed(pixels(2))


def test_the_half_that_the_api_imports_is_light() -> None:
    check = (
        "import sys, models.runtime.onnx_embedder, models.bundles.registry\n"
        "import models.runtime.preprocessing, models.bundles.bundle\n"
        "print(sorted({'torch', 'torchvision', 'onnx', 'safetensors', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_cpu_and_auto_use_onnx_runtime(tmp_path: Path) -> None:
    put(tmp_path)
    for device in ("cpu", "auto"):
        embedder = open_embedder("tiny", device=device, threads=1, settings=settings_for(tmp_path))
        assert embedder.runtime == "onnxruntime cpu"


def test_cuda_without_a_gpu_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_embedder, "has_cuda", lambda: False)
    with pytest.raises(DeviceUnavailable, match="auto or cpu"):
        open_embedder(put(tmp_path), device="cuda", settings=settings_for(tmp_path))


def test_cuda_without_torch_weights_falls_back_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("torch")
    monkeypatch.setattr(torch_embedder, "has_cuda", lambda: True)
    with caplog.at_level(logging.WARNING):
        embedder = open_embedder(put(tmp_path), device="cuda", settings=settings_for(tmp_path))
    assert embedder.runtime == "onnxruntime cpu"
    assert "no weights.safetensors that torch could run" in caplog.text
