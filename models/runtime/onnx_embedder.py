"""Runs a bundle with ONNX Runtime on the CPU; imports neither torch nor onnx."""

from dataclasses import dataclass

import numpy as np

from models.bundles.bundle import Bundle
from models.errors import InvalidBatch, InvalidBundle
from models.runtime.embedder import BundleEmbedder, Embeddings, check_batch, normalize_rows, split_batch
from models.runtime.graph_safety import check_graph
from models.runtime.onnx_runtime import RUNTIME_ERRORS, ort
from models.runtime.preprocessing import Pixels

QUIET = 3  # ONNX Runtime's log level: errors only


def open_session(model: bytes, threads: int | None = None) -> ort.InferenceSession:
    """Returns a CPU session over a model's bytes; `threads` per run, None for ONNX Runtime's choice (all cores).

    Raises RefusedGraph, one of RUNTIME_ERRORS, for a model that names other files or repeats parts of itself.
    """
    check_graph(model)
    options = ort.SessionOptions()
    options.log_severity_level = QUIET
    options.intra_op_num_threads = threads or 0
    options.inter_op_num_threads = 1
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


@dataclass(frozen=True, slots=True)
class BatchPrediction:
    """Holds embeddings [N,dims] as `embed` gives them, and probabilities [N,classes] where the bundle has classes."""

    embeddings: Embeddings
    probabilities: Embeddings | None


class OnnxEmbedder(BundleEmbedder):
    """`Embedder` over a verified bundle. One instance may be shared by threads: a run keeps no state.

    Raises InvalidBundle when the file changed since it was verified or ONNX Runtime cannot run it.
    """

    runtime = "onnxruntime cpu"

    def __init__(self, bundle: Bundle, threads: int | None = None) -> None:
        self.bundle = bundle
        self._input = bundle.manifest.inputs[0].name
        self._outputs = tuple(output.name for output in bundle.manifest.outputs)
        try:
            self._session = open_session(bundle.read(), threads)
        except RUNTIME_ERRORS as error:
            raise InvalidBundle(f"ONNX Runtime cannot run {bundle.path}: {error}") from error
        for name in set(self._outputs) - {one.name for one in self._session.get_outputs()}:
            raise InvalidBundle(f"{bundle.path}: the graph has no output '{name}'")

    def predict(self, batch: Pixels) -> BatchPrediction:
        """Returns embeddings and, where the bundle has classes, their probabilities, of pixels [N,3,side,side].

        Raises InvalidBatch for pixels of another shape or none.
        """
        check_batch(batch, self.bundle)
        if not len(batch):
            raise InvalidBatch(f"{self.bundle.name} was given no photo")
        parts = [self._run_outputs(part, self._outputs) for part in split_batch(batch, self.bundle)]
        embeddings, *logits = (np.concatenate(rows) for rows in zip(*parts, strict=True))
        return BatchPrediction(normalize_rows(embeddings), softmax(logits[0]) if logits else None)

    def _run(self, batch: Pixels) -> Embeddings:
        return self._run_outputs(batch, self._outputs[:1])[0]

    def _run_outputs(self, batch: Pixels, outputs: tuple[str, ...]) -> list[Embeddings]:
        try:
            answers = [np.asarray(rows, np.float32) for rows in self._session.run(outputs, {self._input: batch})]
        except RUNTIME_ERRORS as error:
            raise InvalidBundle(f"{self.bundle.path} failed on a batch of {len(batch)}: {error}") from error
        for rows, tensor in zip(answers, self.bundle.manifest.outputs, strict=False):
            if rows.shape != (len(batch), tensor.shape[1]):
                raise InvalidBundle(
                    f"{self.bundle.path}: the graph gave {list(rows.shape)} "
                    f"where bundle.json says [N, {tensor.shape[1]}] of '{tensor.name}'"
                )
        return answers


def softmax(logits: Embeddings) -> Embeddings:
    """Returns probabilities [N,C] of logits [N,C]."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)
