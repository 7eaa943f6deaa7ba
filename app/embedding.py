"""Turns a shopper's photo into vectors with models: ONNX Runtime, opened at the first photo, one per space."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from app.http.errors import BundleMissing, NoEmbedding
from catalog.domain.embedding_space import Space
from catalog.similarity import Vectors
from models.bundles.manifest import Limits
from models.bundles.registry import find_bundle
from models.errors import BundleNotFound
from models.runtime.embedder import Embeddings, is_usable
from models.settings import ModelSettings

if TYPE_CHECKING:
    from models.runtime.onnx_embedder import OnnxEmbedder

THREADS = 1  # per photo unless MODEL_THREADS says otherwise: requests come side by side and share the cores


@dataclass(frozen=True, slots=True)
class PhotoPrediction:
    """Holds a photo's unit embedding [dims], and probability by label where the model has classes."""

    embedding: Vectors
    probabilities: Mapping[str, float] | None


class Embedders:
    """Opens models, shared by all threads of a process; nothing is loaded before the first photo."""

    def __init__(self, settings: ModelSettings) -> None:
        self.settings = settings
        self._open: dict[Space, OnnxEmbedder] = {}
        self._lock = threading.Lock()

    def get(self, space: Space) -> "OnnxEmbedder":
        """Returns the model of `space`; raises BundleMissing, InvalidBundle."""
        if space not in self._open:
            with self._lock:
                if space not in self._open:
                    self._open[space] = self._load(space)
        return self._open[space]

    def embed(self, image: Image.Image, spaces: Iterable[Space]) -> dict[str, Vectors]:
        """Returns the unit vector [dims] of a photo in each space by its name; raises BundleMissing, NoEmbedding."""
        embedders = [self.get(space) for space in spaces]  # all of them are there before the first one works
        return {embedder.space.name: _embed_one(embedder, image) for embedder in embedders}

    def predict(self, image: Image.Image, space: Space) -> PhotoPrediction:
        """Embeds a photo in `space`, with class probabilities; raises BundleMissing, InvalidBundle, NoEmbedding."""
        embedder = self.get(space)
        found = embedder.predict(embedder.preprocess(image)[None])
        _check_usable(embedder, found.embeddings)
        if found.probabilities is None:
            return PhotoPrediction(found.embeddings[0], None)
        labels = embedder.bundle.manifest.classes or ()
        return PhotoPrediction(found.embeddings[0], dict(zip(labels, found.probabilities[0].tolist(), strict=True)))

    def limits(self, spaces: Iterable[Space]) -> dict[str, Limits]:
        """Returns what each model was made for, by the name of its space."""
        return {space.name: self.get(space).bundle.manifest.limits for space in spaces}

    def _load(self, space: Space) -> "OnnxEmbedder":
        # Imported late: a service that is only asked by product id need not carry the runtime.
        from models.runtime.onnx_embedder import OnnxEmbedder

        try:
            bundle = find_bundle(space.name, self.settings)
        except BundleNotFound as error:
            raise BundleMissing(
                f"photos cannot be embedded for {space.name}: its bundle is not here; name another model, or ask by "
                "product",
                hint="put it into the folder of the setting BUNDLES; `python -m models list` says what is there",
                space=space.name,
                available=error.detail.get("available", []),
            ) from error
        return OnnxEmbedder(bundle, self.settings.model_threads or THREADS)


def _embed_one(embedder: "OnnxEmbedder", image: Image.Image) -> Vectors:
    rows: Embeddings = embedder.embed_images([image])
    _check_usable(embedder, rows)
    return np.asarray(rows[0])


def _check_usable(embedder: "OnnxEmbedder", rows: Embeddings) -> None:
    if not is_usable(rows)[0]:
        raise NoEmbedding(f"{embedder.space.name} sees nothing in this photo", reason="no_embedding")
