"""Decides which version serves: promoted only on a passed gate, rolled back in one step, every change on record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from catalog.domain.promotion import Promotion, serving_stack
from catalog.domain.records import SpaceStatus
from catalog.errors import RefusedChange
from catalog.ports import SpaceIndex
from models.bundles.bundle import Bundle
from models.bundles.manifest import MODEL_FILE
from models.errors import GateNotPassed, NotEmbedded
from models.promotion.gate_record import GateRecord, read_gate_record

WORST = 5  # classes of a verdict that an entry keeps
OF_A_CLASS = ("name", "queries", "baseline", "candidate", "difference", "holm_p", "state")


@dataclass(frozen=True, slots=True)
class PromotionRequest:
    """Says who asks for a change, and why; `first`: nothing was promoted yet, `incomplete`: products may lack it."""

    by: str
    why: str
    first: bool = False
    incomplete: bool = False


def find_serving(entries: Sequence[Promotion]) -> str | None:
    """Returns the name of the space that serves by promotion."""
    return entries[-1].space if entries else None


def promote(index: SpaceIndex, bundle: Bundle, gate: Path, wish: PromotionRequest) -> Promotion:
    """Lets the space of `bundle` serve if the gate file `gate` allows it; returns the entry that was written.

    Raises InvalidGate, GateNotPassed when it judged something else or failed, NotEmbedded when products still lack
    the space, RefusedChange when it serves already, WriteConflict when somebody else was faster.
    """
    _check_reasons(wish)
    record, stamp = read_gate_record(gate)
    entries = index.promotions.read_all()
    serving = find_serving(entries)
    if serving == bundle.space.name:
        raise RefusedChange(f"{serving} serves already")
    _check_gate(record, bundle, serving, wish)
    status = _check_embedded(index, bundle.space.name, wish)
    _check_coverage(index, status, serving or record.baseline.space, wish)
    entry = Promotion(
        bundle.space.name, wish.by.strip(), wish.why.strip(), "promote", _build_figures(record, stamp, status)
    )
    return index.promotions.append(entry, after=len(entries))


def rollback(index: SpaceIndex, wish: PromotionRequest, to: str | None = None) -> Promotion:
    """Lets the space before the present one serve again, or `to` (a version or a space) of those that ever served.

    Raises RefusedChange when there is nothing to go back to, NotEmbedded when its vectors were dropped.
    """
    _check_reasons(wish)
    entries = index.promotions.read_all()
    target = _find_previous(entries) if to is None else _find_served(entries, to)
    status = _check_embedded(index, target, PromotionRequest(wish.by, wish.why, incomplete=True))
    figures = {"from": find_serving(entries), "done": status.done, "pending": status.pending + status.retry}
    entry = Promotion(target, wish.by.strip(), wish.why.strip(), "rollback", figures)
    return index.promotions.append(entry, after=len(entries))


def _check_reasons(wish: PromotionRequest) -> None:
    if not wish.by.strip() or not wish.why.strip():
        raise RefusedChange("say who (--by) and why (--why): both are kept on record")


def _check_gate(record: GateRecord, bundle: Bundle, serving: str | None, wish: PromotionRequest) -> None:
    space = bundle.space.name
    if record.candidate.space != space:
        raise GateNotPassed(f"this gate judged {record.candidate.space}, not {space}: {_format_gate_command(space)}")
    if record.baseline.space == space:
        raise GateNotPassed(f"this gate compared {space} with itself, which proves nothing: name another --baseline")
    known = record.candidate.model_sha256
    if known is not None and known != bundle.manifest.files[MODEL_FILE]:
        raise GateNotPassed(
            f"this gate judged another network than the one in {bundle.path}: {_format_gate_command(space)}"
        )
    if not record.passed:
        raise GateNotPassed(f"{space} did not pass its gate: {'; '.join(record.reasons)}")
    if serving is None and not wish.first:
        raise GateNotPassed(
            "nothing was promoted before, so that nobody said what serves; "
            f"if {record.baseline.space} is the right thing to compare with, say --first"
        )
    if serving is not None and record.baseline.space != serving:
        raise GateNotPassed(
            f"this gate compared with {record.baseline.space}, but {serving} serves: {_format_gate_command(space)}"
        )


def _format_gate_command(space: str) -> str:
    return f"run `python -m evaluation gate --candidate {space} --baseline current`"


def _check_embedded(index: SpaceIndex, name: str, wish: PromotionRequest) -> SpaceStatus:
    spaces = {space.name: space for space in index.spaces.read_all()}
    if name not in spaces:
        raise NotEmbedded(f"no product has vectors of {name}: run `python -m etl run --model {name}` first")
    status = index.status.read_space(spaces[name])
    missing = status.pending + status.retry
    if not status.done:
        raise NotEmbedded(f"no product is embedded in {name}: run `python -m etl run --model {name}` first")
    if missing and not wish.incomplete:
        raise NotEmbedded(
            f"{missing:,} products are not embedded in {name} yet and would vanish from answers: run "
            f"`python -m etl run --model {name}` first, or say --incomplete"
        )
    return status


MAX_LOST = 0.01  # share of the products that serve now which a new version may lack without --incomplete


def _check_coverage(index: SpaceIndex, new: SpaceStatus, serving: str, wish: PromotionRequest) -> None:
    """Raises NotEmbedded where photos failed for good in the new space: answers would lose those products."""
    known = {space.name: space for space in index.spaces.read_all()}
    old = index.status.read_space(known[serving]).done if serving in known else 0
    lost = old - new.done
    if lost > MAX_LOST * old and not wish.incomplete:
        failed = ", ".join(f"{count:,} {reason}" for reason, count in sorted(new.failed.items())) or "none"
        raise NotEmbedded(
            f"{lost:,} of the {old:,} products embedded in {serving} would vanish from answers, for {new.space.name} "
            f"has only {new.done:,} (photos that failed there: {failed}): run `python -m etl retry --failed --model "
            f"{new.space.name}` and `python -m etl run --model {new.space.name}`, or say --incomplete"
        )


def _build_figures(record: GateRecord, stamp: str, status: SpaceStatus) -> dict[str, Any]:
    """Returns what the entry keeps of the gate, so that it can be understood when the file is gone."""
    gate = record.model_dump(mode="json", exclude={"verdict"}) | {"verdict": _summarize_verdict(record.verdict)}
    failed = sum(status.failed.values())
    return {
        "gate": gate | {"sha256": stamp},
        "done": status.done,
        "pending": status.pending + status.retry,
        "failed": failed,
    }


def _summarize_verdict(verdict: Mapping[str, JsonValue]) -> dict[str, Any]:
    """Returns the rules it was judged by, what was noted, and the classes that lost most."""
    kept = {name: verdict[name] for name in ("rules", "seed", "repeats", "notes") if name in verdict}
    classes = verdict.get("classes")
    if not isinstance(classes, dict):
        return kept
    rows = [one for one in classes.values() if isinstance(one, dict)]
    worst = sorted(rows, key=lambda one: (one.get("difference") is None, one.get("difference")))[:WORST]
    return kept | {"classes": len(rows), "worst": [{name: one.get(name) for name in OF_A_CLASS} for one in worst]}


def _find_previous(entries: Sequence[Promotion]) -> str:
    standing = serving_stack(entries)
    earlier = [entry.space for entry in standing if entry.space != find_serving(entries)]
    if not earlier:
        raise RefusedChange("there is nothing to go back to: no other space was promoted before the one that serves")
    return earlier[-1]


def _find_served(entries: Sequence[Promotion], to: str) -> str:
    served = dict.fromkeys(entry.space for entry in entries)
    # An entry written by hand may name a space without a version.
    found = [space for space in served if to.replace("/", "__") in {space, space.rpartition("__")[2]}]
    if not found:
        raise RefusedChange(f"'{to}' never served; these did: {', '.join(served) or 'none'}")
    if len(found) > 1:
        raise RefusedChange(f"'{to}' could be {', '.join(found)}: write the whole name")
    if found[0] == find_serving(entries):
        raise RefusedChange(f"{found[0]} serves already")
    return found[0]
