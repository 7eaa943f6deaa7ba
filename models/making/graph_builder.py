"""Builds ONNX graphs node by node, so that recipes read like the formulas they are."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 8  # what opset 17 was released with; every ONNX Runtime since 1.12 reads it


class GraphBuilder:
    """Collects nodes and constants; `op` returns the name of the new value."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Appends one node of `kind` with one output and returns that output's name."""
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def constant(self, values: ArrayLike, dtype: type[np.generic] = np.float32) -> str:
        """Stores `values` as an initializer and returns its name."""
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values, dtype=dtype), name))
        return name

    def model(self, side: int, output: str, dims: int, name: str) -> onnx.ModelProto:
        """Returns the checked model from `pixels` [N,3,side,side] to `embedding` [N,dims], both float32."""
        nodes = [*self.nodes, helper.make_node("Identity", [output], ["embedding"])]
        graph = helper.make_graph(
            nodes,
            name,
            [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["N", 3, side, side])],
            [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["N", dims])],
            self.constants,
        )
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, producer_name="visual-search")
        model.ir_version = IR_VERSION
        onnx.checker.check_model(model, full_check=True)
        return model

    def conv(self, value: str, weights: ArrayLike, bias: Sequence[float] | None = None, **attributes: Any) -> str:
        """Adds a convolution with constant `weights` [out,in,kh,kw]."""
        constants = [self.constant(weights)] + ([self.constant(bias)] if bias is not None else [])
        return self.op("Conv", value, *constants, **attributes)

    def unit(self, value: str, axis: int = 1) -> str:
        """Scales `value` to L2 norm 1 along `axis`; an all-zero row stays zero."""
        squares = self.op("Mul", value, value)
        total = self.op("ReduceSum", squares, self.constant([axis], np.int64), keepdims=1)
        norm = self.op("Sqrt", self.op("Add", total, self.constant(1e-12)))
        return self.op("Div", value, norm)
