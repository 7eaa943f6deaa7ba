"""The stretch of an embedding that tells classes, blocks shown in part, and weights that a stage changes."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from models.photos import decode
from models.runtime.onnx_embedder import OnnxEmbedder
from samples.catalogue import Order, make
from tests.unit.training_making import BUNDLES, Rooms, projection, recipe
from training.data.batches import make_plain_input
from training.data.labels import read_label
from training.data.targets import Targets, drop_unlearnable
from training.errors import InvalidRecipe
from training.learning.class_part import fit_class_part
from training.learning.networks import NetworkOutput, build_learner
from training.learning.stages import TrainingJob, schedule_stage
from training.learning.training_run import TrainingRun
from training.recipe import Recipe

PART = {"task": "category", "share": 0.4, "strength": 1.0}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    make(folder, Order(24))
    return folder


def with_part(shop: Path, **changes: Any) -> Recipe:
    blocks = {
        "shape": {"dims": 8, "shown": 5, "share": 0.75, "teacher": "color"},
        "color": {"dims": 4, "share": 0.25},
    }
    return recipe(shop, **{"class_part": PART, "blocks": blocks} | changes)


def test_cosines_are_the_shares_of_shown_blocks_and_of_what_a_photo_may_be(tmp_path: Path) -> None:
    learner = build_learner(with_part(tmp_path), {"category": 3, "color": 2}, tmp_path)
    rng = np.random.default_rng(1)
    shape, color = (torch.from_numpy(rng.normal(size=(2, dims)).astype(np.float32)) for dims in (8, 4))
    logits = torch.from_numpy(rng.normal(size=(2, 3)).astype(np.float32))
    rows = learner.join_blocks(NetworkOutput({"shape": shape, "color": color}, {"category": logits})).numpy()
    assert rows.shape == (2, learner.dims) == (2, 5 + 4 + 3)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)

    def cosine(part: np.ndarray[Any, Any]) -> float:
        return float(part[0] @ part[1] / np.linalg.norm(part[0]) / np.linalg.norm(part[1]))

    odds = np.exp(logits.numpy())
    probabilities = odds / odds.sum(axis=1, keepdims=True)
    bhattacharyya = float(np.sqrt(probabilities[0] * probabilities[1]).sum())
    expected = 0.6 * (0.75 * cosine(shape.numpy()[:, :5]) + 0.25 * cosine(color.numpy())) + 0.4 * bhattacharyya
    assert rows[0] @ rows[1] == pytest.approx(expected, abs=1e-5)


class OneCrop:
    """Photos of one crop each, a bright pixel where their class is."""

    def __init__(self, classes: list[int]) -> None:
        self.pixels = np.zeros((len(classes), 1, 32, 32, 3), np.uint8)
        for number, one in enumerate(classes):
            self.pixels[number, 0, :, 10 * one : 10 * one + 8] = 255


@pytest.mark.parametrize("classes", [[0, 1, 2] * 4, [0, 1] * 6])
def test_the_classes_are_told_by_a_regression_on_the_finished_rows(tmp_path: Path, classes: list[int]) -> None:
    torch.manual_seed(0)
    learnt = with_part(tmp_path)
    learner = build_learner(learnt, {"category": 4, "color": 2}, tmp_path).eval()
    cache: Any = OneCrop([*classes, 3])
    labels = {"category": np.array([*classes, -1])}
    targets = Targets({}, {}, labels, {"category": ("a", "b", "c", "d"), "color": ("x", "y")})
    photos = np.arange(len(classes) + 1)
    fitted = fit_class_part(learner, cache, targets, photos, learnt)
    with torch.inference_mode():
        answer = fitted(make_plain_input(cache, photos, learnt))
    probabilities = answer.logits["category"].softmax(1).numpy()
    assert (probabilities[:-1].argmax(1) == classes).all()
    assert probabilities[:, 3].max() < 1e-6, "no photo had that class"


def test_without_two_classes_the_network_stays_as_it_is(tmp_path: Path) -> None:
    learnt = with_part(tmp_path)
    learner = build_learner(learnt, {"category": 2, "color": 2}, tmp_path).eval()
    before = {name: value.clone() for name, value in learner.state_dict().items()}
    targets = Targets({}, {}, {"category": np.array([0, 0, -1])}, {"category": ("a", "b")})
    fit_class_part(learner, OneCrop([0, 0, 1]), targets, np.arange(3), learnt)  # type: ignore[arg-type]
    after = learner.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())


def test_the_bundle_of_such_a_recipe_says_so_and_embeds(shop: Path, tmp_path: Path) -> None:
    shutil.copytree(BUNDLES / "color", tmp_path / "bundles" / "color")
    rooms = Rooms(tmp_path)
    outcome = TrainingRun(TrainingJob(with_part(shop)), rooms.training, rooms.models).run()
    assert outcome.written is not None
    bundle = outcome.written.bundle
    kinds = bundle.dims - 5 - 4
    assert kinds > 2
    card = bundle.read("README.md").decode()
    assert "5 dimensions `shape` with 45% of the cosine" in card
    assert f"roots of its {kinds} probabilities of `category` with 40%" in card
    photos = [decode(path.read_bytes()) for path in sorted((shop / "photos").iterdir())[:3]]
    rows = OnnxEmbedder(bundle, 1).embed_images(photos)
    np.testing.assert_allclose(np.linalg.norm(rows[:, -kinds:], axis=1) ** 2, 0.4, atol=1e-4)


def test_a_recipe_whose_part_cannot_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRecipe, match="class_part names the task 'nothing'"):
        recipe(tmp_path, class_part=PART | {"task": "nothing"})
    with pytest.raises(InvalidRecipe, match="trained whole"):
        projection(tmp_path, class_part=PART)
    with pytest.raises(InvalidRecipe, match="'cut', which is no task or block"):
        recipe(tmp_path, schedule={"contrast": {"cut": 1}})


def test_a_part_whose_task_has_no_labels_is_left_out(tmp_path: Path) -> None:
    from training.data.photos import TrainingPhoto

    photos = [TrainingPhoto(tmp_path / name, name, "s", name, {"color": name}) for name in ("a", "b")]
    assert drop_unlearnable(with_part(tmp_path), photos).class_part is None


def test_a_stage_weighs_contrast_and_relations_anew(tmp_path: Path) -> None:
    refine = {"steps": 4, "contrast": {"color": 0.5}, "relations": {"shape": 9}}
    learnt = recipe(tmp_path, refine=refine)
    first, second = schedule_stage(TrainingJob(learnt, held=0)), schedule_stage(TrainingJob(learnt, refined=0))
    assert [one.tasks["color"].contrast for one in (first, second)] == [0.1, 0.5]
    assert [one.blocks["shape"].relation_weight for one in (first, second)] == [0.0, 9.0]
    assert second.tasks["category"].contrast == 0.1


def test_a_label_of_two_fields_needs_both() -> None:
    assert read_label({"class": "hat", "who": "7"}, "class+who") == "hat 7"
    assert read_label({"class": "hat", "who": ""}, "class+who") == ""
