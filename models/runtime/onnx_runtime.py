"""ONNX Runtime with its reporting to Microsoft switched off; everybody imports it from here."""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read when the library is loaded, and only then; 0 would be on

import onnxruntime as ort
from onnxruntime.capi.onnxruntime_pybind11_state import (
    EPFail,
    Fail,
    InvalidArgument,
    InvalidGraph,
    InvalidProtobuf,
    NoModel,
    RuntimeException,
)
from onnxruntime.capi.onnxruntime_pybind11_state import (
    NotImplemented as NotImplementedByRuntime,
)

from models.runtime.graph_safety import RefusedGraph

__all__ = ["RUNTIME_ERRORS", "ort"]

ort.disable_telemetry_events()  # in case somebody imported it before us: no events, though the device id is made then

# What running a model may raise: they share no base below Exception.
RUNTIME_ERRORS = (
    EPFail,
    Fail,
    InvalidArgument,
    InvalidGraph,
    InvalidProtobuf,
    NoModel,
    NotImplementedByRuntime,
    RefusedGraph,
    RuntimeException,
)
