"""The files of a gate: everything the verdict rests on, where it lies, and what the page shows first."""

from __future__ import annotations

import locale
import re
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from evaluation.gate.decision import judge
from evaluation.gate.inputs import GateInputs
from evaluation.gate.report import make_record, render_page, write_files
from evaluation.gate.rules import GateVerdict
from models.promotion.gate_record import Acceptance, GateRecord, read_gate_record
from tests.unit.gate_making import scores, with_values
from tests.unit.models_making import put, settings_for

SIZES = {"dress": 80, "hat": 80, "scarf": 10, "veil": 10}
COMMAND = "visual-search evaluation gate --candidate tiny"


def judged(candidate: str = "new__1") -> tuple[GateInputs, GateVerdict]:
    """Hats lost, dresses gained, scarves are few, and no veil has a figure."""
    before, after = scores("old__1", None, SIZES), scores(candidate, None, SIZES)
    change = np.select([before.classes == "hat", before.classes == "dress"], [-0.2, 0.1], 0.0)
    change[before.classes == "veil"] = np.nan
    after = with_values(after, precision=before.values["precision"] + change)
    return GateInputs(before, after, "/data/judged"), judge(before, after, ("scarf",), seed=5, repeats=400)


def recorded(models: Path, candidate: str = "new__1") -> tuple[GateRecord, GateVerdict]:
    inputs, verdict = judged(candidate)
    accepted = [Acceptance(name="scarf", by="ada", why="few are sold")]
    return make_record(inputs, verdict, accepted, COMMAND, settings_for(models)), verdict


def test_the_record_holds_all_that_the_verdict_rests_on(tmp_path: Path) -> None:
    tiny = put(tmp_path)
    record, verdict = recorded(tmp_path, tiny.space.name)
    assert record.candidate.space == tiny.space.name
    assert record.candidate.model_sha256 == tiny.manifest.files["model.onnx"]
    assert (record.baseline.space, record.baseline.model_sha256) == ("old__1", None)
    assert (record.data.fingerprint, record.data.queries, record.data.source) == ("abc", 180, "/data/judged")
    assert record.command == COMMAND and abs(datetime.now(UTC) - record.when).days == 0
    assert not record.passed and record.reasons == tuple(verdict.reasons)
    assert [(one.name, one.by) for one in record.accepted] == [("scarf", "ada")]
    assert record.figures.keys() == {"k", "macro", "within_color"} and record.figures["k"] == 10
    assert record.figures["macro"] == asdict(verdict.macro)
    assert record.figures["within_color"] == asdict(verdict.within[0])
    kept = record.verdict
    assert kept.keys() == {"classes", "notes", "rules", "seed", "repeats"}
    assert (kept["notes"], kept["rules"]) == (verdict.notes, asdict(verdict.rules))
    assert (kept["seed"], kept["repeats"]) == (5, 400)
    by_name = {one.name: asdict(one) for one in verdict.classes}
    assert by_name["veil"]["state"] == "unproven"
    by_name["veil"] |= {"baseline": None, "candidate": None, "difference": None}  # JSON knows no NaN
    assert kept["classes"] == by_name


def test_data_of_no_fingerprint_is_recorded_as_unknown(tmp_path: Path) -> None:
    inputs, verdict = judged()
    nameless = GateInputs(*(replace(one, data="") for one in (inputs.baseline, inputs.candidate)), "a catalogue")
    record = make_record(nameless, verdict, (), COMMAND, settings_for(tmp_path))
    assert record.data.fingerprint == "unknown" and record.accepted == ()


def test_a_broken_bundle_leaves_the_hash_open(tmp_path: Path) -> None:
    tiny = put(tmp_path)
    (tiny.path / "bundle.json").write_text("{")
    record, _ = recorded(tmp_path, tiny.space.name)
    assert (record.candidate.space, record.candidate.model_sha256) == (tiny.space.name, None)


def test_both_sides_carry_the_hash_of_their_network(tmp_path: Path) -> None:
    older, newer = put(tmp_path, "tiny", 1), put(tmp_path, "tiny", 2)
    inputs, verdict = judged(newer.space.name)
    inputs = replace(inputs, baseline=replace(inputs.baseline, model=older.space.name))
    record = make_record(inputs, verdict, (), COMMAND, settings_for(tmp_path))
    hashes = [one.manifest.files["model.onnx"] for one in (older, newer)]
    assert [record.baseline.model_sha256, record.candidate.model_sha256] == hashes and len(set(hashes)) == 2


def test_files_are_named_by_both_spaces_and_the_moment(tmp_path: Path) -> None:
    record, verdict = recorded(tmp_path)
    record = record.model_copy(update={"when": datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)})
    files = write_files(record, verdict, tmp_path / "gates")
    assert files.result == tmp_path / "gates" / "new__1-against-old__1-20260304T050607.json"
    assert files.page == files.result.with_suffix(".html")
    assert read_gate_record(files.result)[0] == record
    assert files.page.read_text(encoding="utf-8") == render_page(record, verdict)


@pytest.fixture
def plain_locale() -> Iterator[None]:
    """A machine whose files are ASCII unless somebody says otherwise."""
    before = locale.setlocale(locale.LC_CTYPE)
    locale.setlocale(locale.LC_CTYPE, "C")
    yield
    locale.setlocale(locale.LC_CTYPE, before)


@pytest.mark.usefixtures("plain_locale")
def test_the_page_is_utf_8_wherever_it_is_written(tmp_path: Path) -> None:
    files = write_files(*recorded(tmp_path), tmp_path)
    assert "old 1 → new 1" in files.page.read_bytes().decode("utf-8")


def test_the_page_lists_what_needs_a_look_first_and_the_largest_loss_of_it(tmp_path: Path) -> None:
    before = scores("old__1", None, {"coat": 50, "dress": 50, "hat": 50, "scarf": 10, "veil": 50})
    loss = {"coat": 0.1, "dress": -0.01, "hat": -0.2, "scarf": 0.0, "veil": -0.3}
    change = np.array([loss[str(name)] for name in before.classes])
    after = with_values(before, precision=before.values["precision"] + change)
    verdict = judge(before, after, repeats=300)
    record = make_record(GateInputs(before, after, "photos"), verdict, (), COMMAND, settings_for(tmp_path))
    page = render_page(record, verdict)
    assert re.findall(r"<tr><td>(\w+)</td>", page.partition("<h2>By class</h2>")[2]) == [
        "veil",
        "hat",
        "scarf",
        "dress",
        "coat",
    ]
    assert "paired bootstrap by cluster, 400 draws" in page, "four classes are corrected for each other"
