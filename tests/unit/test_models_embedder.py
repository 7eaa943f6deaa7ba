"""The ONNX Runtime embedder, and what every runtime does alike."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from catalog.similarity import MIN_NORM, normalize
from models.bundles.manifest import Tensor
from models.bundles.writer import write_bundle
from models.errors import InvalidBatch, InvalidBundle
from models.runtime import onnx_embedder
from models.runtime.embedder import is_usable, normalize_rows
from models.runtime.onnx_embedder import OnnxEmbedder, open_session
from tests.unit.models_making import DIMS, SIDE, WEIGHTS, put, record, tiny_network


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
    nothing = embedder.embed(batch[:0])
    assert (nothing.dtype, nothing.shape) == (np.float32, (0, DIMS))


@pytest.mark.parametrize("count", [4, 5, 8, 11])
def test_more_than_the_bundle_takes_at_once(tmp_path: Path, count: int) -> None:
    embedder = OnnxEmbedder(put(tmp_path, max_batch=4))
    batch = pixels(count)
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


@pytest.mark.parametrize("beside", [[], [[np.nan, 0]]], ids=["alone", "beside a bad row"])
def test_the_shortest_row_with_a_direction_is_the_catalogues(beside: list[list[float]]) -> None:
    found = normalize_rows(np.array([[MIN_NORM, 0], *beside]))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found[:1], normalize([[MIN_NORM, 0]]))
    assert not is_usable(normalize_rows(np.array([[MIN_NORM / 2, 0], *beside]))).any()


@pytest.mark.parametrize("bad", [[np.inf, 1], [1, -np.inf], [np.nan, 1], [0, 0]], ids=str)
def test_rows_without_a_direction_are_nan_throughout(bad: list[float]) -> None:
    assert np.isnan(normalize_rows(np.array([bad], np.float32))).all()
    beside = normalize_rows(np.array([[3, 4], bad, [3, 4]], np.float32))
    assert np.isnan(beside[1]).all()
    np.testing.assert_allclose(beside[[0, 2]], [[0.6, 0.8]] * 2, atol=1e-6)


def test_no_rows_stay_no_rows() -> None:
    assert normalize_rows(np.empty((0, 2), np.float32)).shape == (0, 2)


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
    nothing = embedder.embed_images([])
    assert (nothing.dtype, nothing.shape) == (np.float32, (0, DIMS))


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


def test_a_graph_that_fails_on_a_batch_is_named_with_its_size(tmp_path: Path) -> None:
    pairs = write_bundle(tmp_path, record(), {"model.onnx": tiny_network(batch=2)}).bundle
    embedder = OnnxEmbedder(pairs)
    assert embedder.embed(pixels(2)).shape == (2, DIMS)
    with pytest.raises(InvalidBundle) as caught:
        embedder.embed(pixels(3))
    assert f"{pairs.path} failed on a batch of 3: " in caught.value.message


def test_a_graph_without_the_output_that_the_bundle_names(tmp_path: Path) -> None:
    other = record().model_copy(update={"outputs": (Tensor(name="other", shape=("N", DIMS), dtype="float32"),)})
    bundle = write_bundle(tmp_path, other, {"model.onnx": tiny_network()}).bundle
    with pytest.raises(InvalidBundle, match="the graph has no output 'other'"):
        OnnxEmbedder(bundle)


def test_a_session_runs_quietly_on_the_cpu_with_as_many_threads_as_said() -> None:
    session = open_session(tiny_network(), 3)
    options = session.get_session_options()
    assert session.get_providers() == ["CPUExecutionProvider"]
    assert (options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level) == (3, 1, 3)
    assert open_session(tiny_network()).get_session_options().intra_op_num_threads == 0, "ONNX Runtime chooses"


def test_an_embedder_opens_its_graph_with_its_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[int | None] = []

    def open_and_note(model: bytes, threads: int | None = None) -> object:
        opened.append(threads)
        return open_session(model, threads)

    monkeypatch.setattr(onnx_embedder, "open_session", open_and_note)
    bundle = put(tmp_path)
    OnnxEmbedder(bundle, 2)
    OnnxEmbedder(bundle)
    assert opened == [2, None]


def test_the_half_that_the_api_imports_is_light() -> None:
    check = (
        "import sys, models.runtime.onnx_embedder, models.bundles.registry\n"
        "import models.runtime.preprocessing, models.bundles.bundle\n"
        "print(sorted({'torch', 'torchvision', 'onnx', 'safetensors', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
