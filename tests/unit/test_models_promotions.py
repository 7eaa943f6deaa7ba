"""Promotions: what is refused, what is kept on record, what a rollback returns to."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from catalog.domain.embedding_space import Space
from catalog.domain.promotion import Promotion, serving_stack
from catalog.domain.records import SpaceStatus
from catalog.errors import RefusedChange, WriteConflict
from models.bundles.bundle import Bundle
from models.errors import GateNotPassed, InvalidGate, NotEmbedded
from models.promotion.gate_record import GateData, GateRecord, JudgedModel, read_gate_record, write_gate_record
from models.promotion.promotions import PromotionRequest, promote, rollback
from tests.unit.models_making import put

WISH = PromotionRequest("ada", "better on hats")
CLASSES = {
    f"class{n}": {
        "name": f"class{n}",
        "queries": 50,
        "clusters": 9,
        "difference": n / 100 if n else None,
        "state": "ok",
    }
    for n in range(8)
}
VERDICT = {"classes": CLASSES, "notes": ["hat is small"], "rules": {"loss": 0.05}, "seed": 7, "repeats": 4000}


class Index:
    """A `SpaceIndex` in memory, all stores in one; `late` is what somebody else appends meanwhile."""

    def __init__(self, *spaces: Space) -> None:
        self.known, self.entries = list(spaces), []  # type: ignore[var-annotated]
        self.missing: dict[str, int] = {}
        self.failed: dict[str, int] = {}
        self.count = 10
        self.late: list[Promotion] = []
        self.spaces = SimpleNamespace(read_all=lambda: self.known)
        self.status = SimpleNamespace(read_space=self.read_space)
        self.promotions = SimpleNamespace(read_all=lambda: list(self.entries), append=self.append)

    def read_space(self, space: Space) -> SpaceStatus:
        pending = self.missing.get(space.name, 0)
        failed = self.failed.get(space.name, 1)
        done = self.count - pending - (failed - 1)
        return SpaceStatus(space, done, pending, 0, {"not_found": failed}, {})

    def append(self, entry: Promotion, after: int) -> Promotion:
        self.entries += self.late
        if after != len(self.entries):
            raise WriteConflict("somebody else was faster")
        self.entries.append(replace(entry, number=after + 1, at=datetime.now(UTC)))
        return self.entries[-1]  # type: ignore[no-any-return]


class Room:
    """Three versions of a model, embedded, and the gates that judged them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bundles = [put(folder / "bundles", "shop", seed=seed) for seed in (1, 2, 3)]
        self.index = Index(*(bundle.space for bundle in self.bundles))

    def gate(self, candidate: Bundle, baseline: str, passed: bool = True, sha: str | None = None) -> Path:
        path = self.folder / "gate.json"
        write_gate_record(
            GateRecord(
                candidate=JudgedModel(
                    space=candidate.space.name, model_sha256=sha or candidate.manifest.files["model.onnx"]
                ),
                baseline=JudgedModel(space=baseline),
                data=GateData(fingerprint="abc", queries=100, source="drawn"),
                passed=passed,
                reasons=() if passed else ("hat is worse",),
                figures={"precision": 0.6},
                verdict=VERDICT,
                when=datetime.now(UTC),
                command="python -m evaluation gate",
            ),
            path,
        )
        return path

    def promote(self, number: int, wish: PromotionRequest = WISH) -> Promotion:
        bundle, entries = self.bundles[number], self.index.entries
        baseline = entries[-1].space if entries else "color__000000000000"
        return promote(self.index, bundle, self.gate(bundle, baseline), wish)


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


FIRST = replace(WISH, first=True)


def test_the_first_promotion_has_to_be_called_that(room: Room) -> None:
    with pytest.raises(GateNotPassed, match="--first"):
        room.promote(0)
    first = room.bundles[0]
    with pytest.raises(GateNotPassed, match="with itself"):
        promote(room.index, first, room.gate(first, first.space.name), FIRST)
    entry = room.promote(0, FIRST)
    assert (entry.space, entry.by, entry.reason, entry.action) == (
        room.bundles[0].space.name,
        "ada",
        "better on hats",
        "promote",
    )
    assert entry.figures["gate"]["passed"] is True
    assert entry.figures["gate"]["baseline"]["space"] == "color__000000000000"
    assert (entry.figures["done"], entry.figures["failed"]) == (10, 1)


def test_the_record_keeps_the_verdict_in_short(room: Room) -> None:
    found = room.promote(0, FIRST).figures["gate"]["verdict"]
    assert found["rules"] == {"loss": 0.05} and found["notes"] == ["hat is small"]
    assert (found["seed"], found["repeats"], found["classes"]) == (7, 4000, 8)
    assert [one["name"] for one in found["worst"]] == ["class1", "class2", "class3", "class4", "class5"]
    assert found["worst"][0]["difference"] == 0.01 and "clusters" not in found["worst"][0]


def test_only_a_passed_gate_of_this_version_against_what_serves_counts(room: Room) -> None:
    old, new, other = room.bundles
    room.promote(0, FIRST)
    for gate, message in (
        (lambda: room.gate(other, old.space.name), f"judged {other.space.name}, not"),
        (lambda: room.gate(new, other.space.name), f"but {old.space.name} serves"),
        (lambda: room.gate(new, old.space.name, passed=False), "hat is worse"),
        (lambda: room.gate(new, old.space.name, sha="0" * 64), "another network"),
        (lambda: room.gate(new, new.space.name), "with itself"),
    ):
        with pytest.raises(GateNotPassed, match=message):
            promote(room.index, new, gate(), FIRST)
    assert len(room.index.entries) == 1
    with pytest.raises(RefusedChange, match="serves already"):
        promote(room.index, old, room.gate(old, old.space.name), WISH)


