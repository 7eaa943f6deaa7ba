"""`evaluation gate`: decides whether a candidate may replace what serves. Status 0 passed, 1 failed, 2 wrong use."""

import logging
from pathlib import Path
from typing import Annotated, Any

import typer

from catalog.cli_support import format_command
from catalog.errors import InvalidInput
from catalog.settings import CatalogSettings
from evaluation.commands.shared import Json, exit_on_error, open_embedding_cache, print_result, show_progress
from evaluation.gate.decision import REPEATS, judge
from evaluation.gate.inputs import GateInputs, load_inputs, measure_on_catalogue, measure_on_set
from evaluation.gate.report import GateFiles, make_record, write_files
from evaluation.gate.rules import GateVerdict
from evaluation.gate.spaces import CURRENT, check_different, choose_sides, list_bundle_spaces, list_catalogue_spaces
from evaluation.model_scoring import EvaluationOptions
from evaluation.settings import EvaluationSettings
from models.promotion.gate_record import Acceptance, GateRecord
from models.settings import ModelSettings

log = logging.getLogger("evaluation")


def gate(
    candidate: Annotated[
        str | None, typer.Option(help="shop/0123456789ab; shop alone: its newest version that does not serve")
    ] = None,
    baseline: Annotated[str, typer.Option(help="what it has to stand up to; current: what serves")] = CURRENT,
    data: Annotated[
        Path | None,
        typer.Option(help="a feed or a folder of photos per class; default: GATE_DATA, else the catalogue as it is"),
    ] = None,
    candidate_scores: Annotated[Path | None, typer.Option(help="scores of `evaluation run` instead")] = None,
    baseline_scores: Annotated[Path | None, typer.Option(help="the other's, on the same data")] = None,
    accept: Annotated[
        list[str] | None, typer.Option(help="a class with too few queries that --by vouches for")
    ] = None,
    by: Annotated[str, typer.Option(help="who accepts")] = "",
    why: Annotated[str, typer.Option(help="why that is right")] = "",
    limit: Annotated[int | None, typer.Option(min=1, help="ask so many queries, evenly over the classes")] = None,
    seed: Annotated[int, typer.Option(min=0)] = 7,
    repeats: Annotated[int, typer.Option(min=100, max=100_000, help="draws of the bootstrap, or more")] = REPEATS,
    out: Annotated[Path | None, typer.Option(help="folder of the result and its page; default GATE_FOLDER")] = None,
    as_json: Json = False,
) -> None:
    """Judge a candidate against what serves, class by class; `models promote` wants the file that this writes."""
    with exit_on_error(as_json):
        accepted = _read_acceptances(accept or [], by, why)
        inputs = _measure_both((baseline, candidate), data, (baseline_scores, candidate_scores), limit)
        names = [one.name for one in accepted]
        verdict = judge(inputs.baseline, inputs.candidate, names, seed, repeats)
        command = format_command("evaluation")
        record = make_record(inputs, verdict, accepted, command, ModelSettings.load())
        written = write_files(record, verdict, out or EvaluationSettings.load().gate_folder)
        print_result(as_json, _make_body(record, written), _format_verdict(record, verdict, written))
    if not verdict.passed:
        raise typer.Exit(1)


def _read_acceptances(classes: list[str], by: str, why: str) -> list[Acceptance]:
    if classes and not (by.strip() and why.strip()):
        raise InvalidInput("--accept needs a name and a reason: --by NAME --why TEXT; both are kept in the result")
    return [Acceptance(name=name, by=by, why=why) for name in classes]


def _measure_both(
    names: tuple[str, str | None], data: Path | None, files: tuple[Path | None, Path | None], limit: int | None
) -> GateInputs:
    before, after = files
    if before is not None and after is not None:
        return _check_names(load_inputs(before, after), names)
    if before is not None or after is not None:
        raise InvalidInput("--baseline-scores and --candidate-scores go together")
    if names[1] is None:
        raise InvalidInput("say what is to be judged: --candidate MODEL")
    own, index = EvaluationSettings.load(), CatalogSettings.load()
    folder = data or ModelSettings.load().gate_data
    known = (list_catalogue_spaces if folder is None else list_bundle_spaces)(ModelSettings.load(), index)
    models = choose_sides(names[0], names[1], known)
    with show_progress("questions") as step, show_progress("photos") as photos:
        options = EvaluationOptions(threads=own.evaluation_threads, limit=limit, progress=step)
        if folder is None:
            return measure_on_catalogue(models, index, options)
        return measure_on_set(models, folder, open_embedding_cache(photos), index, options)


def _check_names(inputs: GateInputs, names: tuple[str, str | None]) -> GateInputs:
    """Raises InvalidInput where a model is named that is not the one of its scores."""
    for wanted, scores in zip(names, (inputs.baseline, inputs.candidate), strict=True):
        if wanted is not None and wanted != CURRENT and not _is_model(scores.model, wanted.replace("/", "__")):
            raise InvalidInput(f"the scores are of {scores.model}, not of {wanted}")
    check_different(inputs.baseline.model, inputs.candidate.model)
    return inputs


def _is_model(space: str, wanted: str) -> bool:
    return space.startswith(wanted) if "__" in wanted else space.rpartition("__")[0] == wanted


def _make_body(record: GateRecord, written: GateFiles) -> dict[str, Any]:
    content = record.model_dump(mode="json")
    return {**content, "result": str(written.result), "report": str(written.page)}


def _format_verdict(record: GateRecord, verdict: GateVerdict, written: GateFiles) -> str:
    macro = verdict.macro
    sides = f"{record.candidate.space} against {record.baseline.space}"
    change = (
        f"{macro.baseline:.3f} -> {macro.candidate:.3f} ({macro.difference:+.3f}, lower bound {macro.lower:+.3f})"
    )
    lines = [f"{sides}: {record.data.queries:,} queries of {record.data.source}", f"{'macro':24} {change}"]
    for one in verdict.within:
        lines.append(
            f"{one.metric:24} {one.baseline:.3f} -> {one.candidate:.3f} ({one.difference:+.3f})  {one.state}"
        )
    for each in verdict.classes:
        change = f"{each.baseline:.3f} -> {each.candidate:.3f} ({each.difference:+.3f}, p {each.p:.4f})"
        lines.append(f"  {each.name:22} {change} {each.queries:6,} queries  {each.state}")
    lines += [f"note: {note}" for note in verdict.notes]
    lines += [f"FAILED: {reason}" for reason in verdict.reasons] or ["PASSED"]
    return "\n".join([*lines, f"result: {written.result}", f"report: {written.page}"])
