"""Two models side by side: paired figures, the page and the table of all queries."""

import csv
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evaluation.errors import InvalidScores
from evaluation.reporting import model_changes
from evaluation.reporting.comparison_page import render_comparison
from evaluation.scores import Scores, load_scores

COUNT = 40


def scores(model: str, precision: np.ndarray, photos: dict[str, str] | None = None, data: str = "d") -> Scores:
    ids = tuple(f"p{n:02d}" for n in range(len(precision)))
    return Scores(
        model,
        data,
        10,
        ids,
        np.array([("coat", "hat")[n % 2] for n in range(len(ids))]),
        np.array([f"g{n // 4}" for n in range(len(ids))]),
        {"precision": precision, "ap": precision / 2, "chance_within_color": precision},
        tuple(tuple(ids[(n + step) % len(ids)] for step in (1, 2, 3)) for n in range(len(ids))),
        photos or {},
    )


@pytest.fixture
def pair(tmp_path: Path) -> model_changes.ScoreComparison:
    rng = np.random.default_rng(2)
    before = rng.random(COUNT).round(1)
    after = np.clip(before + np.where(np.arange(COUNT) % 2, -0.3, 0.1), 0, 1)
    after[3] = np.nan
    photos = {}
    for number in range(COUNT - 1):  # the last one has none
        file = tmp_path / f"<{number}>.png"
        Image.new("RGB", (30, 40), (number * 6, 90, 120)).save(file)
        photos[f"p{number:02d}"] = str(file)
    return model_changes.compare_scores(scores("old__1", before, photos), scores("new__2", after, photos))


def test_figures_are_paired(pair: model_changes.ScoreComparison) -> None:
    coat, hat = (
        next(one for one in model_changes.compute_class_changes(pair) if one["name"] == name)
        for name in ("coat", "hat")
    )
    assert hat["change"].high < 0 < coat["change"].low
    assert (coat["queries"], hat["queries"]) == (20, 20)
    names = [row["name"] for row in model_changes.compute_macro_changes(pair)]
    assert names == ["precision", "ap"]  # what chance would get is no figure of a model


def test_losses_and_gains_are_the_largest_and_no_class_takes_all(pair: model_changes.ScoreComparison) -> None:
    change = pair.difference("precision")
    lost = model_changes.find_largest(pair, 9, -1)
    assert len(lost) == 3  # only hats lost: a third of the places
    assert [change[row] for row in lost] == sorted(change[row] for row in lost)
    assert all(change[row] < 0 for row in lost)
    assert all(change[row] > 0 for row in model_changes.find_largest(pair, 9, 1))
    figures = pair.after.values["precision"]
    for name in ("coat", "hat"):
        shown = [row for row in model_changes.find_worst(pair.after, 6) if pair.after.classes[row] == name]
        assert figures[shown].tolist() == sorted(figures[(pair.after.classes == name) & np.isfinite(figures)])[:2]


def test_the_page_needs_nothing_but_itself(pair: model_changes.ScoreComparison) -> None:
    html = render_comparison(pair, 12)
    assert not re.findall(r"""(?:src|href)=["'](?!data:image/jpeg;base64,|#s\d)""", html)
    assert not re.search(r"https?://|@import|url\(|<script", html)
    assert html.count("<article>") == sum(
        len(rows)
        for rows in (
            model_changes.find_largest(pair, 12, -1),
            model_changes.find_largest(pair, 12, 1),
            model_changes.find_worst(pair.after, 12),
        )
    )
    assert "data:image/jpeg;base64," in html
    assert "new" in html and "old" in html


def test_hits_that_were_not_asked_themselves_have_their_class(
    pair: model_changes.ScoreComparison, tmp_path: Path
) -> None:
    """After `--limit` most hits are no queries: their class is saved with the scores."""
    ids, hits = tuple("ab"), (("x", "y", "z"), ("x", "y", "z"))
    few = Scores(
        "m__1", "d", 10, ids, np.array(["coat", "coat"]), np.array(ids), {"precision": np.array([0.3, 0.5])}, hits,
        hit_classes={"x": "coat", "y": "hat"},
    )  # fmt: skip
    few.save(tmp_path / "few.json")
    html = render_comparison(model_changes.compare_scores(few, load_scores(tmp_path / "few.json")), 3)
    marks = Counter(re.findall(r'<figure class="(right|wrong|unknown)" title="(.): (\S+)"', html))
    assert set(marks) == {("right", "x", "coat"), ("wrong", "y", "hat"), ("unknown", "z", "?")}


def test_names_of_products_are_text_not_markup(pair: model_changes.ScoreComparison) -> None:
    evil = Scores(
        "m__1", "d", 10, ("<b>x</b>", "y"), np.array(["<script>", "hat"]), np.array(["a", "b"]),
        {"precision": np.array([0.0, 1.0])}, (("y",), ("<b>x</b>",)),
    )  # fmt: skip
    html = render_comparison(model_changes.compare_scores(evil, evil), 3)
    assert "<script>" not in html
    assert "<b>x" not in html
    assert "&lt;script&gt;" in html


def test_the_table_has_every_query_the_largest_loss_first(
    pair: model_changes.ScoreComparison, tmp_path: Path
) -> None:
    model_changes.write_csv(pair, tmp_path / "all.csv")
    rows = list(csv.DictReader((tmp_path / "all.csv").read_text(encoding="utf-8").splitlines()))
    assert {row["id"] for row in rows} == set(pair.after.ids)
    found = [float(row["precision_change"]) for row in rows if row["precision_change"]]
    assert found == sorted(found)
    assert len(found) == COUNT - 1  # one of them has no figure
    assert rows[-1]["id"] == "p03"


def test_scores_of_other_data_are_not_compared() -> None:
    one = scores("old__1", np.ones(4))
    with pytest.raises(InvalidScores, match="measure both on the same"):
        model_changes.compare_scores(one, scores("new__2", np.ones(4), data="other"))
    only_shared = model_changes.compare_scores(one, scores("new__2", np.ones(3)))
    assert only_shared.before.ids == only_shared.after.ids == ("p00", "p01", "p02")
