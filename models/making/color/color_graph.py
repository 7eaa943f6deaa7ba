"""Builds the weight-free `color` model as an ONNX graph: garment colours beside its outline and texture.

pixels → Lab → soft colour histogram per pixel ─┬─ back-projection → garment mask ─┐
                                                └─ histogram under the mask → √ ───┼→ colour block, √0.55 × unit
lightness and mask → gradients → cells × orientations → √ → minus mean ────────────┴→ shape block, √0.45 × unit
"""

from dataclasses import dataclass

import numpy as np
import onnx

from catalog.domain.colors.lab import SRGB_TO_XYZ
from models.making.color import color_recipe as recipe
from models.making.graph_builder import GraphBuilder

DIMS = len(recipe.compute_centers()) + recipe.CELLS**2 * recipe.ORIENTATIONS
AREA = recipe.COARSE**2
SMALL = 1e-6


@dataclass(frozen=True, slots=True)
class Garment:
    """Values in the graph: colour memberships [N,K,AREA], mask [N,1,COARSE,COARSE], RGB [N,3,COARSE,COARSE]."""

    colors: str
    mask: str
    rgb: str


def build_color_graph() -> onnx.ModelProto:
    """Returns the model `pixels` [N,3,64,64] float32 in [0,1] → `embedding` [N,DIMS] of norm 1."""
    graph = GraphBuilder()
    garment = _find_garment(graph)
    color = graph.op("Mul", graph.unit(_build_histogram(graph, garment)), graph.constant(np.sqrt(recipe.COLOR_SHARE)))
    shape = graph.op(
        "Mul", graph.unit(_build_outline(graph, garment)), graph.constant(np.sqrt(1 - recipe.COLOR_SHARE))
    )
    return graph.model(recipe.SIDE, graph.op("Concat", color, shape, axis=1), DIMS, "color")


def _convert_to_lab(graph: GraphBuilder, rgb: str) -> str:
    """Returns L*a*b* (D65) of sRGB in [0,1], both [N,3,h,w]; formulas of CIE 15."""
    low = graph.op("Mul", rgb, graph.constant(1 / 12.92))
    base = graph.op("Mul", graph.op("Add", rgb, graph.constant(0.055)), graph.constant(1 / 1.055))
    high = graph.op("Pow", base, graph.constant(2.4))
    linear = graph.op("Where", graph.op("Greater", rgb, graph.constant(0.04045)), high, low)
    to_xyz = SRGB_TO_XYZ / SRGB_TO_XYZ.sum(axis=1, keepdims=True)  # relative to white
    xyz = graph.conv(linear, to_xyz[:, :, None, None])
    knee = 6 / 29
    root = graph.op("Pow", graph.op("Max", xyz, graph.constant(knee**3)), graph.constant(1 / 3))
    line = graph.op("Add", graph.op("Mul", xyz, graph.constant(1 / (3 * knee**2))), graph.constant(4 / 29))
    f = graph.op("Where", graph.op("Greater", xyz, graph.constant(knee**3)), root, line)
    to_lab = np.array([[0, 116, 0], [500, -500, 0], [0, 200, -200]])
    return graph.conv(f, to_lab[:, :, None, None], [-16, 0, 0])


def _find_garment(graph: GraphBuilder) -> Garment:
    side = recipe.COARSE
    rgb = graph.op("AveragePool", "pixels", kernel_shape=[2, 2], strides=[2, 2])
    weights = np.array([recipe.LIGHTNESS, 1, 1])
    centers = recipe.compute_centers() * weights
    variance = recipe.SIGMA**2
    nearness = graph.conv(
        _convert_to_lab(graph, rgb),
        (centers * weights / variance)[:, :, None, None],
        (-(centers**2).sum(axis=1) / 2 / variance).tolist(),
    )
    colors = graph.op("Softmax", nearness, axis=1)
    colors = graph.op("Reshape", colors, graph.constant([0, len(centers), AREA], np.int64))
    inside = _measure_likelihood(graph, colors, recipe.map_center() / recipe.map_center().sum())
    outside = _measure_likelihood(graph, colors, recipe.map_border())
    both = graph.op("Add", graph.op("Add", inside, outside), graph.constant(SMALL))
    share = graph.op("Div", inside, both)
    mask = graph.op("Reshape", graph.op("Mul", share, share), graph.constant([0, 1, side, side], np.int64))
    smooth = graph.op("AveragePool", mask, kernel_shape=[3, 3], pads=[1] * 4, strides=[1, 1], count_include_pad=0)
    return Garment(colors, smooth, rgb)


