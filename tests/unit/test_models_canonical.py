"""Canonical vectors: made with every bundle, checked by `models verify`, the same for the shipped bundles here."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from models.bundles.bundle import Bundle, load
from models.bundles.registry import list_bundles
from models.bundles.writer import write_bundle
from models.commands.main import app
from models.runtime import canonical_vectors
from models.runtime.onnx_embedder import OnnxEmbedder
from models.runtime.verification import find_problem
from models.settings import ModelSettings
from tests.unit.models_making import PREPROCESSING, put, record, tiny_network

SHIPPED = [one.path for one in list_bundles(ModelSettings())]


def rewrite(bundle: Bundle, content: bytes) -> None:
    """Other canonical vectors, with a hash that fits: what only a comparison can find."""
    (bundle.path / canonical_vectors.CANONICAL_FILE).write_bytes(content)
    manifest = json.loads((bundle.path / "bundle.json").read_text())
    manifest["files"][canonical_vectors.CANONICAL_FILE] = hashlib.sha256(content).hexdigest()
    (bundle.path / "bundle.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_shipped_bundles_have_them_and_agree(path: Path) -> None:
    bundle = load(path)
    assert canonical_vectors.CANONICAL_FILE in bundle.manifest.files
    assert find_problem(path) is None


def test_the_pictures_are_the_same_everywhere() -> None:
    digest = hashlib.sha256(b"".join(picture.tobytes() for picture in canonical_vectors.draw_pictures())).hexdigest()
    assert digest == "b5ac8e00ae167ff6f20c032782c85eb0003b8945f239877cb15a20f1cc7cb484"


def test_they_are_the_embeddings_of_the_pictures(tmp_path: Path) -> None:
    bundle = put(tmp_path)
    found = json.loads(bundle.read(canonical_vectors.CANONICAL_FILE))
    expected = OnnxEmbedder(bundle, 1).embed_images(canonical_vectors.draw_pictures())
    assert np.array(found["embeddings"]) == pytest.approx(expected, abs=1e-6)
    assert bundle.manifest.metrics["latency_ms"] > 0  # type: ignore[operator]
    assert find_problem(bundle.path) is None


def test_a_runtime_that_makes_other_vectors_is_found(tmp_path: Path) -> None:
    bundle = put(tmp_path)
    rewrite(
        bundle,
        canonical_vectors.to_canonical_file(-OnnxEmbedder(bundle, 1).embed_images(canonical_vectors.draw_pictures())),
    )
    assert "other vectors" in str(find_problem(bundle.path))
    done = CliRunner().invoke(app, ["verify", "--json"], env={"BUNDLES": str(tmp_path)})
    assert done.exit_code == 1 and "other vectors" in done.stdout


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{}", "tolerance_cosine"),
        (b'{"tolerance_cosine": 0.9, "embeddings": [[1, 2]]}', "3 vectors of 6"),
        (b"\x80\x04", "JSON"),
    ],
)
def test_damaged_ones_are_refused(tmp_path: Path, content: bytes, said: str) -> None:
    bundle = put(tmp_path)
    rewrite(bundle, content)
    assert said in str(find_problem(bundle.path))


def test_the_last_digits_of_another_machine_are_no_difference(tmp_path: Path) -> None:
    first = put(tmp_path)
    rounded = canonical_vectors.to_canonical_file(
        OnnxEmbedder(first, 1).embed_images(canonical_vectors.draw_pictures()).round(3)
    )
    again = write_bundle(tmp_path, record(), {"model.onnx": first.read(), canonical_vectors.CANONICAL_FILE: rounded})
    assert again.existed and again.bundle.path == first.path


def test_a_changed_resize_is_beyond_the_tolerance(tmp_path: Path) -> None:
    bundle = put(tmp_path)
    nearest = PREPROCESSING.model_copy(update={"interpolation": "nearest", "color": "BGR"})
    other = record().model_copy(update={"preprocessing": nearest})
    tried = canonical_vectors.run_on_pictures(other, tiny_network())
    assert tried is not None
    rewrite(bundle, canonical_vectors.to_canonical_file(tried.embeddings))
    assert "other vectors" in str(find_problem(bundle.path))
