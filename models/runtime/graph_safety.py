"""Refuses ONNX files that read other files or go on without end, by their bytes alone; needs no onnx.

ONNX Runtime resolves external data of a model given as bytes against the working directory, and a Loop turns as often
as its own numbers say. So both are looked for in the protobuf itself, before a session is made of it.
"""

from collections.abc import Iterator

REPEATING = frozenset((b"Loop", b"Scan", b"SequenceMap"))
MAX_DEPTH = 32  # graphs within graphs; a network has one or two
ORT_FORMAT = b"ORTM"  # ONNX Runtime's own format says so in bytes 4 to 8, and would not be read as ONNX

# What may hold a tensor or a node, by field number (onnx.proto3): the kind of message that the field is.
FIELDS: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "node": {4: "op_type", 5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "tensor": {13: "external", 14: "location"},
}
EXTERNAL = 1  # TensorProto.DataLocation


class RefusedGraph(Exception):
    """Raised for a network that is not run here; the message says why."""


def check_graph(model: bytes) -> None:
    """Raises RefusedGraph for an ONNX file that names other files, repeats parts of itself, or is none."""
    if model[4:8] == ORT_FORMAT:
        raise RefusedGraph("it is in ONNX Runtime's own format: save it as ONNX")
    try:
        _check_message(memoryview(model), "model", 0)
    except (IndexError, ValueError) as error:
        raise RefusedGraph("it is not an ONNX file, or is cut short") from error


def _check_message(message: memoryview, kind: str, depth: int) -> None:
    if depth > 4 * MAX_DEPTH:
        raise RefusedGraph("its graphs lie in each other too deep")
    inside = FIELDS[kind]
    for number, value in _iterate_fields(message):
        found = inside.get(number)
        if found == "external" or (
            found == "location" and isinstance(value, int) and value & 0xFFFF_FFFF == EXTERNAL
        ):
            raise RefusedGraph("it keeps weights in other files (external data): save it as one file")
        if found == "op_type" and isinstance(value, memoryview) and bytes(value) in REPEATING:
            raise RefusedGraph(f"it repeats a part of itself ({bytes(value).decode()}), perhaps without end")
        if found in FIELDS and isinstance(value, memoryview):
            _check_message(value, str(found), depth + 1)


def _iterate_fields(message: memoryview) -> Iterator[tuple[int, memoryview | int]]:
    """Yields number and value of every field of a protobuf message; raises ValueError, IndexError if it is none."""
    at = 0
    while at < len(message):
        key, at = _read_varint(message, at)
        if key > 0xFFFF_FFFF:
            raise ValueError("a key of more than 32 bits, which readers cut")
        wire = key & 7
        if wire == 0:
            value, at = _read_varint(message, at)
            yield key >> 3, value
            continue
        size, at = _read_varint(message, at) if wire == 2 else ({1: 8, 5: 4}.get(wire, -1), at)
        if size < 0 or at + size > len(message):
            raise ValueError("not a protobuf message")
        yield key >> 3, message[at : at + size]
        at += size


def _read_varint(message: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
    raise ValueError("a number without end")
