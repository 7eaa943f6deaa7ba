"""The real pretrained network of ../shared/weights through `models add`, held against a calculation of its own."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from PIL import Image, ImageOps

from models.bundles.bundle import Bundle
from models.bundles.writer import BundleMaker
from models.making.onnx_import import ImportRequest, import_onnx
from models.making.pca_export import export_pca
from models.making.photo_folder import PhotoFolder
from models.runtime.onnx_embedder import OnnxEmbedder
from models.settings import REPOSITORY

SHARED = REPOSITORY.parent / "shared"
NETWORK = SHARED / "weights" / "mobilenet_v2_imagenet.onnx"
CLOTHING = SHARED / "data" / "clothing"

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not NETWORK.is_file(), reason=f"needs {NETWORK}"),
    pytest.mark.skipif(not CLOTHING.is_dir(), reason=f"needs {CLOTHING}"),
]


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bundles")


@pytest.fixture(scope="module")
def bundle(bundles: Path) -> Bundle:
    source = ImportRequest(
        name="mobilenet_v2_imagenet",
        onnx=NETWORK,
        preprocessing=NETWORK.with_suffix(".preprocessing.json"),
        weights=NETWORK.with_suffix(".safetensors"),
        license="Apache-2.0",
    )
    return import_onnx(source, BundleMaker("tests", "test", bundles)).bundle


@pytest.fixture(scope="module")
def paths() -> list[Path]:
    with (CLOTHING / "photos.csv").open() as file:
        return [CLOTHING / row["path"] for row in csv.DictReader(file)][::300]


def independent(paths: list[Path]) -> np.ndarray:
    """The published steps with Pillow, numpy and onnxruntime alone."""
    session = onnxruntime.InferenceSession(str(NETWORK), providers=["CPUExecutionProvider"])
    rows = []
    for path in paths:
        image = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
        width, height = image.size
        size = (256, round(height * 256 / width)) if width <= height else (round(width * 256 / height), 256)
        resized = np.asarray(image.resize(size, Image.Resampling.BILINEAR))
        top, left = (resized.shape[0] - 224) // 2, (resized.shape[1] - 224) // 2
        pixels = resized[top : top + 224, left : left + 224].astype(np.float32) / 127.5 - 1
        rows.append(session.run(None, {"pixels": pixels.transpose(2, 0, 1)[None]})[0][0])
    raw = np.stack(rows)
    return raw / np.linalg.norm(raw, axis=1, keepdims=True)


def test_embeddings_are_those_of_the_network(bundle: Bundle, paths: list[Path]) -> None:
    images = [ImageOps.exif_transpose(Image.open(path)).convert("RGB") for path in paths]
    found = OnnxEmbedder(bundle, threads=2).embed_images(images)
    assert (bundle.dims, bundle.has_weights) == (1280, True)
    np.testing.assert_allclose((found * independent(paths)).sum(axis=1), 1, atol=1e-5)


def test_pca_makes_another_version_that_keeps_neighbours(
    bundle: Bundle, bundles: Path, paths: list[Path], tmp_path: Path
) -> None:
    folder = tmp_path / "few"
    folder.mkdir()
    for number, path in enumerate(sorted((CLOTHING / "validation").rglob("*.jpg"))[::4]):
        (folder / f"{number}.jpg").symlink_to(path)
    made = export_pca(bundle, PhotoFolder(folder), 40, BundleMaker("tests", "test", bundles)).bundle
    assert (made.name, made.dims) == ("mobilenet_v2_imagenet_pca40", 40)
    assert made.version != bundle.version
    explained = made.manifest.metrics["pca_explained_variance"]
    assert isinstance(explained, float)
    assert explained > 0.6
    images = [Image.open(path).convert("RGB") for path in paths]
    full, short = (OnnxEmbedder(one, threads=2).embed_images(images) for one in (bundle, made))
    upper = np.triu_indices(len(paths), 1)
    assert np.corrcoef((full @ full.T)[upper], (short @ short.T)[upper])[0, 1] > 0.5
