"""A bundle that tells classes: its second output, its probabilities, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from pydantic import ValidationError

from models.bundles.bundle import Bundle
from models.bundles.manifest import ModelDescription, Tensor
from models.bundles.writer import write_bundle
from models.errors import ExportFailed, InvalidBatch, InvalidBundle
from models.runtime.onnx_embedder import OnnxEmbedder, softmax
from models.runtime.synthetic_inputs import draw_synthetic_pixels
from models.runtime.verification import find_problem
from tests.unit.models_making import DIMS, PREPROCESSING, SIDE, WEIGHTS, put, record

CLASSES = ("coat", "dress", "hat", "shirt")
HEAD = np.random.default_rng(8).normal(size=(DIMS, len(CLASSES))).astype(np.float32)


def two_outputs(head: np.ndarray = HEAD) -> bytes:
    """Channel means times WEIGHTS are the embedding; that times `head` are the logits."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["pixels"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["means"]),
        helper.make_node("MatMul", ["means", "weights"], ["embedding"]),
        helper.make_node("MatMul", ["embedding", "head"], ["logits"]),
    ]
    pixels = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["N", 3, SIDE, SIDE])
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", size])
        for name, size in (("embedding", DIMS), ("logits", head.shape[1]))
    ]
    constants = [numpy_helper.from_array(WEIGHTS, "weights"), numpy_helper.from_array(head, "head")]
    graph = helper.make_graph(nodes, "two", [pixels], outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    return bytes(model.SerializeToString())


def telling(
    classes: tuple[str, ...] | None = CLASSES, shape: tuple[Any, ...] = ("N", 4), name: str = "logits"
) -> ModelDescription:
    outputs = (*record().outputs, Tensor(name=name, shape=shape, dtype="float32"))
    return ModelDescription(**(dict(record("teller")) | {"outputs": outputs, "classes": classes}))


def put_telling(root: Path, head: np.ndarray = HEAD) -> Bundle:
    return write_bundle(root, telling(), {"model.onnx": two_outputs(head)}).bundle


def test_probabilities_are_the_softmax_of_the_second_output(tmp_path: Path) -> None:
    embedder = OnnxEmbedder(put_telling(tmp_path), 1)
    pixels = draw_synthetic_pixels(SIDE, 70)  # more than max_batch
    predicted = embedder.predict(pixels)
    assert predicted.probabilities is not None
    raw = pixels.mean(axis=(2, 3)) @ WEIGHTS
    logits = raw @ HEAD
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert predicted.probabilities == pytest.approx(expected, abs=1e-5)
    assert predicted.embeddings == pytest.approx(raw / np.linalg.norm(raw, axis=1, keepdims=True), abs=1e-5)
    assert np.array_equal(predicted.embeddings, embedder.embed(pixels))
    assert find_problem(embedder.bundle.path) is None


def test_every_photo_has_a_softmax_of_its_own_however_large_its_logits() -> None:
    found = softmax(np.array([[1000, 1001], [0, 1], [-500, -499]], dtype=np.float32))
    assert found.dtype == np.float32
    assert found == pytest.approx(np.tile([1 / (1 + np.e), np.e / (1 + np.e)], (3, 1)), abs=1e-6)


def test_a_bundle_without_classes_gives_none(tmp_path: Path) -> None:
    embedder = OnnxEmbedder(put(tmp_path), 1)
    assert embedder.predict(draw_synthetic_pixels(SIDE, 2)).probabilities is None
    with pytest.raises(InvalidBatch, match="no photo"):
        embedder.predict(draw_synthetic_pixels(SIDE, 2)[:0])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"classes": None}, "as many `classes`"),
        ({"classes": CLASSES[:3]}, "as many `classes`"),
        ({"shape": ("N", 5)}, "as many `classes`"),
        ({"shape": ("N",)}, "as many `classes`"),
        ({"name": "other"}, "'logits'"),
        ({"classes": ("coat", "dress", "hat", "coat")}, "twice"),
    ],
)
def test_outputs_and_classes_have_to_agree(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        telling(**arguments)


def test_a_graph_without_the_logits_it_promises_is_refused(tmp_path: Path) -> None:
    wide = put_telling(tmp_path / "wide", np.hstack([HEAD, HEAD]))
    with pytest.raises(InvalidBundle, match=r"gave \[6, 8\] where bundle.json says \[N, 4\] of 'logits'"):
        OnnxEmbedder(wide, 1).predict(draw_synthetic_pixels(SIDE))
    assert "logits" in str(find_problem(wide.path))


def test_torch_exports_both_outputs() -> None:
    torch = pytest.importorskip("torch")
    from models.making.zoo.torch_export import export_onnx, measure_parity

    class Two(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.body = torch.nn.Conv2d(3, DIMS, 3)
            self.head = torch.nn.Linear(DIMS, 4)

        def forward(self, pixels: Any) -> Any:
            embedding = self.body(pixels).mean(dim=(2, 3))
            return embedding, self.head(embedding)

    torch.manual_seed(0)
    network = Two().eval()
    graph = export_onnx(network, PREPROCESSING.center_crop, ("embedding", "logits"))
    assert measure_parity(network, graph, "two", SIDE, DIMS, 1) > 0.99999
    other = Two().eval()
    other.body = network.body  # the embedding agrees, the logits do not
    with pytest.raises(ExportFailed, match="two"):
        measure_parity(other, graph, "two", SIDE, DIMS, 1)
