"""The zoo through torch: weights from a server or a file, export with parity, the same vectors from torch.

Weights are random: this is about the path, not the quality. VGG16's half gigabyte of classifier is never made:
only its convolutions are used, and a state dict without the rest is enough.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: the zoo cannot be exported here")
torchvision = pytest.importorskip("torchvision")

from models.bundles.bundle import Bundle, load  # noqa: E402
from models.bundles.writer import BundleMaker  # noqa: E402
from models.errors import DeviceUnavailable, ExportFailed, WeightsUnavailable  # noqa: E402
from models.making.pca_export import export_pca  # noqa: E402
from models.making.photo_folder import PhotoFolder  # noqa: E402
from models.making.zoo import torch_export, torch_weights  # noqa: E402
from models.making.zoo.backbones import ZOO  # noqa: E402
from models.making.zoo.torch_export import WeightsOrigin, export_backbone  # noqa: E402
from models.making.zoo.torch_networks import build_network, load_network  # noqa: E402
from models.runtime.device import open_embedder  # noqa: E402
from models.runtime.onnx_embedder import OnnxEmbedder  # noqa: E402
from models.runtime.synthetic_inputs import draw_synthetic_pixels  # noqa: E402
from models.runtime.torch_embedder import TorchEmbedder, can_run_in_torch  # noqa: E402


def random_weights(name: str) -> dict[str, Any]:
    """A state dict as torchvision publishes it, head included where that is small."""
    torch.manual_seed(1)
    if name == "inception_v3":
        return dict(torchvision.models.inception_v3(weights=None, init_weights=False).state_dict())
    return dict(getattr(torchvision.models, name)(weights=None).state_dict())


@pytest.fixture(scope="session")
def resnet18_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("weights") / "mine.pth"
    torch.save(random_weights("resnet18"), file)
    return file


@pytest.fixture(scope="session")
def resnet18(tmp_path_factory: pytest.TempPathFactory, resnet18_file: Path) -> Bundle:
    origin = WeightsOrigin(Path("/nowhere"), resnet18_file, license="CC0")
    return export_backbone(
        ZOO["resnet18"], origin, BundleMaker("tests", "test", tmp_path_factory.mktemp("bundles")), threads=2
    ).bundle


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A torch cache of its own, and a folder for weights."""
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "cache"))
    return tmp_path / "weights"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    folder = tmp_path / "served"
    folder.mkdir()
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", folder
        running.shutdown()
        thread.join()


