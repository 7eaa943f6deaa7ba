"""What is learnt from which labels: paths of categories, tasks without labels, probes that cannot judge."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from PIL import Image
from sklearn.linear_model import LogisticRegression
from typer.testing import CliRunner

from models.bundles.bundle import load
from tests.unit.training_making import BUNDLES, Rooms, projection, recipe
from training.commands.main import cli
from training.data import targets
from training.data.batches import Batch, mix_up
from training.data.crops import CropCache
from training.data.folds import assign_fold
from training.data.photos import TrainingPhoto, read_photos
from training.data.sampling import Sampler
from training.errors import InvalidRecipe, NoTrainingData
from training.learning.losses import distillation
from training.learning.networks import check_names
from training.learning.stages import TrainingJob
from training.learning.training_run import TrainingRun
from training.overrides import CATALOGUE
from training.recipe import read_recipe
from training.recipe_parts import PhotoSource


def photo(path: Path, shade: int) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 40), (shade, 255 - shade, 0)).save(path)
    return path.name


@pytest.fixture
def rooms(tmp_path: Path) -> Rooms:
    torch.set_num_threads(1)
    shutil.copytree(BUNDLES / "color", tmp_path / "bundles" / "color")
    return Rooms(tmp_path)


def feed(folder: Path, paths: list[Any]) -> Path:
    rows = [
        {"image_link": photo(folder / f"{number}.png", number), "product_type": path}
        for number, path in enumerate(paths)
    ]
    (folder / "feed.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def labels(*folders: Path) -> list[tuple[str | None, str | None]]:
    fields = {"category": "product_type@path", "department": "product_type@top"}
    sources = [PhotoSource(name=one.name, folder=one, rows="feed.jsonl", labels=fields) for one in folders]
    return [(one.labels.get("category"), one.labels.get("department")) for one in read_photos(tuple(sources))]


def test_a_category_is_its_whole_path_and_its_first_level_a_label_of_its_own(tmp_path: Path) -> None:
    paths = ["Shop > Kids > Boots", "Shop > Women > Boots", ["Shop", "Women", "Tops", "Shirts"], None]
    assert labels(feed(tmp_path / "a", paths)) == [
        ("Kids > Boots", "Kids"),
        ("Women > Boots", "Women"),
        ("Women > Tops > Shirts", "Women"),
        (None, None),
    ]


def test_paths_are_cut_alike_in_all_sources(tmp_path: Path) -> None:
    first = feed(tmp_path / "a", ["Shop > Kids > Boots", "Shop > Kids > Caps"])
    for number in range(2):
        photo(tmp_path / "b" / f"{number}.png", 100 + number)
    lines = [
        '{"image_link": "0.png", "product_type": "Shop > Kids > Boots"}',
        '{"image_link": "1.png", "product_type": "Shop > Men > Caps"}',
    ]
    (tmp_path / "b" / "feed.jsonl").write_text("\n".join(lines))
    assert [category for category, _ in labels(first, tmp_path / "b")] == [
        "Kids > Boots",
        "Kids > Caps",
        "Kids > Boots",
        "Men > Caps",
    ]


@pytest.mark.parametrize("paths", [["Boots", "Caps"], ["Shop > Boots", "Shop > Caps"], ["Shop", "Shop > Caps"]])
def test_a_flat_tree_has_no_first_level_to_learn(tmp_path: Path, paths: list[str]) -> None:
    assert {department for _, department in labels(feed(tmp_path / "a", paths))} == {None}


def test_a_folder_per_class_is_learnt_with_the_default_recipe(
    tmp_path: Path, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUNDLES", str(rooms.models.bundles))
    monkeypatch.setenv("TRAINING_FOLDER", str(rooms.training.training_folder))
    for number in range(8):
        photo(tmp_path / "photos" / ("hat" if number % 2 else "boot") / f"{number}.png", 30 * number)
    sets = ["--set", "steps=2", "--set", "batch=4", "--set", "side=32", "--set", "resize=36", "--set", "crops=1"]
    options = ["--source", str(tmp_path / "photos"), "--projection", "color", "--json", "--threads", "1"]
    answer = CliRunner().invoke(cli, ["fit", *options, *sets])
    assert answer.exit_code == 0, answer.output
    bundle = load(Path(json.loads(answer.stdout)["path"]))
    assert (bundle.manifest.classes, bundle.dims) == (("boot", "hat"), 96)  # no block of colours nobody named
    card = bundle.read("README.md").decode()
    assert "Labels it learnt: category" in card


def test_labels_that_no_photo_has_cannot_be_learnt(tmp_path: Path, rooms: Rooms) -> None:
    shop = feed(tmp_path / "shop", ["Boots", "Caps"])
    learnt = projection(shop, blocks={"color": {"dims": 4}}, tasks={"color": {"block": "color"}}, classes="color")
    with pytest.raises(NoTrainingData, match="no photo has a label for color"):
        TrainingRun(TrainingJob(learnt), rooms.training, rooms.models)


def probes(words: list[str], groups: list[str]) -> tuple[targets.Targets, CropCache, list[TrainingPhoto]]:
    """Targets of photos with these labels, whose teacher sees the label (and noise); two crops of each."""
    many, known = len(words), sorted(set(words))
    seen = np.eye(16)[[known.index(word) for word in words]][:, None, :]
    rows = (seen + np.random.default_rng(5).normal(scale=0.2, size=(many, 2, 16))).astype(np.float16)
    cache = CropCache(np.zeros((many, 2, 1, 1, 3), np.uint8), {"color": rows}, np.ones(many, bool))
    photos = [
        TrainingPhoto(Path("x"), str(n), "drawn", groups[n], {"category": word}) for n, word in enumerate(words)
    ]
    learnt = recipe(Path(), tasks={"category": {"block": "shape", "probe": 1.0}})
    return targets.prepare_targets(photos, cache, np.arange(len(photos)), learnt, {}), cache, photos


def test_a_probe_of_two_classes_tells_what_sklearn_would() -> None:
    words, groups = ["boot", "hat"] * 20, [str(number) for number in range(40)]
    logits = probes(words, groups)[0].probes["category"]
    assert logits.shape == (40, 2, 2)
    assert (logits.argmax(axis=2) == np.array([0, 1] * 20)[:, None]).mean() > 0.9
    expected = LogisticRegression().fit([[0.0], [1.0], [2.0]], [0, 0, 1])
    rows = np.array([[[0.3], [1.8]]], dtype=np.float32)
    probabilities = torch.from_numpy(targets._predict_logits(expected, rows)).softmax(2)
    np.testing.assert_allclose(probabilities[0], expected.predict_proba(rows[0]), atol=1e-6)


def test_a_class_of_one_group_is_not_told_to_be_impossible(caplog: pytest.LogCaptureFixture) -> None:
    words = ["boot", "hat"] * 15 + ["rare"] * 2
    groups = [str(number) for number in range(30)] + ["lone"] * 2
    logits = probes(words, groups)[0].probes["category"]
    assert np.isnan(logits[30:]).all() and np.isfinite(logits[:30]).all()
    assert "no probe for 2 photos" in caplog.text
    fold = np.array([assign_fold(group, 5, 7) for group in groups])
    assert (logits[:30, :, 2][fold[:30] == fold[30]] == targets.UNSEEN).all()


def test_few_groups_leave_folds_empty() -> None:
    words, groups = ["boot", "hat", "boot", "hat"] * 4, ["a", "a", "b", "b"] * 4
    assert assign_fold("a", 5, 7) != assign_fold("b", 5, 7)
    assert np.isfinite(probes(words, groups)[0].probes["category"]).all()


def test_a_probe_needs_two_classes() -> None:
    with pytest.raises(NoTrainingData, match="two classes"):
        probes(["boot"] * 20, [str(number) for number in range(20)])


def test_photos_that_no_probe_can_judge_teach_nothing_mixed_or_not() -> None:
    logits = torch.randn(3, 4, generator=torch.Generator().manual_seed(1))
    wanted = (2 * logits / 4).softmax(1)
    wanted[2] = 0
    part = distillation(logits[:2], wanted[:2], 4) * 2 / 3
    torch.testing.assert_close(distillation(logits, wanted, 4), part)
    batch = Batch(torch.zeros(3, 2), {}, {"category": wanted}, {}, {})
    mix = mix_up(batch, 0.6, torch.tensor([1, 2, 0])).probes["category"]
    torch.testing.assert_close(mix[0], 0.6 * wanted[0] + 0.4 * wanted[1])
    assert not mix[1:].any()


def test_batches_have_no_probabilities_of_photos_without_a_probe(tmp_path: Path) -> None:
    from training.data.batches import Batches

    words = ["boot", "hat"] * 15 + ["rare"] * 2
    groups = [str(number) for number in range(30)] + ["lone"] * 2
    found, cache, photos = probes(words, groups)
    learnt = projection(tmp_path, tasks={"category": {"block": "shape", "probe": 1.0}}, augment={"mixup": 0})
    batch = Batches(photos, cache, found, np.arange(30, 32), learnt).make_batch(0)
    assert not batch.probes["category"].any()
    whole = Batches(photos, cache, found, np.arange(30), learnt).make_batch(0).probes["category"]
    torch.testing.assert_close(whole.sum(dim=1), torch.ones(len(whole)))


def test_a_rare_class_is_drawn_more_often_than_its_photos_alone_would_be(tmp_path: Path) -> None:
    learnt = recipe(tmp_path, schedule={"steps": 10, "batch": 20})
    words = ["common"] * 90 + ["rare"] * 10
    photos = [
        TrainingPhoto(Path(str(n)), str(n), "drawn", str(n), {"category": word}) for n, word in enumerate(words)
    ]
    sampler = Sampler(photos, np.arange(100), learnt)
    drawn = np.concatenate([sampler.draw(step, np.random.default_rng([3, step])) for step in range(200)])
    # √90 to √10 is three to one: a quarter, where a blind draw gives a tenth (a little less, without putting back).
    assert 0.2 < (drawn >= 90).mean() < 0.26


def test_names_that_torch_cannot_take_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRecipe, match=r"tasks\.a\.b"):
        recipe(tmp_path, tasks={"a.b": {"block": "shape"}}, classes=None)
    with pytest.raises(InvalidRecipe, match="torch uses that word"):
        check_names(recipe(tmp_path, tasks={"type": {"block": "shape"}}, classes=None))
    with pytest.raises(InvalidRecipe, match="torch uses that word"):
        check_names(recipe(tmp_path, blocks={"keys": {"dims": 4, "teacher": "color"}}, tasks={}, classes=None))
    check_names(read_recipe(CATALOGUE))


def test_links_that_are_no_files_are_left_out(tmp_path: Path) -> None:
    photo(tmp_path / "a.png", 1)
    links = ["data:image/png;base64," + "A" * 5000, "https://shop.example/a.png", "a\\u0000.png", "a.png"]
    (tmp_path / "feed.jsonl").write_text("".join(f'{{"image_link": "{link}"}}\n' for link in links))
    assert len(read_photos((PhotoSource(name="f", folder=tmp_path, rows="feed.jsonl"),))) == 1
