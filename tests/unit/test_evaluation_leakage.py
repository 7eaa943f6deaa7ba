"""Leaks between query and gallery: found whatever they look like, and kept in one fold from then on."""

import json
from collections import Counter
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from typer.testing import CliRunner

from evaluation.commands.leaks import join_sets
from evaluation.commands.main import app
from evaluation.data import leakage
from evaluation.data.dataset import Dataset, LabelledItem, assign_folds, merge_clusters
from evaluation.data.features import HogExtractor, LookExtractor
from evaluation.data.preparation import prepare_set
from evaluation.embedding_cache import EmbeddingCache
from evaluation.errors import InvalidDataset


def picture(seed: int, size: int = 200) -> Image.Image:
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (size, size), tuple(int(v) for v in rng.integers(0, 255, 3)))
    draw = ImageDraw.Draw(image)
    for _ in range(12):
        box = np.sort(rng.integers(0, size, (2, 2)), axis=0).ravel().tolist()
        draw.ellipse(box, fill=tuple(int(v) for v in rng.integers(0, 255, 3)))
    return image


def compressed(image: Image.Image, size: int, quality: int) -> Image.Image:
    out = BytesIO()
    image.resize((size, size)).save(out, "JPEG", quality=quality)
    return Image.open(out).convert("RGB")


def items(count: int, **groups: str) -> list[LabelledItem]:
    return [
        LabelledItem(f"i{n}", (("a", "b")[n % 2],), f"c{n}", sha256=f"sha{n}", group=groups.get(f"i{n}"))
        for n in range(count)
    ]


def test_every_kind_of_leak_is_found_and_nothing_else() -> None:
    pictures = [picture(n) for n in range(8)]
    pictures[5] = compressed(pictures[1], 120, 40)
    found = items(8, i2="style", i6="style")
    found[7] = LabelledItem("i7", ("b",), "c7", sha256="sha0")
    pairs = leakage.find_leaks(found, LookExtractor().embed_images(pictures), HogExtractor().embed_images(pictures))
    kinds = {(one, other): kind for kind, one, other in pairs}
    assert kinds == {(0, 7): "same_photo", (2, 6): "same_group", (1, 5): "near_duplicate"}


def test_a_photo_of_one_plain_colour_resembles_nothing() -> None:
    plain = [Image.new("RGB", (50, 50), color) for color in ("red", "white", "black")]
    assert leakage.find_leaks(items(3), LookExtractor().embed_images(plain), HogExtractor().embed_images(plain)) == []


def test_within_a_cluster_nothing_leaks() -> None:
    twice = [picture(1)] * 2
    same = [LabelledItem("x", ("a",), "one", sha256="s"), LabelledItem("y", ("b",), "one", sha256="s")]
    assert leakage.find_leaks(same, LookExtractor().embed_images(twice), HogExtractor().embed_images(twice)) == []


def test_chains_of_leaks_become_one_cluster_in_one_fold() -> None:
    dataset = merge_clusters(Dataset("d", tuple(items(40))), [(3, 9), (9, 20), (20, 31), (5, 6)])
    clusters = [item.cluster for item in dataset.items]
    assert clusters[3] == clusters[9] == clusters[20] == clusters[31] != clusters[5] == clusters[6]
    assert Counter(Counter(clusters).values()) == {1: 34, 2: 1, 4: 1}
    folded = assign_folds(dataset, 4)
    of = {item.cluster: item.fold for item in folded.items}
    assert all(of[item.cluster] == item.fold for item in folded.items)
    assert sorted(Counter(item.fold for item in folded.items).values()) == [10, 10, 10, 10]
    assert folded.fingerprint != dataset.fingerprint


def test_too_few_clusters_for_the_folds_are_refused() -> None:
    with pytest.raises(InvalidDataset, match="3 clusters"):
        assign_folds(Dataset("d", tuple(items(3))), 5)


