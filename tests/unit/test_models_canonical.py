"""Canonical vectors: made with every bundle, checked by `models verify`, the same for the shipped bundles here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from models.bundles.bundle import Bundle, load
from models.bundles.registry import list_bundles
from models.bundles.writer import write_bundle
from models.commands.main import app
from models.errors import InvalidBundle
from models.runtime import canonical_vectors
from models.runtime.canonical_vectors import check_canonical_vectors, run_on_pictures, to_canonical_file
from models.runtime.onnx_embedder import OnnxEmbedder, open_session
from models.runtime.verification import find_problem
from models.settings import ModelSettings
from tests.unit.models_making import DIMS, PREPROCESSING, WEIGHTS, put, record, tiny_network

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


class GivenEmbedder(OnnxEmbedder):
    """Gives the rows it was given, whatever the photos."""

    def __init__(self, bundle: Bundle, rows: np.ndarray) -> None:
        super().__init__(bundle, 1)
        self.rows = rows

    def embed_images(self, images: Sequence[Image.Image]) -> np.ndarray:
        assert len(images) == 3
        return self.rows


AXES = np.eye(3, DIMS, dtype=np.float32)


def turned(cosine: float) -> np.ndarray:
    """AXES, the last turned to that cosine with itself."""
    rows = AXES.copy()
    rows[2, 2:4] = cosine, np.sqrt(1 - cosine**2)
    return rows


@pytest.mark.parametrize("tolerance", [1.0, 0.5])
def test_vectors_at_the_tolerance_still_agree(tmp_path: Path, tolerance: float) -> None:
    bundle = put(tmp_path)
    rewrite(bundle, to_canonical_file(AXES, tolerance))
    changed = load(bundle.path)
    check_canonical_vectors(changed, GivenEmbedder(changed, AXES))
    with pytest.raises(InvalidBundle) as caught:
        check_canonical_vectors(changed, GivenEmbedder(changed, turned(tolerance - 0.125)))
    assert caught.value.detail["cosine"] == pytest.approx(tolerance - 0.125), "of the worst picture"
    assert f"{bundle.path}: onnxruntime cpu makes other vectors here" in caught.value.message
    with pytest.raises(InvalidBundle, match="cosine nan"):
        check_canonical_vectors(changed, GivenEmbedder(changed, np.full_like(AXES, np.nan)))


@pytest.mark.parametrize("rows", [AXES[:2], AXES[:, :4]], ids=["too few", "too short"])
def test_vectors_of_other_pictures_or_size_are_refused(tmp_path: Path, rows: np.ndarray) -> None:
    bundle = put(tmp_path)
    rewrite(bundle, to_canonical_file(rows))
    changed = load(bundle.path)
    with pytest.raises(InvalidBundle, match=r"canonical.json does not hold 3 vectors of 6 values"):
        check_canonical_vectors(changed, GivenEmbedder(changed, AXES))


def test_a_bundle_without_them_is_not_judged(tmp_path: Path) -> None:
    """Bundles of before there were any."""
    bundle = put(tmp_path)
    (bundle.path / canonical_vectors.CANONICAL_FILE).unlink()
    manifest = json.loads((bundle.path / "bundle.json").read_text())
    del manifest["files"][canonical_vectors.CANONICAL_FILE]
    (bundle.path / "bundle.json").write_text(json.dumps(manifest))
    older = load(bundle.path)
    check_canonical_vectors(older, GivenEmbedder(older, np.full_like(AXES, np.nan)))


def test_the_file_has_six_decimals_and_ends_its_line() -> None:
    content = to_canonical_file(np.array([[0.123456789, 1.0]], np.float32))
    assert content == b'{"tolerance_cosine":0.999,"embeddings":[[0.123457,1.0]]}\n'


def test_milliseconds_are_the_median_for_one_picture_on_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[int | None] = []
    pictures: list[int] = []

    def open_and_note(model: bytes, threads: int | None = None) -> Any:
        opened.append(threads)
        session = open_session(model, threads)

        def run(outputs: list[str], inputs: dict[str, np.ndarray]) -> Any:
            pictures.append(len(inputs["pixels"]))
            return session.run(outputs, inputs)

        return SimpleNamespace(run=run)

    moments = iter(np.cumsum([100, 0.009, 1, 0.001, 1, 0.0012345678, 1, 0.007, 1, 0.0005]).tolist())
    monkeypatch.setattr(canonical_vectors, "open_session", open_and_note)
    monkeypatch.setattr(canonical_vectors, "time", SimpleNamespace(perf_counter=lambda: next(moments)))
    measured = run_on_pictures(record(), tiny_network())
    assert measured is not None
    assert measured.milliseconds == 1.235
    assert (opened, pictures) == ([1], [3, 1, 1, 1, 1, 1])
    assert measured.embeddings.dtype == np.float32


@pytest.mark.parametrize(
    "model",
    [
        b"no graph",
        tiny_network(WEIGHTS[:, :4]),
        tiny_network(np.zeros_like(WEIGHTS)),
        tiny_network(outputs=("other",)),
    ],
    ids=["unreadable", "of another size", "without a direction", "without that output"],
)
def test_a_graph_that_cannot_run_on_the_pictures_has_no_vectors(model: bytes) -> None:
    assert run_on_pictures(record(), model) is None
