"""What is kept of a training: provenance, experiments, and the photos of the gate that it must not see."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("torch")

import torch
from PIL import Image

from models.errors import FitFailed
from models.making.gate_photos import hash_gate_photos
from samples.catalogue import Order, make
from tests.unit.training_making import BUNDLES, Rooms, projection
from training.data.photos import read_photos
from training.errors import GateDataRefused
from training.learning.stages import TrainingJob
from training.learning.training_run import TrainingRun
from training.output.provenance import Provenance, collect_provenance, format_hash_table, read_uncommitted
from training.output.tracker import Tracker, read_run
from training.recipe_parts import PhotoSource


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    make(folder, Order(16))
    return folder


@pytest.fixture
def rooms(tmp_path: Path) -> Rooms:
    torch.set_num_threads(1)
    shutil.copytree(BUNDLES / "color", tmp_path / "bundles" / "color")
    return Rooms(tmp_path)


def photo(path: Path, shade: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (20, 20), (shade, 0, 0)).save(path, format="PNG")
    return path


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_gates_photos_are_known_by_content_whatever_they_are_called(tmp_path: Path) -> None:
    odd, outside = photo(tmp_path / "gate" / "hat" / "a.jpe", 1), photo(tmp_path / "elsewhere" / "b.png", 2)
    (tmp_path / "gate" / "photos.csv").write_text(
        "path,class\nhat/a.jpe,hat\n../elsewhere/b.png,cap\nabsent.png,cap\n"
    )
    unnamed = photo(tmp_path / "gate" / "hat" / "c", 3)
    assert hash_gate_photos(tmp_path / "gate") == {digest(odd), digest(outside), digest(unnamed)}
    feed = tmp_path / "gate.jsonl"
    feed.write_text('{"id": "1", "title": "x", "price": "1 EUR", "image_link": "elsewhere/b.png"}\n')
    assert hash_gate_photos(feed) == {digest(outside)}
    assert hash_gate_photos(None) == frozenset()


def test_gate_data_that_gives_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "gate").mkdir()
    (tmp_path / "gate" / "photos.csv").write_text("path,class\nabsent.png,cap\n")
    for nothing in (tmp_path / "gate", tmp_path / "gone"):
        with pytest.raises(FitFailed, match="holds no photos"):
            hash_gate_photos(nothing)


def test_a_feed_of_the_gate_keeps_its_photos_out(shop: Path, rooms: Rooms) -> None:
    models = rooms.models.model_copy(update={"gate_data": shop / "feed.jsonl"})
    with pytest.raises(GateDataRefused, match="16 photos"):
        TrainingRun(TrainingJob(projection(shop)), rooms.training, models)


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
    done = subprocess.run(["git", *who, *arguments], cwd=folder, capture_output=True, check=True)
    return done.stdout.decode()


def test_uncommitted_changes_include_the_content_of_new_files(tmp_path: Path) -> None:
    assert read_uncommitted(tmp_path) == ""  # no repository
    git(tmp_path, "init", "-q")
    (tmp_path / ".gitignore").write_text("ignored\n")
    (tmp_path / "kept.py").write_text("one\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    (tmp_path / "ignored").write_text("x")
    assert read_uncommitted(tmp_path) == ""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "new.py").write_text("a\n")
    first = read_uncommitted(tmp_path)
    assert digest(tmp_path / "deep" / "new.py") in first
    (tmp_path / "deep" / "new.py").write_text("b\n")
    assert read_uncommitted(tmp_path) != first
    (tmp_path / "kept.py").write_text("two\n")
    assert "+two" in read_uncommitted(tmp_path)


def test_a_run_tells_commit_changes_and_stage(shop: Path, rooms: Rooms) -> None:
    from mlflow.tracking import MlflowClient

    learnt, tracker = projection(shop), Tracker(rooms.training)
    tracker.start(learnt, "held 2", Provenance("7 photos", "c0ffee", "+changed\n", "python x", {}), "")
    tracker.finish()
    assert tracker.run_id
    client = MlflowClient(tracking_uri=rooms.training.tracking)
    tags = client.get_run(tracker.run_id).data.tags
    assert (tags["commit"], tags["diff_sha256"]) == ("c0ffee", hashlib.sha256(b"+changed\n").hexdigest())
    assert Path(client.download_artifacts(tracker.run_id, "uncommitted.diff")).read_text() == "+changed\n"
    assert read_run(tracker.run_id, rooms.training) == (learnt, "held 2")


def test_the_commit_is_the_repositorys(shop: Path) -> None:
    here = Path(__file__).parent
    try:
        commit = git(here, "rev-parse", "HEAD").strip()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no git here")
    found = collect_provenance(read_photos(projection(shop).sources))
    assert (found.commit, found.diff) == (commit, read_uncommitted())


def test_a_tracker_that_breaks_half_way_is_told_of_once(
    shop: Path, rooms: Rooms, caplog: pytest.LogCaptureFixture
) -> None:
    experiments = rooms.training.training_folder / "experiments"
    runs: list[str] = []

    def torn_down(what: str, done: int, total: int) -> None:
        if experiments.is_dir():
            runs.extend(path.name for path in experiments.glob("*/*") if (path / "params").is_dir())
            shutil.rmtree(experiments)
            experiments.write_text("no folder any more")

    with caplog.at_level(logging.WARNING):
        outcome = TrainingRun(TrainingJob(projection(shop)), rooms.training, rooms.models, torn_down).run()
    assert outcome.written is not None
    assert [outcome.run_id] == runs  # what was recorded until then stays findable, if it is still there
    assert sum("goes on without" in record.getMessage() for record in caplog.records) == 1


def test_names_that_are_not_utf8_are_kept_readable(tmp_path: Path) -> None:
    folder = os.fsdecode(os.fsencode(tmp_path) + b"/b\xfcro")
    try:
        Path(folder).mkdir()
    except OSError:
        pytest.skip("this file system wants UTF-8")
    photo(Path(folder) / "a.png")
    found = read_photos((PhotoSource(name="f", folder=tmp_path),))
    assert found[0].labels == {"category": "b\\xfcro"}
    assert "b\\xfcro/a.png" in format_hash_table(found).encode().decode()
    assert collect_provenance(found).data_fingerprint
