"""Runs a zoo bundle's `weights.safetensors` with torch, on a GPU; torch is imported when one is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.bundles.bundle import Bundle
from models.bundles.manifest import WEIGHTS_FILE
from models.errors import InvalidBundle, WeightsUnavailable
from models.making.pca import COMPONENTS_KEY, MEAN_KEY
from models.making.zoo.backbones import find_backbone
from models.making.zoo.torch_networks import load_network
from models.runtime.embedder import BundleEmbedder, Embeddings
from models.runtime.preprocessing import Pixels

if TYPE_CHECKING:
    import torch


def has_cuda() -> bool:
    """Says that torch is installed and sees a CUDA GPU."""
    try:
        import torch
    except ImportError:
        return False
    return bool(torch.cuda.is_available())


def can_run_in_torch(bundle: Bundle) -> bool:
    """Says that the bundle carries weights of an architecture this room can build in torch."""
    return bundle.has_weights and find_backbone(bundle.manifest.architecture) is not None


class TorchEmbedder(BundleEmbedder):
    """`Embedder` in full float32 (no TF32), so that its vectors match ONNX Runtime's to about 1e-6.

    `device` is torch's name for it (`cuda`, `cpu`). Raises InvalidBundle where `can_run_in_torch` is false or the
    weights do not fit.
    """

    def __init__(self, bundle: Bundle, device: str) -> None:
        import safetensors
        import safetensors.torch
        import torch

        model = find_backbone(bundle.manifest.architecture)
        if model is None:
            raise InvalidBundle(f"no torch network is known for the architecture '{bundle.manifest.architecture}'")
        self.bundle = bundle
        self.device = torch.device(device)
        self.runtime = f"torch {device}"
        try:
            weights = safetensors.torch.load(bundle.read(WEIGHTS_FILE))
            pca = [weights.pop(key) for key in (MEAN_KEY, COMPONENTS_KEY) if key in weights]
            self._network = load_network(model, weights, str(bundle.path)).to(self.device)
        except safetensors.SafetensorError as error:
            raise InvalidBundle(f"{bundle.path / WEIGHTS_FILE} cannot be read: {error}") from error
        except WeightsUnavailable as error:
            raise InvalidBundle(error.message) from error
        if len(pca) == 1:
            raise InvalidBundle(f"{bundle.path / WEIGHTS_FILE} holds half of a PCA")
        self._pca = [tensor.to(self.device) for tensor in pca]

    def _run(self, batch: Pixels) -> Embeddings:
        import torch

        # Index and query must agree whichever machine made them: TF32 would cost three digits.
        with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            features = self._project(self._network(torch.from_numpy(batch).to(self.device)))
            return np.asarray(features.cpu().numpy(), dtype=np.float32)

    def _project(self, features: torch.Tensor) -> torch.Tensor:
        import torch

        if not self._pca:
            return features
        mean, components = self._pca
        unit = features / features.norm(dim=1, keepdim=True)
        return torch.matmul(unit - mean, components.T)