def test_a_gate_file_that_was_touched_is_refused(room: Room) -> None:
    new = room.bundles[1]
    path = room.gate(new, "x__1", passed=False)
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"passed": True, "reasons": []}))
    with pytest.raises(InvalidGate, match="changed since"):
        promote(room.index, new, path, FIRST)
    for text, message in (("{}", "not the result of a gate"), ("nonsense", "cannot be read")):
        path.write_text(text)
        with pytest.raises(InvalidGate, match=message):
            read_gate_record(path)
    with pytest.raises(InvalidGate, match="cannot be read"):
        read_gate_record(path.with_name("nowhere.json"))


def test_products_that_lack_the_space_hold_a_promotion_back(room: Room) -> None:
    new = room.bundles[1]
    room.index.missing[new.space.name] = 3
    with pytest.raises(NotEmbedded, match="3 products are not embedded"):
        room.promote(1, FIRST)
    assert room.promote(1, replace(FIRST, incomplete=True)).figures["pending"] == 3
    room.index.missing[room.bundles[2].space.name] = 10
    with pytest.raises(NotEmbedded, match="no product is embedded"):
        room.promote(2, PromotionRequest("ada", "because", incomplete=True))
    room.index.known.clear()
    with pytest.raises(NotEmbedded, match="no product has vectors"):
        room.promote(0)


@pytest.mark.parametrize(("by", "why"), [("", "because"), ("ada", " ")])
def test_who_and_why_are_needed(room: Room, by: str, why: str) -> None:
    with pytest.raises(RefusedChange, match="who"):
        room.promote(0, PromotionRequest(by, why, first=True))
    with pytest.raises(RefusedChange, match="who"):
        rollback(room.index, PromotionRequest(by, why))


def test_photos_that_failed_in_the_new_version_only_are_products_lost(room: Room) -> None:
    room.index.count = 1000
    old, new, newer = (bundle.space.name for bundle in room.bundles)
    room.promote(0, FIRST)
    room.index.failed[new] = 12
    with pytest.raises(NotEmbedded, match=f"11 of the 1,000 .* in {old} would vanish.*12 not_found.*--incomplete"):
        room.promote(1)
    room.index.failed[new] = 11  # a hundredth
    room.promote(1)
    room.index.failed[newer] = 300
    room.promote(2, replace(WISH, incomplete=True))
    room.index.known = [bundle.space for bundle in room.bundles[1:]]
    room.promote(1)  # which has more than what serves


def test_the_first_one_is_compared_with_what_the_gate_compared_with(room: Room) -> None:
    color = Space("color", "000000000000", 2)
    room.index.known.append(color)
    room.index.failed[room.bundles[0].space.name] = 5
    with pytest.raises(NotEmbedded, match=f"4 of the 10 .* {color.name}"):
        room.promote(0, FIRST)


def test_a_promotion_that_was_written_by_hand_is_no_trap(room: Room) -> None:
    plain = "plain"
    room.index.entries = [Promotion(plain, "ops", "by hand")]
    room.promote(0)
    room.promote(1)
    assert rollback(room.index, WISH, room.bundles[0].version).space == room.bundles[0].space.name
    with pytest.raises(NotEmbedded, match="no product has vectors of plain"):
        rollback(room.index, WISH, plain)


def test_the_slower_one_of_two_is_told(room: Room) -> None:
    room.index.late = [Promotion("shop__other", "bob", "faster")]
    with pytest.raises(WriteConflict):
        room.promote(0, FIRST)


def test_rollbacks_go_back_step_by_step_and_forward_by_name(room: Room) -> None:
    names = [bundle.space.name for bundle in room.bundles]
    room.promote(0, FIRST)
    room.promote(1)
    room.promote(2)
    assert rollback(room.index, WISH).space == names[1]
    assert rollback(room.index, WISH).space == names[0]
    with pytest.raises(RefusedChange, match="nothing to go back to"):
        rollback(room.index, WISH)
    assert rollback(room.index, WISH, room.bundles[2].version).space == names[2]
    assert rollback(room.index, WISH, f"shop/{room.bundles[1].version}").space == names[1]
    assert room.index.entries[-1].figures["from"] == names[2]
    with pytest.raises(RefusedChange, match="serves already"):
        rollback(room.index, WISH, names[1])
    with pytest.raises(RefusedChange, match="never served"):
        rollback(room.index, WISH, "000000000000")


def test_a_dropped_space_is_not_returned_to(room: Room) -> None:
    room.promote(0, FIRST)
    room.promote(1)
    room.index.known = [room.bundles[1].space]
    with pytest.raises(NotEmbedded, match="no product has vectors"):
        rollback(room.index, WISH)


def test_what_stands_after_a_rollback() -> None:
    def entries(*pairs: tuple[str, str]) -> list[Promotion]:
        return [Promotion(space, "x", "x", action) for action, space in pairs]  # type: ignore[arg-type]

    def standing(*pairs: tuple[str, str]) -> list[str]:
        return [one.space for one in serving_stack(entries(*pairs))]

    assert standing(("promote", "a"), ("promote", "b"), ("rollback", "a")) == ["a"]
    assert standing(("promote", "a"), ("promote", "b"), ("rollback", "a"), ("promote", "c")) == ["a", "c"]
    assert standing(("promote", "a"), ("promote", "b"), ("rollback", "a"), ("rollback", "b")) == ["a", "b"]
