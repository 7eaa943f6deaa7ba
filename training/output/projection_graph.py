"""Writes trained heads behind the embedding of a frozen bundle's graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from models.bundles.bundle import Bundle
from models.bundles.manifest import LOGITS
from training.learning.networks import Learner

PREFIX = "trained/"


class _Behind:
    """Appends nodes; only operators that mean the same in every opset, whichever the base is in."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self._graph = graph
        self._made = 0

    def constant(self, values: NDArray[np.float32]) -> str:
        name = f"{PREFIX}c{len(self._graph.initializer)}"
        self._graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(values, np.float32), name))
        return name

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        self._made += 1
        name = f"{PREFIX}v{self._made}"
        self._graph.node.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def unit(self, rows: str, dims: int) -> str:
        total = self.node("MatMul", self.node("Mul", rows, rows), self.constant(np.ones((dims, 1), np.float32)))
        return self.node("Div", rows, self.node("Sqrt", total))

    def linear(self, rows: str, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> str:
        return self.node("Add", self.node("MatMul", rows, self.constant(weight.T)), self.constant(bias))


def append(base: Bundle, learner: Learner, task: str | None) -> bytes:
    """The graph of `base` with the learner's heads behind it: `embedding` and, for `task`, `logits`."""
    proto = onnx.load_from_string(base.read())
    graph = _Behind(proto.graph)
    unit = graph.unit(base.manifest.outputs[0].name, base.dims)
    blocks = {}
    for name, head in learner.heads.items():
        weight, bias = _arrays(head)
        blocks[name] = graph.unit(graph.linear(unit, weight, bias), len(weight))
    scaled = [
        graph.node("Mul", rows, graph.constant(np.array([np.sqrt(learner.shares[name])], dtype=np.float32)))
        for name, rows in blocks.items()
    ]
    dims = sum(len(_arrays(head)[0]) for head in learner.heads.values())
    outputs = [_named(proto.graph, graph.node("Concat", *scaled, axis=1), "embedding", dims)]
    if task is not None:
        weight, bias = _arrays(learner.classifiers[task])
        scale = graph.constant(learner.scales[task].detach().numpy().reshape(1))
        logits = graph.node("Mul", graph.linear(blocks[learner.block_of[task]], weight, bias), scale)
        outputs.append(_named(proto.graph, logits, LOGITS, len(weight)))
    del proto.graph.output[:]
    proto.graph.output.extend(outputs)
    return bytes(proto.SerializeToString(deterministic=True))


def _arrays(layer: object) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    from torch.nn import Linear

    assert isinstance(layer, Linear)
    return layer.weight.detach().numpy(), layer.bias.detach().numpy()


def _named(graph: onnx.GraphProto, value: str, name: str, dims: int) -> onnx.ValueInfoProto:
    # The base's own embedding may bear the name already: its maker is renamed then.
    for node in graph.node:
        for names in (node.input, node.output):
            for index, one in enumerate(names):
                if one == name:
                    names[index] = f"{PREFIX}base_{name}"
    graph.node.append(helper.make_node("Identity", [value], [name]))
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", dims])
