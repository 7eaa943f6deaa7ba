"""The command line of the evaluation: `python -m evaluation run|compare|gate|qc|floor|leaks`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from catalog.cli_support import exit_on_sigterm, log_to_stderr
from catalog.elastic import connect
from catalog.settings import CatalogSettings
from evaluation.commands import compare, floor, gate, leaks, qc
from evaluation.commands.shared import Json, exit_on_error, open_embedding_cache, print_result, show_progress
from evaluation.data.preparation import FOLDS, prepare_set
from evaluation.model_scoring import EvaluationOptions, score_catalogue, score_model
from evaluation.query_metrics import DEPTH, K
from evaluation.reporting.summary import format_summary, summarize
from evaluation.scores import Scores
from evaluation.settings import EvaluationSettings

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command()(compare.compare)
app.command()(qc.qc)
app.command()(leaks.leaks)
app.command()(gate.gate)
app.command()(floor.floor)


@app.callback()
def main() -> None:
    log_to_stderr(clock=True)
    exit_on_sigterm()  # or a temporary index would stay


@app.command()
def run(
    model: Annotated[str, typer.Option(help="a bundle (color, color/0123456789ab), a space, or the baseline hog")],
    data: Annotated[
        Path | None,
        typer.Option(help="a feed or a folder of photos per class; default: the catalogue of INDEX_PREFIX as it is"),
    ] = None,
    k: Annotated[int, typer.Option(min=1, max=100)] = K,
    depth: Annotated[int, typer.Option(min=1, max=1000, help="ranks that `ap` looks at")] = DEPTH,
    folds: Annotated[int, typer.Option(min=2, help="of --data; clusters stay whole")] = FOLDS,
    limit: Annotated[int | None, typer.Option(min=1, help="ask so many queries, evenly over the classes")] = None,
    ann_recall: Annotated[
        bool, typer.Option("--ann-recall", help="also: the default plan against exact=true")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="where the scores go; default below EVALUATION_FOLDER")] = None,
    as_json: Json = False,
) -> None:
    """Measure how good a model's similar products are."""
    with exit_on_error(as_json), show_progress("questions") as step:
        own = EvaluationSettings.load()
        options = EvaluationOptions(k, max(k, depth), own.evaluation_threads, limit, ann_recall, step)
        scores = _score_set(model, data, folds, options) if data else _on_index(model, options)
        file = out or own.evaluation_folder / "results" / f"{scores.model}-{scores.data}.json"
        summary = summarize(scores)
        scores.save(file, summary)
    body: dict[str, Any] = {"model": scores.model, "data": scores.data, "k": k, "scores": str(file)}
    print_result(
        as_json,
        {**body, **summary, "facts": scores.facts},
        f"{format_summary(scores, summary)}\n{_format_facts(scores)}\n{file}",
    )


def _score_set(model: str, data: Path, folds: int, options: EvaluationOptions) -> Scores:
    with show_progress("photos") as photos:
        store = open_embedding_cache(photos)
        prepared = prepare_set(data, store, folds)
        return score_model(model, prepared.dataset, store, CatalogSettings.load(), options, prepared.leaks)


def _on_index(model: str, options: EvaluationOptions) -> Scores:
    return score_catalogue(connect(CatalogSettings.load()), model, options)


def _format_facts(scores: Scores) -> str:
    facts = scores.facts
    lines = [f"note: {note}" for note in facts.get("notes", ())]
    if leakage := facts.get("leakage"):
        pairs = ", ".join(f"{count} {kind}" for kind, count in leakage["pairs"].items()) or "none"
        lines.append(f"pairs between clusters, kept together: {pairs}")
    lines.append(f"plans {facts['plans']}, k best as numpy finds them: {facts['same_as_numpy']:.4f}")
    if ann := facts.get("ann"):
        lines.append(f"recall@{ann['k']} of the default plan: {ann['recall']:.4f} over {ann['queries']} queries")
    return "\n".join(lines)
