"""Verifies that a bundle is whole and works: hashes, one run on synthetic pictures, and its canonical vectors."""

from pathlib import Path

from catalog.errors import VisualSearchError
from models.bundles.bundle import load
from models.errors import InvalidBundle
from models.runtime import canonical_vectors
from models.runtime.embedder import is_usable
from models.runtime.graph_safety import RefusedGraph
from models.runtime.onnx_embedder import OnnxEmbedder
from models.runtime.probe import probe
from models.runtime.synthetic_inputs import draw_synthetic_pixels


def find_problem(path: Path) -> str | None:
    """Returns what is wrong with the bundle in folder `path`, or None."""
    try:
        bundle = load(path)
        probe(bundle.read(), bundle.preprocessing.center_crop)
        embedder = OnnxEmbedder(bundle)
        predicted = embedder.predict(draw_synthetic_pixels(bundle.preprocessing.center_crop, 2))
        if not is_usable(predicted.embeddings).all():
            raise InvalidBundle(f"{path}: it gives no embedding for an ordinary picture")
        if predicted.probabilities is not None and not is_usable(predicted.probabilities).all():
            raise InvalidBundle(f"{path}: it gives no class probabilities for an ordinary picture")
        canonical_vectors.check_canonical_vectors(bundle, embedder)
    except RefusedGraph as error:
        return f"{path} is not run: {error}"
    except VisualSearchError as error:
        return error.message
    return None
