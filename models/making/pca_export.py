"""Makes `<model>_pca<k>` of any bundle: fits the PCA on photos and writes it into the graph."""

import logging

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from catalog.similarity import cosine
from models.bundles.bundle import Bundle
from models.bundles.manifest import MODEL_FILE, WEIGHTS_FILE, ModelDescription, Tensor, Training, describe_environment
from models.bundles.writer import BundleMaker, StoredBundle, write_bundle
from models.errors import ExportFailed
from models.making.pca import COMPONENTS_KEY, MEAN_KEY, Projection, fit, project
from models.making.photo_folder import PhotoFolder
from models.runtime.embedder import Embeddings, is_usable
from models.runtime.onnx_embedder import OnnxEmbedder, open_session
from models.runtime.synthetic_inputs import draw_synthetic_pixels

log = logging.getLogger(__name__)

KEPT = ("parts", "part_cosine")  # of a hybrid's metrics: they hold for its PCA too
MIN_PARITY = 0.9999  # cosine of the graph's answer with numpy's


def export_pca(
    base: Bundle, photos: PhotoFolder, dims: int, maker: BundleMaker, name: str | None = None
) -> StoredBundle:
    """Writes `name` (`<base>_pca<dims>` where it is None) fitted on the embeddings of `photos`.

    Raises FitFailed, ExportFailed.
    """
    embedder = OnnxEmbedder(base)
    embeddings = [embedder.embed_images(batch) for batch in photos.read_batches()]
    projection = fit(np.concatenate([embedder.embed_images([]), *embeddings]), dims)
    graph, output = append_projection(base.read(), base.manifest.outputs[0].name, projection)
    _check_parity(embedder, graph, output, projection)
    record = _describe_reduction(name or f"{base.name}_pca{dims}", base, projection, output, photos, maker)
    contents = {MODEL_FILE: graph} | _extend_weights(base, projection)
    return write_bundle(maker.root, record, contents)


def _check_parity(embedder: OnnxEmbedder, graph: bytes, output: str, projection: Projection) -> None:
    pixels = draw_synthetic_pixels(embedder.bundle.preprocessing.center_crop)
    expected = project(embedder.embed(pixels), projection)
    given = {embedder.bundle.manifest.inputs[0].name: pixels}
    found: Embeddings = np.asarray(open_session(graph).run([output], given)[0], dtype=np.float32)
    both = is_usable(expected) & is_usable(found)
    lowest = float(np.diagonal(cosine(expected[both], found[both])).min()) if both.any() else 0.0
    if lowest < MIN_PARITY:
        raise ExportFailed(f"the graph's PCA agrees with numpy only to a cosine of {lowest:.6f}: nothing was written")


def _describe_reduction(
    name: str, base: Bundle, projection: Projection, output: str, photos: PhotoFolder, maker: BundleMaker
) -> ModelDescription:
    kept = {field: getattr(base.manifest, field) for field in ModelDescription.model_fields}
    changed = {
        "name": name,
        "owner": maker.owner,
        "outputs": (Tensor(name=output, shape=("N", projection.dims), dtype="float32"),),
        "dims": projection.dims,
        "classes": None,
        "limits": base.manifest.limits.model_copy(
            update={"ood_cosine": None, "floor_cosine": None}  # centred vectors have other cosines
        ),
        "training": Training(
            data_fingerprint=f"{projection.fitted_on} photos sha256 {photos.compute_fingerprint()}; "
            f"on {base.space.name}",
            command=maker.command,
            environment=describe_environment("numpy", "onnx", "onnxruntime", "pillow"),
        ),
        "metrics": {kind: base.manifest.metrics[kind] for kind in KEPT if kind in base.manifest.metrics}
        | {"pca_explained_variance": round(projection.explained, 6), "pca_photos": projection.fitted_on},
    }
    return ModelDescription(**(kept | changed))


def _extend_weights(base: Bundle, projection: Projection) -> dict[str, bytes]:
    """Returns the base's weights with the projection beside them, for torch."""
    if not base.has_weights:
        return {}
    try:
        from safetensors.numpy import load, save
    except ImportError:
        log.warning("safetensors is not installed: %s_pca%d gets no weights for torch", base.name, projection.dims)
        return {}
    tensors = load(base.read(WEIGHTS_FILE))
    return {WEIGHTS_FILE: save(tensors | {MEAN_KEY: projection.mean, COMPONENTS_KEY: projection.components})}


def append_projection(model: bytes, output: str, projection: Projection) -> tuple[bytes, str]:
    """Returns `model` with the projection behind `output` [N,D], and the name of its new only output [N,k].

    Only operators that mean the same in every opset are used, whichever the model is in. A row without a direction
    becomes NaN, not some other product's neighbour.
    """
    proto = onnx.load_from_string(model)
    prefix = f"{output}_pca{projection.dims}"
    ones = np.ones((projection.mean.size, 1), dtype=np.float32)
    constants = {
        f"{prefix}/ones": ones,
        f"{prefix}/short_ones": ones[: projection.dims],
        f"{prefix}/mean": projection.mean,
        f"{prefix}/components": np.ascontiguousarray(projection.components.T),
    }
    proto.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in constants.items())
    proto.graph.node.extend(_normalize_nodes(output, f"{prefix}/ones", f"{prefix}/unit"))
    proto.graph.node.append(helper.make_node("Sub", [f"{prefix}/unit", f"{prefix}/mean"], [f"{prefix}/centred"]))
    proto.graph.node.append(
        helper.make_node("MatMul", [f"{prefix}/centred", f"{prefix}/components"], [f"{prefix}/projected"])
    )
    proto.graph.node.extend(_normalize_nodes(f"{prefix}/projected", f"{prefix}/short_ones", prefix))
    del proto.graph.output[:]
    proto.graph.output.append(helper.make_tensor_value_info(prefix, TensorProto.FLOAT, ["N", projection.dims]))
    return proto.SerializeToString(deterministic=True), prefix


def _normalize_nodes(value: str, ones: str, result: str) -> list[onnx.NodeProto]:
    return [
        helper.make_node("Mul", [value, value], [f"{result}/squares"]),
        helper.make_node("MatMul", [f"{result}/squares", ones], [f"{result}/sum"]),
        helper.make_node("Sqrt", [f"{result}/sum"], [f"{result}/norm"]),
        helper.make_node("Div", [value, f"{result}/norm"], [result]),
    ]
