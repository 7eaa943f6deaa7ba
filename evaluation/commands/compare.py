"""`evaluation compare`: shows what changes for whom when one model replaces another."""

from pathlib import Path
from typing import Annotated, Any

import typer

from evaluation.commands.shared import Json, exit_on_error, print_result
from evaluation.reporting import model_changes
from evaluation.reporting.comparison_page import QUERIES, render_comparison
from evaluation.scores import load_scores
from evaluation.settings import EvaluationSettings


def compare(
    before: Annotated[Path, typer.Argument(help="scores of the model that serves, from `evaluation run`")],
    after: Annotated[Path, typer.Argument(help="scores of the other one, on the same data")],
    html: Annotated[Path | None, typer.Option(help="the page; default below EVALUATION_FOLDER")] = None,
    csv: Annotated[Path | None, typer.Option(help="every query; default beside the page")] = None,
    queries: Annotated[int, typer.Option(min=1, max=200, help="per section of the page")] = QUERIES,
    as_json: Json = False,
) -> None:
    """Write the worst queries and the changes between two models as one HTML page and a CSV."""
    with exit_on_error(as_json):
        pair = model_changes.compare_scores(load_scores(before), load_scores(after))
        name = f"{pair.before.model}-{pair.after.model}-{pair.after.data}.html"
        target = html or EvaluationSettings.load().evaluation_folder / "pages" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(render_comparison(pair, queries), encoding="utf-8")
        table = csv or target.with_suffix(".csv")
        model_changes.write_csv(pair, table)
        figures = model_changes.compute_macro_changes(pair)
    body: dict[str, Any] = {
        "before": pair.before.model,
        "after": pair.after.model,
        "page": str(target),
        "csv": str(table),
        "figures": {
            row["name"]: {
                "before": row["before"],
                "after": row["after"],
                "low": row["change"].low,
                "high": row["change"].high,
            }
            for row in figures
        },
    }
    print_result(as_json, body, f"{_format_figures(figures)}\n{target}\n{table}")


def _format_figures(figures: list[dict[str, Any]]) -> str:
    lines = [f"{'macro':22} {'before':>8} {'after':>8} {'change':>8}   95 %"]
    for row in figures:
        found = row["change"]
        numbers = (
            f"{row['before']:8.3f} {row['after']:8.3f} {found.mean:+8.3f}   {found.low:+.3f} to {found.high:+.3f}"
        )
        lines.append(f"{row['name']:22} {numbers}")
    return "\n".join(lines)