def publish_at(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Lets torchvision's own enum name another address for resnet18."""
    published = torchvision.models.ResNet18_Weights.IMAGENET1K_V1
    from dataclasses import replace

    monkeypatch.setattr(published, "_value_", replace(published.value, url=url))


@pytest.mark.parametrize("name", ZOO)
def test_numbers_are_torchvisions(name: str) -> None:
    model = ZOO[name]
    transforms = torch_weights.get_published(model).transforms()
    assert transforms.resize_size == [model.preprocessing.resize_shorter_side]
    assert transforms.crop_size == [model.preprocessing.center_crop]
    assert tuple(transforms.mean) == model.preprocessing.mean
    assert tuple(transforms.std) == model.preprocessing.std
    assert transforms.interpolation.value == model.preprocessing.interpolation
    assert torch_weights.get_file_name(model).endswith(".pth")


@pytest.mark.parametrize("name", ZOO)
def test_features_have_the_stated_size(name: str) -> None:
    """Without memory for the weights: shapes are worked out on torch's meta device."""
    model = ZOO[name]
    with torch.device("meta"):
        network = build_network(model)
        side = model.preprocessing.center_crop
        assert network(torch.empty(2, 3, side, side)).shape == (2, model.dims)


@pytest.mark.parametrize("name", ["resnet18", "inception_v3"])
def test_body_is_torchvisions_network_before_its_classifier(name: str) -> None:
    weights = random_weights(name)
    network = load_network(ZOO[name], weights, "test")
    whole = (
        torchvision.models.inception_v3(weights=None, init_weights=False, transform_input=True)
        if name == "inception_v3"
        else torchvision.models.resnet18(weights=None)
    )
    whole.load_state_dict(weights)
    pixels = torch.from_numpy(draw_synthetic_pixels(ZOO[name].preprocessing.center_crop, 2))
    with torch.inference_mode():
        logits = whole.eval()(pixels)
        torch.testing.assert_close(whole.fc(network(pixels)), logits, rtol=1e-4, atol=1e-4)


def test_export_from_a_local_file(resnet18: Bundle) -> None:
    verified = load(resnet18.path)
    assert (verified.name, verified.dims, verified.manifest.origin) == ("resnet18", 512, "exported")
    assert sorted(path.name for path in verified.path.iterdir()) == [
        "bundle.json",
        "canonical.json",
        "model.onnx",
        "weights.safetensors",
    ]
    assert verified.manifest.licenses.weights == "CC0"
    assert "mine.pth" in str(verified.manifest.training.data_fingerprint)
    parity = verified.manifest.metrics["torch_parity_cosine"]
    assert isinstance(parity, float)
    assert parity >= 0.9999
    assert b"site-packages" not in verified.read()  # nothing of this machine, or the version would depend on it


def test_same_weights_give_the_same_version(resnet18: Bundle, resnet18_file: Path, tmp_path: Path) -> None:
    origin = WeightsOrigin(Path("/nowhere"), resnet18_file)
    assert (
        export_backbone(ZOO["resnet18"], origin, BundleMaker("somebody", "else", tmp_path), threads=2).bundle.version
        == resnet18.version
    )


def test_torch_gives_the_vectors_of_onnx_runtime(resnet18: Bundle) -> None:
    pixels = draw_synthetic_pixels(224, 5)
    pixels[2] = np.nan
    ours, theirs = OnnxEmbedder(resnet18, 2), TorchEmbedder(resnet18, "cpu")
    assert theirs.runtime == "torch cpu"
    found, expected = theirs.embed(pixels), ours.embed(pixels)
    assert np.isnan(found[2]).all()
    np.testing.assert_allclose(np.delete(found, 2, 0), np.delete(expected, 2, 0), atol=1e-5)


def test_pca_runs_in_torch_too(resnet18: Bundle, tmp_path: Path) -> None:
    from PIL import Image

    random = np.random.default_rng(0)
    for number in range(12):
        coarse = random.integers(0, 256, (6, 6, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((80, 60)).save(tmp_path / f"{number}.png")
    made = export_pca(resnet18, PhotoFolder(tmp_path), 4, BundleMaker("tests", "test", tmp_path / "b")).bundle
    assert can_run_in_torch(made)
    pixels = draw_synthetic_pixels(224, 3)
    np.testing.assert_allclose(TorchEmbedder(made, "cpu").embed(pixels), OnnxEmbedder(made).embed(pixels), atol=1e-3)


def test_another_architecture_exports(tmp_path: Path) -> None:
    """VGG16 from its convolutions alone, in their real sizes."""
    weights = build_network(ZOO["vgg16"]).state_dict()
    for name, value in weights.items():
        if name.endswith("weight"):
            torch.nn.init.kaiming_normal_(value)
        else:
            torch.nn.init.zeros_(value)
    torch.save(weights, tmp_path / "vgg.pth")
    made = export_backbone(
        ZOO["vgg16"], WeightsOrigin(tmp_path, tmp_path / "vgg.pth"), BundleMaker("tests", "test", tmp_path / "b")
    ).bundle
    assert (made.dims, made.manifest.licenses.weights) == (512, "unknown")
    assert len(made.read()) < 70_000_000


def test_disagreement_is_refused() -> None:
    one, other = (load_network(ZOO["resnet18"], weights, "test") for weights in two_resnets())
    with pytest.raises(ExportFailed, match="nothing was written"):
        torch_export.measure_parity(other, torch_export.export_onnx(one, 224), "resnet18", 224, 512, 2)


def two_resnets() -> list[dict[str, Any]]:
    weights = random_weights("resnet18")
    changed = {
        key: value.roll(1, 0) if key.startswith("layer3") and value.ndim else value for key, value in weights.items()
    }
    return [weights, changed]


def test_download_by_torchvisions_loader(
    server: tuple[str, Path], empty_cache: Path, monkeypatch: pytest.MonkeyPatch, resnet18_file: Path
) -> None:
    url, folder = server
    content = resnet18_file.read_bytes()
    name = f"resnet18-{hashlib.sha256(content).hexdigest()[:8]}.pth"
    (folder / name).write_bytes(content)
    publish_at(monkeypatch, f"{url}/{name}")
    weights, source = torch_weights.load_weights(ZOO["resnet18"], empty_cache)
    assert source == empty_cache / name
    assert "fc.weight" in weights
    (folder / name).unlink()
    again, _ = torch_weights.load_weights(ZOO["resnet18"], empty_cache)  # from the folder, nothing is fetched
    assert again.keys() == weights.keys()


def test_download_with_another_hash_is_refused(
    server: tuple[str, Path], empty_cache: Path, monkeypatch: pytest.MonkeyPatch, resnet18_file: Path
) -> None:
    url, folder = server
    (folder / "resnet18-0123abcd.pth").write_bytes(resnet18_file.read_bytes())
    publish_at(monkeypatch, f"{url}/resnet18-0123abcd.pth")
    with pytest.raises(WeightsUnavailable, match="invalid hash value"):
        torch_weights.load_weights(ZOO["resnet18"], empty_cache)
    assert list(empty_cache.iterdir()) == []


def test_unreachable_download_names_file_and_folder(
    server: tuple[str, Path], empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_at(monkeypatch, f"{server[0]}/resnet18-f37072fd.pth")
    with pytest.raises(WeightsUnavailable) as caught:
        torch_weights.load_weights(ZOO["resnet18"], empty_cache)
    message = caught.value.message
    assert "HTTP Error 404" in message
    assert f"Place the file resnet18-f37072fd.pth ({server[0]}/resnet18-f37072fd.pth) into {empty_cache}" in message


@pytest.mark.parametrize("place", ["weights", "cache/checkpoints"])
def test_placed_file_is_found_and_checked(
    empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, resnet18_file: Path, place: str
) -> None:
    content = resnet18_file.read_bytes()
    name = f"resnet18-{hashlib.sha256(content).hexdigest()[:8]}.pth"
    publish_at(monkeypatch, f"http://127.0.0.1:9/{name}")
    folder = tmp_path / place
    folder.mkdir(parents=True)
    (folder / name).write_bytes(content)
    assert torch_weights.load_weights(ZOO["resnet18"], empty_cache)[1] == folder / name
    (folder / name).write_bytes(content[:-100])
    with pytest.raises(WeightsUnavailable, match=r"is not the published file.*--weights"):
        torch_weights.load_weights(ZOO["resnet18"], empty_cache)


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("/tmp/models-test-evil"),))


def test_pickled_code_is_not_run(tmp_path: Path) -> None:
    torch.save({"weight": Evil()}, tmp_path / "evil.pth")
    with pytest.raises(WeightsUnavailable, match="cannot be read as weights"):
        torch_weights.read_weights(tmp_path / "evil.pth")
    assert not Path("/tmp/models-test-evil").exists()


@pytest.mark.parametrize("name", ["cut.pth", "cut.safetensors"])
def test_files_that_are_no_weights(tmp_path: Path, resnet18_file: Path, name: str) -> None:
    (tmp_path / name).write_bytes(resnet18_file.read_bytes()[:1000])
    with pytest.raises(WeightsUnavailable, match="cut"):
        torch_weights.read_weights(tmp_path / name)
    with pytest.raises(WeightsUnavailable, match="no weights file"):
        torch_weights.read_weights(tmp_path / "absent.pth")


def test_whole_networks_and_foreign_weights(tmp_path: Path, resnet18_file: Path) -> None:
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(WeightsUnavailable, match="no state dict"):
        torch_weights.read_weights(tmp_path / "list.pth")
    with pytest.raises(WeightsUnavailable, match="does not hold the weights of vgg16"):
        load_network(ZOO["vgg16"], torch_weights.read_weights(resnet18_file), "mine.pth")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_cuda_without_a_gpu(resnet18: Bundle) -> None:
    with pytest.raises(DeviceUnavailable, match="torch sees no CUDA GPU here"):
        open_embedder(resnet18, device="cuda")
    assert open_embedder(resnet18, device="auto").runtime == "onnxruntime cpu"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_gpu_gives_the_vectors_of_the_cpu(resnet18: Bundle) -> None:
    pixels = draw_synthetic_pixels(224, 8)
    embedder = open_embedder(resnet18, device="cuda")
    assert embedder.runtime == "torch cuda"
    np.testing.assert_allclose(embedder.embed(pixels), OnnxEmbedder(resnet18).embed(pixels), atol=1e-4)
