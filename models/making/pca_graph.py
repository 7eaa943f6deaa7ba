"""Puts a PCA behind the last layer of an ONNX model: normalise, subtract the mean, project, normalise."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from models.making.pca import Projection


def append(model: bytes, output: str, projection: Projection) -> tuple[bytes, str]:
    """`model` with the projection behind `output` [N,D], and the name of the new only output [N,k].

    Only operators that mean the same in every opset are used, whichever the model is in. A row without a direction
    becomes NaN, not some other product's neighbour.
    """
    proto = onnx.load_from_string(model)
    prefix = f"{output}_pca{projection.dims}"
    ones = np.ones((projection.mean.size, 1), dtype=np.float32)
    constants = {
        f"{prefix}/ones": ones,
        f"{prefix}/short_ones": ones[: projection.dims],
        f"{prefix}/mean": projection.mean,
        f"{prefix}/components": np.ascontiguousarray(projection.components.T),
    }
    proto.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in constants.items())
    proto.graph.node.extend(_unit(output, f"{prefix}/ones", f"{prefix}/unit"))
    proto.graph.node.append(helper.make_node("Sub", [f"{prefix}/unit", f"{prefix}/mean"], [f"{prefix}/centred"]))
    proto.graph.node.append(
        helper.make_node("MatMul", [f"{prefix}/centred", f"{prefix}/components"], [f"{prefix}/projected"])
    )
    proto.graph.node.extend(_unit(f"{prefix}/projected", f"{prefix}/short_ones", prefix))
    del proto.graph.output[:]
    proto.graph.output.append(helper.make_tensor_value_info(prefix, TensorProto.FLOAT, ["N", projection.dims]))
    return proto.SerializeToString(deterministic=True), prefix


def _unit(value: str, ones: str, result: str) -> list[onnx.NodeProto]:
    return [
        helper.make_node("Mul", [value, value], [f"{result}/squares"]),
        helper.make_node("MatMul", [f"{result}/squares", ones], [f"{result}/sum"]),
        helper.make_node("Sqrt", [f"{result}/sum"], [f"{result}/norm"]),
        helper.make_node("Div", [value, f"{result}/norm"], [result]),
    ]
