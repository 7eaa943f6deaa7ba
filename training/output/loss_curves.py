"""Records the losses of a training as a table and draws them."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

EVERY = 25  # steps averaged into one point


class LossHistory:
    """Holds means of each figure over `EVERY` steps, kept as a table so that a resumed training continues it."""

    def __init__(self, file: Path) -> None:
        self.rows: list[dict[str, float]] = []
        self._file = file
        self._sums: dict[str, float] = defaultdict(float)
        self._seen = 0

    def resume(self, step: int) -> None:
        """Reads what was written before, as far as `step`."""
        if self._file.is_file():
            with self._file.open(encoding="utf-8", newline="") as lines:
                rows = [{name: float(value) for name, value in row.items() if value} for row in csv.DictReader(lines)]
            self.rows = [row for row in rows if row["step"] <= step]

    def add(self, step: int, parts: dict[str, float]) -> dict[str, float] | None:
        """Counts a step; returns the new point where one is complete."""
        for name, value in parts.items():
            self._sums[name] += value
        self._seen += 1
        if step % EVERY:
            return None
        point = {"step": float(step)} | {name: total / self._seen for name, total in self._sums.items()}
        self._sums.clear()
        self._seen = 0
        self.rows.append(point)
        return point

    def write(self) -> None:
        """Writes the table as CSV."""
        names = list(dict.fromkeys(name for row in self.rows for name in row))
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("w", encoding="utf-8", newline="") as out:
            table = csv.DictWriter(out, names, lineterminator="\n")
            table.writeheader()
            table.writerows(self.rows)

    def draw(self, picture: Path) -> None:
        """Draws one line per loss over the steps, the learning rate below."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=(9, 6), layout="constrained")
        FigureCanvasAgg(figure)
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
        names = [
            name for name in dict.fromkeys(name for row in self.rows for name in row) if name not in ("step", "rate")
        ]
        for name in names:
            points = [(row["step"], row[name]) for row in self.rows if name in row]
            upper.plot(*zip(*points, strict=True), label=name, linewidth=2.5 if name == "loss" else 1.2)
        upper.set_ylabel("loss (weighted)")
        upper.set_ylim(bottom=0)
        if names:
            upper.legend(fontsize="small", ncols=2)
        lower.plot([row["step"] for row in self.rows], [row.get("rate", 0) for row in self.rows], color="grey")
        lower.set_ylabel("learning rate")
        lower.set_xlabel("step")
        picture.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(picture, dpi=110)
