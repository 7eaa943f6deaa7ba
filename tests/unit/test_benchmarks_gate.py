"""`make gate`: when it judges again, and on what."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from benchmarks.gate import __main__ as gate
from benchmarks.gate import data_sets
from benchmarks.gate.__main__ import GateResult
from models.bundles.manifest import Training
from models.bundles.registry import list_bundles
from models.bundles.writer import write_bundle
from models.settings import ModelSettings
from tests.unit.models_making import DIMS, put, record, tiny_network

ONE = GateResult("drawn", True, "r.json", "r.html")


def test_the_state_changes_with_bundles_and_code_and_nothing_else(tmp_path: Path) -> None:
    bundle = put(tmp_path / "bundles", "tiny")
    code = tmp_path / "models" / "sub" / "a.py"
    code.parent.mkdir(parents=True)
    code.write_text("x = 1\n")
    first = gate.compute_state(tmp_path)
    (tmp_path / "models" / "notes.txt").write_text("no code")
    assert gate.compute_state(tmp_path) == first
    code.write_text("x = 2\n")
    second = gate.compute_state(tmp_path)
    put(tmp_path / "bundles", "tiny", seed=8)
    third = gate.compute_state(tmp_path)
    (bundle.path / "model.onnx").write_bytes(b"swapped")
    assert len({first, second, third, gate.compute_state(tmp_path)}) == 4


def test_only_a_passed_verdict_on_this_state_is_taken_over(tmp_path: Path) -> None:
    def kept(state: str, passed: bool) -> None:
        one = {"data": "drawn", "passed": passed, "result": "r.json", "report": "r.html"}
        (tmp_path / "state.json").write_text(json.dumps({"state": state, "judged": [one]}))

    assert gate.read_verdict(tmp_path, "a") is None
    kept("a", True)
    assert gate.read_verdict(tmp_path, "a") == [ONE]
    assert gate.read_verdict(tmp_path, "b") is None
    kept("a", False)
    assert gate.read_verdict(tmp_path, "a") is None
    (tmp_path / "state.json").write_text("{")
    assert gate.read_verdict(tmp_path, "a") is None


def test_results_are_kept_where_git_sees_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "ROOT", tmp_path)
    monkeypatch.setattr(gate, "KEPT", tmp_path / "docs" / "gate")
    for name in ("r.json", "r.html"):
        (tmp_path / name).write_text(name)
    judged = GateResult("drawn", True, str(tmp_path / "r.json"), str(tmp_path / "r.html"))
    assert gate.keep_results([judged], "a") == [
        GateResult("drawn", True, "docs/gate/drawn.json", "docs/gate/drawn.html")
    ]
    assert gate.read_verdict(gate.KEPT, "a") == [
        GateResult("drawn", True, "docs/gate/drawn.json", "docs/gate/drawn.html")
    ]
    assert (tmp_path / "docs/gate/drawn.html").read_text() == "r.html"


def test_the_default_is_the_newest_trained_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "ROOT", tmp_path)
    put(tmp_path / "bundles", "imported", day=9)
    assert gate.find_shipped_default() is None
    stated = Training(data_fingerprint="abc", command="python -m training fit")
    for day in (1, 2):
        made = record(f"ours{day}").model_copy(update={"origin": "trained", "training": stated})
        newest = write_bundle(
            tmp_path / "bundles", made, {"model.onnx": tiny_network()}, datetime(2026, 1, day, tzinfo=UTC)
        ).bundle
    assert gate.find_shipped_default() == f"ours2/{newest.version}"
    for metrics in ({"variant_of": newest.space.name}, {"parts": {}}, {"pca_explained_variance": 0.9}):
        made = record("ours_made").model_copy(update={"origin": "trained", "training": stated, "metrics": metrics})
        weights = np.random.default_rng(len(str(metrics))).normal(size=(3, DIMS)).astype(np.float32)
        write_bundle(
            tmp_path / "bundles", made, {"model.onnx": tiny_network(weights)}, datetime(2026, 2, 1, tzinfo=UTC)
        )
    assert len(list_bundles(ModelSettings(bundles=tmp_path / "bundles"))) == 6
    assert gate.find_shipped_default() == f"ours2/{newest.version}", (
        "what was made of others is newer, and not the default"
    )


def test_vectors_are_those_of_this_state(tmp_path: Path) -> None:
    first = gate.choose_vectors_folder("a" * 64, tmp_path / "vectors")
    (first / "embeddings").mkdir(parents=True)
    assert gate.choose_vectors_folder("a" * 64, tmp_path / "vectors") == first and (first / "embeddings").is_dir()
    second = gate.choose_vectors_folder("b" * 64, tmp_path / "vectors")
    assert second != first and second.parent == first.parent and not first.exists()


class FakeGate:
    """`main` with verdicts that are given, and the candidates that it wanted judged."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.monkeypatch, self.calls = monkeypatch, []  # type: ignore[var-annotated]
        self.verdicts = [ONE]
        monkeypatch.setattr(gate, "KEPT", folder / "docs" / "gate")
        monkeypatch.setattr(gate, "ROOT", folder)
        monkeypatch.setattr(gate, "compute_state", lambda: "now")
        monkeypatch.setattr(gate, "find_shipped_default", lambda: "ours/1234")
        monkeypatch.setattr(gate, "judge_all", self._judge)
        for name in ("r.json", "r.html"):
            (folder / name).write_text(name)

    def _judge(self, candidate: str, now: str) -> list[GateResult]:
        self.calls.append((candidate, now))
        return self.verdicts

    def main(self, *arguments: str) -> int:
        self.monkeypatch.setattr("sys.argv", ["gate", *arguments])
        try:
            gate.main()
        except SystemExit as ended:
            return int(ended.code or 0)
        return 0


