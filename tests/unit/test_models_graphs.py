"""Networks that would read other files or go on without end are refused wherever a network comes in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from models.bundles.bundle import Bundle, load
from models.bundles.fingerprint import sha256_file
from models.bundles.manifest import MANIFEST_FILE
from models.bundles.writer import BundleMaker, write_bundle
from models.distribution.lock import LockEntry
from models.distribution.pull import pull_bundle
from models.distribution.sources import FileSource
from models.errors import InvalidBundle, InvalidModel
from models.making.onnx_import import ImportRequest, import_onnx
from models.runtime import probe as probing
from models.runtime.graph_safety import RefusedGraph, check_graph
from models.runtime.onnx_embedder import OnnxEmbedder, open_session
from models.runtime.probe import probe
from models.runtime.verification import find_problem
from tests.unit.models_making import DIMS, PREPROCESSING, SIDE, put, record, tiny_network

SECRET = np.full((3, DIMS), 0.5, np.float32)


def external(location: str) -> TensorProto:
    """`weights` [3,D] kept in the file `location`."""
    tensor = TensorProto(name="weights", data_type=TensorProto.FLOAT, dims=[3, DIMS])
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    return tensor


def with_external_weights(location: str = "weights.bin") -> bytes:
    model = onnx.load_from_string(tiny_network())
    model.graph.initializer[0].CopyFrom(external(location))
    return bytes(model.SerializeToString())


def with_external_constant() -> bytes:
    model = onnx.load_from_string(tiny_network())
    del model.graph.initializer[:]
    model.graph.node.insert(0, helper.make_node("Constant", [], ["weights"], value=external("weights.bin")))
    return bytes(model.SerializeToString())


def endless() -> bytes:
    """Channel means that a Loop of 2^62 turns adds nothing to."""
    number = helper.make_tensor_value_info
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Identity", ["sum"], ["next"])],
        "body",
        [number("turn", TensorProto.INT64, []), number("go", TensorProto.BOOL, []), number("sum", 1, None)],
        [number("on", TensorProto.BOOL, []), number("next", 1, None)],
    )
    model = onnx.load_from_string(tiny_network())
    last = model.graph.node[-1]
    last.output[0] = "product"
    model.graph.initializer.append(numpy_helper.from_array(np.array(2**62), "turns"))
    model.graph.node.append(helper.make_node("Loop", ["turns", "", "product"], ["embedding"], body=body))
    return bytes(model.SerializeToString())


def hidden_in_a_branch() -> bytes:
    """The Loop in a branch of an If, within a function."""
    loop = onnx.load_from_string(endless()).graph.node[-1]
    branch = helper.make_graph([loop], "branch", [], [])
    node = helper.make_node("If", ["yes"], ["x"], then_branch=branch, else_branch=branch)
    model = onnx.load_from_string(tiny_network())
    model.functions.append(helper.make_function("own", "F", ["yes"], ["x"], [node], []))
    return bytes(model.SerializeToString())


def slow() -> bytes:
    """Hours of multiplication without a Loop."""
    model = onnx.load_from_string(tiny_network())
    nodes = [helper.make_node("ConstantOfShape", ["big"], ["m0"], value=helper.make_tensor("v", 1, [1], [1e-3]))]
    nodes += [helper.make_node("MatMul", [f"m{turn}", f"m{turn}"], [f"m{turn + 1}"]) for turn in range(200)]
    nodes += [helper.make_node("ReduceMean", ["m200"], ["mean"], keepdims=0)]
    model.graph.node[-1].output[0] = "product"
    model.graph.initializer.append(numpy_helper.from_array(np.array([8000, 8000]), "big"))
    model.graph.node.extend([*nodes, helper.make_node("Add", ["product", "mean"], ["embedding"])])
    return bytes(model.SerializeToString())


REFUSED = {
    "external weights": (with_external_weights(), "external data"),
    "external weights above": (with_external_weights("../weights.bin"), "external data"),
    "external weights in memory": (with_external_weights("*/_ORT_MEM_ADDR_/*"), "external data"),
    "external constant": (with_external_constant(), "external data"),
    "endless loop": (endless(), "Loop"),
    "loop in a branch in a function": (hidden_in_a_branch(), "Loop"),
    "another format": (b"\0\0\0\0ORTM" + tiny_network(), "own format"),
    "cut short": (tiny_network()[:-3], "cut short"),
    "no model": (b"\xff" * 40, "not an ONNX file"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_no_session_is_opened(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "weights.bin").write_bytes(SECRET.tobytes())
    monkeypatch.chdir(tmp_path)  # where ONNX Runtime would look
    model, said = REFUSED[name]
    with pytest.raises(RefusedGraph, match=said):
        open_session(model)


def test_ordinary_networks_pass() -> None:
    check_graph(tiny_network())
    for file in sorted((Path(__file__).parents[2] / "bundles").glob("*/*/model.onnx")):
        check_graph(file.read_bytes())


def bundle_of(root: Path, model: bytes) -> Bundle:
    return write_bundle(root, record(), {"model.onnx": model}).bundle


@pytest.mark.parametrize("name", ["external weights", "endless loop"])
def test_a_bundle_is_refused_when_opened_verified_and_fetched(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weights.bin").write_bytes(SECRET.tobytes())
    model, said = REFUSED[name]
    bundle = bundle_of(tmp_path / "shelf", model)
    assert load(bundle.path) == bundle, "its hashes are right"
    with pytest.raises(InvalidBundle, match=said):
        OnnxEmbedder(bundle)
    assert said in (find_problem(bundle.path) or "")
    entry = LockEntry(
        name=bundle.name,
        version=bundle.version,
        created=bundle.manifest.created,
        sha256=sha256_file(bundle.path / MANIFEST_FILE),
        source=str(tmp_path / "shelf"),
    )
    with pytest.raises(InvalidBundle, match=said):
        pull_bundle(entry, FileSource(str(tmp_path / "shelf")), tmp_path / "here")
    assert not list((tmp_path / "here").glob("*/*"))


@pytest.mark.parametrize("model", [endless(), with_external_weights(), slow()], ids=["loop", "external", "slow"])
def test_it_is_not_added(model: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "SECONDS", 3.0)
    (tmp_path / "recipe.json").write_text(PREPROCESSING.model_dump_json())
    (tmp_path / "network.onnx").write_bytes(model)
    source = ImportRequest("theirs", tmp_path / "network.onnx", tmp_path / "recipe.json")
    with pytest.raises(InvalidModel, match=r"Loop|external data|more than 3 s of CPU"):
        import_onnx(source, BundleMaker("tests", "test", tmp_path / "b"))
    assert not list((tmp_path / "b").glob("*/*"))


def test_a_slow_network_ends_with_its_process(monkeypatch: pytest.MonkeyPatch) -> None:
    probe(tiny_network(), SIDE)
    monkeypatch.setattr(probing, "SECONDS", 3.0)
    with pytest.raises(RefusedGraph, match="3 s of CPU"):
        probe(slow(), SIDE)


def test_verify_probes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = put(tmp_path)
    assert find_problem(bundle.path) is None

    def too_slow(*_: object) -> None:
        raise RefusedGraph("it takes more than 120 s")

    monkeypatch.setattr("models.runtime.verification.probe", too_slow)
    monkeypatch.setattr("models.runtime.verification.OnnxEmbedder", lambda *_: pytest.fail("it was run here"))
    assert "120 s" in (find_problem(bundle.path) or "")


@given(st.binary(max_size=200), st.integers(0, 400))
def test_damage_is_refused_or_harmless(noise: bytes, at: int) -> None:
    model = tiny_network()
    for content in (noise, model[:at] + noise + model[at:]):
        try:
            check_graph(content)
        except RefusedGraph as error:
            assert str(error)
