"""The command line: what it prints, its exit status, one line per error."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from models.commands.main import app
from tests.unit.models_making import PREPROCESSING, put, tiny_network

runner = CliRunner()


@pytest.fixture
def bundles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BUNDLES", str(tmp_path / "bundles"))
    monkeypatch.setenv("MODEL_WEIGHTS", str(tmp_path / "weights"))
    return tmp_path / "bundles"


def test_export_color_list_show_verify(bundles: Path) -> None:
    made = json.loads(runner.invoke(app, ["export", "color", "--json"]).stdout)
    assert (made["name"], made["existed"]) == ("color", False)
    assert "is there already" in runner.invoke(app, ["export", "color"]).stdout
    listed = json.loads(runner.invoke(app, ["list", "--json"]).stdout)
    assert [one["space"] for one in listed["models"]] == [made["space"]]
    table = runner.invoke(app, ["list"])
    assert made["version"] in table.stdout
    shown = json.loads(runner.invoke(app, ["show", "color", "--json"]).stdout)
    assert (shown["version"], shown["space"]) == (made["version"], made["space"])
    assert made["space"] in runner.invoke(app, ["show", made["space"]]).stdout
    assert runner.invoke(app, ["verify"]).stdout == f"color/{made['version']}: ok\n"


def test_nothing_there(bundles: Path) -> None:
    assert "no bundles in" in runner.invoke(app, ["list"]).stdout
    assert json.loads(runner.invoke(app, ["list", "--json"]).stdout)["models"] == []
    assert runner.invoke(app, ["verify"]).exit_code == 0


def test_verify_ends_with_1_when_one_is_damaged(bundles: Path) -> None:
    broken, good = put(bundles, "broken"), put(bundles, "good")
    (broken.path / "model.onnx").write_bytes(b"cut")
    done = runner.invoke(app, ["verify", "--json"])
    problems = json.loads(done.stdout)["verified"]
    assert done.exit_code == 1
    assert "not the file it was" in problems[f"broken/{broken.version}"]
    assert problems[f"good/{good.version}"] is None
    assert runner.invoke(app, ["verify", "good"]).exit_code == 0
    assert runner.invoke(app, ["verify", "nix"]).exit_code == 2


def test_add(bundles: Path, tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(tiny_network())
    (tmp_path / "recipe.json").write_text(PREPROCESSING.model_dump_json())
    arguments = ["add", "theirs", "--onnx", f"{tmp_path}/net.onnx", "--preprocessing", f"{tmp_path}/recipe.json"]
    done = runner.invoke(app, [*arguments, "--license", "MIT"])
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("theirs/")
    assert "written: 6 dimensions" in done.stdout
    assert runner.invoke(app, [*arguments, "--license", "MIT"]).exit_code == 0
    other = runner.invoke(app, arguments)
    assert other.exit_code == 2
    assert "other licenses" in other.stderr


def test_pca_of_what_is_there(bundles: Path, tmp_path: Path) -> None:
    put(bundles)
    random = np.random.default_rng(0)
    for number in range(12):
        Image.fromarray(random.integers(0, 256, (9, 9, 3), dtype=np.uint8)).save(tmp_path / f"{number}.png")
    done = runner.invoke(app, ["export", "tiny", "--pca", "2", "--catalogue", str(tmp_path), "--json"])
    assert done.exit_code == 0, done.stderr
    made = json.loads(done.stdout)
    assert (made["name"], made["dims"]) == ("tiny_pca2", 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "nix"], "no model 'nix'"),
        (["export", "nix"], "cannot be exported: choose color, resnet18, resnet50, vgg16, inception_v3"),
        (["export", "color", "--pca", "40"], "--pca and --fit-on go together"),
        (["export", "color", "--pca", "40", "--fit-on", "/nowhere"], "no folder /nowhere"),
        (["export", "nix", "--pca", "40", "--fit-on", "/nowhere"], "no model 'nix'"),
        (["add", "x", "--onnx", "/nowhere.onnx", "--preprocessing", "/nowhere.json"], "cannot be read"),
    ],
)
def test_wrong_use_is_one_line_and_status_2(bundles: Path, arguments: list[str], message: str) -> None:
    done = runner.invoke(app, arguments)
    assert done.exit_code == 2
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("models: ")
    assert message in last
    assert "Traceback" not in done.stderr


def test_errors_as_json_too(bundles: Path) -> None:
    done = runner.invoke(app, ["show", "nix", "--json"])
    assert json.loads(done.stdout)["error"] == "model_not_found"


def test_only_commands_that_work_are_offered() -> None:
    text = runner.invoke(app, ["--help"]).stdout
    made = ("list", "show", "find", "add", "export", "verify", "lock", "pull", "outdated")
    assert all(command in text for command in made)
