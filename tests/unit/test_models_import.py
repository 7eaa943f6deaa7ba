"""`models add`: somebody else's network becomes a bundle, or the refusal says why not."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.external_data_helper import convert_model_to_external_data

from models.bundles.writer import BundleMaker
from models.errors import InvalidModel
from models.making.onnx_import import ImportRequest, import_onnx
from models.runtime.onnx_embedder import OnnxEmbedder
from tests.unit.models_making import DIMS, PREPROCESSING, SIDE, WEIGHTS, tiny_network


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    file = tmp_path / "recipe.json"
    file.write_text(PREPROCESSING.model_dump_json())
    return file


def source(tmp_path: Path, recipe: Path, network: bytes, **more: object) -> ImportRequest:
    file = tmp_path / "network.onnx"
    file.write_bytes(network)
    given = {"name": "theirs", "onnx": file, "preprocessing": recipe}
    return ImportRequest(**(given | more))  # type: ignore[arg-type]


def test_one_output_is_taken_as_it_is(tmp_path: Path, recipe: Path) -> None:
    network = tiny_network()
    made = import_onnx(source(tmp_path, recipe, network), BundleMaker("tests", "test", tmp_path / "b"))
    assert not made.existed
    assert made.bundle.read() == network
    assert made.bundle.dims == DIMS
    assert made.bundle.manifest.origin == "imported"
    assert set(made.bundle.manifest.licenses.model_dump().values()) == {"unknown"}
    assert import_onnx(source(tmp_path, recipe, network), BundleMaker("tests", "test", tmp_path / "b")).existed


def test_licence_is_recorded(tmp_path: Path, recipe: Path) -> None:
    made = import_onnx(
        source(tmp_path, recipe, tiny_network(), license="Apache-2.0"), BundleMaker("tests", "test", tmp_path / "b")
    )
    assert made.bundle.manifest.licenses.weights == "Apache-2.0"
    with pytest.raises(InvalidModel, match=r"licenses\.weights|weights"):
        import_onnx(
            source(tmp_path, recipe, tiny_network(), license=" "), BundleMaker("tests", "test", tmp_path / "c")
        )


def test_one_of_several_outputs(tmp_path: Path, recipe: Path) -> None:
    network = tiny_network(outputs=("logits", "features"))
    with pytest.raises(InvalidModel, match=r"'logits' \[N, 6\], 'features' \[N, 6\].*--output"):
        import_onnx(source(tmp_path, recipe, network), BundleMaker("tests", "test", tmp_path / "b"))
    with pytest.raises(InvalidModel, match="no output 'nix'"):
        import_onnx(source(tmp_path, recipe, network, output="nix"), BundleMaker("tests", "test", tmp_path / "b"))
    made = import_onnx(
        source(tmp_path, recipe, network, output="features"), BundleMaker("tests", "test", tmp_path / "b")
    )
    assert made.bundle.manifest.outputs[0].name == "features"
    rows = OnnxEmbedder(made.bundle).embed(np.ones((2, 3, SIDE, SIDE), np.float32))
    assert rows.shape == (2, DIMS)


def external(tmp_path: Path) -> bytes:
    model = onnx.load_from_string(tiny_network())
    convert_model_to_external_data(model, location="weights.bin", size_threshold=0)
    onnx.save_model(model, tmp_path / "outside.onnx")
    return (tmp_path / "outside.onnx").read_bytes()


def external_constant(tmp_path: Path) -> bytes:
    """The weights outside, but inside a Constant node, where a look at the initializers would not find them."""
    model = onnx.load_from_string(external(tmp_path))
    weights = model.graph.initializer.pop()
    model.graph.node.insert(0, helper.make_node("Constant", [], ["weights"], value=weights))
    return model.SerializeToString()


def nan_weights(tmp_path: Path) -> bytes:
    return tiny_network(np.full((3, DIMS), np.nan, np.float32))


def batch_dependent(tmp_path: Path) -> bytes:
    model = onnx.load_from_string(tiny_network())
    model.graph.node[-1].output[0] = "raw"
    model.graph.node.append(helper.make_node("ReduceMean", ["raw"], ["mean"], axes=[0]))
    model.graph.node.append(helper.make_node("Sub", ["raw", "mean"], ["centred"]))
    model.graph.initializer.append(numpy_helper.from_array(np.float32(1e-3), "small"))
    model.graph.node.append(helper.make_node("Add", ["centred", "small"], ["embedding"]))
    return model.SerializeToString()


def blind(tmp_path: Path) -> bytes:
    model = onnx.load_from_string(tiny_network())
    model.graph.node[-1].output[0] = "raw"
    constants = {"zero": np.float32(0), "one": np.float32(1)}
    model.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in constants.items())
    model.graph.node.append(helper.make_node("Mul", ["raw", "zero"], ["nothing"]))
    model.graph.node.append(helper.make_node("Add", ["nothing", "one"], ["embedding"]))
    return model.SerializeToString()


def unpooled(tmp_path: Path) -> bytes:
    model = onnx.load_from_string(tiny_network())
    del model.graph.node[1:]
    model.graph.output[0].name = "pooled"
    model.graph.output[0].type.tensor_type.shape.Clear()
    return model.SerializeToString()


REFUSED: dict[str, tuple[Callable[[Path], bytes], str]] = {
    "empty": (lambda _: b"", "no graph"),
    "HTML": (lambda _: b"<html>404</html>", "not an ONNX file"),
    "cut short": (lambda _: tiny_network()[:-40], "not an ONNX|cannot load"),
    "external data": (external, "external data"),
    "external data in a node": (external_constant, "external data"),
    "fixed batch": (lambda _: tiny_network(batch=1), "batch size is fixed"),
    "fixed batch of two": (lambda _: tiny_network(batch=2), "batch size is fixed"),
    "two inputs": (lambda _: tiny_network(extra_inputs=1), "one image and nothing else"),
    "double": (lambda _: tiny_network(input_type=TensorProto.DOUBLE), "must be FLOAT"),
    "bytes": (lambda _: tiny_network(input_type=TensorProto.UINT8), "must be FLOAT"),
    "unknown operator": (lambda _: tiny_network(before="NoSuchOperator"), "cannot load"),
    "NaN": (nan_weights, "NaN, infinity or only zeros"),
    "zeros": (lambda _: tiny_network(np.zeros((3, DIMS), np.float32)), "NaN, infinity or only zeros"),
    "another answer in a batch": (batch_dependent, "within a batch than alone"),
    "ignores its input": (blind, "ignores its input"),
    "no vector": (unpooled, r"an embedding is \[N, dims\]"),
    "too wide": (lambda _: tiny_network(np.ones((3, 4097), np.float32)), "the index takes 4096"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_a_reason_and_nothing_written(tmp_path: Path, recipe: Path, case: str) -> None:
    make, message = REFUSED[case]
    with pytest.raises(InvalidModel, match=message):
        import_onnx(source(tmp_path, recipe, make(tmp_path)), BundleMaker("tests", "test", tmp_path / "b"))
    assert not (tmp_path / "b").exists()


def test_input_of_another_size_or_rank(tmp_path: Path, recipe: Path) -> None:
    model = onnx.load_from_string(tiny_network())
    dims = model.graph.input[0].type.tensor_type.shape.dim
    dims[3].dim_value = 9
    with pytest.raises(InvalidModel, match="center_crop gives 8 × 8"):
        import_onnx(source(tmp_path, recipe, model.SerializeToString()), BundleMaker("tests", "test", tmp_path / "b"))
    del dims[3]
    with pytest.raises(InvalidModel, match="must be an image"):
        import_onnx(source(tmp_path, recipe, model.SerializeToString()), BundleMaker("tests", "test", tmp_path / "b"))


def test_free_height_and_width_are_fine(tmp_path: Path, recipe: Path) -> None:
    model = onnx.load_from_string(tiny_network())
    for dim in model.graph.input[0].type.tensor_type.shape.dim[2:]:
        dim.dim_param = "side"
    made = import_onnx(
        source(tmp_path, recipe, model.SerializeToString()), BundleMaker("tests", "test", tmp_path / "b")
    )
    assert made.bundle.manifest.inputs[0].shape == ("N", 3, SIDE, SIDE)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"std": None}, "std: Field required"),
        ({"colour": "RGB"}, "colour: Extra inputs"),
        ({"mean": [0.5]}, "mean"),
        ({"std": [1, 1, 0]}, r"std\.2"),
    ],
)
def test_preprocessing_that_is_incomplete(
    tmp_path: Path, recipe: Path, change: dict[str, object], message: str
) -> None:
    content = {key: value for key, value in (json.loads(recipe.read_text()) | change).items() if value is not None}
    recipe.write_text(json.dumps(content))
    with pytest.raises(InvalidModel, match=message):
        import_onnx(source(tmp_path, recipe, tiny_network()), BundleMaker("tests", "test", tmp_path / "b"))


def test_files_that_are_not_there(tmp_path: Path, recipe: Path) -> None:
    given = source(tmp_path, recipe, tiny_network())
    (tmp_path / "network.onnx").unlink()
    with pytest.raises(InvalidModel, match=r"network\.onnx cannot be read: No such file"):
        import_onnx(given, BundleMaker("tests", "test", tmp_path / "b"))
    recipe.write_text("{")
    with pytest.raises(InvalidModel, match="Invalid JSON"):
        import_onnx(given, BundleMaker("tests", "test", tmp_path / "b"))


def safetensors() -> bytes:
    header = json.dumps({"w": {"dtype": "F32", "shape": [3, DIMS], "data_offsets": [0, WEIGHTS.nbytes]}}).encode()
    return struct.pack("<Q", len(header)) + header + WEIGHTS.tobytes()


def test_weights_for_torch_are_kept_beside(tmp_path: Path, recipe: Path) -> None:
    file = tmp_path / "w.safetensors"
    file.write_bytes(safetensors())
    made = import_onnx(
        source(tmp_path, recipe, tiny_network(), weights=file), BundleMaker("tests", "test", tmp_path / "b")
    )
    assert made.bundle.has_weights
    assert made.bundle.read("weights.safetensors") == safetensors()


@pytest.mark.parametrize("content", [b"", b"\x80\x04\x95pickle...", safetensors()[:-4], safetensors() + b"more"])
def test_weights_that_are_not_safetensors(tmp_path: Path, recipe: Path, content: bytes) -> None:
    file = tmp_path / "w.safetensors"
    file.write_bytes(content)
    with pytest.raises(InvalidModel, match=r"safetensors file|cut short"):
        import_onnx(
            source(tmp_path, recipe, tiny_network(), weights=file), BundleMaker("tests", "test", tmp_path / "b")
        )
