"""The drawn catalogue as files: deterministic, resumable, careful with other people's folders."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from samples import catalogue
from samples.catalogue import Order, draw_photo, make
from samples.contact_sheet import draw_contact_sheet
from samples.errors import BadOrder, NoSamples, NotOurs

SIX = Order(products=6, seed=11)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def rows(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "feed.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn")
    summary = make(folder, SIX)
    assert (summary.drawn, summary.reused, summary.failed) == (6, 0, {})
    return folder


def test_same_seed_gives_the_same_bytes(drawn: Path, tmp_path: Path) -> None:
    make(tmp_path, SIX)
    assert contents(tmp_path) == contents(drawn)


def test_two_processes_draw_the_same_bytes_as_one(drawn: Path, tmp_path: Path) -> None:
    make(tmp_path, SIX, jobs=2)
    assert contents(tmp_path) == contents(drawn)


def test_product_k_does_not_depend_on_how_many_there_are(drawn: Path, tmp_path: Path) -> None:
    make(tmp_path, Order(products=2, seed=11, start=3))
    few, many = rows(tmp_path), rows(drawn)
    assert few == many[3:5]
    for row in few:
        assert (tmp_path / str(row["image_link"])).read_bytes() == (drawn / str(row["image_link"])).read_bytes()


def test_another_seed_is_another_shop(drawn: Path, tmp_path: Path) -> None:
    make(tmp_path, Order(products=3, seed=12))
    assert [row["title"] for row in rows(tmp_path)] != [row["title"] for row in rows(drawn)][:3]
    assert {row["image_link"] for row in rows(tmp_path)}.isdisjoint(row["image_link"] for row in rows(drawn))


def test_a_complete_set_is_left_alone(drawn: Path) -> None:
    before = {p: p.stat().st_mtime_ns for p in drawn.rglob("*")}
    summary = make(drawn, SIX)
    assert summary.is_unchanged
    assert {p: p.stat().st_mtime_ns for p in drawn.rglob("*")} == before


def test_a_killed_run_is_continued_and_a_changed_order_redrawn(tmp_path: Path) -> None:
    drawn_now: list[int] = []

    def killed_after_two(seed: int, index: int, path: Path) -> None:
        if len(drawn_now) == 2:
            raise KeyboardInterrupt
        drawn_now.append(index)
        draw_photo(seed, index, path)

    with pytest.raises(KeyboardInterrupt):
        make(tmp_path, Order(products=4, seed=1), draw=killed_after_two)
    assert not (tmp_path / "feed.jsonl").exists()
    again = make(tmp_path, Order(products=4, seed=1))
    assert (again.drawn, again.reused) == (2, 2)
    fewer = make(tmp_path, Order(products=2, seed=1))
    assert (fewer.drawn, fewer.reused) == (0, 2)
    assert len(rows(tmp_path)) == len(list((tmp_path / "photos").iterdir())) == 2


def test_a_lost_photo_is_drawn_again(tmp_path: Path) -> None:
    make(tmp_path, Order(products=2, seed=1))
    before = contents(tmp_path)
    next((tmp_path / "photos").iterdir()).unlink()
    assert make(tmp_path, Order(products=2, seed=1)).drawn == 1
    assert contents(tmp_path) == before


def test_a_product_that_cannot_be_drawn_is_named_left_out_and_tried_again(tmp_path: Path) -> None:
    def no_luck(seed: int, index: int, path: Path) -> None:
        if index == 1:
            raise ValueError("out of thread")
        draw_photo(seed, index, path)

    summary = make(tmp_path, Order(products=3, seed=1), draw=no_luck)
    assert summary.failed == {"p000001": "ValueError: out of thread"}
    assert [row["id"] for row in rows(tmp_path)] == ["p000000", "p000002"]
    again = make(tmp_path, Order(products=3, seed=1))
    assert (again.drawn, again.reused, again.failed) == (1, 2, {})
    assert len(rows(tmp_path)) == 3


def test_truth_agrees_with_the_feed(drawn: Path) -> None:
    with (drawn / "truth.csv").open(encoding="utf-8", newline="") as file:
        known = list(csv.DictReader(file))
    for truth, row in zip(known, rows(drawn), strict=True):
        attributes = row["attributes"]
        assert isinstance(attributes, dict)
        assert truth["kind"] == attributes["kind"]
        for name in ("id", "color", "color_family", "pattern", "material", "item_group_id"):
            assert truth[name] == row[name]
        assert truth["scene"]


def test_every_photo_is_a_whole_square_jpeg(drawn: Path) -> None:
    for row in rows(drawn):
        with Image.open(drawn / str(row["image_link"])) as photo:
            photo.load()
            assert (photo.format, photo.mode, photo.size) == ("JPEG", "RGB", (400, 400))


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(NotOurs, match="not empty and not a samples folder"):
        make(tmp_path, SIX)
    with pytest.raises(NotOurs, match="is a file"):
        make(tmp_path / "thesis.txt", SIX)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    ("products", "seed", "start"), [(0, 1, 0), (-3, 1, 0), (5, -1, 0), (5, 1, -1), (10**6, 1, 1)]
)
def test_orders_that_make_no_sense_are_refused(products: int, seed: int, start: int) -> None:
    with pytest.raises(BadOrder, match="--"):
        Order(products, seed, start)


def test_contact_sheet_shows_what_there_is(drawn: Path, tmp_path: Path) -> None:
    assert draw_contact_sheet(drawn, tmp_path / "new" / "sheet.png", columns=4, rows=3) == 6
    with Image.open(tmp_path / "new" / "sheet.png") as sheet:
        assert sheet.width == 4 * 208 + 8
        assert sheet.height == 2 * 242 + 8
    with pytest.raises(NoSamples, match="no finished samples"):
        draw_contact_sheet(tmp_path, tmp_path / "sheet.png", 1, 1)
    with pytest.raises(NoSamples, match="no product of kind 'kilt'"):
        draw_contact_sheet(drawn, tmp_path / "sheet.png", 1, 1, kind="kilt")


def cli(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "samples", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=Path(catalogue.__file__).parents[1]
    )


def test_command_draws_then_says_there_is_nothing_to_do(tmp_path: Path) -> None:
    folder = str(tmp_path / "shop")
    first = cli("make", folder, "--products", "2", "--json")
    summary = json.loads(first.stdout)
    assert (first.returncode, summary["drawn"], summary["unchanged"]) == (0, 2, False)
    second = cli("make", folder, "--products", "2")
    assert (second.returncode, "nothing drawn" in second.stdout) == (0, True)


@pytest.mark.parametrize("products", ["0", "-4", "1000001"])
def test_command_refuses_bad_numbers_in_one_line(products: str, tmp_path: Path) -> None:
    result = cli("make", str(tmp_path / "shop"), "--products", products)
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "--products" in result.stderr
    assert not (tmp_path / "shop").exists()


def test_command_refuses_a_foreign_folder_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    result = cli("make", str(tmp_path), "--products", "2")
    assert (result.returncode, result.stderr.count("\n"), "not a samples folder" in result.stderr) == (2, 1, True)
