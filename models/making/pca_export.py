"""Makes `<model>_pca<k>` of any bundle: fits the PCA on photos and writes it into the graph."""

import logging
from pathlib import Path

import numpy as np

from catalog.similarity import cosine
from models.bundles.bundle import Bundle
from models.bundles.environment import environment
from models.bundles.manifest import MODEL_FILE, WEIGHTS_FILE, Record, Tensor, Training
from models.bundles.writer import Written, write
from models.errors import ExportFailed
from models.making.pca import COMPONENTS_KEY, MEAN_KEY, Projection, fit, project
from models.making.pca_graph import append
from models.making.photo_folder import Photos
from models.runtime.embedder import Embeddings, usable
from models.runtime.onnx_embedder import OnnxEmbedder, open_session
from models.runtime.synthetic_inputs import trial_pixels

log = logging.getLogger(__name__)

KEPT = ("parts", "part_cosine")  # of a hybrid's metrics: they hold for its PCA too
MIN_PARITY = 0.9999  # cosine of the graph's answer with numpy's


def export(
    base: Bundle, photos: Photos, dims: int, root: Path, owner: str, command: str, name: str | None = None
) -> Written:
    """Write `name` (`<base>_pca<dims>` where it is None) below `root`, fitted on the embeddings of `photos`.

    Raises FitFailed, ExportFailed.
    """
    embedder = OnnxEmbedder(base)
    embeddings = [embedder.embed_images(batch) for batch in photos.batches()]
    projection = fit(np.concatenate([embedder.embed_images([]), *embeddings]), dims)
    graph, output = append(base.read(), base.manifest.outputs[0].name, projection)
    _check_parity(embedder, graph, output, projection)
    record = _record(base, projection, output, photos, owner, command)
    if name is not None:
        record = record.model_copy(update={"name": name})
    contents = {MODEL_FILE: graph} | _weights(base, projection)
    return write(root, record, contents)


def _check_parity(embedder: OnnxEmbedder, graph: bytes, output: str, projection: Projection) -> None:
    pixels = trial_pixels(embedder.bundle.preprocessing.center_crop)
    expected = project(embedder.embed(pixels), projection)
    given = {embedder.bundle.manifest.inputs[0].name: pixels}
    found: Embeddings = np.asarray(open_session(graph).run([output], given)[0], dtype=np.float32)
    both = usable(expected) & usable(found)
    lowest = float(np.diagonal(cosine(expected[both], found[both])).min()) if both.any() else 0.0
    if lowest < MIN_PARITY:
        raise ExportFailed(f"the graph's PCA agrees with numpy only to a cosine of {lowest:.6f}: nothing was written")


def _record(base: Bundle, projection: Projection, output: str, photos: Photos, owner: str, command: str) -> Record:
    kept = {name: getattr(base.manifest, name) for name in Record.model_fields}
    changed = {
        "name": f"{base.name}_pca{projection.dims}",
        "owner": owner,
        "outputs": (Tensor(name=output, shape=("N", projection.dims), dtype="float32"),),
        "dims": projection.dims,
        "classes": None,
        "limits": base.manifest.limits.model_copy(update={"ood_cosine": None}),  # centred vectors have other cosines
        "training": Training(
            data_fingerprint=f"{projection.fitted_on} photos sha256 {photos.fingerprint()}; on {base.space.name}",
            command=command,
            environment=environment("numpy", "onnx", "onnxruntime", "pillow"),
        ),
        "metrics": {name: base.manifest.metrics[name] for name in KEPT if name in base.manifest.metrics}
        | {"pca_explained_variance": round(projection.explained, 6), "pca_photos": projection.fitted_on},
    }
    return Record(**(kept | changed))


def _weights(base: Bundle, projection: Projection) -> dict[str, bytes]:
    """The base's weights with the projection beside them, for torch."""
    if not base.has_weights:
        return {}
    try:
        from safetensors.numpy import load, save
    except ImportError:
        log.warning("safetensors is not installed: %s_pca%d gets no weights for torch", base.name, projection.dims)
        return {}
    tensors = load(base.read(WEIGHTS_FILE))
    return {WEIGHTS_FILE: save(tensors | {MEAN_KEY: projection.mean, COMPONENTS_KEY: projection.components})}
