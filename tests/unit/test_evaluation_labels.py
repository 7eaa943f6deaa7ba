"""Labels: those of a photos.csv, those of a feed, and those derived from the photos where nobody gave any."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from catalog.domain.colors.families import FAMILIES
from evaluation.data import derived_labels, photo_sets
from evaluation.data.dataset import Dataset, LabelledItem
from evaluation.data.features import HogExtractor, LookExtractor
from evaluation.data.label_table import LabelTable
from evaluation.errors import InvalidDataset
from evaluation.model_scoring import select_queries
from tests.unit.evaluation_making import labelled
from tests.unit.test_evaluation_leakage import compressed, picture


def garment(color: tuple[int, int, int]) -> Image.Image:
    """A garment of one colour on a white bed, its edges out of the centre."""
    image = Image.new("RGB", (120, 160), (250, 250, 250))
    image.paste(color, (20, 20, 100, 140))
    return image


@pytest.mark.parametrize("family", ["red", "blue", "green", "black", "white", "yellow", "pink", "brown"])
def test_the_colour_of_the_centre_is_the_label(family: str) -> None:
    color = FAMILIES[family][0]
    items = (LabelledItem("a", ("hat",), "1"), LabelledItem("b", ("coat",), "2"))
    photos = [garment(color), Image.fromarray(np.random.default_rng(1).integers(0, 255, (90, 90, 3), np.uint8))]
    found = derived_labels.derive_colors(Dataset("d", items), LookExtractor().embed_images(photos))
    assert found.items[0].labels == {"color_family": family}
    assert found.items[1].labels == {}  # no colour fills half of it
    assert "1 of 2" in found.notes[0]


def test_given_colours_stay() -> None:
    given = Dataset(
        "d", (LabelledItem("a", ("hat",), "1", labels={"color_family": "teal"}), LabelledItem("b", ("coat",), "2"))
    )
    assert derived_labels.derive_colors(given, LookExtractor().embed_images([garment((200, 0, 0))] * 2)) is given


def test_two_photos_of_one_garment_are_a_group_only_within_sender_and_class() -> None:
    one = picture(3)
    photos = [one, compressed(one, 180, 50), compressed(one, 150, 60), picture(4), compressed(one, 160, 70)]
    senders, classes = ("s", "s", "t", "s", "s"), ("hat", "hat", "hat", "hat", "coat")
    items = tuple(LabelledItem(f"i{n}", (classes[n],), senders[n]) for n in range(5))
    found = derived_labels.derive_garments(
        Dataset("d", items), LookExtractor().embed_images(photos), HogExtractor().embed_images(photos)
    )
    assert [item.group for item in found.items] == ["probably i0", "probably i0", None, None, None]


def test_a_table_of_photos_gives_class_sender_and_labels(tmp_path: Path) -> None:
    for name in ("a/1.png", "b/2.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        garment((10, 20, 30)).save(tmp_path / name)
    (tmp_path / "photos.csv").write_text(
        "path,class,sender_id,color_family,pattern\na/1.png,hat,7,blue,\nb/2.png,,,,stripes\n"
    )
    one, other = photo_sets.read_photo_set(tmp_path).items
    assert (one.id, one.category, one.cluster, one.labels) == ("a.1", ("hat",), "sender 7", {"color_family": "blue"})
    assert (other.id, other.category, other.cluster, other.labels) == ("b.2", ("b",), "b.2", {"pattern": "stripes"})


def test_a_table_without_paths_or_with_missing_photos_is_refused(tmp_path: Path) -> None:
    (tmp_path / "photos.csv").write_text("file,class\na/1.png,hat\n")
    with pytest.raises(InvalidDataset, match="column 'path'"):
        photo_sets.read_photo_set(tmp_path)
    (tmp_path / "photos.csv").write_text("path,class\na/1.png,hat\n")
    with pytest.raises(InvalidDataset, match=r"1\.png cannot be read"):
        photo_sets.read_photo_set(tmp_path)


def test_photos_of_a_feed_have_to_lie_beside_it(tmp_path: Path) -> None:
    row = {"id": "p1", "title": "x", "product_type": "Hats", "image_link": "https://shop.example/1.jpg"}
    (tmp_path / "feed.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(InvalidDataset, match="lie beside it"):
        photo_sets.read_photo_set(tmp_path)


def test_a_limit_asks_all_classes_alike_and_always_the_same() -> None:
    table = LabelTable(labelled(240).items)
    rows = select_queries(table, 30)
    counts = np.unique(table.classes[rows], return_counts=True)[1]
    assert counts.tolist() == [10, 10, 10]
    assert rows == sorted(set(rows)) == select_queries(table, 30)
    assert select_queries(table, None) == select_queries(table, 1000) == list(range(240))


def test_a_limit_asks_the_same_of_a_table_that_lacks_some() -> None:
    whole = labelled(240).items
    lacking = tuple(item for number, item in enumerate(whole) if number % 60 != 7)  # four are not embedded
    one, other = (
        {table.items[row].id for row in select_queries(table, 90)}
        for table in (LabelTable(whole), LabelTable(lacking))
    )
    assert len(one - other) <= 4
