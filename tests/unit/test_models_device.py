"""Which runtime embeds many photos, by the device asked for and what there is."""

from __future__ import annotations

import logging
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest

from models.bundles.bundle import Bundle
from models.bundles.writer import write_bundle
from models.errors import DeviceUnavailable
from models.making.zoo.backbones import ZOO
from models.runtime import device as devices
from models.runtime import torch_embedder
from models.runtime.device import Device, open_embedder
from models.runtime.torch_embedder import can_run_in_torch, has_cuda
from tests.unit.models_making import put, record, settings_for, tiny_network


class NotedTorch:
    """Stands for the torch embedder on a machine that may have neither torch nor a GPU."""

    def __init__(self, bundle: Bundle, device: str) -> None:
        self.bundle = bundle
        self.runtime = f"torch {device}"


class NotedOnnx:
    """Stands for the ONNX embedder and keeps its threads."""

    runtime = "onnxruntime cpu"

    def __init__(self, bundle: Bundle, threads: int | None) -> None:
        self.bundle = bundle
        self.threads = threads


def put_weights(root: Path, architecture: str = ZOO["resnet18"].architecture, weights: bool = True) -> Bundle:
    made = record().model_copy(update={"architecture": architecture})
    contents = {"model.onnx": tiny_network()} | ({"weights.safetensors": b"weights"} if weights else {})
    return write_bundle(root, made, contents).bundle


def have_gpu(monkeypatch: pytest.MonkeyPatch, gpu: bool, torch: bool = True) -> None:
    def find(name: str) -> object:
        return (SimpleNamespace() if torch else None) if name == "torch" else find_spec(name)

    monkeypatch.setattr(devices, "find_spec", find)
    monkeypatch.setattr(torch_embedder, "has_cuda", lambda: gpu)
    monkeypatch.setattr(torch_embedder, "TorchEmbedder", NotedTorch)


def test_torch_runs_zoo_bundles_that_carry_their_weights(tmp_path: Path) -> None:
    assert can_run_in_torch(put_weights(tmp_path / "zoo"))
    assert not can_run_in_torch(put_weights(tmp_path / "unknown", "channel means"))
    assert not can_run_in_torch(put_weights(tmp_path / "bare", weights=False))


@pytest.mark.parametrize(
    ("device", "gpu", "weights", "runtime", "warned"),
    [
        ("auto", True, True, "torch cuda", False),
        ("auto", True, False, "onnxruntime cpu", False),
        ("auto", False, True, "onnxruntime cpu", False),
        ("cpu", True, True, "onnxruntime cpu", False),
        ("cuda", True, True, "torch cuda", False),
        ("cuda", True, False, "onnxruntime cpu", True),
    ],
)
def test_the_gpu_is_used_where_it_may_be_and_there_is_one(
    device: Device,
    gpu: bool,
    weights: bool,
    runtime: str,
    warned: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    have_gpu(monkeypatch, gpu)
    bundle = put_weights(tmp_path, weights=weights)
    with caplog.at_level(logging.WARNING):
        embedder = open_embedder(bundle, device, settings=settings_for(tmp_path))
    assert (embedder.runtime, embedder.bundle) == (runtime, bundle)
    said = [line.getMessage() for line in caplog.records]
    expected = f"{bundle.space.name} has no weights.safetensors that torch could run"
    assert [line.partition(":")[0] for line in said] == ([expected] if warned else [])


def test_auto_is_what_nobody_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    have_gpu(monkeypatch, gpu=True)
    bundle = put_weights(tmp_path)
    assert open_embedder(bundle, settings=settings_for(tmp_path)).runtime == "torch cuda"


@pytest.mark.parametrize(
    ("torch", "said"),
    [(True, "torch sees no CUDA GPU here"), (False, r"needs torch: pip install -r requirements-torch.txt")],
)
def test_cuda_that_is_not_there_is_a_clear_error(
    torch: bool, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    have_gpu(monkeypatch, gpu=False, torch=torch)
    with pytest.raises(DeviceUnavailable, match=rf"{said}.* the device auto or cpu"):
        open_embedder(put_weights(tmp_path), "cuda", settings=settings_for(tmp_path))


def test_names_and_threads_are_looked_up_in_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "OnnxEmbedder", NotedOnnx)
    bundle = put(tmp_path)
    settings = settings_for(tmp_path).model_copy(update={"model_threads": 5})

    def open_noted(threads: int | None = None) -> NotedOnnx:
        embedder = open_embedder("tiny", "cpu", threads, settings)
        assert isinstance(embedder, NotedOnnx)
        return embedder

    assert (open_noted().bundle, open_noted().threads, open_noted(2).threads) == (bundle, 5, 2)


def test_without_settings_the_environment_says_where_models_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = put(tmp_path)
    monkeypatch.setenv("BUNDLES", str(tmp_path))
    assert open_embedder("tiny", "cpu").bundle == bundle


def test_there_is_no_cuda_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert has_cuda() is False


@pytest.mark.parametrize("gpu", [True, False])
def test_torch_says_whether_there_is_cuda(gpu: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = SimpleNamespace(cuda=SimpleNamespace(is_available=lambda: gpu))
    monkeypatch.setitem(sys.modules, "torch", torch)
    assert has_cuda() is gpu
