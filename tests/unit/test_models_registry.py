"""Finding bundles by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.errors import InvalidInput, NotFound
from models import settings as model_settings
from models.errors import BundleNotFound, InvalidBundle
from models.registry import find, list_bundles
from tests.unit.models_making import edit, put, settings_for


def test_newest_of_several_versions(tmp_path: Path) -> None:
    put(tmp_path, seed=1, day=3)
    newest = put(tmp_path, seed=2, day=9)
    put(tmp_path, seed=3, day=6)
    assert find("tiny", settings_for(tmp_path)) == newest
    assert next(iter(list_bundles(settings_for(tmp_path)))).version == newest.version


@pytest.mark.parametrize("form", ["{name}/{version}", "{name}__{version}", "{name}/{start}"])
def test_one_version_by_name(tmp_path: Path, form: str) -> None:
    old = put(tmp_path, seed=1, day=3)
    put(tmp_path, seed=2, day=9)
    name = form.format(name="tiny", version=old.version, start=old.version[:6])
    assert find(name, settings_for(tmp_path)) == old


@pytest.mark.parametrize(
    "name", ["tin", "tinyx", "tiny/ffffffffffff", "tiny__ffffffffffff", "", "tiny/", "../tiny/abcd"]
)
def test_unknown_name_lists_what_there_is(tmp_path: Path, name: str) -> None:
    bundle = put(tmp_path)
    with pytest.raises(NotFound) as caught:
        find(name, settings_for(tmp_path))
    assert caught.value.code == "model_not_found"
    assert bundle.version in caught.value.message or "write color" in caught.value.message


def test_empty_and_absent_folder(tmp_path: Path) -> None:
    assert list_bundles(settings_for(tmp_path / "nowhere")) == []
    with pytest.raises(BundleNotFound, match="there are none"):
        find("tiny", settings_for(tmp_path / "nowhere"))


def test_broken_bundle_is_listed_with_its_problem_and_harms_no_other(tmp_path: Path) -> None:
    broken, good = put(tmp_path, "broken"), put(tmp_path, "good")
    (broken.path / "bundle.json").unlink()
    listed = {one.name: one for one in list_bundles(settings_for(tmp_path))}
    assert listed["broken"].bundle is None
    assert "has no bundle.json" in str(listed["broken"].problem)
    assert find("good", settings_for(tmp_path)) == good
    with pytest.raises(InvalidBundle, match=r"has no bundle\.json"):
        find("broken", settings_for(tmp_path))


def test_find_verifies_files(tmp_path: Path) -> None:
    bundle = put(tmp_path)
    (bundle.path / "model.onnx").write_bytes(b"")
    with pytest.raises(InvalidBundle, match="not the file it was"):
        find("tiny", settings_for(tmp_path))


def test_half_written_folders_are_not_bundles(tmp_path: Path) -> None:
    (tmp_path / "tiny" / ".0123-tmp").mkdir(parents=True)
    (tmp_path / "notes.txt").write_text("no bundle")
    assert list_bundles(settings_for(tmp_path)) == []


def test_later_edit_of_created_does_not_need_the_model(tmp_path: Path) -> None:
    one, two = put(tmp_path, seed=1, day=1), put(tmp_path, seed=2, day=2)
    edit(one, created="2027-01-01T00:00:00Z")
    assert [listed.version for listed in list_bundles(settings_for(tmp_path))] == [one.version, two.version]


def test_settings_from_the_environment(tmp_path: Path) -> None:
    chosen = model_settings.load({"BUNDLES": str(tmp_path), "MODEL_THREADS": "2"})
    assert (chosen.bundles, chosen.model_threads) == (tmp_path, 2)
    assert model_settings.load({"BUNDLES": ""}).bundles.name == "bundles"
    with pytest.raises(InvalidInput, match="MODEL_THREADS"):
        model_settings.load({"MODEL_THREADS": "none"})
