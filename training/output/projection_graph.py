"""Appends trained heads to the graph of a frozen bundle, behind its embedding."""

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


class _GraphAppender:
    """Adds nodes to a graph; only operators that mean the same in every opset, whichever the base is in."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self._graph = graph
        self._made = 0

    def add_constant(self, values: NDArray[np.float32]) -> str:
        name = f"{PREFIX}c{len(self._graph.initializer)}"
        self._graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(values, np.float32), name))
        return name

    def add_node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        self._made += 1
        name = f"{PREFIX}v{self._made}"
        self._graph.node.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def add_unit_rows(self, rows: str, dims: int) -> str:
        total = self.add_node(
            "MatMul", self.add_node("Mul", rows, rows), self.add_constant(np.ones((dims, 1), np.float32))
        )
        return self.add_node("Div", rows, self.add_node("Sqrt", total))

    def add_linear(self, rows: str, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> str:
        return self.add_node(
            "Add", self.add_node("MatMul", rows, self.add_constant(weight.T)), self.add_constant(bias)
        )


def append_heads(base: Bundle, learner: Learner, task: str | None) -> bytes:
    """Returns the graph of `base` with the learner's heads behind it: `embedding` and, for `task`, `logits`."""
    proto = onnx.load_from_string(base.read())
    graph = _GraphAppender(proto.graph)
    unit = graph.add_unit_rows(base.manifest.outputs[0].name, base.dims)
    blocks = {}
    for name, head in learner.heads.items():
        weight, bias = _read_weights(head)
        blocks[name] = graph.add_unit_rows(graph.add_linear(unit, weight, bias), len(weight))
    scaled = [
        graph.add_node("Mul", rows, graph.add_constant(np.array([np.sqrt(learner.shares[name])], dtype=np.float32)))
        for name, rows in blocks.items()
    ]
    dims = sum(len(_read_weights(head)[0]) for head in learner.heads.values())
    outputs = [_name_output(proto.graph, graph.add_node("Concat", *scaled, axis=1), "embedding", dims)]
    if task is not None:
        weight, bias = _read_weights(learner.classifiers[task])
        scale = graph.add_constant(learner.scales[task].detach().numpy().reshape(1))
        logits = graph.add_node("Mul", graph.add_linear(blocks[learner.block_of[task]], weight, bias), scale)
        outputs.append(_name_output(proto.graph, logits, LOGITS, len(weight)))
    del proto.graph.output[:]
    proto.graph.output.extend(outputs)
    return bytes(proto.SerializeToString(deterministic=True))


def _read_weights(layer: object) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    from torch.nn import Linear

    assert isinstance(layer, Linear)
    return layer.weight.detach().numpy(), layer.bias.detach().numpy()


def _name_output(graph: onnx.GraphProto, value: str, name: str, dims: int) -> onnx.ValueInfoProto:
    # The base's own embedding may bear the name already: its maker is renamed then.
    for node in graph.node:
        for names in (node.input, node.output):
            for index, one in enumerate(names):
                if one == name:
                    names[index] = f"{PREFIX}base_{name}"
    graph.node.append(helper.make_node("Identity", [value], [name]))
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", dims])
