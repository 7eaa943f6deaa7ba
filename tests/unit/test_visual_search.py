"""The command `visual-search`: every room is there, and asking for help imports none of them."""

from __future__ import annotations

import importlib
import os
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from benchmarks.__main__ import MEASUREMENTS
from visual_search.__main__ import app
from visual_search.lazy import LazyCommand, LazyEntry, build_group
from visual_search.subcommands import ROOMS

ROOT = Path(__file__).parents[2]
runner = CliRunner()


def parse(words: list[str]) -> Any:
    """Reads a command line as far as its last subcommand, without running it; fails where it is wrong."""
    command, context, rest = get_command(app), None, words
    name = "visual-search"
    while True:
        context = command.make_context(name, rest, parent=context)
        rest = [*context._protected_args, *context.args]
        if not rest or not hasattr(context.command, "get_command"):
            return context
        name, rest = rest[0], rest[1:]
        command = context.command.get_command(context, name)
        assert command is not None, words


@pytest.mark.parametrize("name", ROOMS)
def test_every_room_is_a_command_with_examples_in_its_help(name: str) -> None:
    answer = runner.invoke(app, [name, "--help"])
    assert answer.exit_code == 0, answer.output
    assert ROOMS[name].text.split()[0] in answer.output
    assert "Examples:" in answer.output and ROOMS[name].examples[0] in answer.output


@pytest.mark.parametrize(
    "example", [line for entry in (*ROOMS.values(), *MEASUREMENTS.values()) for line in entry.examples]
)
def test_examples_can_be_run(example: str) -> None:
    words = shlex.split(example.partition(">")[0])
    assert words[0] == "visual-search" and words[1] in ROOMS
    if "rivals" not in words:  # its packages are not installed with the tests'
        parse(words[1:])


@pytest.mark.parametrize("name", [name for name in ROOMS if name not in ("serve", "benchmark")])
def test_every_subcommand_has_an_example_in_its_help(name: str) -> None:
    for subcommand in LazyCommand(name, ROOMS[name]).load().commands:
        answer = runner.invoke(app, [name, subcommand, "--help"])
        assert f"visual-search {name} {subcommand}" in answer.output.partition("Examples:")[2], subcommand


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("visual-search ev", "evaluate"),
        ("visual-search catalog im", "import"),
        ("visual-search etl run --rec", "--recheck"),
    ],
)
def test_a_shell_completes_commands_and_options(words: str, found: str) -> None:
    environment = {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    code = "from visual_search.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, **environment, "_VISUAL_SEARCH_COMPLETE": "complete_bash"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [found]


def test_the_completion_can_be_shown_and_installed() -> None:
    # The shell is named: --show-completion looks for it among the parents of the process, and here may be none.
    named = {"_VISUAL_SEARCH_COMPLETE": "source_bash"}
    answer = runner.invoke(app, [], prog_name="visual-search", env=named)
    assert answer.exit_code == 0 and "_VISUAL_SEARCH_COMPLETE=complete_bash" in answer.output
    assert "--install-completion" in runner.invoke(app, ["--help"]).output


@pytest.mark.parametrize("name", [name for name in MEASUREMENTS if name != "rivals"])
def test_every_measurement_is_a_command(name: str) -> None:
    answer = runner.invoke(app, ["benchmark", name, "--help"])
    assert answer.exit_code == 0, answer.output
    assert f"visual-search benchmark {name}" in answer.output.partition("Examples:")[2]


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
