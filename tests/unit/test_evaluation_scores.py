"""Files of scores: what is written comes back, and nothing else is taken for scores."""

import json
from pathlib import Path

import numpy as np
import pytest

from evaluation.errors import InvalidScores
from evaluation.scores import Scores, load_scores


def scores(**changes: object) -> Scores:
    found = {
        "model": "color__abc",
        "data": "0123",
        "k": 10,
        "ids": ("a", "b", "c"),
        "classes": np.array(["hat", "hat", "coat"]),
        "clusters": np.array(["s1", "s2", "s2"]),
        "values": {"precision": np.array([0.1, 1 / 3, 1.0]), "within_color": np.array([0.5, np.nan, 0.0])},
        "hits": (("b", "c"), ("a",), ()),
        "photos": {"a": "/photos/a.jpg"},
        "facts": {"plans": {"exact": 3}},
        "hit_classes": {"a": "hat", "b": "hat", "c": "coat"},
    }
    return Scores(**(found | changes))  # type: ignore[arg-type]


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    before = scores()
    before.save(tmp_path / "new" / "s.json", {"macro": 0.5})
    after = load_scores(tmp_path / "new" / "s.json")
    for name in ("model", "data", "k", "ids", "hits", "photos", "facts", "hit_classes"):
        assert getattr(after, name) == getattr(before, name)
    assert after.classes.tolist() == before.classes.tolist()
    assert after.clusters.tolist() == before.clusters.tolist()
    assert after.values.keys() == before.values.keys()
    for key, column in before.values.items():
        np.testing.assert_array_equal(after.values[key], column)
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["s.json"]


def test_the_file_is_plain_json_without_nan(tmp_path: Path) -> None:
    scores().save(tmp_path / "s.json")
    body = json.loads((tmp_path / "s.json").read_text(), parse_constant=pytest.fail)
    assert body["queries"][1] == {
        "id": "b",
        "class": "hat",
        "cluster": "s2",
        "values": {"precision": 1 / 3, "within_color": None},
        "hits": ["a"],
    }


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"schema_version": 99}', '{"schema_version": 1, "model": "x"}', "\x00"],
)
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "s.json").write_text(text)
    with pytest.raises(InvalidScores, match=r"s\.json"):
        load_scores(tmp_path / "s.json")


def test_a_row_that_lacks_a_figure_is_refused(tmp_path: Path) -> None:
    scores().save(tmp_path / "s.json")
    body = json.loads((tmp_path / "s.json").read_text())
    del body["queries"][2]["values"]["precision"]
    (tmp_path / "s.json").write_text(json.dumps(body))
    with pytest.raises(InvalidScores, match="precision"):
        load_scores(tmp_path / "s.json")


def test_files_of_before_have_no_classes_of_hits(tmp_path: Path) -> None:
    scores().save(tmp_path / "s.json")
    body = json.loads((tmp_path / "s.json").read_text())
    del body["hit_classes"]
    (tmp_path / "s.json").write_text(json.dumps(body))
    assert load_scores(tmp_path / "s.json").hit_classes == {}


def test_columns_of_other_lengths_are_refused() -> None:
    with pytest.raises(InvalidScores, match="3 queries"):
        scores(classes=np.array(["hat"]))
