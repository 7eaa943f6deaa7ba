"""Runs a bundle with ONNX Runtime on the CPU; imports neither torch nor onnx."""

import numpy as np
import onnxruntime as ort
from onnxruntime.capi.onnxruntime_pybind11_state import (
    EPFail,
    Fail,
    InvalidArgument,
    InvalidGraph,
    InvalidProtobuf,
    NoModel,
    RuntimeException,
)
from onnxruntime.capi.onnxruntime_pybind11_state import (
    NotImplemented as NotImplementedByRuntime,
)

from models.bundle import Bundle
from models.embedder import BundleEmbedder, Embeddings
from models.errors import InvalidBundle
from models.preprocess import Pixels

# They share no base below Exception.
RUNTIME_ERRORS = (
    EPFail,
    Fail,
    InvalidArgument,
    InvalidGraph,
    InvalidProtobuf,
    NoModel,
    NotImplementedByRuntime,
    RuntimeException,
)
QUIET = 3  # ONNX Runtime's log level: errors only


def open_session(model: bytes, threads: int | None = None) -> ort.InferenceSession:
    """A CPU session over the bytes of a model; `threads` per run, None for ONNX Runtime's choice (all cores)."""
    options = ort.SessionOptions()
    options.log_severity_level = QUIET
    options.intra_op_num_threads = threads or 0
    options.inter_op_num_threads = 1
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


class OnnxEmbedder(BundleEmbedder):
    """An `Embedder` over a verified bundle. One instance may be shared by threads: a run keeps no state.

    Raises InvalidBundle when the file changed since it was verified or ONNX Runtime cannot run it.
    """

    runtime = "onnxruntime cpu"

    def __init__(self, bundle: Bundle, threads: int | None = None) -> None:
        self.bundle = bundle
        self._input = bundle.manifest.inputs[0].name
        self._output = bundle.manifest.outputs[0].name
        try:
            self._session = open_session(bundle.read(), threads)
        except RUNTIME_ERRORS as error:
            raise InvalidBundle(f"ONNX Runtime cannot run {bundle.path}: {error}") from error
        if self._output not in {one.name for one in self._session.get_outputs()}:
            raise InvalidBundle(f"{bundle.path}: the graph has no output '{self._output}'")

    def _run(self, batch: Pixels) -> Embeddings:
        try:
            rows = np.asarray(self._session.run([self._output], {self._input: batch})[0], dtype=np.float32)
        except RUNTIME_ERRORS as error:
            raise InvalidBundle(f"{self.bundle.path} failed on a batch of {len(batch)}: {error}") from error
        if rows.shape != (len(batch), self.dims):
            raise InvalidBundle(
                f"{self.bundle.path}: the graph gave {list(rows.shape)} where bundle.json says [N, {self.dims}]"
            )
        return rows
