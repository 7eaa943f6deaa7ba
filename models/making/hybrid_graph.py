"""Joins several models in one ONNX graph: one picture in, unit embeddings scaled by sqrt(weight) and joined out.

Where parts want different pixels, the joint input is the whole central square at the largest `resize_shorter_side` of
all. Each part's own resize (antialiased, as Pillow's), crop, channel order and normalisation are nodes of the graph.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, compose, helper, inliner, numpy_helper, version_converter

from models.bundles.bundle import Bundle
from models.bundles.manifest import LOGITS, Preprocessing
from models.errors import ExportFailed

OPSET = 18  # the first whose Resize can smooth while it shrinks
IR_VERSION = 8
RESIZE = {"bilinear": "linear", "bicubic": "cubic"}
CUBIC = -0.5  # Pillow's; ONNX's default is -0.75


@dataclass(frozen=True, slots=True)
class HybridPart:
    """Holds a bundle and its share of the squared cosine."""

    bundle: Bundle
    weight: float


def join_preprocessing(parts: Sequence[HybridPart]) -> Preprocessing:
    """Returns the joined graph's pixels: what all parts want, else raw RGB in [0,1], large enough for each."""
    recipes = [part.bundle.preprocessing for part in parts]
    largest = max(recipes, key=lambda recipe: (recipe.resize_shorter_side, recipe.center_crop))
    if all(recipe == largest for recipe in recipes):
        return largest
    side = largest.resize_shorter_side
    return Preprocessing(
        resize_shorter_side=side,
        interpolation=largest.interpolation,
        center_crop=side,
        mean=(0, 0, 0),
        std=(1, 1, 1),
        color="RGB",
    )


def join_graphs(parts: Sequence[HybridPart], recipe: Preprocessing, classifier: Bundle | None) -> bytes:
    """Returns the graph `pixels` → `embedding` [N, sum of dims], and `logits` of `classifier`, one of the parts.

    Raises ExportFailed where a part cannot be expressed.
    """
    graph = _HybridGraph()
    total = sum(part.weight for part in parts)
    units = []
    for number, part in enumerate(parts):
        prefix, ours = f"part{number}/", f"join{number}/"  # a part may call its values as we would call ours
        graph.add_pixels(f"{prefix}{part.bundle.manifest.inputs[0].name}", ours, part.bundle.preprocessing, recipe)
        outputs = graph.add_bundle(part.bundle, prefix)
        unit = graph.unit(outputs[0], part.bundle.dims, ours)
        scale = graph.constant(f"{ours}scale", np.float32(np.sqrt(part.weight / total)))
        units.append(graph.node("Mul", [unit, scale], f"{ours}scaled"))
        if classifier is part.bundle:
            graph.node("Identity", [outputs[1]], LOGITS)
    dims = sum(part.bundle.dims for part in parts)
    graph.unit(graph.node("Concat", units, "joined", axis=1), dims, "", "embedding")
    return graph.model(recipe.center_crop, dims, classifier)


class _HybridGraph:
    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.domains: dict[str, int] = {"": OPSET}

    def node(self, kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def constant(self, name: str, values: object, dtype: type[np.generic] = np.float32) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(values, dtype=dtype), name))
        return name

    def add_bundle(self, bundle: Bundle, prefix: str) -> list[str]:
        """Adds a bundle's nodes, every name prefixed; returns the names of its outputs."""
        model = onnx.load_from_string(bundle.read())
        if model.functions:
            model = inliner.inline_local_functions(model)
        try:
            model = version_converter.convert_version(model, OPSET)
        except Exception as error:  # the converter raises RuntimeError and worse
            raise ExportFailed(f"{bundle.space.name} cannot be brought to opset {OPSET}: {error}") from error
        for used in model.opset_import:
            if self.domains.setdefault(used.domain, used.version) != used.version:
                raise ExportFailed(f"{bundle.space.name} uses another version of {used.domain} than the other parts")
        model = compose.add_prefix(model, prefix)
        self.nodes.extend(model.graph.node)
        self.constants.extend(model.graph.initializer)
        return [f"{prefix}{output.name}" for output in bundle.manifest.outputs]

    def add_pixels(self, name: str, prefix: str, own: Preprocessing, given: Preprocessing) -> None:
        """Adds the nodes that make a part's pixels, called `name`, of the joint ones."""
        value = "pixels"
        if own != given:
            value = self._crop_square(value, prefix, own, given)
            if own.color == "BGR":
                order = self.constant(f"{prefix}bgr", [2, 1, 0], np.int64)
                value = self.node("Gather", [value, order], f"{prefix}turned", axis=1)
            mean = self.constant(f"{prefix}mean", np.reshape(own.mean, (1, 3, 1, 1)))
            std = self.constant(f"{prefix}std", np.reshape(own.std, (1, 3, 1, 1)))
            value = self.node("Sub", [value, mean], f"{prefix}centred")
            value = self.node("Div", [value, std], f"{prefix}divided")
        self.node("Identity", [value], name)

    def _crop_square(self, value: str, prefix: str, own: Preprocessing, given: Preprocessing) -> str:
        if own.resize_shorter_side != given.center_crop:
            value = self._resize(value, prefix, own)
        if own.center_crop == own.resize_shorter_side:
            return value
        start = (own.resize_shorter_side - own.center_crop) // 2
        words = {"from": [start] * 2, "to": [start + own.center_crop] * 2, "axes": [2, 3]}
        places = [self.constant(f"{prefix}crop_{word}", values, np.int64) for word, values in words.items()]
        return self.node("Slice", [value, *places], f"{prefix}cropped")

    def _resize(self, value: str, prefix: str, own: Preprocessing) -> str:
        if own.interpolation not in RESIZE:
            raise ExportFailed(
                f"a part resizes with '{own.interpolation}', which no ONNX node does as Pillow: parts of different "
                f"sizes may use {' and '.join(RESIZE)}"
            )
        size = self.constant(f"{prefix}size", [own.resize_shorter_side] * 2, np.int64)
        how: dict[str, Any] = {"mode": RESIZE[own.interpolation], "antialias": 1}
        if how["mode"] == "cubic":
            how["cubic_coeff_a"] = CUBIC
        return self.node("Resize", [value, "", "", size], f"{prefix}resized", axes=[2, 3], **how)

    def unit(self, value: str, dims: int, prefix: str, result: str | None = None) -> str:
        """Scales rows to L2 norm 1; a row without a direction becomes NaN, and so no product's neighbour."""
        ones = self.constant(f"{prefix}ones", np.ones((dims, 1)))
        squares = self.node("Mul", [value, value], f"{prefix}squares")
        norm = self.node("Sqrt", [self.node("MatMul", [squares, ones], f"{prefix}sum")], f"{prefix}norm")
        return self.node("Div", [value, norm], result or f"{prefix}unit")

    def model(self, side: int, dims: int, classifier: Bundle | None) -> bytes:
        outputs = [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["N", dims])]
        if classifier is not None:
            columns = len(classifier.manifest.classes or ())
            outputs.append(helper.make_tensor_value_info(LOGITS, TensorProto.FLOAT, ["N", columns]))
        pixels = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["N", 3, side, side])
        graph = helper.make_graph(self.nodes, "hybrid", [pixels], outputs, self.constants)
        opsets = [helper.make_opsetid(domain, version) for domain, version in sorted(self.domains.items())]
        model = helper.make_model(graph, opset_imports=opsets, producer_name="visual-search")
        model.ir_version = IR_VERSION
        onnx.checker.check_model(model)
        return bytes(model.SerializeToString(deterministic=True))
