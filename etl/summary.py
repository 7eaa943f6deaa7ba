"""Counts what a run did, per model."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from catalog.domain.embedding_space import Space
from catalog.domain.records import SpaceStatus, WriteResult, Written
from etl.stages.messages import PhotoResult
from etl.stages.stage_clock import StageClock


@dataclass(slots=True)
class ModelSummary:
    """Counts products of one model; `reused` of the `done` had a vector that an unfinished run left behind.

    `recognized` of the `seen` got the vector that was stored for the same bytes at another address.
    Of those asked for again (`--recheck`), `unchanged` show the same photo, `replaced` another one (these are among
    the `seen`), and `kept` by reason go on with the vector they have. `settled` are the numbers of this run's parts
    of which the index refused no row; `broken_parts` are files of the vector store that this run set aside because
    they are not what was written. `left` is how all photos of the catalogue stand after the run.
    """

    model: str
    space: Space
    seen: int = 0
    done: int = 0
    reused: int = 0
    recognized: int = 0
    broken_parts: int = 0
    unchanged: int = 0
    replaced: int = 0
    moved: int = 0
    gone: int = 0
    settled: list[int] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)
    retry: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    left: SpaceStatus | None = None

    def count_write(self, result: WriteResult) -> None:
        """Counts what the index made of one outcome."""
        self.seen += 1
        if result.result == Written.MOVED:
            self.moved += 1
        elif result.result == Written.GONE:
            self.gone += 1
        elif result.result == Written.REFUSED:
            self.failed["refused_by_index"] += 1
        elif result.outcome.status == "done":
            self.done += 1
        else:
            counter = self.failed if result.outcome.status == "failed" else self.retry
            counter[result.outcome.reason or "unknown"] += 1

    def count_recognized(self, result: PhotoResult) -> None:
        """Counts the products of a result that took no model."""
        self.recognized += len(result.products) if result.recognized else 0

    def count_recheck(self, result: PhotoResult) -> None:
        """Counts the products of a result that have a vector already."""
        again = sum(pending.image_sha256 is not None for pending in result.products)
        if not again:
            return
        if result.failure:
            self.kept[result.failure.reason] += again
        elif result.vector is None:
            self.unchanged += again
        else:
            self.replaced += again

    @property
    def handled_count(self) -> int:
        """Returns how many products the run has dealt with, with or without a write."""
        return self.seen + self.unchanged + self.kept.total()

    @property
    def not_done(self) -> int:
        """Returns how many photos have no embedding after this run, now or for good; without moved and gone ones."""
        return self.failed.total() + self.retry.total()

    @property
    def lacking_share(self) -> float:
        """Returns the share of the catalogue's photos that failed, for good or until another try, 0 to 1."""
        if self.left is None:
            return 0.0
        lacking = self.left.retry + sum(self.left.failed.values())
        return lacking / max(1, lacking + self.left.done + self.left.pending)

    def to_dict(self, seconds: float) -> dict[str, Any]:
        return {
            "model": self.model,
            "space": self.space.name,
            "seen": self.seen,
            "done": self.done,
            "reused": self.reused,
            "recognized": self.recognized,
            "broken_parts": self.broken_parts,
            "failed": dict(self.failed),
            "retry": dict(self.retry),
            "unchanged": self.unchanged,
            "replaced": self.replaced,
            "kept": dict(self.kept),
            "moved": self.moved,
            "gone": self.gone,
            "images_per_second": round(self.seen / seconds, 2) if seconds > 0 else 0.0,
            "left": None if self.left is None else _to_dict(self.left),
        }


def _to_dict(status: SpaceStatus) -> dict[str, Any]:
    return {
        "done": status.done,
        "pending": status.pending,
        "retry": dict(status.retry_reasons),
        "failed": dict(status.failed),
        "next_try_at": status.next_try_at.isoformat() if status.next_try_at else None,
    }


@dataclass(slots=True)
class RunSummary:
    """Sums up one run; the clock's seconds are summed over the threads of a stage, which overlap."""

    run_id: str
    models: Sequence[ModelSummary]
    seconds: float = 0.0
    interrupted: bool = False
    clock: StageClock = field(default_factory=StageClock)

    @property
    def seen_count(self) -> int:
        return sum(model.seen for model in self.models)

    @property
    def handled_count(self) -> int:
        return sum(model.handled_count for model in self.models)

    @property
    def failed_share(self) -> float:
        """Returns the share of the photos seen that this run could not embed, 0 to 1."""
        return sum(model.not_done for model in self.models) / self.seen_count if self.seen_count else 0.0

    @property
    def lacking_share(self) -> float:
        """Returns the share of the catalogue's photos without an embedding, of the model with the largest one."""
        return max((model.lacking_share for model in self.models), default=0.0)

    def to_dict(self) -> dict[str, Any]:
        """Returns the machine-readable form (`--json`)."""
        return {
            "run_id": self.run_id,
            "interrupted": self.interrupted,
            "seconds": round(self.seconds, 3),
            "seen": self.seen_count,
            "failed_share": round(self.failed_share, 4),
            "lacking_share": round(self.lacking_share, 4),
            "models": [model.to_dict(self.seconds) for model in self.models],
            "stages": {
                name: {"seconds": round(stage.seconds, 3), "items": stage.items}
                for name, stage in sorted(self.clock.stages.items())
            },
        }
