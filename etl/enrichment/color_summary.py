"""Counts what a run over the colours of photos did, and says it."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from catalog.domain.records import PhotoColor, Written
from etl.report import SETTINGS, format_reasons


@dataclass(slots=True)
class ColorSummary:
    """Counts products by what became of their photos: `done` by family, `failed` and `retry` by reason."""

    done: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    retry: Counter[str] = field(default_factory=Counter)
    moved: int = 0
    gone: int = 0
    photos: int = 0
    seconds: float = 0.0
    interrupted: bool = False

    def count(self, color: PhotoColor, written: Written) -> None:
        """Counts what the index made of the colour of one product's photo."""
        if written == Written.MOVED:
            self.moved += 1
        elif written == Written.GONE:
            self.gone += 1
        elif written == Written.REFUSED:
            self.failed["refused_by_index"] += 1
        elif color.status == "done":
            self.done[str(color.family)] += 1
        else:
            counter = self.failed if color.status == "failed" else self.retry
            counter[color.reason or "unknown"] += 1

    @property
    def seen_count(self) -> int:
        """Returns how many products the run has dealt with."""
        return self.done.total() + self.failed.total() + self.retry.total() + self.moved + self.gone

    @property
    def failed_share(self) -> float:
        """Returns the share of the products seen that have no family now because of their photo, 0 to 1."""
        return (self.failed.total() + self.retry.total()) / self.seen_count if self.seen_count else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Returns the machine-readable form (`--json`)."""
        return {
            "seen": self.seen_count,
            "photos": self.photos,
            "done": dict(self.done),
            "failed": dict(self.failed),
            "retry": dict(self.retry),
            "moved": self.moved,
            "gone": self.gone,
            "failed_share": round(self.failed_share, 4),
            "seconds": round(self.seconds, 3),
            "interrupted": self.interrupted,
        }


def format_colors(summary: ColorSummary) -> str:
    """Returns the lines that a run ends with."""
    if not summary.seen_count and not summary.interrupted:
        return (
            "nothing to enrich: every product with a photo has a color_family, or its photo failed before "
            "(--again tries those once more)"
        )
    rate = summary.photos / summary.seconds if summary.seconds else 0.0
    changed = f", moved {summary.moved:,}, gone {summary.gone:,}" if summary.moved or summary.gone else ""
    lines = [
        f"color_family from photos: {summary.seen_count:,} products seen, done {format_reasons(summary.done)}, "
        f"failed {format_reasons(summary.failed)}, retry {format_reasons(summary.retry)}{changed}; "
        f"{summary.photos:,} photos, {rate:.1f} photos/s"
    ]
    if summary.interrupted:
        lines.append("stopped early as asked; what was in flight is written, the next run goes on from here")
    for reason, setting in SETTINGS.items():
        if reason in summary.failed:
            lines.append(f"{reason}: set {setting} if these photos may be read, then `python -m etl enrich --again`")
    return "\n".join(lines)
