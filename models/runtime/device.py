"""Opens a model for embedding many photos: torch where there is a GPU for it, else ONNX Runtime."""

import logging
from importlib.util import find_spec
from typing import Literal

from models.bundles.bundle import Bundle
from models.bundles.registry import find_bundle
from models.errors import DeviceUnavailable
from models.runtime import torch_embedder
from models.runtime.embedder import Embedder
from models.runtime.onnx_embedder import OnnxEmbedder
from models.settings import ModelSettings

Device = Literal["auto", "cpu", "cuda"]

log = logging.getLogger(__name__)


def open_embedder(
    model: str | Bundle, device: Device = "auto", threads: int | None = None, settings: ModelSettings | None = None
) -> Embedder:
    """Returns an embedder of `model` (a name as `find_bundle` takes it, or a bundle); `runtime` says what runs it.

    `cuda`: torch on the GPU, DeviceUnavailable where there is none; a bundle that torch cannot run (no
    weights.safetensors, or of an unknown architecture) falls back to ONNX Runtime and a warning is logged.
    `auto`: the same without the error. `cpu`: ONNX Runtime. `threads` per run, for ONNX Runtime. Raises
    BundleNotFound, InvalidBundle.
    """
    chosen = settings or ModelSettings.load()
    bundle = find_bundle(model, chosen) if isinstance(model, str) else model
    if device == "cuda":
        _require_cuda()
    runnable = torch_embedder.can_run_in_torch(bundle)
    if device != "cpu" and runnable and torch_embedder.has_cuda():
        return torch_embedder.TorchEmbedder(bundle, "cuda")
    if device == "cuda":
        log.warning(
            "%s has no weights.safetensors that torch could run: ONNX Runtime runs it on the CPU", bundle.space.name
        )
    return OnnxEmbedder(bundle, threads or chosen.model_threads)


def _require_cuda() -> None:
    if find_spec("torch") is None:
        raise DeviceUnavailable(
            "device cuda needs torch: pip install -r requirements-torch.txt, or use the device auto or cpu"
        )
    if not torch_embedder.has_cuda():
        raise DeviceUnavailable("device cuda: torch sees no CUDA GPU here; use the device auto or cpu")
