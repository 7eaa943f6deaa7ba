"""The parts of a training by themselves: photos, recipes, sampling, crops, losses, figures."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from PIL import Image
from torch.nn import functional

from tests.unit.training_making import recipe
from training.data.augmentation import augment_batch
from training.data.crops import prepare_crops
from training.data.folds import assign_fold
from training.data.photos import TrainingPhoto, read_photos
from training.data.sampling import Sampler, compute_root_chances
from training.data.views import CropSettings, draw_boxes
from training.errors import InvalidRecipe, NoTrainingData
from training.learning import losses
from training.learning.metrics import compute_ood_cosine, macro_precision, within_class_precision
from training.learning.trainer import rate_at
from training.output.loss_curves import LossHistory
from training.overrides import CATALOGUE, Learn, RecipeOverrides, apply_overrides, set_values
from training.recipe import read_recipe
from training.recipe_parts import Augment, PhotoSource, Schedule

RECIPES = CATALOGUE.parent


def photo(path: Path, shade: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 40), (shade, 0, 0)).save(path)


def test_a_folder_per_class_a_table_and_a_feed_give_photos(tmp_path: Path) -> None:
    photo(tmp_path / "dress" / "a.png", 1)
    photo(tmp_path / "hat" / "b.png", 2)
    photo(tmp_path / "hat" / "copy of a.png", 1)
    (tmp_path / "table.csv").write_text("path,class,who\ndress/a.png,robe,7\nabsent.png,hat,7\n")
    (tmp_path / "feed.jsonl").write_text('{"image_link": "hat/b.png", "a": {"kind": "x"}, "product_type": "A > B"}\n')
    folder = read_photos((PhotoSource(name="f", folder=tmp_path),))
    assert [photo.labels["category"] for photo in folder] == ["dress", "hat"]  # the copy is the same photo
    table = PhotoSource(
        name="t",
        folder=tmp_path,
        rows="table.csv",
        photo="path",
        group="who",
        labels={"category": "class"},
        rename={"category": {"robe": "dress"}},
    )
    assert [(photo.labels, photo.group) for photo in read_photos((table,))] == [({"category": "dress"}, "t:7")]
    feed = PhotoSource(
        name="j", folder=tmp_path, rows="feed.jsonl", labels={"kind": "a.kind", "category": "product_type"}
    )
    assert [photo.labels for photo in read_photos((feed,))] == [{"kind": "x", "category": "B"}]


def test_sources_without_photos_say_so(tmp_path: Path) -> None:
    with pytest.raises(NoTrainingData, match="gives no photos"):
        read_photos((PhotoSource(name="empty", folder=tmp_path),))
    with pytest.raises(NoTrainingData, match="no folder"):
        read_photos((PhotoSource(name="gone", folder=tmp_path / "gone"),))
    (tmp_path / "feed.jsonl").write_text("{broken\n")
    with pytest.raises(NoTrainingData, match="cannot be read"):
        read_photos((PhotoSource(name="broken", folder=tmp_path, rows="feed.jsonl"),))
    (tmp_path / "feed.jsonl").write_text("{}\n[1]\n")
    with pytest.raises(NoTrainingData, match="line 2 is no JSON object"):
        read_photos((PhotoSource(name="broken", folder=tmp_path, rows="feed.jsonl"),))
    photo(tmp_path / "hat" / "a.png", 1)
    with pytest.raises(NoTrainingData, match="but those of the sources before it"):
        read_photos(tuple(PhotoSource(name=name, folder=tmp_path) for name in "ab"))


def test_shipped_recipes_are_valid() -> None:
    for path in sorted(RECIPES.glob("*.json")):
        assert read_recipe(path).dims <= 128, path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("nothing", "name=value"),
        ("colour=1", "is none of"),
        ("weight=1", "could be"),
        ("lr=-1", "greater than 0"),
        ("side=64", "resize is smaller"),
        ("network.kind=projection", "name their base"),
        ("data_license=", "data_license: String should have at least 1"),
        ("seed=-1", "seed: Input should be greater than or equal to 0"),
    ],
)
def test_a_wrong_change_is_refused_with_a_reason(tmp_path: Path, change: str, message: str) -> None:
    with pytest.raises(InvalidRecipe, match=message):
        set_values(recipe(tmp_path), [change])


def test_wishes_choose_blocks_teachers_and_sources(tmp_path: Path) -> None:
    plain = read_recipe(CATALOGUE)
    taxonomy = apply_overrides(plain, RecipeOverrides(learn=Learn.taxonomy, teacher="big"))
    assert set(taxonomy.blocks) == {"shape"} and set(taxonomy.tasks) == {"category", "department"}
    assert taxonomy.blocks["shape"].teacher == "big" and taxonomy.tasks["category"].probe > 0
    color = apply_overrides(plain, RecipeOverrides(learn=Learn.color, sources=(tmp_path,)))
    assert set(color.tasks) == {"color", "pattern"} and color.classes in color.tasks
    assert color.sources[0].rows is None and color.sources[0].folder == tmp_path


def test_rare_classes_are_drawn_more_often_than_they_come(tmp_path: Path) -> None:
    chances = compute_root_chances(["a"] * 90 + ["b"] * 10)
    assert chances.sum() == pytest.approx(1)
    assert chances[:90].sum() / chances[90:].sum() == pytest.approx(3)  # the root of 9
    learnt = recipe(tmp_path, schedule={"steps": 10, "batch": 16})
    photos = [TrainingPhoto(Path(str(n)), str(n), "drawn", str(n), {"category": "ab"[n % 2]}) for n in range(10)]
    sampler = Sampler(photos, np.arange(6), learnt)
    drawn = sampler.draw(0, np.random.default_rng(1))
    assert len(drawn) == 16 and set(drawn) <= set(range(6))


def test_crops_lie_inside_the_photo_and_fill_what_they_should() -> None:
    cut = CropSettings(side=32, resize=36, crops=200, scale=0.5, seed=1)
    for left, top, right, bottom in draw_boxes(300, 200, cut, np.random.default_rng(2)):
        assert 0 <= left < right <= 300 and 0 <= top < bottom <= 200
        assert (right - left) * (bottom - top) > 0.3 * 300 * 200


def test_cutting_goes_on_where_it_was_interrupted_and_leaves_out_what_it_cannot_read(tmp_path: Path) -> None:
    for number in range(3):
        photo(tmp_path / "hat" / f"{number}.png", number)
    (tmp_path / "hat" / "3.png").write_bytes(b"no picture")
    photos, cut = (
        read_photos((PhotoSource(name="f", folder=tmp_path),)),
        CropSettings(side=16, resize=18, crops=1, scale=0.5, seed=1),
    )

    prepare_crops(photos, cut, {}, tmp_path / "crops")
    made = next((tmp_path / "crops").iterdir())
    (made / "done.json").unlink()  # as it looks where two photos were still to do
    for name in ("state.npy", "pixels.npy"):
        array = np.load(made / name)
        array[1:3] = 0
        np.save(made / name, array)
    seen: list[int] = []
    cache = prepare_crops(photos, cut, {}, tmp_path / "crops", lambda done, total: seen.append(done))
    assert seen == [3, 4]
    assert cache.usable.tolist() == [True, True, True, False]
    assert cache.pixels[2].max() == 2  # the shade of the third photo


def test_augmented_pictures_keep_their_range_and_take_the_wanted_size() -> None:
    pixels = torch.rand(6, 3, 40, 40, generator=torch.Generator().manual_seed(1))
    first, again = (augment_batch(pixels, 24, Augment(), torch.Generator().manual_seed(5)) for _ in range(2))
    assert first.shape == (6, 3, 24, 24)
    assert torch.equal(first, again)
    assert float(first.min()) >= 0 and float(first.max()) <= 1
    still = Augment(flip=False, degrees=0, zoom=0, light=0, erase=0)
    torch.testing.assert_close(augment_batch(pixels, 40, still, torch.Generator()), pixels, atol=1e-5, rtol=0)


def test_cross_entropy_is_torchs_and_leaves_out_what_has_no_label() -> None:
    logits, numbers = torch.randn(5, 4, generator=torch.Generator().manual_seed(2)), torch.tensor([0, 3, 1, 2, 2])
    labels = functional.one_hot(numbers, 4).float()
    expected = functional.cross_entropy(logits, numbers, label_smoothing=0.1)
    torch.testing.assert_close(losses.cross_entropy(logits, labels, 0.1), expected)
    labels[4] = 0
    torch.testing.assert_close(
        losses.cross_entropy(logits, labels, 0.1),
        functional.cross_entropy(logits[:4], numbers[:4], label_smoothing=0.1),
    )
    assert losses.cross_entropy(logits, torch.zeros(5, 4), 0.1) == 0


def test_contrast_is_small_where_alike_lie_together() -> None:
    together = functional.normalize(torch.tensor([[1.0, 0], [1, 0.01], [0, 1], [0.01, 1]]))
    labels = torch.tensor([0, 0, 1, 1])
    near, far = losses.contrast(together, labels), losses.contrast(together, torch.tensor([0, 1, 0, 1]))
    assert near < 0.01 < 5 < far
    assert losses.contrast(together, torch.tensor([0, 1, 2, -1])) == 0


def test_distillation_is_zero_for_the_teacher_itself() -> None:
    logits = torch.randn(4, 3, generator=torch.Generator().manual_seed(3))
    assert float(losses.distillation(logits, (logits / 4).softmax(1), 4)) == pytest.approx(0, abs=1e-5)


def test_distillation_is_the_mean_divergence_times_the_squared_temperature() -> None:
    """Hinton et al. 2015, section 2.1: without T² its gradients would shrink with 1/T²."""
    logits, taught, temperature = torch.tensor([[2.0, 0.0], [0.0, 1.0]]), torch.tensor([[0.9, 0.1], [0.3, 0.7]]), 4.0
    softened = (logits / temperature).softmax(1)
    divergence = (taught * (taught / softened).log()).sum(1).mean()
    found = losses.distillation(logits, taught, temperature)
    assert float(found) == pytest.approx(float(divergence) * 16, rel=1e-5)
    assert float(losses.mimicry(logits, 3 * logits)) == pytest.approx(0, abs=1e-6)
    assert float(losses.relations(functional.normalize(logits), 2 * logits)) == pytest.approx(0, abs=1e-6)


def test_the_rate_rises_and_falls() -> None:
    rates = [rate_at(step, Schedule(steps=100, warmup=0.1)) for step in range(100)]
    assert rates[9] == 1 and rates[0] == pytest.approx(0.1)
    assert all(later < earlier for earlier, later in pairwise(rates[10:]))
    assert rates[-1] < 0.001
    shorter = [rate_at(step, Schedule(steps=60, warmup=0.1, horizon=100, cooldown=0.2)) for step in range(60)]
    assert shorter[:48] == rates[:48]
    assert shorter[-1] < 0.05


def test_figures_tell_a_model_that_knows_classes_alone() -> None:
    rng = np.random.default_rng(4)
    classes = np.repeat([0, 1], 20)
    garments = np.arange(40) // 4
    collapsed = (np.eye(2)[classes] + rng.normal(scale=0.01, size=(40, 2))).astype(np.float32)
    fine = (np.eye(10)[garments] + 0.3 * np.eye(10)[classes] + rng.normal(scale=0.01, size=(40, 10))).astype(
        np.float32
    )
    precision = macro_precision(collapsed[::2], collapsed[1::2], classes[::2], classes[1::2], at=5)
    assert precision == {0: 1.0, 1: 1.0}
    assert macro_precision(collapsed, collapsed, np.full(40, -1), classes) == {}  # no labels, no figure
    assert within_class_precision(collapsed, classes, garments) < 0.4
    assert within_class_precision(fine, classes, garments) == 1.0


def test_the_usual_nearest_cosine_looks_at_other_groups() -> None:
    rows = np.eye(3, dtype=np.float32)[[0, 0, 1, 1]]
    assert compute_ood_cosine(rows, ["a", "a", "b", "b"]) == 0
    assert compute_ood_cosine(rows, ["a", "b", "c", "d"]) == 1
    assert compute_ood_cosine(rows, ["a"] * 4) is None


def test_folds_follow_the_group_alone() -> None:
    folds = [assign_fold(f"sender {number}", 5, 7) for number in range(500)]
    assert all(70 < folds.count(fold) < 130 for fold in range(5))
    assert folds == [assign_fold(f"sender {number}", 5, 7) for number in range(500)]


def test_curves_are_kept_across_an_interruption(tmp_path: Path) -> None:
    history = LossHistory(tmp_path / "curves.csv")
    for step in range(1, 61):
        history.add(step, {"loss": 2.0, "rate": 0.1})
    history.write()
    later = LossHistory(tmp_path / "curves.csv")
    later.resume(50)
    assert [row["step"] for row in later.rows] == [25, 50]
    later.draw(tmp_path / "curves.png")
    with Image.open(tmp_path / "curves.png") as picture:
        assert picture.width > 500
