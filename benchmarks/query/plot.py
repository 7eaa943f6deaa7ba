"""Draws what `bench-query` measured: latency by filter, one panel per size, one line per index type."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")  # before pyplot: there is no screen
import matplotlib.pyplot as plt
from matplotlib import patheffects
from matplotlib.lines import Line2D

from benchmarks.query.goals import GOALS
from benchmarks.query.page import format_share
from benchmarks.query.results import QueryResults, list_shares
from benchmarks.query.speed import SpeedCell

COLORS = {"flat": "#1f6f8b", "int8_hnsw": "#c8553d", "bbq_hnsw": "#7b4ea3", "hnsw": "#b8860b"}
OTHER = "#556b2f"
MARKERS = {"exact": "o", "knn": "^", "bulk": "s"}
LOWEST = 0.3  # milliseconds; the physical limit of a narrow filter lies far below
ASIDE = 0.07  # between two index types, which else would hide each other
INK, PALE, GOAL = "#333333", "#9a9a9a", "#2e7d32"


def draw_plot(results: QueryResults, path: Path) -> None:
    """Draws the picture; does nothing where no speed was measured."""
    sizes = sorted({cell.size for cell in results.speed}, key=lambda size: (size.products * size.dims, size.products))
    if not sizes:
        return
    figure, axes = plt.subplots(1, len(sizes), figsize=(4.6 * len(sizes) + 0.6, 4.8), sharey=True, squeeze=False)
    for axis, size in zip(axes[0], sizes, strict=True):
        _draw_panel(axis, [cell for cell in results.speed if cell.size == size])
    axes[0][0].set_ylabel("milliseconds through the API, one caller", color=INK)
    figure.suptitle("Ten nearest products, by how many pass the filter", color=INK, fontsize=13)
    _draw_legend(figure, results.speed, len(sizes))
    figure.tight_layout(rect=(0, 0.1, 1, 0.98))
    figure.savefig(path, dpi=130)
    plt.close(figure)


def _draw_panel(axis: Any, cells: Sequence[SpeedCell]) -> None:
    at = {share: place for place, share in enumerate(list_shares(cells))}
    size = cells[0].size
    kinds = _list_kinds(cells)
    for number, kind in enumerate(kinds):
        aside = ASIDE * (number - (len(kinds) - 1) / 2)
        line = sorted((cell for cell in cells if cell.index_type == kind), key=lambda cell: at[cell.share])
        places = [at[cell.share] + aside for cell in line]
        color = COLORS.get(kind, OTHER)
        axis.plot(places, [cell.p95.median for cell in line], color=color, lw=1.2, ls=":")
        axis.plot(places, [cell.p50.median for cell in line], color=color, lw=2)
        for cell, place in zip(line, places, strict=True):
            style = {"color": color, "marker": MARKERS.get(cell.plan, "D"), "ls": ""}
            axis.plot([place], [cell.p50.median], ms=7, **style)
            axis.plot([place], [cell.p95.median], ms=5, mfc="white", **style)
    limits = [min((c for c in cells if c.share == share), key=lambda c: c.limit_p50.median) for share in at]
    axis.plot(list(at.values()), [cell.limit_p50.median for cell in limits], color=PALE, lw=1.2, ls="--")
    for goal in GOALS:
        if goal.size == size and goal.share in at:
            _draw_goal(axis, at[goal.share], goal.ms, goal.percentile)
    axis.set_yscale("log")
    axis.set_ylim(bottom=LOWEST)
    axis.set_title(size.text, color=INK, fontsize=11)
    axis.set_xticks(list(at.values()), [format_share(share) for share in at])
    axis.set_xlim(-0.3, len(at) - 0.4)
    axis.yaxis.set_major_formatter("{x:g}")
    axis.grid(axis="y", which="major", color="#e6e6e6", lw=0.8)
    axis.set_axisbelow(True)
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(colors=INK)


def _draw_goal(axis: Any, place: int, ms: float, percentile: int) -> None:
    axis.plot([place - 0.17, place + 0.17], [ms, ms], color=GOAL, lw=2, solid_capstyle="butt", zorder=3)
    axis.annotate(
        f"p{percentile} ≤ {ms:g}",
        (place + 0.17, ms),
        xytext=(3, 0),
        textcoords="offset points",
        va="center",
        fontsize=7.5,
        color=GOAL,
        zorder=4,
        path_effects=[patheffects.withStroke(linewidth=2.5, foreground="white")],  # lines run behind it
    )


def _draw_legend(figure: Any, cells: Sequence[SpeedCell], panels: int) -> None:
    def line(**style: Any) -> Any:
        return Line2D([], [], **style)

    handles = {f"{kind}, p50": line(color=COLORS.get(kind, OTHER), lw=2) for kind in _list_kinds(cells)}
    handles["p95"] = line(color=INK, lw=1.2, ls=":")
    for plan in dict.fromkeys(cell.plan for cell in cells):
        handles[f"plan {plan}"] = line(color=INK, marker=MARKERS.get(plan, "D"), ls="", ms=6)
    handles["goal"] = line(color=GOAL, lw=2)
    handles["same vectors streamed from memory by numpy"] = line(color=PALE, lw=1.2, ls="--")
    columns = min(len(handles), max(2, 3 * panels))
    figure.legend(handles.values(), handles.keys(), loc="lower center", ncols=columns, frameon=False, fontsize=9)


def _list_kinds(cells: Sequence[SpeedCell]) -> list[str]:
    return list(dict.fromkeys(str(cell.index_type) for cell in cells))
