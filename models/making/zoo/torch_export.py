"""Exports a zoo network to a bundle: ONNX in one file, proved equal to torch, with weights for a GPU beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from catalog.similarity import cosine
from models.bundles.fingerprint import sha256_file
from models.bundles.manifest import (
    MODEL_FILE,
    WEIGHTS_FILE,
    Licenses,
    ModelDescription,
    Tensor,
    Training,
    describe_environment,
)
from models.bundles.writer import BundleMaker, StoredBundle, write_bundle
from models.errors import DeviceUnavailable, ExportFailed
from models.making.zoo.backbones import Backbone
from models.making.zoo.torch_networks import load_network
from models.making.zoo.torch_weights import load_weights
from models.runtime.embedder import normalize_rows
from models.runtime.onnx_embedder import open_session
from models.runtime.synthetic_inputs import draw_synthetic_pixels

if TYPE_CHECKING:
    import onnx
    from torch.nn import Module

MIN_PARITY = 0.9999  # cosine of ONNX Runtime's answer with torch's, for every trial picture
OPSET = 18  # what torch's exporter writes natively


@dataclass(frozen=True, slots=True)
class WeightsOrigin:
    """Says which weights to export: `own_weights`, or the published ones where it is None."""

    weights_folder: Path
    own_weights: Path | None = None
    license: str = "unknown"  # of own weights

    def get_licenses(self, model: Backbone) -> Licenses:
        if self.own_weights is None:
            return model.licenses
        return Licenses(
            code=model.licenses.code, weights=self.license, data="unknown", scripts=model.licenses.scripts
        )


def export_backbone(
    model: Backbone, origin: WeightsOrigin, maker: BundleMaker, threads: int | None = None
) -> StoredBundle:
    """Writes the bundle of `model`.

    Raises DeviceUnavailable without torch, WeightsUnavailable where weights cannot be had, ExportFailed when the
    graph and the network disagree (cosine below MIN_PARITY).
    """
    _require_torch()
    weights, source = load_weights(model, origin.weights_folder, origin.own_weights)
    network = load_network(model, weights, str(source))
    side = model.preprocessing.center_crop
    graph = export_onnx(network, side)
    parity = measure_parity(network, graph, model.name, side, model.dims, threads)
    record = _describe_backbone(model, origin, source, maker, parity)
    return write_bundle(maker.root, record, {MODEL_FILE: graph, WEIGHTS_FILE: to_safetensors(network)})


def export_onnx(network: Module, side: int, outputs: Sequence[str] = ("embedding",)) -> bytes:
    """Returns `network` as ONNX: `pixels` [N,3,side,side] → `outputs`, N free, in one file, no traces of paths.

    A network that predicts classes gives a pair of tensors: name `outputs` ("embedding", "logits").
    """
    import torch

    program = torch.onnx.export(
        network,
        (torch.zeros(2, 3, side, side),),
        dynamo=True,
        external_data=False,
        input_names=["pixels"],
        output_names=list(outputs),
        dynamic_shapes=({0: torch.export.Dim("N")},),
        opset_version=OPSET,
        verbose=False,
    )
    if program is None:
        raise ExportFailed("torch.onnx.export gave no program")
    return bytes(_strip_metadata(program.model_proto).SerializeToString(deterministic=True))


def measure_parity(
    network: Module, graph: bytes, name: str, side: int, dims: int, threads: int | None = None
) -> float:
    """Returns the lowest cosine of torch with ONNX Runtime over synthetic pictures, embedding and logits.

    Raises ExportFailed below MIN_PARITY, or where the embedding has not `dims` dimensions.
    """
    import torch

    pixels = draw_synthetic_pixels(side)
    with torch.inference_mode():
        answer = network(torch.from_numpy(pixels))
    expected = [part.numpy() for part in (answer if isinstance(answer, tuple) else (answer,))]
    session = open_session(graph, threads)
    alone, rest = (session.run(None, {"pixels": part}) for part in (pixels[:1], pixels[1:]))
    found = [np.concatenate(parts) for parts in zip(alone, rest, strict=True)]
    lowest = min(
        float(np.diagonal(cosine(normalize_rows(left), normalize_rows(right))).min())
        for left, right in zip(expected, found, strict=True)
    )
    if not lowest >= MIN_PARITY or found[0].shape[1] != dims:  # `not` also catches NaN
        raise ExportFailed(
            f"{name}: ONNX and torch agree only to a cosine of {lowest:.6f} (at least {MIN_PARITY} is needed), "
            f"with {found[0].shape[1]} dimensions of {dims}: nothing was written",
            cosine=lowest,
        )
    return lowest


def to_safetensors(network: Module) -> bytes:
    """Returns the network's weights in the safetensors format."""
    from safetensors.torch import save

    return save({name: value.contiguous() for name, value in network.state_dict().items()})


def _strip_metadata(model: onnx.ModelProto) -> onnx.ModelProto:
    """Drops stack traces and file names, which depend on the machine: the same weights give one version."""
    from onnx import ModelProto

    plain = ModelProto()
    plain.CopyFrom(model)
    del plain.metadata_props[:]
    del plain.graph.metadata_props[:]
    for part in (*plain.graph.node, *plain.graph.input, *plain.graph.output, *plain.graph.value_info):
        del part.metadata_props[:]
        part.doc_string = ""
    return plain


def _describe_backbone(
    model: Backbone, origin: WeightsOrigin, source: Path, maker: BundleMaker, parity: float
) -> ModelDescription:
    side = model.preprocessing.center_crop
    return ModelDescription(
        name=model.name,
        origin="exported",
        owner=maker.owner,
        architecture=model.architecture,
        inputs=(Tensor(name="pixels", shape=("N", 3, side, side), dtype="float32"),),
        outputs=(Tensor(name="embedding", shape=("N", model.dims), dtype="float32"),),
        dims=model.dims,
        preprocessing=model.preprocessing,
        training=Training(
            data_fingerprint=f"weights {source.name} sha256 {sha256_file(source)}",
            command=maker.command,
            environment=describe_environment("torch", "torchvision", "onnx"),
        ),
        metrics={"torch_parity_cosine": round(parity, 8)},
        licenses=origin.get_licenses(model),
    )


def _require_torch() -> None:
    try:
        import torch  # noqa: F401
        import torchvision  # noqa: F401
    except ImportError as error:
        raise DeviceUnavailable(
            "torch and torchvision are needed to export this model: pip install -r requirements-torch.txt"
        ) from error
