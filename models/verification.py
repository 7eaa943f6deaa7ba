"""Whether a bundle is whole and works: hashes, then one run on trial pictures."""

from pathlib import Path

from catalog.errors import VisualSearchError
from models.bundle import load
from models.embedder import usable
from models.errors import InvalidBundle
from models.onnx_embedder import OnnxEmbedder
from models.trial import trial_pixels


def verify(path: Path) -> str | None:
    """What is wrong with the bundle in folder `path`, or None."""
    try:
        bundle = load(path)
        predicted = OnnxEmbedder(bundle).predict(trial_pixels(bundle.preprocessing.center_crop, 2))
        if not usable(predicted.embeddings).all():
            raise InvalidBundle(f"{path}: it gives no embedding for an ordinary picture")
        if predicted.probabilities is not None and not usable(predicted.probabilities).all():
            raise InvalidBundle(f"{path}: it gives no class probabilities for an ordinary picture")
    except VisualSearchError as error:
        return error.message
    return None
