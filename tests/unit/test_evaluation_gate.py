"""The gate's rules one by one, the files it reads and the ones it writes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import false_discovery_control
from typer.testing import CliRunner

from catalog.errors import InvalidInput
from evaluation.commands.main import app
from evaluation.errors import InvalidScores
from evaluation.gate.decision import judge, judge_pairs
from evaluation.gate.pairs import PairedFigures, pair_scores
from evaluation.gate.rules import GateVerdict
from evaluation.gate.statistics import compute_loss_p, holm
from evaluation.scores import Scores
from models.promotion.gate_record import read_gate_record
from tests.unit.gate_making import SIZES, scores, states

runner = CliRunner()


def judged(
    changes: dict[str, float], sizes: dict[str, int] | None = None, accepted: tuple[str, ...] = ()
) -> GateVerdict:
    return judge(scores("old__1", None, sizes), scores("new__1", changes, sizes), accepted, repeats=500)


def test_equal_scores_pass_without_a_doubt() -> None:
    verdict = judge(scores("old__1"), scores("new__1"), repeats=200)
    assert verdict.passed and verdict.reasons == [] and verdict.notes == []
    assert {one.p for one in verdict.classes} == {1.0}
    assert (verdict.macro.difference, verdict.macro.lower, verdict.macro.upper) == (0, 0, 0)


def test_a_class_that_lost_fails_the_whole() -> None:
    verdict = judged({"hat": -0.08, "dress": 0.1, "shirt": 0.1})
    assert states(verdict) == {"dress": "ok", "hat": "failed", "shirt": "ok"}
    assert verdict.macro.difference > 0 and verdict.macro.state == "ok"
    assert not verdict.passed and "hat is worse" in verdict.reasons[0]


def test_a_loss_below_the_limit_is_none_however_sure() -> None:
    verdict = judged({"hat": -0.03, "dress": 0.1, "shirt": 0.1})
    hat = next(one for one in verdict.classes if one.name == "hat")
    assert hat.p < 0.01 and hat.state == "ok" and verdict.passed


def test_a_loss_that_may_be_chance_is_none_however_large() -> None:
    before = scores("old__1")
    hats = before.classes == "hat"
    drawn = np.random.default_rng(1).normal(0, 1.5, int(hats.sum()))
    noise = np.zeros(len(hats))
    noise[hats] = drawn - drawn.mean() - 0.06
    verdict = judge(before, replace(before, values={"precision": before.values["precision"] + noise}), repeats=500)
    hat = next(one for one in verdict.classes if one.name == "hat")
    assert hat.difference < -0.05 and hat.p > 0.05 and hat.state == "ok"


def test_a_big_loss_needs_no_correction_for_many_classes() -> None:
    """Sixty classes, so that Holm asks for a p of .0008; one lost a fifth with a p of about .01."""
    rng, sizes = np.random.default_rng(4), {f"c{number:02d}": 40 for number in range(60)}
    before = scores("old__1", None, sizes)
    lost = np.where(before.classes == "c07", -0.2 + rng.normal(0, 0.55, len(before.ids)), 0.05)
    verdict = judge(before, replace(before, values={"precision": before.values["precision"] + lost}), repeats=4000)
    bad = next(one for one in verdict.classes if one.name == "c07")
    assert bad.p < 0.05 < (bad.holm_p or 0) and bad.difference < -0.15 and bad.state == "failed"


def test_the_whole_may_lose_a_little_everywhere_and_fail() -> None:
    verdict = judged(dict.fromkeys(SIZES, -0.04))
    assert set(states(verdict).values()) == {"ok"}
    assert verdict.macro.state == "failed" and "macro average may have lost" in verdict.reasons[0]


def test_within_class_figures_are_judged_too() -> None:
    before = scores("old__1")
    blind = before.values | {"within_color": np.full(len(before.ids), 0.3)}
    verdict = judge(before, replace(before, values=blind), repeats=200)
    assert [one.state for one in verdict.within] == ["failed"] and verdict.macro.state == "ok"
    assert "within_color is worse: 0.400 -> 0.300" in verdict.reasons[0]


def test_a_small_class_is_unproven_until_somebody_accepts_it() -> None:
    sizes = {"dress": 200, "hat": 39, "shirt": 200}
    verdict = judged({"dress": 0.1}, sizes)
    assert states(verdict)["hat"] == "unproven"
    assert not verdict.passed and "--accept hat --by NAME" in verdict.reasons[0]
    assert states(judged({"dress": 0.1}, sizes | {"hat": 40}))["hat"] == "ok"
    accepted = judged({"dress": 0.1}, sizes, ("hat",))
    assert accepted.passed and states(accepted)["hat"] == "accepted" and "accepted without proof" in accepted.notes[0]
    for one in (verdict, accepted):
        assert "outside the macro figures, for want of queries: hat" in one.notes
    nothing = judged({"dress": 0.1}, {"dress": 20, "hat": 20})
    assert any("no class has enough queries" in note for note in nothing.notes)
    with pytest.raises(InvalidInput, match="dress cannot be accepted"):
        judged({"dress": 0.1}, sizes, ("dress",))
    assert not any("outside" in note for note in judged({"dress": 0.1}).notes)


def test_a_class_too_small_to_prove_anything_has_no_part_in_the_macro_figures() -> None:
    sizes = {"dress": 200, "hat": 20, "shirt": 200}
    verdict = judged({"hat": -0.3}, sizes, ("hat",))
    proven = [one for one in verdict.classes if one.state == "ok"]
    assert [one.name for one in proven] == ["dress", "shirt"]
    assert verdict.macro.baseline == pytest.approx(np.mean([one.baseline for one in proven]))
    assert verdict.macro.candidate == pytest.approx(np.mean([one.candidate for one in proven]))
    assert verdict.macro.lower > -0.02, "the hats' loss of 0.3 would have pulled it down by a third of that"


def test_many_queries_of_few_clusters_prove_nothing() -> None:
    before = scores("old__1")
    clusters = np.where(before.classes == "hat", "one sender", before.clusters)
    few = replace(before, clusters=clusters)
    assert states(judge(few, few, repeats=200))["hat"] == "unproven"


def test_data_too_small_for_a_verdict_says_so() -> None:
    rng = np.random.default_rng(2)
    names, clusters = [str(n % 3) for n in range(180)], [str(n // 4) for n in range(180)]
    pairs = PairedFigures(names, clusters, {"precision": rng.random(180)}, {"precision": rng.random(180)})
    assert "too small for this gate" in judge_pairs(pairs, repeats=200).notes[0]


def test_the_same_seed_gives_the_same_verdict() -> None:
    before, after = scores("old__1"), scores("new__1", {"hat": -0.05})
    assert judge(before, after, seed=1, repeats=300) == judge(before, after, seed=1, repeats=300)
    assert judge(before, after, seed=1, repeats=300) != judge(before, after, seed=2, repeats=300)


def test_holm_and_p_values() -> None:
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    assert holm([]).tolist() == []
    given = np.random.default_rng(0).uniform(0, 0.2, 20)
    assert (holm(given) >= false_discovery_control(given) - 1e-12).all()  # Holm is the stricter of the two
    draws = np.array([[-1.0, 0.0, np.nan], [-1.0, -1.0, -1.0], [-2.0, 1.0, -1.0]])
    assert compute_loss_p(draws).tolist() == [1 / 4, 3 / 4, 1 / 3], "a draw without the class says nothing of it"
    assert compute_loss_p(np.full((9, 1), np.nan)).tolist() == [1]


def test_scores_that_do_not_belong_together() -> None:
    before = scores("old__1")
    for other, message in (
        (replace(before, data="xyz"), "measure both on the same data"),
        (replace(before, k=5), "measure both on the same data"),
        (replace(before, ids=tuple(f"x{name}" for name in before.ids)), "not asked the same queries"),
        (replace(before, classes=np.roll(before.classes, 7)), "under other labels"),
        (replace(before, values={}), "without 'precision'"),
    ):
        with pytest.raises(InvalidScores, match=message):
            pair_scores(before, other)


def test_order_does_not_matter_and_a_photo_the_candidate_cannot_read_counts_as_wrong() -> None:
    before = scores("old__1")
    order = np.random.default_rng(0).permutation(len(before.ids))[:-1]
    after = Scores(
        "new__1",
        "abc",
        10,
        tuple(before.ids[row] for row in order),
        before.classes[order],
        before.clusters[order],
        {name: column[order] for name, column in before.values.items()},
    )
    pairs = pair_scores(before, after)
    changed = np.flatnonzero(pairs.candidate["precision"] != pairs.baseline["precision"])
    assert len(changed) == 1 and pairs.candidate["precision"][changed[0]] == 0
    assert np.isnan(pairs.candidate["within_color"][changed[0]])


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GATE_FOLDER", str(tmp_path / "gates"))
    monkeypatch.setenv("BUNDLES", str(tmp_path / "bundles"))
    scores("old__1").save(tmp_path / "old.json")
    scores("new__1", {"hat": 0.05}).save(tmp_path / "better.json")
    scores("new__2", {"hat": -0.2}).save(tmp_path / "worse.json")
    scores("old__1", None, {"dress": 80, "hat": 20}).save(tmp_path / "old-few.json")
    scores("new__1", {"dress": 0.05}, {"dress": 80, "hat": 20}).save(tmp_path / "few.json")
    return tmp_path


def gate(files: Path, before: str, after: str, *more: str) -> tuple[int, str, str]:
    named = ["--baseline-scores", str(files / before), "--candidate-scores", str(files / after)]
    done = runner.invoke(app, ["gate", *named, "--repeats", "300", *more])
    return done.exit_code, done.stdout, done.stderr


def test_the_command_writes_a_result_and_a_page(files: Path) -> None:
    status, text, problems = gate(files, "old.json", "better.json", "--json")
    assert status == 0, problems
    body = json.loads(text)
    record, stamp = read_gate_record(Path(body["result"]))
    assert record.passed and record.candidate.space == "new__1" and record.baseline.space == "old__1"
    assert len(stamp) == 64 and record.data.fingerprint == "abc" and record.data.queries == 600
    assert record.figures["macro"]["difference"] > 0  # type: ignore[index, call-overload, operator]
    page = Path(body["report"]).read_text()
    assert Path(body["report"]).parent == files / "gates"
    assert "old 1 → new 1" in page and ">passed<" in page
    assert "http" not in page.replace("http-equiv", "")


def test_the_command_fails_with_1_and_says_why(files: Path) -> None:
    status, text, _ = gate(files, "old.json", "worse.json")
    assert status == 1
    assert "FAILED: hat is worse" in text and "report: " in text
    record, _ = read_gate_record(Path(text.split("result: ")[1].splitlines()[0]))
    assert not record.passed and record.reasons


def test_acceptance_is_named_and_kept(files: Path) -> None:
    assert gate(files, "old-few.json", "few.json")[0] == 1
    status, text, problems = gate(
        files, "old-few.json", "few.json", "--accept", "hat", "--by", "ada", "--why", "few are sold", "--json"
    )
    assert status == 0, problems
    record, _ = read_gate_record(Path(json.loads(text)["result"]))
    assert [(one.name, one.by, one.why) for one in record.accepted] == [("hat", "ada", "few are sold")]
    assert "“few are sold”" in Path(json.loads(text)["report"]).read_text()


def test_names_from_outside_are_escaped(files: Path) -> None:
    odd = {"<script>alert(1)</script>": 100, "hat": 100}
    for name, model in (("a.json", "old__1"), ("b.json", "new__1")):
        scores(model, None, odd).save(files / name)
    _, text, _ = gate(files, "a.json", "b.json", "--json")
    assert "<script>" not in Path(json.loads(text)["report"]).read_text()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--accept", "hat"], "--by NAME --why TEXT"),
        (["--accept", "hat", "--by", "ada", "--why", "so"], "hat cannot be accepted"),
        (["--candidate", "other"], "the scores are of new__1, not of other"),
        (["--baseline", "old__2"], "the scores are of old__1, not of old__2"),
        (["--baseline-scores", "better.json"], "both sides are new__1"),
    ],
)
def test_wrong_use_ends_with_2(files: Path, more: list[str], message: str) -> None:
    status, _, problems = gate(
        files, "old.json", "better.json", *(str(files / m) if ".json" in m else m for m in more)
    )
    assert status == 2 and message in problems


def test_wrong_use_without_scores(files: Path) -> None:
    for more, message in (
        (["--candidate-scores", str(files / "old.json")], "go together"),
        ([], "--candidate MODEL"),
        (["--candidate", "color", "--baseline-scores", str(files / "old.json")], "go together"),
    ):
        done = runner.invoke(app, ["gate", *more])
        assert done.exit_code == 2 and message in done.stderr
