"""Makes int8 variants: the same network with 8-bit weights, a bundle of its own that states its drift."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from catalog.similarity import cosine
from models.bundles.bundle import Bundle
from models.bundles.manifest import MODEL_FILE, ModelDescription, Training, describe_environment
from models.bundles.writer import BundleMaker, StoredBundle, write_bundle
from models.errors import ExportFailed, FitFailed
from models.making.photo_folder import PhotoFolder
from models.runtime import canonical_vectors
from models.runtime.embedder import is_usable, normalize_rows
from models.runtime.onnx_embedder import OnnxEmbedder, open_session
from models.runtime.onnx_runtime import RUNTIME_ERRORS
from models.runtime.preprocessing import Pixels

MIN_COSINE = 0.9  # of the mean; what is worse is no variant but another model
MIN_PHOTOS = 8


def quantize(base: Bundle, photos: PhotoFolder, name: str, maker: BundleMaker) -> StoredBundle:
    """Writes the int8 variant `name` of `base`; raises FitFailed, ExportFailed.

    Static quantisation (QDQ, weights per channel): every second of `photos` finds the range of the activations, the
    others measure the drift, the cosine to the float32 embedding, which is written into the metrics. All eight bits
    are used (seven took MobileNetV2 from 0.98 to 0.93): on a processor without VNNI sums may saturate, and there
    `models verify` finds the canonical vectors changed.
    """
    embedder = OnnxEmbedder(base)
    pixels = [embedder.preprocess(image) for batch in photos.read_batches() for image in batch]
    if len(pixels) < MIN_PHOTOS:
        raise FitFailed(
            f"int8 needs {MIN_PHOTOS} photos or more to be calibrated and measured, there are {len(pixels)}"
        )
    calibration, held_out = pixels[::2], np.stack(pixels[1::2])
    graph = _quantize_graph(base, calibration)
    record = _describe_variant(base, photos, name, maker)
    cosines = _measure_drift(embedder, graph, held_out)
    metrics = record.metrics | {
        "drift_mean_cosine": round(float(cosines.mean()), 6),
        "drift_min_cosine": round(float(cosines.min()), 6),
        "drift_photos": len(cosines),
    }
    if not cosines.mean() >= MIN_COSINE:
        raise ExportFailed(
            f"in int8 {base.space.name} agrees with itself only to a mean cosine of {cosines.mean():.3f} "
            f"({MIN_COSINE} is needed): nothing was written"
        )
    record = record.model_copy(update={"metrics": metrics})
    contents = {MODEL_FILE: graph}
    if tried := canonical_vectors.run_on_pictures(record, graph):
        contents[canonical_vectors.CANONICAL_FILE] = canonical_vectors.to_canonical_file(
            tried.embeddings, canonical_vectors.TOLERANCE_INT8
        )
    return write_bundle(maker.root, record, contents)


class _CalibrationReader:
    """Passes calibration pictures to ONNX Runtime one by one."""

    def __init__(self, name: str, pixels: list[Pixels]) -> None:
        self._inputs: Iterator[dict[str, Pixels]] = iter([{name: one[None]} for one in pixels])

    def get_next(self) -> dict[str, Pixels] | None:
        return next(self._inputs, None)


def _quantize_graph(base: Bundle, pixels: list[Pixels]) -> bytes:
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    with tempfile.TemporaryDirectory(prefix="int8-") as folder:
        source, target = Path(folder, "float.onnx"), Path(folder, "int8.onnx")
        source.write_bytes(base.read())
        reader: Any = _CalibrationReader(base.manifest.inputs[0].name, pixels)
        try:
            quantize_static(
                str(source),
                str(target),
                reader,
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
            )
        except (*RUNTIME_ERRORS, ValueError, RuntimeError, KeyError, AttributeError) as error:
            raise ExportFailed(f"{base.space.name} cannot be quantised: {error}") from error
        return target.read_bytes()


def _measure_drift(embedder: OnnxEmbedder, graph: bytes, pixels: Pixels) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Returns the cosine of each picture's int8 embedding with the float32 one [N]."""
    manifest = embedder.bundle.manifest
    session = open_session(graph)
    names = [manifest.outputs[0].name], manifest.inputs[0].name
    found = normalize_rows(np.concatenate([session.run(names[0], {names[1]: one[None]})[0] for one in pixels]))
    expected = embedder.embed(pixels)
    both = is_usable(found) & is_usable(expected)
    if not both.any():
        raise ExportFailed(f"in int8 {embedder.bundle.space.name} gives no embedding: nothing was written")
    return np.asarray(np.diagonal(cosine(expected[both], found[both])))


def _describe_variant(base: Bundle, photos: PhotoFolder, name: str, maker: BundleMaker) -> ModelDescription:
    kept = {field: getattr(base.manifest, field) for field in ModelDescription.model_fields}
    training = Training(
        data_fingerprint=f"{len(photos.paths)} photos sha256 {photos.compute_fingerprint()}; on {base.space.name}",
        command=maker.command,
        environment=describe_environment("onnx", "onnxruntime", "pillow"),
    )
    metrics = {"variant_of": base.space.name, "quantization": "static int8, weights per channel"}
    return ModelDescription(**(kept | {"name": name, "owner": maker.owner, "training": training, "metrics": metrics}))
