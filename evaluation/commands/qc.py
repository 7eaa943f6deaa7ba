"""`evaluation qc`: checks that the running service is as good as the offline figures say."""

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
import typer

from catalog.elastic import connect
from catalog.limits import MAX_PAGE_SIZE
from catalog.settings import CatalogSettings
from evaluation.bootstrap import macro_mean
from evaluation.commands.shared import Json, exit_on_error, print_result, show_progress
from evaluation.data.stored_catalogue import read_catalogue
from evaluation.model_scoring import select_queries
from evaluation.query_metrics import DEPTH, K, Measurements, QuerySelection, measure
from evaluation.rankers import HttpRanker, IndexRanker
from evaluation.settings import EvaluationSettings

TOLERANCE = 0.005
QUERIES = 300


def qc(
    model: Annotated[str | None, typer.Option(help="a model or space; default: the one that serves")] = None,
    url: Annotated[str | None, typer.Option(help="the service; default http://127.0.0.1 and API_PORT")] = None,
    limit: Annotated[int, typer.Option(min=1, help="ask so many queries, evenly over the classes")] = QUERIES,
    k: Annotated[int, typer.Option(min=1, max=100)] = K,
    tolerance: Annotated[float, typer.Option(min=0, help="largest difference of a macro figure")] = TOLERANCE,
    as_json: Json = False,
) -> None:
    """Ask the running service over HTTP what the offline figures ask; status 1 where they disagree."""
    with exit_on_error(as_json), show_progress("questions") as step:
        own = EvaluationSettings.load()
        catalogue = connect(CatalogSettings.load())
        found = read_catalogue(catalogue, model)
        queries = select_queries(found.table, limit)
        selection = QuerySelection(queries, found.space.name, k, min(DEPTH, MAX_PAGE_SIZE), own.evaluation_threads)
        service = url or f"http://127.0.0.1:{own.api_port}"
        offline = measure(found.table, IndexRanker(catalogue), selection, step)
        served = measure(found.table, HttpRanker(service), selection, step)
        rows = compute_differences(offline, served, found.table.classes[queries])
    worst = find_largest(rows)
    agrees = worst <= tolerance
    verdict = f"{'agree' if agrees else 'DISAGREE'}: largest difference {worst:.4f}, allowed {tolerance:g}"
    body = {"service": service, "space": found.space.name, "queries": len(queries), "agrees": agrees, "figures": rows}
    print_result(
        as_json, body, f"{_format_figures(rows)}\n{found.space.name} at {service}, {len(queries)} queries: {verdict}"
    )
    if not agrees:
        raise typer.Exit(1)


def compute_differences(offline: Measurements, served: Measurements, classes: Any) -> dict[str, dict[str, float]]:
    """Returns both macro figures and their difference by key; a figure that only one of them has differs by 1."""
    found = {}
    for key in sorted(offline.values.keys() | served.values.keys()):
        if key.startswith(("chance_", "best_")):
            continue
        one, other = (
            macro_mean(values[key], classes) if key in values else np.nan
            for values in (offline.values, served.values)
        )
        if np.isnan(one) and np.isnan(other):
            continue
        difference = 1.0 if np.isnan(one) or np.isnan(other) else other - one
        found[key] = {"offline": one, "served": other, "difference": difference}
    return found


def find_largest(rows: Mapping[str, Mapping[str, float]]) -> float:
    """Returns the largest difference, whichever side is the better one."""
    return max((abs(row["difference"]) for row in rows.values()), default=0.0)


def _format_figures(rows: Mapping[str, Mapping[str, float]]) -> str:
    lines = [f"{'figure':22} {'offline':>8} {'served':>8} {'difference':>11}"]
    for key, row in rows.items():
        lines.append(f"{key:22} {row['offline']:8.4f} {row['served']:8.4f} {row['difference']:11.4f}")
    return "\n".join(lines)
