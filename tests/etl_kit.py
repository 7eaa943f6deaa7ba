"""What the tests of the embedding job share: a model that is easy to check, a catalogue of photos, a workshop."""

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from catalog.cli_support import ignore_progress
from catalog.domain.embedding_space import Space
from catalog.ports import EmbeddingIndex
from catalog.similarity import Vectors
from etl.job import RunContext, RunOptions, run
from etl.settings import EtlSettings
from etl.stages.messages import EmbeddingModel, Pixels
from etl.stop_signal import StopSignal
from etl.storage.vector_store import VectorStore
from etl.summary import RunSummary
from models.photos import PhotoSettings

SPACE = Space("mean", "v1", 4)
OTHER = Space("corner", "v1", 3)


class MeanColor:
    """Mean colour and a constant, [r, g, b, 1] normalised; no embedding for a black photo. Counts what it embeds."""

    def __init__(self, space: Space = SPACE, side: int = 8) -> None:
        self.space, self.side = space, side
        self.embedded = 0
        self.batches: list[int] = []
        self.opened = 0
        self.before_batch: Callable[[], None] = lambda: None

    def preprocess(self, image: Image.Image) -> Pixels:
        assert image.mode == "RGB"
        square = image.resize((self.side, self.side))
        return np.asarray(np.asarray(square).transpose(2, 0, 1) / 255, dtype=np.float32)

    def embed(self, batch: Pixels) -> Vectors:
        self.before_batch()
        self.embedded += len(batch)
        self.batches.append(len(batch))
        means = batch.mean(axis=(2, 3))
        padded = np.concatenate([means, np.ones((len(batch), 1), dtype=np.float32)], axis=1)
        rows: Vectors = padded[:, : self.space.dims]
        rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        rows[means.sum(axis=1) < 0.02] = np.nan
        return np.asarray(rows, dtype=np.float32)

    def model(self, min_side: int = 1) -> EmbeddingModel:
        def opened() -> "MeanColor":
            self.opened += 1
            return self

        return EmbeddingModel(self.space.model, self.space, opened, min_side)


def product(number: int, image_url: str | None) -> dict[str, Any]:
    """A plain product with a photo."""
    data = {
        "id": f"p{number}",
        "title": f"Product {number}",
        "price": 10.0,
        "currency": "EUR",
        "image_url": image_url,
    }
    return {key: value for key, value in data.items() if value is not None}


def settings_for(folder: Path, **changes: Any) -> EtlSettings:
    """Settings that keep everything below `folder` and wait for nothing."""
    defaults = {"vector_store": str(folder / "vectors"), "elasticsearch_patience": 0, "etl_download_threads": 4}
    return EtlSettings.model_validate(defaults | changes)


def build_context(index: EmbeddingIndex, folder: Path, photos: PhotoSettings, **changes: Any) -> RunContext:
    settings = settings_for(folder, **changes)
    return RunContext(index, VectorStore(settings.vector_store), settings, photos)


def run_job(
    context: RunContext, models: Iterable[MeanColor], options: RunOptions | None = None, **more: Any
) -> RunSummary:
    """One run without a terminal."""
    chosen = [model.model(**more) for model in models]
    return run(context, chosen, options or RunOptions(batch_size=4), StopSignal(), ignore_progress)


def totals(summary: RunSummary) -> dict[str, Any]:
    """The counts of the only model."""
    (its,) = summary.models
    return {
        "seen": its.seen,
        "done": its.done,
        "failed": dict(its.failed),
        "retry": dict(its.retry),
        "moved": its.moved,
        "gone": its.gone,
    }


def counted(reasons: Iterable[str]) -> dict[str, int]:
    return dict(Counter(reasons))
