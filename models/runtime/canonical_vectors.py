"""Compares a model with its canonical vectors: what the bundle made of drawn pictures when it was made.

They travel in the bundle as `canonical.json` (as fastembed's tests have them, but per bundle). They cover the whole
path: Pillow's resize, preprocessing and the network, so that a changed library or runtime is noticed before the
vectors of an index and of a query come apart.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Annotated

import numpy as np
from PIL import Image
from pydantic import Field, ValidationError

from catalog.similarity import cosine
from models.bundles.bundle import Bundle
from models.bundles.manifest import Finite, FrozenModel, ModelDescription
from models.bundles.manifest_file import describe_problem
from models.errors import InvalidBundle
from models.runtime.embedder import Embedder, Embeddings, is_usable, normalize_rows
from models.runtime.onnx_embedder import open_session
from models.runtime.onnx_runtime import RUNTIME_ERRORS
from models.runtime.preprocessing import preprocess

CANONICAL_FILE = "canonical.json"
TOLERANCE = 0.999  # float32 on another processor differs by 1e-6; a changed resize or channel order by far more
TOLERANCE_INT8 = 0.98  # integer kernels round differently with and without VNNI
DECIMALS = 6
RUNS = 5


class CanonicalVectors(FrozenModel):
    """Holds embeddings of `draw_pictures()`, in order, and the lowest cosine that still is the same model."""

    tolerance_cosine: Annotated[float, Field(gt=0, le=1)]
    embeddings: Annotated[tuple[tuple[Finite, ...], ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class MeasuredRun:
    """Holds a graph's embeddings of `draw_pictures()` [3,D] and its median milliseconds for one, on one thread."""

    embeddings: Embeddings
    milliseconds: float


def draw_pictures() -> list[Image.Image]:
    """Returns three pictures by integer arithmetic alone: a garment on light ground, a gradient, coloured blocks."""
    garment = np.full((200, 150, 3), (238, 238, 234), dtype=np.uint8)
    garment[30:180, 40:110] = (170, 35, 60)
    garment[45:75, 15:135] = (170, 35, 60)
    garment[90:170:20, 40:110] = (30, 40, 110)
    down, across = np.mgrid[0:160, 0:240]
    gradient = np.stack([across * 255 // 239, down * 255 // 159, (across + down) * 255 // 398], axis=-1)
    rows, columns = np.mgrid[0:180, 0:180] // 15
    blocks = np.stack([(rows * 37 + columns * 91 + channel * 53) * 29 % 256 for channel in range(3)], axis=-1)
    return [Image.fromarray(pixels.astype(np.uint8)) for pixels in (garment, gradient, blocks)]


def run_on_pictures(record: ModelDescription, model: bytes) -> MeasuredRun | None:
    """Returns the graph's embeddings of the pictures, None where it cannot run (opening the bundle says why)."""
    batch = np.stack([preprocess(picture, record.preprocessing) for picture in draw_pictures()])
    try:
        session = open_session(model, 1)
        names = [record.outputs[0].name], record.inputs[0].name
        rows: Embeddings = np.asarray(session.run(names[0], {names[1]: batch})[0], dtype=np.float32)
        times = [_measure_milliseconds(lambda: session.run(names[0], {names[1]: batch[:1]})) for _ in range(RUNS)]
    except RUNTIME_ERRORS:
        return None
    rows = normalize_rows(rows)
    return (
        MeasuredRun(rows, round(median(times), 3)) if rows.shape[1] == record.dims and is_usable(rows).all() else None
    )


def to_canonical_file(embeddings: Embeddings, tolerance: float = TOLERANCE) -> bytes:
    """Returns the content of `canonical.json` for embeddings [n,D]."""
    rows = tuple(tuple(round(float(value), DECIMALS) for value in row) for row in embeddings)
    return (CanonicalVectors(tolerance_cosine=tolerance, embeddings=rows).model_dump_json() + "\n").encode()


def check_canonical_vectors(bundle: Bundle, embedder: Embedder) -> None:
    """Raises InvalidBundle where `embedder` makes other vectors of the pictures; without a record nothing is done.

    The embedder may run the bundle on any device.
    """
    if CANONICAL_FILE not in bundle.manifest.files:
        return
    try:
        canonical = CanonicalVectors.model_validate_json(bundle.read(CANONICAL_FILE))
    except ValidationError as error:
        raise InvalidBundle(f"{bundle.path / CANONICAL_FILE}: {describe_problem(error)}") from error
    found = embedder.embed_images(draw_pictures())
    if any(len(row) != bundle.dims for row in canonical.embeddings) or len(canonical.embeddings) != len(found):
        raise InvalidBundle(
            f"{bundle.path / CANONICAL_FILE} does not hold {len(found)} vectors of {bundle.dims} values"
        )
    lowest = float(np.diagonal(cosine(canonical.embeddings, found)).min())
    if not lowest >= canonical.tolerance_cosine:  # `not` also catches NaN
        raise InvalidBundle(
            f"{bundle.path}: {embedder.runtime} makes other vectors here than where the bundle was made (cosine "
            f"{lowest:.4f}, at least {canonical.tolerance_cosine} is needed): do not mix them in one index; "
            "compare the versions of Pillow and ONNX Runtime",
            cosine=lowest,
        )


def _measure_milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000
