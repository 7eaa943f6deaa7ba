"""Makes a bundle of somebody else's image-embedding network, after trying it."""

import json
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from catalog.domain.embedding_space import MAX_DIMS
from catalog.similarity import cosine
from models.bundles.manifest import (
    MODEL_FILE,
    WEIGHTS_FILE,
    Licenses,
    ModelDescription,
    Preprocessing,
    Tensor,
    Training,
    describe_environment,
)
from models.bundles.manifest_file import describe_problem
from models.bundles.writer import BundleMaker, StoredBundle, write_bundle
from models.errors import InvalidModel
from models.making.onnx_signature import GraphSignature, find_signature, keep_output, parse_onnx
from models.runtime.embedder import Embeddings, is_usable, normalize_rows
from models.runtime.graph_safety import RefusedGraph
from models.runtime.onnx_embedder import open_session
from models.runtime.onnx_runtime import RUNTIME_ERRORS
from models.runtime.probe import probe
from models.runtime.synthetic_inputs import draw_synthetic_pixels

UNKNOWN = "unknown"
SAME = 0.9999  # cosine of a picture's embedding alone and within a batch
MAX_ONNX_BYTES = 2**31 - 1  # protobuf's limit for one file


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """Describes what to import: `output` names one of several, `license` is that of the weights."""

    name: str
    onnx: Path
    preprocessing: Path
    weights: Path | None = None
    output: str | None = None
    license: str = UNKNOWN
    architecture: str = UNKNOWN


def import_onnx(source: ImportRequest, maker: BundleMaker) -> StoredBundle:
    """Writes the bundle of `source`; raises InvalidModel saying what is wrong with which file."""
    recipe = read_preprocessing(source.preprocessing)
    content = _read_file(source.onnx, MAX_ONNX_BYTES)
    model = parse_onnx(content, str(source.onnx))
    found = find_signature(model, str(source.onnx), recipe.center_crop, source.output)
    if len(model.graph.output) > 1:
        content = keep_output(model, found.output)
    try:
        probe(content, recipe.center_crop)
    except RefusedGraph as error:
        raise InvalidModel(f"{source.onnx} is not taken: {error}") from error
    dims = measure_dims(content, found, recipe.center_crop, str(source.onnx))
    contents = {MODEL_FILE: content}
    if source.weights is not None:
        contents[WEIGHTS_FILE] = _read_safetensors(source.weights)
    return write_bundle(maker.root, _describe_model(source, recipe, found, dims, maker), contents)


def read_preprocessing(file: Path) -> Preprocessing:
    """Returns the preprocessing in a JSON file; raises InvalidModel naming the field that is missing or wrong."""
    try:
        return Preprocessing.model_validate_json(_read_file(file, 1_000_000))
    except ValidationError as error:
        fields = ", ".join(Preprocessing.model_fields)
        raise InvalidModel(f"{file}: {describe_problem(error)} (the fields are {fields})") from error


def measure_dims(content: bytes, found: GraphSignature, side: int, source: str) -> int:
    """Runs the model on synthetic pictures, alone and in a batch, and returns its dimensions; raises InvalidModel."""
    try:
        session = open_session(content)
    except RUNTIME_ERRORS as error:
        raise InvalidModel(f"ONNX Runtime cannot load {source}: {error}") from error
    pixels = draw_synthetic_pixels(side, 3)
    try:
        batch, alone = (session.run([found.output], {found.input: part})[0] for part in (pixels, pixels[:1]))
    except RUNTIME_ERRORS as error:
        raise InvalidModel(f"{source} fails on a picture of {side} × {side}: {error}") from error
    _check_shapes(np.asarray(batch), np.asarray(alone), source)
    rows, one = normalize_rows(np.asarray(batch)), normalize_rows(np.asarray(alone))
    _check_values(rows, one, source)
    return int(rows.shape[1])


def _check_shapes(batch: Embeddings, alone: Embeddings, source: str) -> None:
    if batch.dtype != np.float32:
        raise InvalidModel(f"{source} gives {batch.dtype}: an embedding is float32")
    if batch.ndim != 2 or len(batch) != 3 or len(alone) != 1 or batch.shape[1] != alone.shape[1]:
        raise InvalidModel(f"{source} gives {list(batch.shape)} for 3 pictures: an embedding is [N, dims]")
    if batch.shape[1] > MAX_DIMS:
        raise InvalidModel(f"{source} gives {batch.shape[1]} dimensions: the index takes {MAX_DIMS}; add a PCA")


def _check_values(rows: Embeddings, alone: Embeddings, source: str) -> None:
    if not is_usable(rows).all() or not is_usable(alone).all():
        raise InvalidModel(f"{source} gives NaN, infinity or only zeros for an ordinary picture")
    if not cosine(rows[0], alone)[0] >= SAME:
        raise InvalidModel(f"{source} gives a picture another embedding within a batch than alone")
    if rows.shape[1] > 1 and np.ptp(rows, axis=0).max() == 0:
        raise InvalidModel(f"{source} gives three different pictures the same embedding: it ignores its input")


def _describe_model(
    source: ImportRequest, recipe: Preprocessing, found: GraphSignature, dims: int, maker: BundleMaker
) -> ModelDescription:
    side = recipe.center_crop
    try:
        return ModelDescription(
            name=source.name,
            origin="imported",
            owner=maker.owner,
            architecture=source.architecture,
            inputs=(Tensor(name=found.input, shape=("N", 3, side, side), dtype="float32"),),
            outputs=(Tensor(name=found.output, shape=("N", dims), dtype="float32"),),
            dims=dims,
            preprocessing=recipe,
            training=Training(command=maker.command, environment=describe_environment("onnx", "onnxruntime")),
            licenses=Licenses(code=UNKNOWN, weights=source.license, data=UNKNOWN, scripts=UNKNOWN),
        )
    except ValidationError as error:
        raise InvalidModel(f"'{source.name}' cannot become a bundle: {describe_problem(error)}") from error


def _read_file(file: Path, limit: int) -> bytes:
    try:
        if file.stat().st_size > limit:
            raise InvalidModel(f"{file} has more than {limit} bytes")
        return file.read_bytes()
    except OSError as error:
        raise InvalidModel(f"{file} cannot be read: {error.strerror}") from error


def _read_safetensors(file: Path) -> bytes:
    """Returns a safetensors file's bytes: eight of length, a JSON header, tensors; anything else is refused."""
    content = _read_file(file, MAX_ONNX_BYTES)
    try:
        (length,) = struct.unpack_from("<Q", content)
        header = json.loads(content[8 : 8 + length])
        ends = [one["data_offsets"][1] for name, one in header.items() if name != "__metadata__"]
        whole = len(content) == 8 + length + max(ends)
    except (struct.error, ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
        raise InvalidModel(f"{file} is not a safetensors file; pickled weights (.pt, .pth) are not taken") from error
    if not whole:
        raise InvalidModel(f"{file} is cut short, or has bytes behind its tensors")
    return content
