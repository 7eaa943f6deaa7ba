"""The command `visual-search`: every room is there, and asking for help imports none of them."""

from __future__ import annotations

import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from benchmarks.__main__ import MEASUREMENTS
from visual_search.__main__ import ROOMS, app
from visual_search.lazy import LazyEntry, build_group

ROOT = Path(__file__).parents[2]
runner = CliRunner()


@pytest.mark.parametrize("name", ROOMS)
def test_every_room_is_a_command_with_examples_that_exist(name: str) -> None:
    answer = runner.invoke(app, [name, "--help"])
    assert answer.exit_code == 0, answer.output
    assert ROOMS[name].text.split()[0] in answer.output
    for example in ROOMS[name].examples:
        words = example.split()
        assert words[:2] == ["visual-search", name]
        known = [*words[1:3], "--help"] if len(words) > 2 and not words[2].startswith("-") else [name, "--help"]
        assert runner.invoke(app, known).exit_code == 0, example


@pytest.mark.parametrize("name", [name for name in MEASUREMENTS if name != "rivals"])
def test_every_measurement_is_a_command(name: str) -> None:
    answer = runner.invoke(app, ["benchmark", name, "--help"])
    assert answer.exit_code == 0, answer.output


def test_help_imports_no_room() -> None:
    rooms = sorted({entry.place.partition(".")[0] for entry in ROOMS.values()})
    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom visual_search.__main__ import app\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0\n"
        f"print([room for room in {rooms} if room in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_wrong_command_is_wrong_use() -> None:
    answer = runner.invoke(app, ["nosuch"])
    assert answer.exit_code == 2 and "nosuch" in answer.output


def test_the_entry_point_of_the_package_exists() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    module, _, name = scripts["visual-search"].partition(":")
    assert callable(getattr(importlib.import_module(module), name))


def test_a_missing_package_is_named_with_what_installs_it() -> None:
    lacking = typer.Typer(cls=build_group({"evaluate": LazyEntry("no_such_package.commands:app", "Measures.")}))
    lacking.callback()(lambda: None)
    answer = runner.invoke(lacking, ["evaluate", "run"])
    assert answer.exit_code == 2
    assert "`evaluate` needs the package no_such_package" in answer.output
    assert "requirements-torch.txt" in answer.output
