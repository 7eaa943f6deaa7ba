"""Trainings from recipe to bundle, on a drawn shop of 48 photos."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from PIL import Image
from typer.testing import CliRunner

from catalog.similarity import cosine
from models.bundles.bundle import load
from models.errors import BundleNotFound
from models.photos import decode
from models.runtime.onnx_embedder import OnnxEmbedder
from samples.catalogue import Order, make
from tests.unit.training_making import BUNDLES, Rooms, projection, recipe, trainer
from training.commands.main import cli
from training.errors import CannotResume, GateDataRefused, InvalidRecipe
from training.learning.stages import TrainingJob
from training.learning.trainer import ema_update
from training.learning.training_run import TrainingRun


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    make(folder, Order(48))
    return folder


@pytest.fixture
def rooms(tmp_path: Path) -> Rooms:
    shutil.copytree(BUNDLES / "color", tmp_path / "bundles" / "color")
    return Rooms(tmp_path)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def pictures(shop: Path, numbers: Iterable[int]) -> list[Image.Image]:
    paths = sorted((shop / "photos").iterdir())
    return [decode(paths[number].read_bytes()) for number in numbers]


def test_a_projection_becomes_a_bundle_that_says_where_it_came_from(shop: Path, rooms: Rooms) -> None:
    outcome = TrainingRun(TrainingJob(projection(shop)), rooms.training, rooms.models).run()
    assert outcome.written is not None
    bundle = load(outcome.written.bundle.path)
    manifest = bundle.manifest
    assert (manifest.origin, manifest.dims, bundle.name) == ("trained", 12, "tiny")
    assert manifest.training.command and manifest.training.seed == 7
    assert "48 photos" in str(manifest.training.data_fingerprint)
    assert manifest.classes and "Dresses" in manifest.classes
    assert "Licences" in bundle.read("README.md").decode()
    embedder = OnnxEmbedder(bundle, 1)
    prediction = embedder.predict(np.stack([embedder.preprocess(one) for one in pictures(shop, [0])]))
    assert prediction.probabilities is not None
    assert prediction.probabilities.shape == (1, len(manifest.classes))
    assert (outcome.folder / "curves.png").stat().st_size > 1000


def test_a_whole_network_becomes_the_same_network_in_onnx(shop: Path, rooms: Rooms) -> None:
    outcome = TrainingRun(TrainingJob(recipe(shop)), rooms.training, rooms.models).run()
    assert outcome.written is not None
    bundle = outcome.written.bundle
    assert bundle.manifest.metrics["torch_parity_cosine"] > 0.9999  # type: ignore[operator]
    assert bundle.preprocessing.center_crop == 32
    rows = OnnxEmbedder(bundle, 1).embed_images(pictures(shop, range(6)))
    assert rows.shape == (6, 12)
    # The shares of the blocks are parts of the vector's length, so cosines add up by share.
    np.testing.assert_allclose((rows[:, :8] ** 2).sum(axis=1), 0.7, atol=1e-4)


def test_a_training_learns_what_it_is_taught(shop: Path, tmp_path: Path) -> None:
    """Forty steps on the frozen colour model: the loss of every task falls, and alike products come nearer."""
    learnt = projection(shop, schedule={"steps": 40, "batch": 32, "lr": 0.01}, augment={"mixup": 0})
    losses: list[dict[str, float]] = []
    trainer(learnt, tmp_path / "run", tmp_path / "crops").run(lambda step, parts: losses.append(parts))
    for part in ("shape teacher", "category", "color"):
        assert np.mean([one[part] for one in losses[-5:]]) < 0.9 * np.mean([one[part] for one in losses[:5]]), part


def test_an_interrupted_training_goes_on_as_if_nothing_had_happened(shop: Path, tmp_path: Path) -> None:
    whole = trainer(recipe(shop), tmp_path / "whole", tmp_path / "crops").run()
    trainer(recipe(shop), tmp_path / "parts", tmp_path / "crops").run(until=4)
    second = trainer(recipe(shop), tmp_path / "parts", tmp_path / "crops")
    assert second.resume()
    assert second.step == 4
    resumed = second.run()
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], value, rtol=0, atol=0)
    ends = [torch.load(tmp_path / run / "checkpoint.pt", weights_only=True) for run in ("whole", "parts")]
    assert ends[0]["rates"] == ends[1]["rates"]
    for part in ("learner", "average"):
        assert all(torch.equal(value, ends[1][part][name]) for name, value in ends[0][part].items())


def test_the_average_follows_faster_at_first_and_copies_counters() -> None:
    update = ema_update(0.998)
    for count, decay in ((1, 0.1), (10, 10 / 19), (10_000, 0.998)):
        averages, values = [torch.tensor([1.0]), torch.tensor([3])], [torch.tensor([0.0]), torch.tensor([5])]
        update(averages, values, count)
        assert averages[0].item() == pytest.approx(decay)
        assert averages[1].item() == 5


def test_the_same_seed_gives_the_same_network_and_another_seed_another(shop: Path, tmp_path: Path) -> None:
    first, again, other = (
        trainer(recipe(shop, seed=seed), tmp_path / str(number), tmp_path / "crops").run()
        for number, seed in enumerate((3, 3, 4))
    )
    names = [name for name in first.state_dict() if name.startswith("heads")]
    assert all(torch.equal(first.state_dict()[name], again.state_dict()[name]) for name in names)
    assert not any(torch.equal(first.state_dict()[name], other.state_dict()[name]) for name in names)


def test_a_checkpoint_of_another_training_is_refused(shop: Path, tmp_path: Path) -> None:
    trainer(recipe(shop), tmp_path / "run", tmp_path / "crops").run(until=1)
    state = torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)
    torch.save(state | {"key": "another"}, tmp_path / "run" / "checkpoint.pt")
    with pytest.raises(CannotResume, match="another recipe"):
        trainer(recipe(shop), tmp_path / "run", tmp_path / "crops").resume()
    older = {name: value for name, value in state.items() if name != "format"}
    torch.save(older, tmp_path / "run" / "checkpoint.pt")
    with pytest.raises(CannotResume, match="another version of the training: remove it"):
        trainer(recipe(shop), tmp_path / "run", tmp_path / "crops").resume()
    with pytest.raises(CannotResume, match=r"another version of the training: .* --hold"):
        trainer(recipe(shop), tmp_path / "next", tmp_path / "crops").start_from(tmp_path / "run")
    (tmp_path / "run" / "checkpoint.pt").write_bytes(b"half a file")
    with pytest.raises(CannotResume, match="cannot be read"):
        trainer(recipe(shop), tmp_path / "run", tmp_path / "crops").resume()


def test_networks_that_cannot_be_fine_tuned_and_absent_teachers_are_told(shop: Path, rooms: Rooms) -> None:
    unknown = recipe(shop, network={"kind": "torchvision", "base": "vgg16"})
    with pytest.raises(InvalidRecipe, match="resnet18"):
        TrainingRun(TrainingJob(unknown), rooms.training, rooms.models).run()
    with pytest.raises(BundleNotFound, match="nobody"):
        wished = recipe(shop, blocks={"shape": {"dims": 8, "teacher": "nobody"}, "color": {"dims": 4}})
        TrainingRun(TrainingJob(wished), rooms.training, rooms.models)


def test_photos_of_the_gate_are_refused_whatever_their_name(shop: Path, rooms: Rooms, tmp_path: Path) -> None:
    gate = tmp_path / "gate" / "deep"
    gate.mkdir(parents=True)
    shutil.copy(sorted((shop / "photos").iterdir())[5], gate / "renamed.jpg")
    models = rooms.models.model_copy(update={"gate_data": tmp_path / "gate"})
    with pytest.raises(GateDataRefused, match="1 photos belong to the gate"):
        TrainingRun(TrainingJob(projection(shop)), rooms.training, models)


def test_a_fold_is_measured_and_then_refined_on_all_photos(shop: Path, rooms: Rooms) -> None:
    learnt = projection(shop, refine={"steps": 4, "batch": 8, "join": 0.5})
    with pytest.raises(CannotResume, match="--hold 1"):
        TrainingRun(TrainingJob(learnt, refined=1), rooms.training, rooms.models)
    measured = TrainingRun(TrainingJob(learnt, held=1), rooms.training, rooms.models).run()
    assert measured.written is None
    assert 0 <= measured.figures["drawn_color_macro_p10"] <= 1
    refined = TrainingRun(TrainingJob(learnt, refined=1), rooms.training, rooms.models).run()
    assert refined.written is not None
    metrics = refined.written.bundle.manifest.metrics
    assert metrics["held_out_folds"] == 1
    # Of the training that kept the fold apart to its end; in the end all photos were learnt from.
    assert metrics["held_out_drawn_color_macro_p10"] == measured.figures["drawn_color_macro_p10"]
    assert (refined.folder / "figures.json").is_file()
    assert metrics["photos"] == 48
    with pytest.raises(InvalidRecipe, match="refine"):
        TrainingRun(TrainingJob(projection(shop), refined=1), rooms.training, rooms.models)


@pytest.mark.parametrize("broken", ["http://127.0.0.1:9", "nonsense://", "file:///proc/nowhere"])
def test_a_broken_tracker_never_stops_a_training(
    shop: Path, rooms: Rooms, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings = rooms.training.model_copy(update={"mlflow_tracking_uri": broken})
    with caplog.at_level(logging.WARNING):
        outcome = TrainingRun(TrainingJob(projection(shop)), settings, rooms.models).run()
    assert outcome.written is not None
    assert outcome.run_id is None
    assert sum("goes on without" in record.getMessage() for record in caplog.records) == 1


def test_runs_are_recorded_and_cloned_with_changes(shop: Path, rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUNDLES", str(rooms.models.bundles))
    monkeypatch.setenv("TRAINING_FOLDER", str(rooms.training.training_folder))
    options = ["--source", str(shop), "--projection", "color", "--learn", "color", "--json", "--threads", "1"]
    sets = ["--set", "steps=3", "--set", "batch=8", "--set", "side=32", "--set", "resize=36", "--set", "crops=0"]
    first = CliRunner().invoke(cli, ["fit", *options, *sets, "--name", "shades"])
    assert first.exit_code == 0, first.output
    report = json.loads(first.stdout)
    second = CliRunner().invoke(cli, ["rerun", report["run_id"], "--set", "lr=0.5", "--set", "name=other", "--json"])
    assert second.exit_code == 0, second.output
    again = json.loads(second.stdout)
    assert (again["name"], again["run_id"] != report["run_id"]) == ("other", True)

    from training.output.tracker import read_run

    earlier, later = (read_run(run["run_id"], rooms.training)[0] for run in (report, again))
    assert (later.schedule.lr, later.schedule.steps) == (0.5, 3)
    assert earlier.model_copy(update={"name": "other", "schedule": later.schedule}) == later
    assert set(earlier.blocks) == {"color"}
    run = next((rooms.training.training_folder / "experiments").glob(f"*/{report['run_id']}"))
    hashes = (run / "artifacts" / "photos.csv").read_text()
    assert len(hashes.splitlines()) == 49
    assert (run / "tags" / "data_fingerprint").read_text().startswith("48 photos sha256")
    assert json.loads((run / "artifacts" / "environment.json").read_text())["torch"]
    assert (run / "artifacts" / "curves.png").is_file()


def test_an_unknown_run_is_told_as_such(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAINING_FOLDER", str(rooms.training.training_folder))
    answer = CliRunner().invoke(cli, ["rerun", "nobody", "--json"])
    assert answer.exit_code == 2
    assert json.loads(answer.stdout.splitlines()[0])["error"] == "run_not_found"


def test_alike_photos_are_alike_to_a_trained_bundle(shop: Path, rooms: Rooms) -> None:
    outcome = TrainingRun(TrainingJob(projection(shop)), rooms.training, rooms.models).run()
    assert outcome.written is not None
    embedder = OnnxEmbedder(outcome.written.bundle, 1)
    photo, other = pictures(shop, [0, 20])
    rows = embedder.embed_images([photo, photo.resize((200, 200)), other])
    assert cosine(rows[:1], rows[1:2])[0, 0] > cosine(rows[:1], rows[2:])[0, 0]
