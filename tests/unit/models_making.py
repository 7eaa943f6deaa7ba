"""Small networks and bundles for the tests of the model room."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from models.bundles.bundle import Bundle
from models.bundles.manifest import Licenses, Limits, ModelDescription, Preprocessing, Tensor
from models.bundles.writer import StoredBundle, write_bundle
from models.settings import ModelSettings

SIDE = 8
DIMS = 6
PREPROCESSING = Preprocessing(
    resize_shorter_side=10,
    interpolation="bilinear",
    center_crop=SIDE,
    mean=(0.5, 0.5, 0.5),
    std=(0.5, 0.5, 0.5),
    color="RGB",
)
LICENSES = Licenses(code="MIT", weights="CC0", data="none", scripts="MIT")
WEIGHTS = np.random.default_rng(7).normal(size=(3, DIMS)).astype(np.float32)


def tiny_network(
    weights: np.ndarray = WEIGHTS,
    batch: str | int = "N",
    input_type: int = TensorProto.FLOAT,
    extra_inputs: int = 0,
    outputs: tuple[str, ...] = ("embedding",),
    before: str = "GlobalAveragePool",
) -> bytes:
    """`pixels` [N,3,8,8] → channel means times `weights` [3,D], once per name in `outputs`."""
    shape = [batch, 3, SIDE, SIDE]
    inputs = [helper.make_tensor_value_info("pixels", input_type, shape)]
    inputs += [helper.make_tensor_value_info(f"extra{n}", input_type, shape) for n in range(extra_inputs)]
    nodes = [helper.make_node(before, ["pixels"], ["pooled"]), helper.make_node("Flatten", ["pooled"], ["means"])]
    nodes += [helper.make_node("MatMul", ["means", "weights"], [name]) for name in outputs]
    dims = int(weights.shape[1])
    given = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [batch, dims]) for name in outputs]
    graph = helper.make_graph(nodes, "tiny", inputs, given, [numpy_helper.from_array(weights, "weights")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    return bytes(model.SerializeToString())


def record(name: str = "tiny", licenses: Licenses = LICENSES, max_batch: int = 64) -> ModelDescription:
    return ModelDescription(
        name=name,
        origin="imported",
        owner="tests",
        architecture="channel means",
        inputs=(Tensor(name="pixels", shape=("N", 3, SIDE, SIDE), dtype="float32"),),
        outputs=(Tensor(name="embedding", shape=("N", DIMS), dtype="float32"),),
        dims=DIMS,
        preprocessing=PREPROCESSING,
        limits=Limits(max_batch=max_batch),
        licenses=licenses,
    )


def put(root: Path, name: str = "tiny", seed: int = 7, day: int = 1, **more: int) -> Bundle:
    """A tiny bundle below `root`, of another version for every `seed`, created on that day of 2026."""
    return put_whole(root, name, seed, day, **more).bundle


def put_whole(root: Path, name: str = "tiny", seed: int = 7, day: int = 1, **more: int) -> StoredBundle:
    weights = np.random.default_rng(seed).normal(size=(3, DIMS)).astype(np.float32)
    created = datetime(2026, 1, day, tzinfo=UTC)
    return write_bundle(root, record(name, **more), {"model.onnx": tiny_network(weights)}, created)


def settings_for(root: Path) -> ModelSettings:
    return ModelSettings(bundles=root, model_weights=root / "no-weights")


def edit(bundle: Bundle, **changes: object) -> None:
    """Rewrite fields of bundle.json behind everybody's back; a value of None removes the field."""
    file = bundle.path / "bundle.json"
    content = json.loads(file.read_text()) | changes
    file.write_text(json.dumps({key: value for key, value in content.items() if value is not None}))
