"""The contact sheet: another kind per row, a column per model, nothing of the query's own group."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from demo.__main__ import app
from demo.contact_sheet import NothingToShow, SheetProduct, choose_queries, find_nearest, read_shop
from tests.unit.models_making import put

KINDS = ("dress", "coat", "hat", "shirt", "skirt", "shoes", "shorts", "jacket")


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    """Twenty-four products of eight kinds, in colours of their own."""
    photos = tmp_path / "shop" / "photos"
    photos.mkdir(parents=True)
    lines = []
    random = np.random.default_rng(0)
    for number in range(24):
        color = tuple(int(part) for part in random.integers(0, 255, 3))
        Image.new("RGB", (60, 80), color).save(photos / f"p{number:06}.jpg")
        pattern = "solid" if number < 8 else "striped"
        row: dict[str, Any] = {"image_link": f"photos/p{number:06}.jpg", "color": "red", "pattern": pattern}
        row |= {"attributes": {"kind": KINDS[number % 8]}, "item_group_id": f"g{number // 2}"}
        lines.append(json.dumps(row))
    (tmp_path / "shop" / "feed.jsonl").write_text("\n".join(lines))
    return tmp_path / "shop"


def test_queries_are_of_different_kinds_and_patterned(drawn: Path) -> None:
    products = read_shop(drawn, 100)
    asked = [products[place] for place in choose_queries(products)]
    assert {product.kind for product in asked} == set(KINDS)
    assert all("striped" in product.words for product in asked)
    with pytest.raises(NothingToShow, match="draw a larger shop"):
        choose_queries(read_shop(drawn, 5))


def test_hits_are_the_nearest_of_other_groups() -> None:
    products = [SheetProduct(Path("x"), "hat", "", group) for group in "aabc"]
    rows = np.array([[1, 0], [1, 0], [0, 1], [1, 1]], dtype=np.float32)
    assert find_nearest(rows, 0, products, 2) == [3, 2]


def test_the_command(drawn: Path, tmp_path: Path) -> None:
    put(tmp_path / "b", "one", seed=1)
    put(tmp_path / "b", "two", seed=2)
    words = ["contact-sheet", "--off-the-shelf", "one", "--color", "two", "--taxonomy", "one", "--hybrid", "two"]
    out = tmp_path / "docs" / "sheet.png"
    run = CliRunner()
    done = run.invoke(app, [*words, "--shop", str(drawn), "--out", str(out)], env={"BUNDLES": str(tmp_path / "b")})
    assert done.exit_code == 0, done.output
    with Image.open(out) as sheet:
        pixels = np.asarray(sheet.convert("RGB")).astype(int)
    blocks = [pixels[:, 116 + column * 410 : 116 + (column + 1) * 410] for column in range(4)]
    assert all((block != 255).mean() > 0.3 for block in blocks)
    assert (blocks[0][50:] == blocks[2][50:]).all() and (blocks[0][50:] != blocks[1][50:]).any()
    missing = run.invoke(app, [*words, "--shop", str(tmp_path)], env={"BUNDLES": str(tmp_path / "b")})
    assert missing.exit_code == 2 and "samples make" in missing.stderr.replace("\n", " ")
