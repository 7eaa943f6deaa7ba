"""models.lock, pull and outdated: what is fetched is what was locked, or nothing is."""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from typer.testing import CliRunner

from models.bundles.bundle import Bundle, load
from models.commands.main import app
from models.distribution.pull import pull_bundle, read_index
from models.distribution.sources import FileSource
from models.settings import ModelSettings
from tests.image_server import image_server
from tests.unit.models_making import edit, put

ROOT = Path(__file__).parents[2]
NESTED = "[" * 200_000


class Deployment:
    """A folder with a models.lock and an empty BUNDLES of its own."""

    def __init__(self, folder: Path) -> None:
        self.bundles, self.lock = folder / "here", folder / "models.lock"

    def run(self, *words: str, code: int = 0, bundles: Path | None = None) -> Any:
        env = {"BUNDLES": str(bundles or self.bundles)}
        done = CliRunner().invoke(app, [*words, "--lock", str(self.lock), "--json"], env=env)
        assert done.exit_code == code, done.output
        return json.loads(done.stdout.splitlines()[0])

    def there(self) -> list[str]:
        return sorted(str(path.relative_to(self.bundles)) for path in self.bundles.glob("*/*"))


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return Deployment(tmp_path)


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A folder of bundles to pull from: two versions of `tiny`, one of `other`."""
    folder = tmp_path / "shelf"
    put(folder, seed=1, day=1)
    put(folder, seed=2, day=2)
    put(folder, "other", seed=3)
    return folder


def in_memory(shelf: Path) -> str:
    memory = fsspec.filesystem("memory")
    memory.put(str(shelf), "/shelf", recursive=True)
    return "memory://shelf"


@pytest.fixture(params=["folder", "file URL", "memory", "http"])
def source(request: pytest.FixtureRequest, shelf: Path, deployment: Deployment) -> Iterator[str]:
    match request.param:
        case "folder":
            yield str(shelf)
        case "file URL":
            yield f"file://{shelf}"
        case "memory":
            yield in_memory(shelf)
            fsspec.filesystem("memory").rm("/shelf", recursive=True)
        case _:
            with image_server() as server:
                index = Deployment(shelf.parent)
                index.lock = shelf / "index.json"
                index.run("lock", "tiny", "other", bundles=shelf)
                for file in shelf.rglob("*.*"):
                    if file.is_file():
                        server.photos[f"/shelf/{file.relative_to(shelf)}"] = file.read_bytes()
                yield server.url("/shelf")


def find_newest(shelf: Path, name: str = "tiny") -> Bundle:
    return max((load(path) for path in (shelf / name).iterdir()), key=lambda one: one.manifest.created)


def test_the_newest_is_fetched_locked_and_found_again(source: str, shelf: Path, deployment: Deployment) -> None:
    wanted = find_newest(shelf)
    [fetched] = deployment.run("pull", source, "tiny")["bundles"]
    assert fetched == {"name": "tiny", "version": wanted.version, "existed": False}
    pulled = load(deployment.bundles / "tiny" / wanted.version)
    assert pulled.manifest == wanted.manifest
    [entry] = json.loads(deployment.lock.read_text())["bundles"]
    digest = hashlib.sha256((wanted.path / "bundle.json").read_bytes()).hexdigest()
    assert (entry["version"], entry["sha256"], entry["source"]) == (wanted.version, digest, source)
    shutil.rmtree(deployment.bundles)
    assert deployment.run("pull")["bundles"] == [fetched]  # from where the lock says
    assert deployment.run("pull")["bundles"] == [fetched | {"existed": True}]


def test_everything_at_a_source_without_a_lock(source: str, shelf: Path, deployment: Deployment) -> None:
    deployment.run("pull", source)
    expected = [f"{name}/{find_newest(shelf, name).version}" for name in ("other", "tiny")]
    assert deployment.there() == expected


def test_one_bundles_own_folder_is_a_source(source: str, shelf: Path, deployment: Deployment) -> None:
    wanted = find_newest(shelf, "other")
    deployment.run("pull", f"{source}/other/{wanted.version}")
    assert deployment.there() == [f"other/{wanted.version}"]
    shutil.rmtree(deployment.bundles)
    deployment.run("pull")
    assert deployment.there() == [f"other/{wanted.version}"]


def test_outdated_names_what_is_newer_at_the_source(source: str, shelf: Path, deployment: Deployment) -> None:
    new = find_newest(shelf)
    [old] = [path.name for path in (shelf / "tiny").iterdir() if path.name != new.version]
    for word in (f"tiny/{old}", "other"):
        deployment.run("lock", word, "--source", source, bundles=shelf)
    assert deployment.run("outdated")["outdated"] == [
        {"name": "tiny", "here": old, "there": new.version, "source": source}
    ]
    deployment.run("pull", source, f"tiny/{new.version}")
    assert deployment.run("outdated")["outdated"] == []


def changed(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def swapped(bundle: Bundle) -> None:
    other = put(bundle.path.parents[1], seed=9)
    shutil.copy(other.path / "model.onnx", bundle.path / "model.onnx")


DAMAGE: dict[str, tuple[Callable[[Bundle], object], str]] = {
    "a bit": (lambda one: changed(one.path / "model.onnx"), "cut short or was changed"),
    "cut short": (lambda one: (one.path / "model.onnx").write_bytes(one.read()[:-9]), "cut short or was changed"),
    "swapped": (swapped, "cut short or was changed"),
    "canonical vectors": (lambda one: changed(one.path / "canonical.json"), "cut short or was changed"),
    "file gone": (lambda one: (one.path / "model.onnx").unlink(), "is not there"),
    "bundle gone": (lambda one: shutil.rmtree(one.path), "is not there"),
    "another bundle.json": (lambda one: edit(one, owner="somebody else"), "not the one that was locked"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_not_what_was_locked_leaves_nothing_behind(damage: str, shelf: Path, deployment: Deployment) -> None:
    wanted = find_newest(shelf, "other")
    deployment.run("lock", "other", "--source", str(shelf), bundles=shelf)
    spoil, said = DAMAGE[damage]
    spoil(wanted)
    assert said in deployment.run("pull", code=2)["message"]
    assert deployment.there() == [] and [path for path in deployment.bundles.rglob("*") if path.is_file()] == []


def test_what_is_here_is_not_overwritten(shelf: Path, deployment: Deployment) -> None:
    deployment.run("pull", str(shelf), "other")
    here = find_newest(deployment.bundles, "other")
    edit(here, owner="somebody else")
    assert "another bundle.json" in deployment.run("pull", code=2)["message"]
    (here.path / "model.onnx").write_bytes(b"cut")
    assert "not the file it was" in deployment.run("pull", code=2)["message"]


def test_a_host_that_cannot_be_reached_says_what_to_do(deployment: Deployment) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/shelf"
        told = deployment.run("pull", url, "color", code=2)
    assert told["error"] == "source_unavailable" and url in told["message"]
    assert "into the folder BUNDLES by hand" in told["message"]
    assert "cannot be fetched" in deployment.run("pull", "s9://shelf", "color", code=2)["message"]


@pytest.mark.parametrize("path", ["500.jpg", "gone.jpg", "endless.jpg", "cut.jpg", "page.jpg", "moved-302.jpg"])
def test_a_server_with_bad_habits(path: str, deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    with image_server() as server:
        server.photos["/shelf/index.json"] = b"<html>"
        assert "not JSON" in deployment.run("pull", server.url("/shelf"), "color", code=2)["message"]
        monkeypatch.setattr("models.distribution.pull.INDEX_FILE", path)
        assert deployment.run("pull", server.url(""), "color", code=2)["error"] in (
            "source_unavailable",
            "invalid_lock",
            "invalid_bundle",
        )
    assert deployment.there() == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"schema_version": 2, "bundles": []}, "upgrade this installation"),
        ({"schema_version": 1, "bundles": [{"name": "../x"}]}, "bundles.0.name"),
        ([], "an object"),
        (NESTED, "not JSON"),
        ({"schema_version": 1, "bundles": [], "more": 1}, "more"),
    ],
)
def test_a_lock_that_cannot_be_read(content: Any, said: str, deployment: Deployment) -> None:
    deployment.lock.write_text(content if content is NESTED else json.dumps(content))
    assert said in deployment.run("pull", code=2)["message"]


def test_without_a_source_it_says_so(shelf: Path, deployment: Deployment) -> None:
    assert "name a source" in deployment.run("pull", code=2)["message"]
    deployment.run("lock", bundles=shelf)
    assert "no source for" in deployment.run("pull", code=2)["message"]
    assert deployment.run("outdated")["outdated"] == []


def test_what_is_here_and_whole_needs_no_source(shelf: Path, deployment: Deployment) -> None:
    deployment.run("pull", str(shelf), "other")
    deployment.lock.unlink()
    assert [one["source"] for one in deployment.run("lock")["bundles"]] == [None]
    assert [one["existed"] for one in deployment.run("pull")["bundles"]] == [True]
    (find_newest(deployment.bundles, "other").path / "model.onnx").write_bytes(b"cut")
    assert "not the file it was" in deployment.run("pull", code=2)["message"]


def test_locking_again_keeps_the_sources_that_are_known(shelf: Path, deployment: Deployment) -> None:
    deployment.run("pull", str(shelf), "tiny", "other")
    before = json.loads(deployment.lock.read_text())
    deployment.run("lock")
    deployment.run("lock", "tiny")
    assert json.loads(deployment.lock.read_text()) == before
    edit(find_newest(deployment.bundles), owner="somebody else")  # not what lies there
    sources = {one["name"]: one["source"] for one in deployment.run("lock")["bundles"]}
    assert sources == {"tiny": None, "other": str(shelf)}
    deployment.run("lock", "other", "--source", "https://elsewhere.example")
    assert [one["source"] for one in json.loads(deployment.lock.read_text())["bundles"]] == [
        "https://elsewhere.example",
        None,
    ]


@pytest.mark.parametrize("changes", [{"schema_version": 2}, {"name": "../other"}, {"dims": "many"}])
def test_a_bundle_that_cannot_be_read_harms_no_other_of_its_folder(
    changes: dict[str, Any], shelf: Path, deployment: Deployment, caplog: pytest.LogCaptureFixture
) -> None:
    bad = find_newest(shelf)
    edit(bad, **changes)
    [older] = [path.name for path in (shelf / "tiny").iterdir() if path.name != bad.version]
    assert [one["name"] for one in deployment.run("pull", str(shelf), "other")["bundles"]] == ["other"]
    assert "left out" in caplog.text and "tiny" in caplog.text
    assert deployment.run("outdated", str(shelf))["outdated"] == []
    assert [one["version"] for one in deployment.run("pull", str(shelf), "tiny")["bundles"]] == [older]


def test_the_slower_of_two_pulls_finds_it_there(shelf: Path, tmp_path: Path) -> None:
    source = FileSource(str(shelf))
    [entry] = read_index(source).select_entries(["other"])

    class Overtaken:
        url = source.url

        def read(self, path: str) -> Iterator[bytes]:
            if path.endswith("model.onnx"):
                assert not pull_bundle(entry, source, tmp_path / "here").existed
            yield from source.read(path)

    late = pull_bundle(entry, Overtaken(), tmp_path / "here")
    assert late.existed and late.bundle == load(tmp_path / "here" / entry.place)
    assert [path.name for path in (tmp_path / "here" / "other").iterdir()] == [entry.version]


def test_the_lock_of_this_repository_is_what_it_ships() -> None:
    locked = json.loads((ROOT / "models.lock").read_text())["bundles"]
    assert locked
    for entry in locked:
        bundle = load(ModelSettings().bundles / entry["name"] / entry["version"])
        assert hashlib.sha256((bundle.path / "bundle.json").read_bytes()).hexdigest() == entry["sha256"]
    done = CliRunner().invoke(app, ["pull", "--lock", str(ROOT / "models.lock"), "--json"], env={"BUNDLES": ""})
    assert done.exit_code == 0, done.output
    assert {one["existed"] for one in json.loads(done.stdout)["bundles"]} == {True}