@pytest.fixture
def fake_gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeGate:
    found = FakeGate(monkeypatch, tmp_path)
    found.verdicts = [GateResult("drawn", True, str(tmp_path / "r.json"), str(tmp_path / "r.html"))]
    return found


def test_what_is_known_is_not_judged_again(fake_gate: FakeGate, capsys: pytest.CaptureFixture[str]) -> None:
    assert fake_gate.main() == 0 and fake_gate.main() == 0
    assert fake_gate.calls == [("ours/1234", "now")] * 2, "a verdict that was not kept is none"
    assert fake_gate.main("--keep") == 0
    assert "passed, report: docs/gate/drawn.html" in capsys.readouterr().out
    assert fake_gate.main() == 0 and len(fake_gate.calls) == 3
    printed = capsys.readouterr().out
    assert "no bundle and no code of models/ changed" in printed and "report: docs/gate/drawn.html" in printed
    assert fake_gate.main("--again") == 0 and fake_gate.main("--candidate", "other") == 0
    assert fake_gate.calls[3:] == [("ours/1234", "now"), ("other", "now")]


def test_a_failed_gate_ends_with_1_and_is_not_kept(fake_gate: FakeGate, capsys: pytest.CaptureFixture[str]) -> None:
    fake_gate.verdicts = [*fake_gate.verdicts, GateResult("clothing", False, "c.json", "c.html")]
    for arguments in ((), ("--keep",)):
        assert fake_gate.main(*arguments) == 1
        lines = capsys.readouterr().out.splitlines()
        assert lines[0].startswith("gate on drawn (unseen in training): passed, report: ")
        assert lines[1] == "gate on clothing (photos the shipped default was trained on): FAILED, report: c.html"
    assert gate.read_verdict(gate.KEPT, "now") is None


def test_only_the_default_is_kept(fake_gate: FakeGate, capsys: pytest.CaptureFixture[str]) -> None:
    assert fake_gate.main("--keep", "--candidate", "other") == 2
    assert "leave --candidate out" in capsys.readouterr().err and fake_gate.calls == []
    assert gate.read_verdict(gate.KEPT, "now") is None


def test_without_a_trained_bundle_there_is_nothing_to_judge(
    fake_gate: FakeGate, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_gate.monkeypatch.setattr(gate, "find_shipped_default", lambda: None)
    assert fake_gate.main() == 0 and fake_gate.main("--keep") == 0
    assert "nothing to judge" in capsys.readouterr().out and fake_gate.calls == []


def test_the_gate_is_run_with_vectors_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that stands in for Python says what it was called with."""
    python = tmp_path / "python"
    python.write_text(
        """#!/bin/sh
printf '{"passed": false, "reasons": ["hat is worse"], "result": "%s", "report": "%s"}' "$EVALUATION_FOLDER" "$*"
exit $GATE_STATUS
"""
    )
    python.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(python))
    monkeypatch.setenv("GATE_STATUS", "1")
    found = gate.judge("ours/1234", gate.ROOT / "var" / "set", "http://127.0.0.1:9", tmp_path / "vectors")
    assert (found.data, found.passed, found.result) == ("set", False, str(tmp_path / "vectors"))
    assert found.report == "-m evaluation gate --candidate ours/1234 --baseline color --data var/set --json"
    monkeypatch.setenv("GATE_STATUS", "2")
    with pytest.raises(SystemExit) as ended:
        gate.judge("ours/1234", gate.ROOT / "var" / "set", "http://127.0.0.1:9", tmp_path / "vectors")
    assert ended.value.code == 2


def test_every_class_of_the_drawn_shop_has_enough_whole_styles() -> None:
    chosen = data_sets._choose_balanced()
    counts = Counter(one.style.kind.aisle[-1] for one in chosen)
    assert len(counts) > 15 and min(counts.values()) >= 40
    styles = Counter(one.style.group_id for one in chosen)
    assert all(styles[one.style.group_id] == len(one.style.colours) for one in chosen)


def test_shared_photos_are_links_with_their_senders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_sets, "SHARED", tmp_path / "nowhere")
    assert data_sets.link_shared_photos(tmp_path / "out") is None
    shared = tmp_path / "shared"
    rows = [f"train/{name}/{number}.jpg,{name},{number}" for name in ("hat", "dress") for number in range(80)]
    for row in rows:
        file = shared / row.split(",")[0]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"photo")
    (shared / "photos.csv").write_text("\n".join(["path,class,sender_id", *rows]))
    monkeypatch.setattr(data_sets, "SHARED", shared)
    for _ in range(2):  # a second time finds the links of the first
        found = data_sets.link_shared_photos(tmp_path / "out")
    assert found is not None
    lines = (found / "photos.csv").read_text().splitlines()[1:]
    assert Counter(line.split(",")[1] for line in lines) == {"hat": 60, "dress": 60}
    assert all((found / line.split(",")[0]).is_symlink() for line in lines)
