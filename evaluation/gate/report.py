"""Writes the gate's result, which `models promote` reads, and a page for people."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from catalog.errors import NotFound
from evaluation.gate.inputs import GateInputs
from evaluation.gate.rules import GateVerdict
from evaluation.reporting.templating import open_templates
from models.bundles.manifest import MODEL_FILE
from models.bundles.registry import find_bundle
from models.errors import ModelError
from models.promotion.gate_record import Acceptance, GateData, GateRecord, JudgedModel, write_gate_record
from models.settings import ModelSettings


@dataclass(frozen=True, slots=True)
class GateFiles:
    result: Path
    page: Path


def make_record(
    inputs: GateInputs, verdict: GateVerdict, accepted: Sequence[Acceptance], command: str, models: ModelSettings
) -> GateRecord:
    """Returns everything that the verdict rests on; NaN is None."""
    within = {one.metric: _replace_nan(asdict(one)) for one in verdict.within}
    classes = {one.name: _replace_nan(asdict(one)) for one in verdict.classes}
    return GateRecord(
        candidate=_make_side(inputs.candidate.model, models),
        baseline=_make_side(inputs.baseline.model, models),
        data=GateData(
            fingerprint=inputs.baseline.data or "unknown",
            queries=len(inputs.baseline.ids),
            source=inputs.source,
        ),
        passed=verdict.passed,
        reasons=tuple(verdict.reasons),
        accepted=tuple(accepted),
        figures={"k": inputs.baseline.k, "macro": _replace_nan(asdict(verdict.macro)), **within},
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


def write_files(record: GateRecord, verdict: GateVerdict, folder: Path) -> GateFiles:
    """Writes both files below `folder`, named by the two spaces and the moment."""
    moment = f"{record.when:%Y%m%dT%H%M%S}"
    name = f"{record.candidate.space}-against-{record.baseline.space}-{moment}"
    result, page = folder / f"{name}.json", folder / f"{name}.html"
    write_gate_record(record, result)
    page.write_text(render_page(record, verdict), encoding="utf-8")
    return GateFiles(result, page)


def render_page(record: GateRecord, verdict: GateVerdict) -> str:
    """Returns the page's HTML; it loads nothing from anywhere."""
    classes = sorted(verdict.classes, key=lambda one: (one.state == "ok", one.difference))
    return open_templates().get_template("gate.html.j2").render(record=record, verdict=verdict, classes=classes)


def _make_side(model: str, models: ModelSettings) -> JudgedModel:
    try:
        return JudgedModel(space=model, model_sha256=find_bundle(model, models).manifest.files[MODEL_FILE])
    except (NotFound, ModelError):  # a baseline such as hog, or scores of a bundle that is elsewhere
        return JudgedModel(space=model)


def _replace_nan(values: dict[str, Any]) -> dict[str, Any]:
    return {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in values.items()}
