"""`make gate`: when it judges again, and on what."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks import gate, gate_data
from benchmarks.gate import Judged
from models.bundle_writer import write
from models.manifest import Training
from tests.unit.models_making import put, record, tiny_network

ONE = Judged("drawn", True, "r.json", "r.html")


def test_the_state_changes_with_bundles_and_code_and_nothing_else(tmp_path: Path) -> None:
    bundle = put(tmp_path / "bundles", "tiny")
    code = tmp_path / "models" / "sub" / "a.py"
    code.parent.mkdir(parents=True)
    code.write_text("x = 1\n")
    first = gate.state(tmp_path)
    (tmp_path / "models" / "notes.txt").write_text("no code")
    assert gate.state(tmp_path) == first
    code.write_text("x = 2\n")
    second = gate.state(tmp_path)
    put(tmp_path / "bundles", "tiny", seed=8)
    third = gate.state(tmp_path)
    (bundle.path / "model.onnx").write_bytes(b"swapped")
    assert len({first, second, third, gate.state(tmp_path)}) == 4


def test_only_a_passed_verdict_on_this_state_is_taken_over(tmp_path: Path) -> None:
    def kept(state: str, passed: bool) -> None:
        one = {"data": "drawn", "passed": passed, "result": "r.json", "report": "r.html"}
        (tmp_path / "state.json").write_text(json.dumps({"state": state, "judged": [one]}))

    assert gate.known(tmp_path, "a") is None
    kept("a", True)
    assert gate.known(tmp_path, "a") == [ONE]
    assert gate.known(tmp_path, "b") is None
    kept("a", False)
    assert gate.known(tmp_path, "a") is None
    (tmp_path / "state.json").write_text("{")
    assert gate.known(tmp_path, "a") is None


def test_results_are_kept_where_git_sees_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "ROOT", tmp_path)
    monkeypatch.setattr(gate, "KEPT", tmp_path / "docs" / "gate")
    for name in ("r.json", "r.html"):
        (tmp_path / name).write_text(name)
    judged = Judged("drawn", True, str(tmp_path / "r.json"), str(tmp_path / "r.html"))
    assert gate.keep([judged], "a") == [Judged("drawn", True, "docs/gate/drawn.json", "docs/gate/drawn.html")]
    assert gate.known(gate.KEPT, "a") == [Judged("drawn", True, "docs/gate/drawn.json", "docs/gate/drawn.html")]
    assert (tmp_path / "docs/gate/drawn.html").read_text() == "r.html"


def test_the_default_is_the_newest_trained_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "ROOT", tmp_path)
    put(tmp_path / "bundles", "imported", day=9)
    assert gate.shipped_default() == "color"
    stated = Training(data_fingerprint="abc", command="python -m training fit")
    for day in (1, 2):
        made = record(f"ours{day}").model_copy(update={"origin": "trained", "training": stated})
        newest = write(
            tmp_path / "bundles", made, {"model.onnx": tiny_network()}, datetime(2026, 1, day, tzinfo=UTC)
        ).bundle
    assert gate.shipped_default() == f"ours2/{newest.version}"


def test_every_class_of_the_drawn_shop_has_enough_whole_styles() -> None:
    chosen = gate_data._balanced()
    counts = Counter(one.style.kind.aisle[-1] for one in chosen)
    assert len(counts) > 15 and min(counts.values()) >= 40
    styles = Counter(one.style.group_id for one in chosen)
    assert all(styles[one.style.group_id] == len(one.style.colours) for one in chosen)


def test_shared_photos_are_links_with_their_senders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_data, "SHARED", tmp_path / "nowhere")
    assert gate_data.shared_photos(tmp_path / "out") is None
    shared = tmp_path / "shared"
    rows = [f"train/{name}/{number}.jpg,{name},{number}" for name in ("hat", "dress") for number in range(80)]
    for row in rows:
        file = shared / row.split(",")[0]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"photo")
    (shared / "photos.csv").write_text("\n".join(["path,class,sender_id", *rows]))
    monkeypatch.setattr(gate_data, "SHARED", shared)
    for _ in range(2):  # a second time finds the links of the first
        found = gate_data.shared_photos(tmp_path / "out")
    assert found is not None
    lines = (found / "photos.csv").read_text().splitlines()[1:]
    assert Counter(line.split(",")[1] for line in lines) == {"hat": 60, "dress": 60}
    assert all((found / line.split(",")[0]).is_symlink() for line in lines)
