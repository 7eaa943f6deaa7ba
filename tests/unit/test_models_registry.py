"""Finding bundles by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.errors import InvalidInput, NotFound
from models.bundles import fingerprint
from models.bundles.registry import choose_bundle, find_bundle, list_bundles, list_verified
from models.errors import BundleNotFound, InvalidBundle
from models.settings import ModelSettings
from tests.unit.models_making import edit, put, settings_for


def test_newest_of_several_versions(tmp_path: Path) -> None:
    put(tmp_path, seed=1, day=3)
    newest = put(tmp_path, seed=2, day=9)
    put(tmp_path, seed=3, day=6)
    assert find_bundle("tiny", settings_for(tmp_path)) == newest
    assert next(iter(list_bundles(settings_for(tmp_path)))).version == newest.version


@pytest.mark.parametrize("form", ["{name}/{version}", "{name}__{version}", "{name}/{start}"])
def test_one_version_by_name(tmp_path: Path, form: str) -> None:
    old = put(tmp_path, seed=1, day=3)
    put(tmp_path, seed=2, day=9)
    name = form.format(name="tiny", version=old.version, start=old.version[:6])
    assert find_bundle(name, settings_for(tmp_path)) == old


def test_digits_that_fit_two_versions_are_refused_by_both_ways_of_finding(tmp_path: Path) -> None:
    for day, digits in enumerate(("abcdef", "abcd12"), 1):
        old = put(tmp_path, seed=day, day=day)
        version = digits + old.version[6:]
        edit(old, version=version)
        old.path.rename(old.path.with_name(version))
    for look in (find_bundle, choose_bundle):
        with pytest.raises(BundleNotFound, match=r"abcdef.*abcd12.*more digits|abcd12.*abcdef.*more digits"):
            look("tiny/abcd", settings_for(tmp_path))


@pytest.mark.parametrize(
    "name", ["tin", "tinyx", "tiny/ffffffffffff", "tiny__ffffffffffff", "", "tiny/", "../tiny/abcd"]
)
def test_unknown_name_lists_what_there_is(tmp_path: Path, name: str) -> None:
    bundle = put(tmp_path)
    with pytest.raises(NotFound) as caught:
        find_bundle(name, settings_for(tmp_path))
    assert caught.value.code == "model_not_found"
    assert bundle.version in caught.value.message or "write color" in caught.value.message


def test_empty_and_absent_folder(tmp_path: Path) -> None:
    assert list_bundles(settings_for(tmp_path / "nowhere")) == []
    with pytest.raises(BundleNotFound, match="there are none"):
        find_bundle("tiny", settings_for(tmp_path / "nowhere"))


def test_broken_bundle_is_listed_with_its_problem_and_harms_no_other(tmp_path: Path) -> None:
    broken, good = put(tmp_path, "broken"), put(tmp_path, "good")
    (broken.path / "bundle.json").unlink()
    listed = {one.name: one for one in list_bundles(settings_for(tmp_path))}
    assert listed["broken"].bundle is None
    assert "has no bundle.json" in str(listed["broken"].problem)
    assert find_bundle("good", settings_for(tmp_path)) == good
    with pytest.raises(InvalidBundle, match=r"has no bundle\.json"):
        find_bundle("broken", settings_for(tmp_path))


@pytest.mark.parametrize("content", ["[" * 200_000, "{", '{"schema_version": 2}'], ids=["nested", "cut", "newer"])
def test_a_version_that_cannot_be_read_hides_no_other(
    content: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good, serving, bad = (put(tmp_path, seed=seed, day=seed) for seed in (2, 1, 3))
    (bad.path / "bundle.json").write_text(content)
    settings = settings_for(tmp_path)
    assert [one.version for one in list_bundles(settings) if one.problem] == [bad.version]
    assert find_bundle("tiny", settings) == good
    assert choose_bundle("tiny", settings, prefer=serving.space.name) == serving
    assert "passed over" in caplog.text and bad.version in caplog.text
    with pytest.raises(InvalidBundle):
        find_bundle(bad.space.name, settings)


def test_a_manifest_that_the_disk_does_not_give_is_a_broken_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = put(tmp_path, "bad"), put(tmp_path, "good")
    read = Path.read_bytes

    def unreadable(path: Path) -> bytes:
        if path.is_relative_to(bad.path):
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", unreadable)
    listed = {one.name: one for one in list_bundles(settings_for(tmp_path))}
    assert "Permission denied" in str(listed["bad"].problem)
    assert find_bundle("good", settings_for(tmp_path)) == good


def test_files_are_compared_once_until_they_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, hashed = settings_for(tmp_path), []
    one, other = put(tmp_path, "one"), put(tmp_path, "other")
    whole = fingerprint.sha256_file
    monkeypatch.setattr(fingerprint, "sha256_file", lambda path: hashed.append(path) or whole(path))  # type: ignore[func-returns-value]
    assert [each.problem for each in list_verified(settings)] == [None, None]
    first = len(hashed)
    assert first == len(one.manifest.files) + len(other.manifest.files)
    assert [each.problem for each in list_verified(settings)] == [None, None] and len(hashed) == first
    (other.path / "model.onnx").write_bytes(other.read()[:-1])
    (well, cut) = list_verified(settings)
    assert (well.bundle, cut.bundle, len(hashed)) == (one, None, first + 1)
    assert "not the file it was" in str(cut.problem)


def test_find_verifies_files(tmp_path: Path) -> None:
    bundle = put(tmp_path)
    (bundle.path / "model.onnx").write_bytes(b"")
    with pytest.raises(InvalidBundle, match="not the file it was"):
        find_bundle("tiny", settings_for(tmp_path))


def test_half_written_folders_are_not_bundles(tmp_path: Path) -> None:
    (tmp_path / "tiny" / ".0123-tmp").mkdir(parents=True)
    (tmp_path / "notes.txt").write_text("no bundle")
    assert list_bundles(settings_for(tmp_path)) == []


def test_later_edit_of_created_does_not_need_the_model(tmp_path: Path) -> None:
    one, two = put(tmp_path, seed=1, day=1), put(tmp_path, seed=2, day=2)
    edit(one, created="2027-01-01T00:00:00Z")
    assert [listed.version for listed in list_bundles(settings_for(tmp_path))] == [one.version, two.version]


def test_settings_from_the_environment(tmp_path: Path) -> None:
    chosen = ModelSettings.load({"BUNDLES": str(tmp_path), "MODEL_THREADS": "2"})
    assert (chosen.bundles, chosen.model_threads) == (tmp_path, 2)
    assert ModelSettings.load({"BUNDLES": ""}).bundles.name == "bundles"
    with pytest.raises(InvalidInput, match="MODEL_THREADS"):
        ModelSettings.load({"MODEL_THREADS": "none"})
