"""Which versions a run embeds with, and that one which makes other vectors here is refused."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from pathlib import Path

import pytest

from etl.wiring import find_models
from models.bundles.bundle import Bundle
from models.errors import BundleNotFound, InvalidBundle
from models.runtime import canonical_vectors
from models.runtime.onnx_embedder import OnnxEmbedder
from tests.fakes import FakeCatalogue
from tests.unit.models_making import put


@pytest.fixture
def versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Bundle]:
    """Three of one model, the newest last."""
    monkeypatch.setenv("BUNDLES", str(tmp_path))
    return [put(tmp_path, "shop", seed=seed, day=seed) for seed in (1, 2, 3)]


def spaces(index: FakeCatalogue, *names: str) -> list[str]:
    return [model.space.name for model in find_models(names, "cpu", index)]


def test_a_bare_name_is_the_newest_and_the_one_that_serves(versions: list[Bundle]) -> None:
    first, second, newest = (bundle.space for bundle in versions)
    index = FakeCatalogue(spaces=[second, newest])
    assert spaces(FakeCatalogue(), "shop") == [newest.name]
    assert spaces(index, "shop") == [newest.name, second.name]  # nothing is promoted: the one that came first serves
    index.promotion = first.name  # though its vectors are gone
    assert spaces(index, "shop") == [newest.name, first.name]
    assert spaces(index, "shop", f"shop/{first.version}") == [newest.name, first.name]
    assert spaces(index, f"shop/{second.version}") == [second.name]
    index.promotion = newest.name
    assert spaces(index, "shop") == [newest.name]
    index.promotion = "color__000000000000"
    assert spaces(index, "shop") == [newest.name]
    with pytest.raises(BundleNotFound):
        spaces(index, "nope")


def test_it_is_said_that_the_one_that_serves_is_not_here(
    versions: list[Bundle], caplog: pytest.LogCaptureFixture
) -> None:
    index = FakeCatalogue(spaces=[bundle.space for bundle in versions])
    shutil.rmtree(versions[0].path)
    with caplog.at_level(logging.WARNING):
        assert spaces(index, "shop") == [versions[2].space.name]
    assert f"{versions[0].space.name} serves, but its bundle is not in" in caplog.text


def test_a_model_that_makes_other_vectors_here_is_not_opened(versions: list[Bundle]) -> None:
    bundle = versions[0]
    (model,) = find_models([bundle.space.name], "cpu")
    assert model.open().space == bundle.space
    others = canonical_vectors.to_canonical_file(
        -OnnxEmbedder(bundle, 1).embed_images(canonical_vectors.draw_pictures())
    )
    (bundle.path / canonical_vectors.CANONICAL_FILE).write_bytes(others)
    manifest = json.loads((bundle.path / "bundle.json").read_text())
    manifest["files"][canonical_vectors.CANONICAL_FILE] = hashlib.sha256(others).hexdigest()
    (bundle.path / "bundle.json").write_text(json.dumps(manifest))
    (model,) = find_models([bundle.space.name], "cpu")
    with pytest.raises(InvalidBundle, match="other vectors here than where the bundle was made"):
        model.open()
    (bundle.path / canonical_vectors.CANONICAL_FILE).unlink()
    del manifest["files"][canonical_vectors.CANONICAL_FILE]
    (bundle.path / "bundle.json").write_text(json.dumps(manifest))
    (model,) = find_models([bundle.space.name], "cpu")
    assert model.open().space == bundle.space
