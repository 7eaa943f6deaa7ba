"""A model is found by what it declares, and where none fits the answer says what each one lacks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from models.bundles.manifest import Licenses, Limits
from models.bundles.registry import list_bundles
from models.bundles.selection import ModelRequirements, find_best_model, find_shortfall
from models.bundles.writer import write_bundle
from models.commands.main import app
from models.errors import BundleNotFound
from tests.unit.models_making import record, settings_for, tiny_network
from tests.unit.test_models_classes import put_telling

APACHE = Licenses(code="MIT", weights="Apache-2.0 (ours)", data="none", scripts="MIT")


def make(root: Path, name: str, **changes: Any) -> None:
    write_bundle(root, record(name).model_copy(update=changes), {"model.onnx": tiny_network()})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three that differ in what they declare, of 6 dimensions each, and one that tells classes."""
    make(tmp_path, "good", metrics={"macro_p10": 0.7, "latency_ms": 30.0, "gate": {"worst": 0.1}})
    make(tmp_path, "quick", metrics={"macro_p10": 0.5, "latency_ms": 2.0, "gate": {"worst": 0.3}}, licenses=APACHE)
    make(tmp_path, "dresses", metrics={"macro_p10": 0.9, "latency_ms": 9.0}, limits=Limits(categories=("dress",)))
    put_telling(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("need", "found"),
    [
        (ModelRequirements(), "dresses"),
        (ModelRequirements(categories=("dress",)), "dresses"),
        (ModelRequirements(categories=("dress", "shoes")), "good"),
        (ModelRequirements(categories=("shoes",), max_latency_ms=10.0, classes=False), "quick"),
        (ModelRequirements(licenses=("apache", "mit")), "quick"),
        (ModelRequirements(classes=True), "teller"),
        (ModelRequirements(quality="gate.worst"), "quick"),
        (ModelRequirements(dims=6, max_dims=6), "dresses"),
    ],
)
def test_the_best_that_fits(need: ModelRequirements, found: str, root: Path) -> None:
    assert find_best_model(need, settings_for(root)).name == found


@pytest.mark.parametrize(
    ("weights", "licenses", "fits"),
    [
        ("Apache-2.0 (color); proprietary (heads)", ("Apache-2.0",), False),
        ("proprietary (color); Apache-2.0 (heads)", ("Apache-2.0",), False),
        ("Apache-2.0 (color); MIT (heads)", ("Apache-2.0", "MIT"), True),
        ("color: CC0; shop: Apache-2.0", ("apache", "cc0"), True),
        ("color: CC0; shop: ours", ("apache", "cc0"), False),
        ("CC-BY-NC-4.0", ("CC-BY",), False),
        ("CC-BY-4.0", ("CC-BY",), True),
        ("MITx", ("MIT",), False),
        ("MIT.", ("MIT",), True),
        ("GPL-2.0", ("GPL-2",), False),
        ("a.b", ("axb",), False),
        ("anything", ("",), False),
    ],
)
def test_every_part_of_the_terms_has_to_be_allowed(
    weights: str, licenses: tuple[str, ...], fits: bool, tmp_path: Path
) -> None:
    make(tmp_path, "one", licenses=APACHE.model_copy(update={"weights": weights}))
    (listed,) = list_bundles(settings_for(tmp_path))
    assert listed.bundle is not None
    assert (find_shortfall(listed.bundle.manifest, ModelRequirements(licenses=licenses)) is None) == fits


def test_without_figures_the_quicker_one(tmp_path: Path) -> None:
    make(tmp_path, "slow", metrics={"latency_ms": 3})
    make(tmp_path, "fast", metrics={"latency_ms": 2})
    assert find_best_model(ModelRequirements(), settings_for(tmp_path)).name == "fast"


@pytest.mark.parametrize(
    ("need", "said"),
    [
        (ModelRequirements(task="detection"), "its task is embedding"),
        (ModelRequirements(max_dims=5), "6 dimensions"),
        (ModelRequirements(dims=7), "6 dimensions"),
        (ModelRequirements(max_latency_ms=0.0), "good/.*: it takes 30.0 ms"),
        (ModelRequirements(licenses=("GPL",)), "under 'CC0'"),
        (ModelRequirements(categories=("shoes",), licenses=("GPL",)), "it was made for dress|under"),
    ],
)
def test_nothing_fits(need: ModelRequirements, said: str, root: Path) -> None:
    with pytest.raises(BundleNotFound, match=said) as caught:
        find_best_model(need, settings_for(root))
    assert len(caught.value.detail["lacking"]) == 4


def test_figures_by_data_and_task_stand_for_the_one_of_their_kind(tmp_path: Path) -> None:
    make(tmp_path, "even", metrics={"clothing_kind_macro_p10": 0.6, "drawn_color_macro_p10": 0.6})
    make(tmp_path, "uneven", metrics={"clothing_kind_macro_p10": 0.7, "drawn_color_macro_p10": 0.4})
    assert find_best_model(ModelRequirements(), settings_for(tmp_path)).name == "even"
    assert (
        find_best_model(ModelRequirements(quality="clothing_kind_macro_p10"), settings_for(tmp_path)).name == "uneven"
    )


def test_a_damaged_one_is_passed_over_and_named(root: Path) -> None:
    for file in (root / "dresses").glob("*/bundle.json"):
        file.write_text("{}")
    assert find_best_model(ModelRequirements(), settings_for(root)).name == "good"
    with pytest.raises(BundleNotFound, match=r"dresses/.*schema_version"):
        find_best_model(ModelRequirements(max_dims=1), settings_for(root))


def test_the_command(root: Path) -> None:
    env = {"BUNDLES": str(root)}
    done = CliRunner().invoke(app, ["find", "--license", "Apache", "--max-latency", "10", "--json"], env=env)
    assert json.loads(done.stdout)["name"] == "quick"
    assert "quick__" in CliRunner().invoke(app, ["find", "--by", "gate.worst"], env=env).stdout
    assert CliRunner().invoke(app, ["find", "--category", "hat", "--dims", "7"], env=env).exit_code == 2
