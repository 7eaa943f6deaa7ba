"""The torch embedder over a small network: the same vectors as ONNX Runtime's, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
safetensors_torch = pytest.importorskip("safetensors.torch")

from models.bundles.bundle import Bundle  # noqa: E402
from models.bundles.writer import write_bundle  # noqa: E402
from models.errors import InvalidBundle  # noqa: E402
from models.making.pca import COMPONENTS_KEY, MEAN_KEY  # noqa: E402
from models.making.zoo.backbones import ZOO  # noqa: E402
from models.runtime import torch_embedder  # noqa: E402
from models.runtime.onnx_embedder import OnnxEmbedder  # noqa: E402
from models.runtime.synthetic_inputs import draw_synthetic_pixels  # noqa: E402
from models.runtime.torch_embedder import TorchEmbedder  # noqa: E402
from tests.unit.models_making import DIMS, SIDE, WEIGHTS, record, tiny_network  # noqa: E402

PIXELS = draw_synthetic_pixels(SIDE, 70)  # more than the bundle takes at once


class ChannelMeans(torch.nn.Module):  # type: ignore[misc, name-defined]
    """The network of `tiny_network` in torch; notes under which flags it ran."""

    def __init__(self, weights: Any) -> None:
        super().__init__()
        self.weights = torch.nn.Parameter(weights)
        self.flags: list[tuple[bool, ...]] = []

    def forward(self, pixels: Any) -> Any:
        cudnn = torch.backends.cudnn
        self.flags.append((torch.is_inference_mode_enabled(), cudnn.enabled, cudnn.allow_tf32))
        return pixels.mean(dim=(2, 3)) @ self.weights


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Lets the zoo's loader make the small network, and notes what it was asked for."""
    asked: list[tuple[Any, ...]] = []

    def load_network(model: Any, weights: dict[str, Any], source: str) -> Any:
        network = ChannelMeans(weights["means.weight"])
        asked.append((model, sorted(weights), source, network))
        return network

    monkeypatch.setattr(torch_embedder, "load_network", load_network)
    return asked


def put_torch(root: Path, architecture: str = ZOO["resnet18"].architecture, **more: np.ndarray) -> Bundle:
    tensors = {"means.weight": WEIGHTS} | more
    weights = safetensors_torch.save({key: torch.from_numpy(value.copy()) for key, value in tensors.items()})
    made = record().model_copy(update={"architecture": architecture})
    return write_bundle(root, made, {"model.onnx": tiny_network(), "weights.safetensors": weights}).bundle


def test_it_gives_the_vectors_of_onnx_runtime_in_full_float32(tmp_path: Path, loaded: list[tuple[Any, ...]]) -> None:
    bundle = put_torch(tmp_path)
    embedder = TorchEmbedder(bundle, "cpu")
    found = embedder.embed(PIXELS)
    np.testing.assert_allclose(found, OnnxEmbedder(bundle, 1).embed(PIXELS), atol=1e-5)
    assert (found.dtype, embedder.runtime, embedder.device) == (np.float32, "torch cpu", torch.device("cpu"))
    ((model, names, source, network),) = loaded
    assert (model, names, source) == (ZOO["resnet18"], ["means.weight"], str(bundle.path))
    assert set(network.flags) == {(True, True, False)}, "without gradients, with cuDNN, without TF32"


def test_a_pca_in_the_weights_projects_unit_vectors(tmp_path: Path, loaded: list[tuple[Any, ...]]) -> None:
    random = np.random.default_rng(3)
    mean = random.normal(size=DIMS).astype(np.float32)
    components = random.normal(size=(4, DIMS)).astype(np.float32)
    bundle = put_torch(tmp_path, **{MEAN_KEY: mean, COMPONENTS_KEY: components})
    found = TorchEmbedder(bundle, "cpu").embed(PIXELS)
    raw = PIXELS.mean(axis=(2, 3)) @ WEIGHTS
    expected = (raw / np.linalg.norm(raw, axis=1, keepdims=True) - mean) @ components.T
    np.testing.assert_allclose(found, expected / np.linalg.norm(expected, axis=1, keepdims=True), atol=1e-5)
    assert loaded[0][1] == ["means.weight"], "the network itself knows of no PCA"


@pytest.mark.parametrize("half", [MEAN_KEY, COMPONENTS_KEY])
def test_half_a_pca_is_refused(tmp_path: Path, loaded: list[tuple[Any, ...]], half: str) -> None:
    bundle = put_torch(tmp_path, **{half: np.ones((1, DIMS), np.float32)})
    with pytest.raises(InvalidBundle, match=r"weights\.safetensors holds half of a PCA"):
        TorchEmbedder(bundle, "cpu")


def test_an_architecture_that_torch_does_not_know_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidBundle, match="no torch network is known for the architecture 'channel means'"):
        TorchEmbedder(put_torch(tmp_path, "channel means"), "cpu")


def test_weights_that_do_not_fit_are_refused_with_the_bundles_place(tmp_path: Path) -> None:
    bundle = put_torch(tmp_path)
    with pytest.raises(InvalidBundle) as caught:
        TorchEmbedder(bundle, "cpu")
    assert caught.value.message.startswith(f"{bundle.path} does not hold the weights of resnet18")


def test_a_file_that_is_no_safetensors_is_refused(tmp_path: Path) -> None:
    made = record().model_copy(update={"architecture": ZOO["resnet18"].architecture})
    contents = {"model.onnx": tiny_network(), "weights.safetensors": b"no tensors"}
    bundle = write_bundle(tmp_path, made, contents).bundle
    with pytest.raises(InvalidBundle, match=r"weights\.safetensors cannot be read"):
        TorchEmbedder(bundle, "cpu")
