"""Recall against latency as a picture: a row per size, a panel per filter."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from benchmarks.rivals.figures import QUESTIONS_SHARE, Run

COLORS = {"annoy": "#9aa0a6", "hnswlib": "#2a9d8f", "faiss": "#3f72af", "pgvector": "#8e6bbf", "ours": "#d1495b"}
MARKERS = ("o", "s", "^")  # within a family


def draw(runs: Sequence[Run], path: Path) -> None:
    """Points at (p50, recall@10), a line on to p95."""
    figure, panels = plt.subplots(
        len(runs), len(QUESTIONS_SHARE), figsize=(13, 0.9 + 3.5 * len(runs)), squeeze=False, sharey=True
    )
    for row, run in zip(panels, runs, strict=True):
        for panel, share in zip(row, QUESTIONS_SHARE, strict=True):
            _panel(panel, run, share)
        row[0].set_ylabel(f"{run.products:,} × {run.dims}\nrecall@10".replace(",", " "))
    for panel in panels[-1]:
        panel.set_xlabel("ms at the caller: p50, line to p95")
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=3, frameon=False, fontsize=9)
    figure.tight_layout(rect=(0, 0.95 / (0.9 + 3.5 * len(runs)), 1, 1))
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _panel(panel: Axes, run: Run, share: str) -> None:
    seen: dict[str, int] = {}
    for line in run.lines:
        cell, color = line.cells[share], COLORS[line.family]
        marker = MARKERS[seen.get(line.family, 0) % len(MARKERS)]
        seen[line.family] = seen.get(line.family, 0) + 1
        front = 4 if line.family == "ours" else 3
        panel.plot([cell.p50, cell.p95], [cell.recall] * 2, color=color, linewidth=1.6, alpha=0.7, zorder=front)
        panel.scatter(
            cell.p50, cell.recall, color=color, marker=marker, s=64, label=line.title, zorder=front + 1,
            edgecolors="white", linewidths=0.8,
        )  # fmt: skip
    panel.set_xscale("log")
    panel.set_ylim(-0.04, 1.06)
    panel.set_title(f"{share} of the products pass" if QUESTIONS_SHARE[share] else "no filter", fontsize=11)
    panel.grid(alpha=0.25, which="both", linewidth=0.5)
    panel.xaxis.set_major_formatter(mpl.ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    panel.spines[["top", "right"]].set_visible(False)