def test_a_folder_per_class_is_read_mended_and_folded(tmp_path: Path) -> None:
    """Photos without any list: the same photo in two folders may not be query here and gallery there."""
    for number in range(12):
        folder = tmp_path / "set" / ("dress", "shirt")[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        picture(number).save(folder / f"{number}.png")
    picture(0).save(tmp_path / "set" / "shirt" / "again.png")
    (tmp_path / "set" / "shirt" / "broken.png").write_bytes(b"no photo")
    found = prepare_set(tmp_path / "set", EmbeddingCache(tmp_path / "kept"), 3)
    assert {item.class_name for item in found.dataset.items} == {"dress", "shirt"}
    assert len(found.dataset.items) == 13
    assert [(leak.kind, leak.one, leak.other) for leak in found.leaks] == [("same_photo", "dress.0", "shirt.again")]
    by_id = {item.id: item for item in found.dataset.items}
    assert by_id["dress.0"].fold == by_id["shirt.again"].fold
    assert leakage.summarize_leaks(found.leaks)["of_different_class"] == 1
    again = prepare_set(tmp_path / "set", EmbeddingCache(tmp_path / "kept"), 3)
    assert again.dataset.fingerprint == found.dataset.fingerprint


def test_a_folder_without_photos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidDataset, match="no photos"):
        prepare_set(tmp_path, EmbeddingCache(tmp_path), 3)
    with pytest.raises(InvalidDataset, match="no folder or feed"):
        prepare_set(tmp_path / "absent", EmbeddingCache(tmp_path), 3)


def test_what_two_sets_share_is_told_by_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALUATION_FOLDER", str(tmp_path / "evaluation"))
    for part, numbers in (("train", range(6)), ("gate", range(6, 12))):
        for number in numbers:
            folder = tmp_path / part / ("dress", "shirt")[number % 2]
            folder.mkdir(parents=True, exist_ok=True)
            picture(number).save(folder / f"{number}.png")
    clean = CliRunner().invoke(app, ["leaks", str(tmp_path / "train"), str(tmp_path / "gate")])
    assert (clean.exit_code, "0 leaks" in clean.output) == (0, True), clean.output
    compressed(picture(2), 150, 50).save(tmp_path / "gate" / "shirt" / "small.png")
    picture(3).save(tmp_path / "gate" / "shirt" / "same.png")
    leaking = CliRunner().invoke(app, ["leaks", str(tmp_path / "train"), str(tmp_path / "gate"), "--json"])
    assert leaking.exit_code == 1
    body = json.loads(leaking.stdout.splitlines()[-1])
    found = {(leak["kind"], leak["one"], leak["other"]) for leak in body["examples"]}
    assert found == {
        ("near_duplicate", "1:dress.2", "2:shirt.small"),
        ("same_photo", "1:shirt.3", "2:shirt.same"),
    }


def test_photos_that_only_have_the_same_name_are_no_leak() -> None:
    """Two unrelated folders with a `hat/1.jpg` each; a sender or a group of both is one all the same."""
    one, other = (
        Dataset(name, (LabelledItem("hat.1", ("hat",), "hat.1"), LabelledItem("coat.1", ("coat",), "sender 4")))
        for name in ("train", "gate")
    )
    both = join_sets(one, other).items
    photos = [picture(n) for n in range(4)]
    found = leakage.find_leaks_between(
        both, LookExtractor().embed_images(photos), HogExtractor().embed_images(photos)
    )
    assert [(leak.kind, leak.one, leak.other) for leak in found] == [("same_cluster", "1:coat.1", "2:coat.1")]


def test_a_sender_of_both_sets_is_a_leak() -> None:
    parts = [
        LabelledItem("1:a", ("hat",), "sender 4"),
        LabelledItem("1:b", ("hat",), "sender 5"),
        LabelledItem("2:c", ("coat",), "sender 4"),
    ]
    photos = [picture(n) for n in range(3)]
    found = leakage.find_leaks_between(
        parts, LookExtractor().embed_images(photos), HogExtractor().embed_images(photos)
    )
    assert [(leak.kind, leak.one, leak.other) for leak in found] == [("same_cluster", "1:a", "2:c")]
