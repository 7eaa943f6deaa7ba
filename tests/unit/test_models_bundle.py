"""A bundle is what it says it is, or it is refused."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from models.bundles.bundle import Bundle, load
from models.bundles.fingerprint import sha256_bytes, to_canonical_json
from models.bundles.manifest import Licenses
from models.bundles.writer import write_bundle
from models.errors import BundleDiffers, InvalidBundle, InvalidModel, UnsupportedSchema
from tests.unit.models_making import DIMS, LICENSES, edit, put, put_whole, record, tiny_network

MANIFEST_FIELDS = {
    *("schema_version", "name", "version", "task", "origin", "owner", "created", "architecture", "inputs", "outputs"),
    *("dims", "metric", "preprocessing", "training", "metrics", "limits", "licenses", "files"),
}


def test_manifest_has_the_contracts_fields(tmp_path: Path) -> None:
    content = json.loads((put(tmp_path).path / "bundle.json").read_text())
    assert set(content) == MANIFEST_FIELDS
    assert set(content["preprocessing"]) == {
        *("resize_shorter_side", "interpolation", "center_crop", "mean", "std", "color"),
    }
    assert set(content["limits"]) == {"max_batch", "max_pixels", "min_side", "categories", "ood_cosine"}
    assert set(content["licenses"]) == {"code", "weights", "data", "scripts"}


def test_version_is_hash_of_model_and_preprocessing_alone(tmp_path: Path) -> None:
    bundle = put(tmp_path)
    content = json.loads((bundle.path / "bundle.json").read_text())
    model = sha256_bytes((bundle.path / "model.onnx").read_bytes())
    stated = {"model.onnx": model, "preprocessing": content["preprocessing"]}
    text = json.dumps(stated, sort_keys=True, separators=(",", ":"))
    assert to_canonical_json(stated) == text.encode()
    assert bundle.version == sha256_bytes(text.encode())[:12]
    other = write_bundle(
        tmp_path / "other",
        record(licenses=Licenses(code="x", weights="y", data="z", scripts="w")),
        {"model.onnx": tiny_network(), "card.md": b"# tiny"},
    )
    assert (
        other.bundle.version
        == write_bundle(tmp_path / "third", record(), {"model.onnx": tiny_network()}).bundle.version
    )


def test_load_gives_space_and_content_back(tmp_path: Path) -> None:
    bundle = load(put(tmp_path).path)
    assert bundle.space.name == f"tiny__{bundle.version}"
    assert bundle.space.dims == DIMS
    assert bundle.read() == (bundle.path / "model.onnx").read_bytes()
    assert not bundle.has_weights


def test_writing_twice_says_it_is_there(tmp_path: Path) -> None:
    first, second = put_whole(tmp_path, day=1), put_whole(tmp_path, day=2)
    assert (first.existed, second.existed) == (False, True)
    assert second.bundle == first.bundle
    assert [one.name for one in (tmp_path / "tiny").iterdir()] == [first.bundle.version]


def test_same_version_with_other_licence_or_files_is_not_replaced_silently(tmp_path: Path) -> None:
    put(tmp_path)
    other = LICENSES.model_copy(update={"weights": "proprietary"})
    contents = {"model.onnx": tiny_network()}
    first = write_bundle(tmp_path, record(), contents).bundle
    with pytest.raises(BundleDiffers, match=r"other licenses: remove .*" + first.version):
        write_bundle(tmp_path, record(licenses=other), contents)
    with pytest.raises(BundleDiffers, match="other files"):
        write_bundle(tmp_path, record(), {**contents, "card.md": b"# tiny"})


def test_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        put(tmp_path)
    assert list((tmp_path / "tiny").iterdir()) == []


@pytest.mark.parametrize("blank", ["", "   "])
def test_blank_licence_is_refused(blank: str) -> None:
    with pytest.raises(ValueError, match="weights"):
        Licenses(code="MIT", weights=blank, data="none", scripts="MIT")


@pytest.mark.parametrize("name", ["Tiny", "tiny__2", "tiny/../..", "", "tiny-2", "../tiny"])
def test_name_that_cannot_be_a_space_is_refused(tmp_path: Path, name: str) -> None:
    valid = record().model_dump()
    with pytest.raises((InvalidModel, ValueError), match=r"name|space"):
        write_bundle(tmp_path, type(record())(**(valid | {"name": name})), {"model.onnx": tiny_network()})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("file", ["weights.pt", "weights.pkl", "../evil.json", "sub/evil.json", ".hidden.json"])
def test_files_that_a_bundle_may_not_hold(tmp_path: Path, file: str) -> None:
    with pytest.raises(InvalidModel, match="may not hold"):
        write_bundle(tmp_path, record(), {"model.onnx": tiny_network(), file: pickle.dumps({})})
    assert list(tmp_path.iterdir()) == []


def _truncate(bundle: Bundle) -> None:
    file = bundle.path / "model.onnx"
    file.write_bytes(file.read_bytes()[:-10])


def _flip_a_bit(bundle: Bundle) -> None:
    file = bundle.path / "model.onnx"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))


def _link_model(bundle: Bundle) -> None:
    file = bundle.path / "model.onnx"
    file.rename(bundle.path.parent / "elsewhere.onnx")
    file.symlink_to(bundle.path.parent / "elsewhere.onnx")


def _link_manifest(bundle: Bundle) -> None:
    file = bundle.path / "bundle.json"
    file.rename(bundle.path.parent / "elsewhere.json")
    file.symlink_to(bundle.path.parent / "elsewhere.json")


def _preprocess_otherwise(bundle: Bundle) -> None:
    preprocessing = bundle.preprocessing.model_dump(mode="json") | {"interpolation": "bicubic"}
    edit(bundle, preprocessing=preprocessing)


DAMAGES: dict[str, tuple[Callable[[Bundle], object], str]] = {
    "truncated": (_truncate, "not the file it was"),
    "bit flipped": (_flip_a_bit, "not the file it was"),
    "missing": (lambda one: (one.path / "model.onnx").unlink(), "lacks model.onnx"),
    "extra": (lambda one: (one.path / "more.json").write_text("{}"), "more.json, which bundle.json does not list"),
    "pickle beside": (lambda one: (one.path / "weights.pt").write_bytes(b"x"), "does not list"),
    "folder inside": (lambda one: (one.path / "sub").mkdir(), "plain files only"),
    "link to model": (_link_model, "plain files only"),
    "link to manifest": (_link_manifest, "has no bundle.json"),
    "no manifest": (lambda one: (one.path / "bundle.json").unlink(), "has no bundle.json"),
    "no JSON": (lambda one: (one.path / "bundle.json").write_text("{"), "not JSON"),
    "a list": (lambda one: (one.path / "bundle.json").write_text("[]"), "no schema_version"),
    "not UTF-8": (lambda one: (one.path / "bundle.json").write_bytes(b"\xff\xfe{}"), "not JSON"),
    "other name": (lambda one: edit(one, name="other"), "swapped or renamed"),
    "other version": (lambda one: edit(one, version="0" * 12), "make it"),
    "other preprocessing": (_preprocess_otherwise, "make it"),
    "other dims": (lambda one: edit(one, dims=5), "the embedding"),
    "unknown field": (lambda one: edit(one, colour="red"), "colour"),
    "missing field": (lambda one: edit(one, licenses=None), "licenses"),
    "path escape": (lambda one: edit(one, files={**one.manifest.files, "../x.json": "0" * 64}), "may not hold"),
    "blank licence": (lambda one: edit(one, licenses={**LICENSES.model_dump(), "data": " "}), "licenses.data"),
    "trained by nobody": (lambda one: edit(one, origin="trained"), "data_fingerprint"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_refused_with_a_reason(tmp_path: Path, damage: str) -> None:
    bundle = put(tmp_path)
    break_it, message = DAMAGES[damage]
    break_it(bundle)
    with pytest.raises(InvalidBundle, match=message):
        load(bundle.path)


@pytest.mark.parametrize(("version", "message"), [(0, "older than 1: make it again"), (2, "newer than 1: upgrade")])
def test_other_schema_versions_are_refused(tmp_path: Path, version: int, message: str) -> None:
    bundle = put(tmp_path)
    edit(bundle, schema_version=version, something_new={"a": 1})
    with pytest.raises(UnsupportedSchema, match=message):
        load(bundle.path)


def test_swapped_bundles_are_refused(tmp_path: Path) -> None:
    one, two = put(tmp_path, seed=1), put(tmp_path, seed=2)
    one.path.rename(tmp_path / "aside")
    two.path.rename(one.path)
    with pytest.raises(InvalidBundle, match="swapped or renamed"):
        load(one.path)


def test_swapped_models_are_refused(tmp_path: Path) -> None:
    one, two = put(tmp_path, seed=1), put(tmp_path, seed=2)
    (two.path / "model.onnx").replace(one.path / "model.onnx")
    with pytest.raises(InvalidBundle, match="not the file it was"):
        load(one.path)


def test_linked_folder_is_refused(tmp_path: Path) -> None:
    bundle = put(tmp_path / "real")
    (tmp_path / "links" / "tiny").mkdir(parents=True)
    link = tmp_path / "links" / "tiny" / bundle.version
    link.symlink_to(bundle.path)
    with pytest.raises(InvalidBundle, match="links are not followed"):
        load(link)


def test_file_changed_after_loading_is_noticed_when_read(tmp_path: Path) -> None:
    bundle = load(put(tmp_path).path)
    _flip_a_bit(bundle)
    with pytest.raises(InvalidBundle, match="not the file it was"):
        bundle.read()
