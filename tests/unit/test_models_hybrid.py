"""Hybrids and int8 variants: one graph that says what its parts say, and honest figures about what was lost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from typer.testing import CliRunner

from catalog.similarity import cosine, mix
from models.bundles.bundle import Bundle, load
from models.bundles.manifest import Licenses, Limits, ModelDescription, Preprocessing, Tensor
from models.bundles.registry import find_bundle
from models.bundles.writer import BundleMaker, write_bundle
from models.commands.main import app
from models.errors import ExportFailed, InvalidModel
from models.making.hybrid import join_limits, pack_hybrid
from models.making.hybrid_graph import HybridPart
from models.making.pca import fit, project
from models.runtime.canonical_vectors import draw_pictures
from models.runtime.embedder import Embeddings, normalize_rows
from models.runtime.onnx_embedder import OnnxEmbedder
from models.runtime.verification import find_problem
from models.settings import ModelSettings
from tests.unit.models_making import DIMS, PREPROCESSING, put, record, settings_for, tiny_network
from tests.unit.test_models_classes import CLASSES, put_telling


def convolving(root: Path, name: str = "conv", seed: int = 3, **changes: Any) -> Bundle:
    """A small convolutional network that sees where things are, by a recipe of the test's own."""
    recipe = PREPROCESSING.model_copy(update={"resize_shorter_side": 40, "center_crop": 32, **changes})
    rng = np.random.default_rng(seed)
    constants = [
        numpy_helper.from_array(rng.normal(size=(12, 3, 8, 8)).astype(np.float32), "kernel"),
        numpy_helper.from_array(rng.normal(size=(12 * 16, 24)).astype(np.float32), "dense"),
    ]
    nodes = [
        helper.make_node("Conv", ["pixels", "kernel"], ["seen"], strides=[8, 8]),
        helper.make_node("Relu", ["seen"], ["bright"]),
        helper.make_node("Flatten", ["bright"], ["flat"]),
        helper.make_node("MatMul", ["flat", "dense"], ["embedding"]),
    ]
    shape = ["N", 3, 32, 32]
    pixels = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, shape)
    embedding = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["N", 24])
    graph = helper.make_graph(nodes, name, [pixels], [embedding], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    content = dict(record(name)) | {
        "inputs": (Tensor(name="pixels", shape=tuple(shape), dtype="float32"),),
        "outputs": (Tensor(name="embedding", shape=("N", 24), dtype="float32"),),
        "dims": 24,
        "preprocessing": Preprocessing(**recipe.model_dump()),
    }
    return write_bundle(root, ModelDescription(**content), {"model.onnx": model.SerializeToString()}).bundle


def photos(folder: Path, count: int = 40) -> Path:
    """Blocks of colour, some upright, some wide."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    for number in range(count):
        coarse = random.integers(0, 256, (6, 6, 3), dtype=np.uint8)
        size = (90, 60) if number % 2 else (60, 80)
        Image.fromarray(coarse).resize(size).save(folder / f"{number:02}.png")
    return folder


def images(folder: Path) -> list[Image.Image]:
    return [Image.open(path).convert("RGB") for path in sorted(folder.iterdir())]


def made(parts: list[HybridPart], root: Path, name: str = "duo") -> Bundle:
    return pack_hybrid(name, parts, BundleMaker("tests", "test", root)).bundle


def concatenate_weighted(embeddings: Sequence[Embeddings], weights: Sequence[float]) -> Embeddings:
    """Returns what a hybrid gives, in numpy: embeddings [N,D] of each part → [N, sum of D]."""
    return normalize_rows(
        np.hstack([normalize_rows(rows) * np.sqrt(w) for rows, w in zip(embeddings, weights, strict=True)])
    )


def test_parts_with_one_recipe_agree_to_the_last_digits_with_numpy(tmp_path: Path) -> None:
    one, other = put(tmp_path, "one", seed=1), put(tmp_path, "other", seed=2)
    hybrid = OnnxEmbedder(made([HybridPart(one, 3), HybridPart(other, 1)], tmp_path), 1)
    seen = images(photos(tmp_path / "photos"))
    apart = [OnnxEmbedder(bundle, 1).embed_images(seen) for bundle in (one, other)]
    found = hybrid.embed_images(seen)
    assert hybrid.bundle.preprocessing == PREPROCESSING and found.shape == (40, 2 * DIMS)
    assert found == pytest.approx(concatenate_weighted(apart, [3, 1]), abs=1e-6)
    weights = {"one": 3.0, "other": 1.0}
    expected = mix({name: cosine(rows, rows) for name, rows in zip(weights, apart, strict=True)}, weights)
    assert cosine(found, found) == pytest.approx(expected, abs=1e-6)
    assert find_problem(hybrid.bundle.path) is None


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"color": "BGR"},
        {"interpolation": "bicubic"},
        {"mean": (0.1, 0.5, 0.9), "std": (0.2, 0.3, 0.4)},
        {"resize_shorter_side": 32},
        {"resize_shorter_side": 80, "interpolation": "lanczos"},
    ],
    ids=str,
)
def test_parts_of_different_sizes_find_their_own_square(changes: dict[str, Any], tmp_path: Path) -> None:
    color = find_bundle("color", ModelSettings())
    parts = [HybridPart(color, 0.3), HybridPart(convolving(tmp_path, **changes), 0.7)]
    hybrid = OnnxEmbedder(made(parts, tmp_path), 1)
    seen = [*images(photos(tmp_path / "photos")), *draw_pictures()]
    apart = [OnnxEmbedder(part.bundle, 1).embed_images(seen) for part in parts]
    together = np.diagonal(cosine(hybrid.embed_images(seen), concatenate_weighted(apart, [0.3, 0.7])))
    assert together.min() > 0.99
    assert hybrid.embed_images(seen[:1]) == pytest.approx(hybrid.embed_images(seen)[:1], abs=1e-5)
    cosines = hybrid.bundle.manifest.metrics["part_cosine"]
    assert isinstance(cosines, dict) and set(cosines) == {part.bundle.space.name for part in parts}


def test_what_cannot_be_expressed_is_refused(tmp_path: Path) -> None:
    color, conv = find_bundle("color", ModelSettings()), convolving(tmp_path, interpolation="lanczos")
    with pytest.raises(ExportFailed, match="resizes with 'lanczos'"):
        made([HybridPart(color, 1), HybridPart(conv, 1)], tmp_path)
    for parts, said in (
        ([HybridPart(color, 1)], "two or more"),
        ([HybridPart(color, 1), HybridPart(color, 2)], "two or more different"),
        ([HybridPart(color, 0), HybridPart(put(tmp_path), 1)], "above 0"),
    ):
        with pytest.raises(InvalidModel, match=said):
            made(parts, tmp_path)
    assert not (tmp_path / "duo").exists()


def test_the_manifest_speaks_for_all_parts(tmp_path: Path) -> None:
    mine = record("mine", licenses=Licenses(code="MIT", weights="ours", data="none", scripts="MIT"), max_batch=8)
    limits = Limits(max_batch=8, min_side=100, categories=("dress", "hat"), ood_cosine=0.4)
    one = write_bundle(tmp_path, mine.model_copy(update={"limits": limits}), {"model.onnx": tiny_network()}).bundle
    teller = put_telling(tmp_path)
    hybrid = made([HybridPart(one, 2), HybridPart(teller, 1)], tmp_path)
    manifest = hybrid.manifest
    assert (manifest.limits.max_batch, manifest.limits.min_side, manifest.limits.ood_cosine) == (8, 100, None)
    assert manifest.limits.categories == ("dress", "hat")
    assert (manifest.licenses.code, manifest.licenses.weights) == ("MIT", "mine: ours; teller: CC0")
    assert manifest.metrics["parts"] == {one.space.name: 2, teller.space.name: 1}
    assert manifest.classes == CLASSES
    seen = draw_pictures()
    alone, together = OnnxEmbedder(teller, 1), OnnxEmbedder(hybrid, 1)
    pixels = np.stack([together.preprocess(image) for image in seen])
    expected = alone.predict(np.stack([alone.preprocess(image) for image in seen])).probabilities
    assert together.predict(pixels).probabilities == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("categories", "joint"),
    [
        ((("dress", "hat"), ("hat", "shoes"), None), ("hat",)),
        ((("hat", "dress"), ("shoes",)), ("dress", "hat", "shoes")),
        (((), ("shoes",)), ("shoes",)),
        ((None, ()), None),
    ],
)
def test_categories_that_parts_share_else_those_of_any(categories: Any, joint: Any) -> None:
    assert join_limits([Limits(categories=each) for each in categories]).categories == joint


def run(bundles: Path, *words: str, code: int = 0) -> Any:
    done = CliRunner().invoke(app, [*words, "--json"], env={"BUNDLES": str(bundles)})
    assert done.exit_code == code, done.output
    return json.loads(done.stdout.splitlines()[-1])


def test_the_command_with_a_pca(tmp_path: Path) -> None:
    conv = convolving(tmp_path / "b")
    one = convolving(tmp_path / "b", "one", 4, resize_shorter_side=50)
    folder = photos(tmp_path / "photos")
    run(tmp_path / "b", "pack", "whole", "--parts", "one:0.4", "conv:0.6")
    short = run(tmp_path / "b", "pack", "short", "--parts", "one:0.4,conv:0.6", "--pca", "5", "--photos", str(folder))
    assert (short["name"], short["dims"]) == ("short", 5)
    assert short["metrics"]["pca_photos"] == 40
    assert short["metrics"]["parts"] == {one.space.name: 0.4, conv.space.name: 0.6}
    whole, reduced = (OnnxEmbedder(find_bundle(name, settings_for(tmp_path / "b")), 1) for name in ("whole", "short"))
    seen = images(folder)
    rows = whole.embed_images(seen)
    assert np.diagonal(cosine(reduced.embed_images(seen), project(rows, fit(rows, 5)))).min() > 0.9999
    again = run(tmp_path / "b", "pack", "whole", "--parts", "one:0.4", "--parts", "conv:0.6")
    assert again["existed"]
    assert [path.name for path in (tmp_path / "b").iterdir() if path.name[0] == "."] == []


def test_int8_is_a_bundle_of_its_own_and_says_what_it_lost(tmp_path: Path) -> None:
    base = convolving(tmp_path / "b")
    folder = photos(tmp_path / "photos")
    small = run(tmp_path / "b", "pack", "conv_int8", "--int8", "conv", "--photos", str(folder))
    bundle = load(Path(small["path"]))
    metrics = bundle.manifest.metrics
    assert metrics["variant_of"] == base.space.name and metrics["drift_photos"] == 20
    seen = images(folder)[1::2]
    full, int8 = (OnnxEmbedder(one, 1).embed_images(seen) for one in (base, bundle))
    drift = np.diagonal(cosine(full, int8))
    assert 0.98 < drift.mean() < 1
    assert metrics["drift_mean_cosine"] == pytest.approx(drift.mean(), abs=1e-4)
    assert metrics["drift_min_cosine"] == pytest.approx(drift.min(), abs=1e-4)
    assert json.loads(bundle.read("canonical.json"))["tolerance_cosine"] == 0.98
    assert find_problem(bundle.path) is None


@pytest.mark.parametrize(
    "words",
    [
        ("pack", "new", "--parts", "one:1", "conv:1", "--pca", "4", "--photos"),
        ("pack", "new", "--int8", "conv", "--photos"),
        ("export", "conv", "--pca", "4", "--fit-on"),
    ],
)
def test_nothing_is_fitted_on_photos_of_the_gate(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    convolving(tmp_path / "b")
    convolving(tmp_path / "b", "one", 4, resize_shorter_side=50)
    folder, gate = photos(tmp_path / "photos"), tmp_path / "gate"
    gate.mkdir()
    monkeypatch.setenv("GATE_DATA", str(gate))
    (gate / "renamed").write_bytes((folder / "07.png").read_bytes())
    assert "07.png belongs to the gate" in run(tmp_path / "b", *words, str(folder), code=2)["message"]
    assert sorted(path.name for path in (tmp_path / "b").iterdir()) == ["conv", "one"]
    feed = tmp_path / "feed.jsonl"
    feed.write_text(json.dumps({"id": "1", "title": "x", "image_link": f"file://{folder / '11.png'}"}) + "\n")
    monkeypatch.setenv("GATE_DATA", str(feed))
    assert "11.png belongs to the gate" in run(tmp_path / "b", *words, str(folder), code=2)["message"]
    monkeypatch.setenv("GATE_DATA", str(tmp_path / "nowhere"))
    assert "which holds no photos" in run(tmp_path / "b", *words, str(folder), code=2)["message"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("pack", "new"), "name either parts"),
        (("pack", "new", "--parts", "one:1", "--int8", "one"), "name either parts"),
        (("pack", "new", "--parts", "one:much", "conv:1"), "write bundle:weight"),
        (("pack", "new", "--parts", "one:1", "nix:1"), "no model 'nix'"),
        (("pack", "new", "--parts", "one:1", "conv:1", "--pca", "4"), "--photos goes with"),
        (("pack", "new", "--int8", "one"), "--photos goes with"),
        (("pack", "New Name", "--parts", "one:1", "conv:1"), "lower-case letters"),
        (("pack", "new", "--int8", "conv", "--photos", "FEW"), "8 photos or more"),
    ],
)
def test_wrong_use_says_what_to_do(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    put(tmp_path / "b", "one")
    convolving(tmp_path / "b")
    few = photos(tmp_path / "few", 3)
    told = run(tmp_path / "b", *(str(few) if word == "FEW" else word for word in words), code=2)
    assert said in told["message"]
    assert sorted(path.name for path in (tmp_path / "b").iterdir()) == ["conv", "one"]
