"""PCA: numpy, the graph and the fitted bundle agree."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.bundles.bundle import load
from models.bundles.manifest import Limits
from models.bundles.writer import BundleMaker, write_bundle
from models.errors import FitFailed
from models.making.pca import fit, project
from models.making.pca_export import append_projection, export_pca
from models.making.photo_folder import PhotoFolder
from models.runtime.onnx_embedder import OnnxEmbedder, open_session
from tests.unit.models_making import DIMS, SIDE, record, tiny_network


def embeddings(count: int = 200, width: int = 30, rank: int = 12) -> np.ndarray:
    random = np.random.default_rng(3)
    latent = random.normal(size=(count, rank)) * np.linspace(5, 0.5, rank)
    rows = latent @ random.normal(size=(rank, width)) + 3
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_directions_are_those_of_the_singular_value_decomposition() -> None:
    rows = embeddings()
    found = fit(rows, 5)
    centred = rows.astype(np.float64) - rows.mean(axis=0, dtype=np.float64)
    _, values, directions = np.linalg.svd(centred, full_matrices=False)
    overlap = np.abs((found.components * directions[:5]).sum(axis=1))
    np.testing.assert_allclose(overlap, 1, atol=1e-4)
    np.testing.assert_allclose(found.explained, (values[:5] ** 2).sum() / (values**2).sum(), atol=1e-6)
    np.testing.assert_allclose(found.components @ found.components.T, np.eye(5), atol=1e-5)


def test_signs_do_not_depend_on_the_order_of_the_photos() -> None:
    rows = embeddings()
    np.testing.assert_allclose(fit(rows, 4).components, fit(rows[::-1], 4).components, atol=1e-5)


def test_unusable_rows_are_left_out() -> None:
    rows = embeddings()
    spoilt = np.concatenate([rows, np.full((3, 30), np.nan, np.float32)])
    np.testing.assert_allclose(fit(spoilt, 4).mean, fit(rows, 4).mean)
    assert fit(spoilt, 4).fitted_on == 200


@pytest.mark.parametrize(
    ("rows", "dims", "message"),
    [
        (embeddings(), 30, "fewer dimensions"),
        (embeddings(), 0, "fewer dimensions"),
        (embeddings(5), 5, "more than 5 usable photos, there are 5"),
        (np.full((50, 30), np.nan, np.float32), 4, "there are 0"),
        (np.repeat(embeddings(1), 50, axis=0), 4, "too alike"),
        (embeddings(rank=3), 10, "too alike"),
    ],
)
def test_what_cannot_be_fitted(rows: np.ndarray, dims: int, message: str) -> None:
    with pytest.raises(FitFailed, match=message):
        fit(rows, dims)


def test_graph_says_what_numpy_says() -> None:
    weights = np.random.default_rng(5).normal(size=(3, 30)).astype(np.float32)
    batch = np.random.default_rng(6).normal(size=(50, 3, SIDE, SIDE)).astype(np.float32)
    batch[7] = 0
    raw = batch.mean(axis=(2, 3)) @ weights
    projection = fit(np.delete(raw, 7, axis=0), 2)
    graph, output = append_projection(tiny_network(weights), "embedding", projection)
    found = open_session(graph).run([output], {"pixels": batch})[0]
    np.testing.assert_allclose(found, project(raw, projection), atol=1e-4)
    assert np.isnan(found[7]).all()  # no direction stays no direction; it must not become the mean's neighbour
    assert np.isfinite(np.delete(found, 7, axis=0)).all()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    random = np.random.default_rng(1)
    folder = tmp_path / "photos" / "nested"
    folder.mkdir(parents=True)
    for number in range(40):
        tint = random.integers(0, 256, 3)
        noise = random.integers(0, 60, (14, 12, 3))
        Image.fromarray((tint + noise).clip(0, 255).astype(np.uint8)).save(folder / f"{number}.png")
    return tmp_path / "photos"


def test_bundle_with_pca(tmp_path: Path, photos: Path) -> None:
    (photos / "page.jpg").write_text("<html>not found</html>")
    told = record().model_copy(update={"limits": Limits(min_side=20, ood_cosine=0.4)})
    base = write_bundle(tmp_path / "b", told, {"model.onnx": tiny_network()}).bundle
    seen = PhotoFolder(photos)
    made = export_pca(base, seen, 2, BundleMaker("tests", "test", tmp_path / "b")).bundle
    assert (made.name, made.dims) == ("tiny_pca2", 2)
    assert made.version != base.version
    assert (made.manifest.limits.min_side, made.manifest.limits.ood_cosine) == (20, None)
    assert dict(seen.failures) == {"not_an_image": 1}
    assert made.manifest.metrics["pca_photos"] == 40
    assert base.space.name in str(made.manifest.training.data_fingerprint)
    batch = np.random.default_rng(2).normal(size=(4, 3, SIDE, SIDE)).astype(np.float32)
    full, short = OnnxEmbedder(base).embed(batch), OnnxEmbedder(load(made.path)).embed(batch)
    assert full.shape == (4, DIMS)
    assert short.shape == (4, 2)
    again = export_pca(base, PhotoFolder(photos), 2, BundleMaker("tests", "test", tmp_path / "b"))
    assert (again.existed, again.bundle.version) == (True, made.version)


def test_limit_spreads_over_the_folder(photos: Path) -> None:
    assert len(PhotoFolder(photos, limit=7).paths) == 7
    assert {PhotoFolder(photos, limit=7).paths[index] for index in (0, -1)} == {
        PhotoFolder(photos).paths[index] for index in (0, -1)
    }


def test_folders_without_photos(tmp_path: Path) -> None:
    with pytest.raises(FitFailed, match="there is no folder"):
        PhotoFolder(tmp_path / "nowhere")
    with pytest.raises(FitFailed, match="holds no photos"):
        PhotoFolder(tmp_path)