def _measure_likelihood(graph: GraphBuilder, colors: str, where: recipe.Array) -> str:
    """Returns how common each pixel's colour is in the area `where`: [N,1,area]."""
    histogram = graph.op("MatMul", colors, graph.constant(where.reshape(AREA, 1)))
    return graph.op("MatMul", graph.op("Transpose", histogram, perm=[0, 2, 1]), colors)


def _build_histogram(graph: GraphBuilder, garment: Garment) -> str:
    """Returns square roots of the shares of the colours under the mask, [N,K]."""
    weight = graph.op("Mul", garment.mask, graph.constant(recipe.map_center()))
    column = graph.op("Reshape", weight, graph.constant([0, AREA, 1], np.int64))
    total = graph.op("ReduceSum", column, graph.constant([1], np.int64), keepdims=1)
    share = graph.op("Div", column, graph.op("Add", total, graph.constant(SMALL)))
    histogram = graph.op("Squeeze", graph.op("MatMul", garment.colors, share), graph.constant([2], np.int64))
    return graph.op("Sqrt", graph.op("Relu", histogram))


def _build_outline(graph: GraphBuilder, garment: Garment) -> str:
    """Returns √ of gradient energy by orientation and cell, minus their mean, [N, ORIENTATIONS * CELLS²]."""
    u, v = _measure_gradients(graph, garment)
    turns = 2 * np.pi * np.arange(recipe.ORIENTATIONS) / recipe.ORIENTATIONS
    directions = np.round(np.stack([np.cos(turns), np.sin(turns)], axis=1), 6)
    oriented = graph.op("Relu", graph.conv(graph.op("Concat", u, v, axis=1), directions[:, :, None, None]))
    cells = recipe.weigh_cells(recipe.COARSE - 2)
    rows = graph.op("MatMul", graph.constant(cells), oriented)
    pooled = graph.op("MatMul", rows, graph.constant(cells.T))
    flat = graph.op("Flatten", graph.op("Sqrt", graph.op("Relu", pooled)), axis=1)
    return graph.op("Sub", flat, graph.op("ReduceMean", flat, axes=[1], keepdims=1))


def _measure_gradients(graph: GraphBuilder, garment: Garment) -> tuple[str, str]:
    """Returns gradient magnitude times (cos 2θ, sin 2θ), summed over lightness and mask: both [N,1,h,w]."""
    luminance = graph.conv(garment.rgb, SRGB_TO_XYZ[1][None, :, None, None])
    planes = graph.op("Concat", graph.op("Sqrt", graph.op("Relu", luminance)), garment.mask, axis=1)
    sobel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8
    x = graph.conv(planes, np.stack([sobel, sobel])[:, None], group=2)
    y = graph.conv(planes, np.stack([sobel.T, sobel.T])[:, None], group=2)
    xx, yy = graph.op("Mul", x, x), graph.op("Mul", y, y)
    magnitude = graph.op("Sqrt", graph.op("Add", graph.op("Add", xx, yy), graph.constant(recipe.MIN_GRADIENT)))
    u = graph.op("Div", graph.op("Sub", xx, yy), magnitude)
    xy = graph.op("Mul", x, y)
    v = graph.op("Div", graph.op("Add", xy, xy), magnitude)
    axes = graph.constant([1], np.int64)
    return graph.op("ReduceSum", u, axes, keepdims=1), graph.op("ReduceSum", v, axes, keepdims=1)
