"""Finds a foreign ONNX file's one image input and one embedding output before it is run."""

from dataclasses import dataclass

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import TensorProto

from models.errors import InvalidModel


@dataclass(frozen=True, slots=True)
class GraphSignature:
    """Names of the image input and the embedding output."""

    input: str
    output: str


def parse_onnx(content: bytes, source: str) -> onnx.ModelProto:
    """Returns the model in `content`; raises InvalidModel where it is none."""
    try:
        model = onnx.load_from_string(content)
    except DecodeError as error:
        raise InvalidModel(f"{source} is not an ONNX file, or is cut short") from error
    if not model.graph.node:
        raise InvalidModel(f"{source} is not an ONNX model: it has no graph")
    return model


def find_signature(model: onnx.ModelProto, source: str, side: int, output: str | None) -> GraphSignature:
    """Returns image input and embedding output (`output`, needed where there are several); raises InvalidModel."""
    weights = {one.name for one in model.graph.initializer}
    inputs = [one for one in model.graph.input if one.name not in weights]
    if len(inputs) != 1:
        raise InvalidModel(f"{source} takes {_format_values(inputs)}: a model takes one image and nothing else")
    _check_image(inputs[0], source, side)
    return GraphSignature(inputs[0].name, _choose_output(model, source, output))


def keep_output(model: onnx.ModelProto, output: str) -> bytes:
    """Returns the model with `output` as its only output."""
    kept = [one for one in model.graph.output if one.name == output]
    del model.graph.output[:]
    model.graph.output.extend(kept)
    return bytes(model.SerializeToString(deterministic=True))


def _check_image(value: onnx.ValueInfoProto, source: str, side: int) -> None:
    tensor = value.type.tensor_type
    sizes = [one.dim_value if one.HasField("dim_value") else None for one in tensor.shape.dim]
    shown = f"{source}: input '{value.name}' is {TensorProto.DataType.Name(tensor.elem_type)} {_format_shape(value)}"
    if tensor.elem_type != TensorProto.FLOAT:
        raise InvalidModel(f"{shown}: pixels must be FLOAT (float32)")
    if len(sizes) != 4 or sizes[1] not in (3, None):
        raise InvalidModel(f"{shown}: it must be an image, [N, 3, height, width]")
    if sizes[0] is not None:
        raise InvalidModel(f"{shown}: its batch size is fixed; export it with a free first dimension")
    if any(size not in (side, None) for size in sizes[2:]):
        raise InvalidModel(f"{shown}: the preprocessing's center_crop gives {side} × {side}")


def _choose_output(model: onnx.ModelProto, source: str, wanted: str | None) -> str:
    names = [one.name for one in model.graph.output]
    if wanted is None and len(names) != 1:
        raise InvalidModel(f"{source} gives {_format_values(model.graph.output)}: choose one with --output")
    if wanted is not None and wanted not in names:
        raise InvalidModel(f"{source} has no output '{wanted}', only {_format_values(model.graph.output)}")
    return wanted or names[0]


def _format_values(values: "list[onnx.ValueInfoProto]") -> str:
    shown = ", ".join(f"'{one.name}' {_format_shape(one)}" for one in values)
    return f"{len(values)} values ({shown})" if values else "nothing"


def _format_shape(value: onnx.ValueInfoProto) -> str:
    dims = [
        str(one.dim_value) if one.HasField("dim_value") else one.dim_param or "?"
        for one in value.type.tensor_type.shape.dim
    ]
    return f"[{', '.join(dims)}]"
