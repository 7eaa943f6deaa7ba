"""Summarizes a run: macro figures with intervals, within-class ability, one headline, tables for people."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.markup import escape
from rich.table import Table

from catalog.cli_support import PlainConsole
from evaluation.bootstrap import (
    REPEATS,
    Interval,
    bootstrap_class_means,
    bootstrap_macro_means,
    compute_class_means,
    macro_mean,
    mean_of_known,
    percentile_interval,
)
from evaluation.scores import Scores

WITHIN = "within_"
HEADLINE = "headline"
Draws = NDArray[np.float64]


def summarize(scores: Scores, repeats: int = REPEATS) -> dict[str, Any]:
    """Returns everything of interest as plain data; intervals hold 95 % and are clustered.

    `ability` of a `within_` figure is (macro - chance) / (best - chance): 0 for a model that knows only its classes.
    `headline` is the geometric mean of macro precision@k and the mean ability, so that neither can make up for the
    other. Means are macro, `micro` is over queries. NaN is None.
    """
    keys = [key for key in scores.values if not key.startswith(("chance_", "best_"))]
    figures = {key: _compute_figure(scores, key, repeats) for key in keys}
    abilities = {key: _compute_ability(scores, key, repeats) for key in keys if key.startswith(WITHIN)}
    within, headline = _combine_abilities(scores, abilities, repeats)
    return {
        "queries": len(scores.ids),
        "clusters": len(set(scores.clusters.tolist())),
        HEADLINE: _to_dict(headline),
        "macro": _to_dict(figures["precision"]["macro"]),
        "within": _to_dict(within),
        "figures": {
            key: {"micro": _round_known(one["micro"]), **_to_dict(one["macro"])} for key, one in figures.items()
        },
        "ability": {key: _to_dict(found) for key, (found, _) in abilities.items()},
        "classes": _summarize_classes(scores, repeats),
    }


def _compute_figure(scores: Scores, key: str, repeats: int) -> dict[str, Any]:
    values = scores.values[key]
    draws = bootstrap_macro_means(values, scores.clusters, scores.classes, repeats)
    return {
        "micro": float(mean_of_known(values)),
        "macro": percentile_interval(macro_mean(values, scores.classes), draws),
    }


def _compute_ability(scores: Scores, key: str, repeats: int) -> tuple[Interval, Draws]:
    columns = [scores.values[name] for name in (key, f"chance_{key}", f"best_{key}")]
    macro = [np.array([macro_mean(column, scores.classes)]) for column in columns]
    drawn = [bootstrap_macro_means(column, scores.clusters, scores.classes, repeats) for column in columns]
    draws = _scale_above_chance(*drawn)
    return percentile_interval(float(_scale_above_chance(*macro)[0]), draws), draws


def _scale_above_chance(value: Draws, chance: Draws, best: Draws) -> Draws:
    room = best - chance
    share: Draws = np.divide(value - chance, room, out=np.full(value.shape, np.nan), where=room > 0)
    return share


def _combine_abilities(
    scores: Scores, abilities: Mapping[str, tuple[Interval, Draws]], repeats: int
) -> tuple[Interval, Interval]:
    """Returns the mean of the known abilities, and the headline; NaN where nothing can be asked inside a class."""
    if not abilities:
        nothing = Interval(np.nan, np.nan, np.nan)
        return nothing, nothing
    precision = scores.values["precision"]
    within = float(mean_of_known(np.array([found.mean for found, _ in abilities.values()])))
    draws = mean_of_known(np.stack([drawn for _, drawn in abilities.values()], axis=-1))
    overall = bootstrap_macro_means(precision, scores.clusters, scores.classes, repeats)
    best = float(np.sqrt(macro_mean(precision, scores.classes) * max(within, 0)))
    return percentile_interval(within, draws), percentile_interval(best, np.sqrt(overall * np.clip(draws, 0, None)))


def _summarize_classes(scores: Scores, repeats: int) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = {}
    for key in ("precision", *(name for name in scores.values if name.startswith(WITHIN))):
        names, means = compute_class_means(scores.values[key], scores.classes)
        _, draws = bootstrap_class_means(scores.values[key], scores.clusters, scores.classes, repeats)
        for column, name in enumerate(names):
            entry = found.setdefault(str(name), {"queries": int((scores.classes == name).sum())})
            entry[key] = _to_dict(percentile_interval(float(means[column]), draws[:, column]))
    return found


def _to_dict(found: Interval) -> dict[str, float | None]:
    return {name: _round_known(value) for name, value in asdict(found).items()}


def _round_known(value: float) -> float | None:
    return round(value, 4) if np.isfinite(value) else None


def format_summary(scores: Scores, summary: Mapping[str, Any]) -> str:
    """Returns the summary as tables of at most 110 columns."""
    console = PlainConsole(width=110, force_terminal=False)
    with console.capture() as captured:
        counts = f"{summary['queries']:,} queries in {summary['clusters']:,} clusters, k = {scores.k}"
        console.print(f"{scores.model}: {counts}, data {scores.data}", highlight=False)
        for key in (HEADLINE, "macro", "within"):
            console.print(f"  {key:9} {_format_interval(summary[key])}", highlight=False)
        console.print(_figures_table(summary))
        console.print(_classes_table(summary))
    return captured.get().rstrip()


def _figures_table(summary: Mapping[str, Any]) -> Table:
    table = Table("figure", "mean over queries", "macro, 95 % interval", "ability above chance")
    for key, figure in summary["figures"].items():
        ability = summary["ability"].get(key)
        table.add_row(
            key,
            _format_number(figure["micro"]),
            _format_interval(figure),
            _format_interval(ability) if ability else "",
        )
    return table


def _classes_table(summary: Mapping[str, Any]) -> Table:
    within = sorted({key for entry in summary["classes"].values() for key in entry if key.startswith(WITHIN)})
    table = Table("class", "queries", "precision, 95 % interval", *(key.removeprefix(WITHIN) for key in within))
    for name, entry in sorted(summary["classes"].items(), key=lambda pair: pair[1]["precision"]["mean"] or 0):
        inside = [_format_number(entry[key]["mean"]) if key in entry else "" for key in within]
        table.add_row(escape(name), str(entry["queries"]), _format_interval(entry["precision"]), *inside)
    return table


def _format_interval(figure: Mapping[str, float | None]) -> str:
    if figure["mean"] is None:
        return "–"
    return f"{_format_number(figure['mean'])}  [{_format_number(figure['low'])}, {_format_number(figure['high'])}]"


def _format_number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
