"""What the gate writes: the result that `models promote` reads, and a page for people."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from catalog.errors import NotFound
from evaluation.gate.inputs import Measured
from evaluation.gate.rules import Verdict
from evaluation.reporting.templating import environment
from models.bundles.manifest import MODEL_FILE
from models.bundles.registry import find
from models.errors import ModelError
from models.promotion.gate_record import Acceptance, Data, GateRecord, Side, save
from models.settings import ModelSettings


@dataclass(frozen=True, slots=True)
class Written:
    result: Path
    page: Path


def record_of(
    measured: Measured, verdict: Verdict, accepted: Sequence[Acceptance], command: str, models: ModelSettings
) -> GateRecord:
    """Everything that the verdict rests on; NaN is None."""
    within = {one.metric: _plain(asdict(one)) for one in verdict.within}
    classes = {one.name: _plain(asdict(one)) for one in verdict.classes}
    return GateRecord(
        candidate=_side(measured.candidate.model, models),
        baseline=_side(measured.baseline.model, models),
        data=Data(
            fingerprint=measured.baseline.data or "unknown",
            queries=len(measured.baseline.ids),
            source=measured.source,
        ),
        passed=verdict.passed,
        reasons=tuple(verdict.reasons),
        accepted=tuple(accepted),
        figures={"k": measured.baseline.k, "macro": _plain(asdict(verdict.macro)), **within},
        verdict={
            "classes": classes,
            "notes": list(verdict.notes),
            "rules": asdict(verdict.rules),
            "seed": verdict.seed,
            "repeats": verdict.repeats,
        },
        when=datetime.now(UTC),
        command=command,
    )


def write(record: GateRecord, verdict: Verdict, folder: Path) -> Written:
    """Both files below `folder`, named by the two spaces and the moment."""
    moment = f"{record.when:%Y%m%dT%H%M%S}"
    name = f"{record.candidate.space}-against-{record.baseline.space}-{moment}"
    result, page = folder / f"{name}.json", folder / f"{name}.html"
    save(record, result)
    page.write_text(render(record, verdict), encoding="utf-8")
    return Written(result, page)


def render(record: GateRecord, verdict: Verdict) -> str:
    """The page's HTML; it loads nothing from anywhere."""
    classes = sorted(verdict.classes, key=lambda one: (one.state == "ok", one.difference))
    return environment().get_template("gate.html.j2").render(record=record, verdict=verdict, classes=classes)


def _side(model: str, models: ModelSettings) -> Side:
    try:
        return Side(space=model, model_sha256=find(model, models).manifest.files[MODEL_FILE])
    except (NotFound, ModelError):  # a baseline such as hog, or scores of a bundle that is elsewhere
        return Side(space=model)


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in values.items()}
