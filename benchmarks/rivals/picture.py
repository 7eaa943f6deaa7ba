"""Picture of recall against latency: a row of panels per size, a panel per filter, a line per contestant."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from benchmarks.rivals.results import ENOUGH, QUESTIONS_SHARE, RivalRun

COLORS = {"annoy": "#7d848c", "hnswlib": "#2a9d8f", "faiss": "#3f72af", "pgvector": "#8e6bbf", "ours": "#d1495b"}
TICKS = (0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


def draw_picture(runs: Sequence[RivalRun], path: Path) -> None:
    """Draws a dot at p50, a line on to p95, recall@10 beside it; hollow where recall is under ENOUGH."""
    figure, panels = plt.subplots(
        len(runs), len(QUESTIONS_SHARE), figsize=(14, 1.0 + 3.3 * len(runs)), squeeze=False, sharey="row", sharex=True
    )
    for row, run in zip(panels, runs, strict=True):
        for panel, share in zip(row, QUESTIONS_SHARE, strict=True):
            _draw_panel(panel, run, share)
        row[0].set_title(f"{run.size.text}: no filter", fontsize=11, loc="left")
    for panel in panels[-1]:
        panel.set_xlabel("milliseconds at the caller: dot p50, line to p95")
    figure.suptitle(
        "Recall@10 (the figure) against latency; hollow: recall under 0.99", x=0.01, ha="left", fontsize=12
    )
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _draw_panel(panel: Axes, run: RivalRun, share: str) -> None:
    for place, line in enumerate(run.lines):
        cell, color = line.cells[share], COLORS[line.family]
        inside = color if cell.recall >= ENOUGH else "white"
        if line.family == "ours":
            panel.axhspan(place - 0.5, place + 0.5, color=color, alpha=0.07, linewidth=0)
        panel.plot([cell.p50, cell.p95], [place, place], color=color, linewidth=2, alpha=0.7)
        panel.scatter(cell.p50, place, s=60, facecolor=inside, edgecolor=color, linewidths=1.8, zorder=3)
        few = f", {cell.hits:.1f} hits" if cell.hits < 9.95 else ""
        panel.annotate(
            f"{cell.recall:.3f}{few}", (cell.p95, place), xytext=(7, 0), textcoords="offset points", va="center",
            fontsize=9, color=color,
        )  # fmt: skip
    cells = [found for line in run.lines for found in line.cells.values()]
    low, high = min(cell.p50 for cell in cells), max(cell.p95 for cell in cells)
    panel.set_xscale("log")
    panel.set_xlim(min(panel.get_xlim()[0], low * 0.75), max(panel.get_xlim()[1], high * 4))  # room for the figures
    panel.xaxis.set_major_locator(mpl.ticker.FixedLocator(TICKS))
    panel.xaxis.set_major_formatter(mpl.ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    panel.xaxis.set_minor_locator(mpl.ticker.NullLocator())
    panel.set_yticks(range(len(run.lines)), [line.title for line in run.lines])
    panel.set_ylim(len(run.lines) - 0.5, -0.5)
    panel.set_title(f"{share} of the products pass", fontsize=11, loc="left")
    panel.grid(axis="x", alpha=0.3, linewidth=0.6)
    panel.tick_params(axis="y", length=0)
    panel.spines[["top", "right", "left"]].set_visible(False)
