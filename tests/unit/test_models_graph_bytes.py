"""ONNX files byte by byte, as no library would write them: what readers find in them is found here too."""

from __future__ import annotations

import pytest

from models.runtime.graph_safety import MAX_DEPTH, RefusedGraph, check_graph

# Field numbers of onnx.proto3, by kind of message.
MODEL_GRAPH = 7
GRAPH_NODE, GRAPH_TENSOR = 1, 5
NODE_NAME, NODE_OP_TYPE, NODE_ATTRIBUTE = 3, 4, 5
ATTRIBUTE_GRAPH = 6
TENSOR_DATA_TYPE, TENSOR_EXTERNAL_DATA, TENSOR_LOCATION = 2, 13, 14

UNKNOWN = 100  # a field that ONNX does not have; readers skip it


def varint(value: int) -> bytes:
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


def key(number: int, wire: int) -> bytes:
    return varint(number << 3 | wire)


def field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return key(number, 0) + varint(value)
    return key(number, 2) + varint(len(value)) + value


def with_tensor(content: bytes) -> bytes:
    return field(MODEL_GRAPH, field(GRAPH_TENSOR, content))


def with_node(content: bytes) -> bytes:
    return field(MODEL_GRAPH, field(GRAPH_NODE, content))


def nested(levels: int) -> bytes:
    """A graph in an attribute of a node in a graph and so on, `levels` messages below the model."""
    numbers = [MODEL_GRAPH] + [(GRAPH_NODE, NODE_ATTRIBUTE, ATTRIBUTE_GRAPH)[at % 3] for at in range(levels - 1)]
    content = b""
    for number in reversed(numbers):
        content = field(number, content)
    return content


EXTERNAL_WEIGHTS = with_tensor(field(TENSOR_LOCATION, 1))


@pytest.mark.parametrize(
    "tensor",
    [
        field(TENSOR_LOCATION, 1),
        field(TENSOR_EXTERNAL_DATA, b""),
        field(TENSOR_LOCATION, 2**32 + 1),
        field(TENSOR_LOCATION, 2**64 - 2**32 + 1),
        key(TENSOR_LOCATION, 0) + b"\x81" + b"\x80" * 8 + b"\x00",
        field(TENSOR_LOCATION, 0) + field(TENSOR_LOCATION, 1),
    ],
    ids=[
        "location",
        "data",
        "33 bits that readers cut to 1",
        "64 bits that readers cut to 1",
        "padded 1",
        "last wins",
    ],
)
def test_weights_in_other_files_are_found_however_they_are_written(tensor: bytes) -> None:
    with pytest.raises(RefusedGraph, match="external data"):
        check_graph(with_tensor(tensor))


@pytest.mark.parametrize(
    "model",
    [
        b"",
        with_tensor(field(TENSOR_LOCATION, 0)),
        with_tensor(field(TENSOR_DATA_TYPE, 1)),
        with_node(field(NODE_NAME, b"Loop") + field(NODE_OP_TYPE, b"Identity")),
        field(MODEL_GRAPH, 1),
        field(UNKNOWN, b""),
        field(UNKNOWN, b"\xff" * 300),
        key(UNKNOWN, 1) + b"\xff" * 8,
        key(UNKNOWN, 5) + b"\xff" * 4,
    ],
    ids=[
        "nothing", "weights inside", "a number 1 elsewhere", "a node named Loop", "a number for a graph",
        "empty field", "long field", "fixed64", "fixed32",
    ],
)  # fmt: skip
def test_harmless_content_passes(model: bytes) -> None:
    check_graph(model)


@pytest.mark.parametrize("name", [b"Loop", b"Scan", b"SequenceMap"])
def test_nodes_that_repeat_a_part_are_refused_by_name(name: bytes) -> None:
    with pytest.raises(RefusedGraph, match=rf"repeats a part of itself \({name.decode()}\)"):
        check_graph(with_node(field(NODE_OP_TYPE, name)))


@pytest.mark.parametrize(
    "before",
    [
        key(UNKNOWN, 1) + b"\xff" * 8,
        key(UNKNOWN, 5) + b"\xff" * 4,
        field(UNKNOWN, b""),
        field(UNKNOWN, b"\xff" * 300),
        field(UNKNOWN, 2**64 - 1),
        field(2**28, 1),
    ],
    ids=["fixed64", "fixed32", "empty", "long", "number", "highest fields"],
)
def test_nothing_hides_behind_fields_that_are_skipped(before: bytes) -> None:
    with pytest.raises(RefusedGraph, match="external data"):
        check_graph(before + EXTERNAL_WEIGHTS)


@pytest.mark.parametrize(
    ("model", "cause"),
    [
        (key(UNKNOWN, 0) + b"\xff" * 10 + b"\x01", "a number without end"),
        (varint(1 << 32) + b"\x00", "a key of more than 32 bits"),
        (key(UNKNOWN, 3) + b"\x00", "not a protobuf message"),
        (key(UNKNOWN, 4), "not a protobuf message"),
        (key(UNKNOWN, 6) + b"\x00", "not a protobuf message"),
        (key(UNKNOWN, 2) + b"\x02\x00", "not a protobuf message"),
        (key(UNKNOWN, 1) + b"\xff" * 7, "not a protobuf message"),
        (key(UNKNOWN, 5) + b"\xff" * 3, "not a protobuf message"),
        (key(UNKNOWN, 0), "index out of bounds"),
    ],
    ids=["11 bytes", "33-bit key", "group", "end of group", "no wire type", "bytes", "fixed64", "fixed32", "number"],
)
def test_bytes_that_are_no_message_are_refused_with_their_cause(model: bytes, cause: str) -> None:
    with pytest.raises(RefusedGraph, match="not an ONNX file, or is cut short") as refused:
        check_graph(model)
    assert cause in str(refused.value.__cause__)


def test_graphs_lie_in_each_other_as_deep_as_said_and_no_deeper() -> None:
    deepest = 4 * MAX_DEPTH
    check_graph(nested(deepest))
    with pytest.raises(RefusedGraph, match="too deep"):
        check_graph(nested(deepest + 1))
