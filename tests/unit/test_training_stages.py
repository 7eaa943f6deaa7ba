"""Trainings in stages: clones of them, what marks one as finished, and what the bundle says of how it was made."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

import torch
from typer.testing import CliRunner

from models.bundles.bundle import Bundle
from samples.catalogue import Order, make
from tests.unit.training_making import BUNDLES, Rooms, projection, recipe
from training.commands.main import cli
from training.errors import CannotResume
from training.learning.stages import FIGURES, TrainingJob
from training.learning.trainer import Trainer
from training.learning.training_run import TrainingOutcome, TrainingRun
from training.output.tracker import read_run
from training.overrides import REFINE as SECOND
from training.overrides import set_values
from training.recipe import Recipe, read_recipe

REFINE = {"steps": 4, "batch": 8, "join": 0.5}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    make(folder, Order(24))
    return folder


@pytest.fixture
def rooms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rooms:
    torch.set_num_threads(1)
    shutil.copytree(BUNDLES / "color", tmp_path / "bundles" / "color")
    rooms = Rooms(tmp_path)
    monkeypatch.setenv("BUNDLES", str(rooms.models.bundles))
    monkeypatch.setenv("TRAINING_FOLDER", str(rooms.training.training_folder))
    return rooms


def done(rooms: Rooms, job: TrainingJob) -> TrainingOutcome:
    return TrainingRun(job, rooms.training, rooms.models).run()


def rerun(*arguments: str) -> dict[str, Any]:
    answer = CliRunner().invoke(cli, ["rerun", *arguments, "--json"])
    assert answer.exit_code == 0, answer.output
    report: dict[str, Any] = json.loads(answer.stdout)
    return report


def written(outcome: TrainingOutcome) -> Bundle:
    assert outcome.written is not None
    return outcome.written.bundle


def test_a_run_is_cloned_at_its_stage(shop: Path, rooms: Rooms) -> None:
    learnt = projection(shop, refine=REFINE)
    held = done(rooms, TrainingJob(learnt, held=1))
    refined = done(rooms, TrainingJob(learnt, refined=1))
    assert (held.run_id, refined.run_id) != (None, None)
    again = rerun(str(held.run_id))
    assert (again["folder"], again["version"]) == (str(held.folder), None)
    again = rerun(str(refined.run_id))
    assert (again["folder"], again["version"]) == (str(refined.folder), written(refined).version)
    # A name that both schedules have means that of the stage; the training that is refined stays the same.
    other = rerun(str(refined.run_id), "--set", "lr=0.05")
    assert other["version"] != again["version"]
    clone, stage = read_run(other["run_id"], rooms.training)
    assert clone.refine is not None and learnt.refine is not None
    assert (clone.refine.lr, clone.schedule, stage) == (0.05, learnt.schedule, "refined 1")
    assert read_run(rerun(str(held.run_id), "--set", "lr=0.05")["run_id"], rooms.training)[0].schedule.lr == 0.05
    # Whatever the first stage learnt from must not be changed behind its back.
    refused = CliRunner().invoke(cli, ["rerun", str(refined.run_id), "--set", "seed=8", "--json"])
    assert json.loads(refused.stdout.splitlines()[0])["error"] == "cannot_resume"


def test_the_card_names_all_stages_and_its_recipe_makes_them_again(shop: Path, rooms: Rooms) -> None:
    learnt = projection(shop, refine=REFINE)
    done(rooms, TrainingJob(learnt, held=1))
    bundle = written(done(rooms, TrainingJob(learnt, refined=1)))
    card = bundle.read("README.md").decode()
    first, second = (f"python -m training fit recipe.json --{stage} 1" for stage in ("hold", "refine"))
    assert f"{first}\n{second}\n" in card
    assert "color/" in card and "6 steps of 8 pictures, then 4 steps of 8 pictures" in card
    assert str(bundle.manifest.training.command).startswith(f"{first} && python -m training")
    assert read_recipe(bundle.path / "recipe.json") == learnt


def test_the_same_training_twice_gives_the_same_bundle(shop: Path, rooms: Rooms) -> None:
    first = done(rooms, TrainingJob(projection(shop)))
    for resume in (False, True):
        again = done(rooms, TrainingJob(projection(shop), resume=resume))
        assert again.written is not None and again.written.existed
        assert again.written.bundle.version == written(first).version


def test_a_restarted_training_is_not_finished_until_it_is(
    shop: Path, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    learnt = projection(shop, refine=REFINE)
    held = done(rooms, TrainingJob(learnt, held=1))
    assert (held.folder / FIGURES).is_file()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Trainer, "train_until", killed)
        done(rooms, TrainingJob(learnt, held=1))
    with pytest.raises(CannotResume, match="to the end"):
        TrainingRun(TrainingJob(learnt, refined=1), rooms.training, rooms.models)


def test_a_refinement_killed_before_it_was_measured_is_measured_when_it_goes_on(
    shop: Path, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    learnt: Recipe = projection(shop, refine=REFINE)
    done(rooms, TrainingJob(learnt, held=1))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    refinement = TrainingRun(TrainingJob(learnt, refined=1), rooms.training, rooms.models)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Trainer, "ema_snapshot", killed)
        refinement.run()
    resumed = done(rooms, TrainingJob(learnt, refined=1, resume=True))
    assert json.loads((resumed.folder / FIGURES).read_text())["drawn_color_macro_p10"] >= 0
    assert written(resumed).manifest.metrics["held_out_folds"] == 1


def test_a_short_name_of_two_schedules_means_that_of_the_stage(tmp_path: Path) -> None:
    two = recipe(tmp_path, refine={"steps": 4})
    plain, refined = set_values(two, ["lr=0.5"]), set_values(two, ["lr=0.5"], SECOND)
    assert two.refine is not None and refined.refine is not None
    assert (plain.schedule.lr, plain.refine) == (0.5, two.refine)
    assert (refined.schedule, refined.refine.lr) == (two.schedule, 0.5)
