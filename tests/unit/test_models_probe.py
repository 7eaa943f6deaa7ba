"""The process that tries a network: what it is given, and what its end says about the network."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from models.runtime import probe as probing
from models.runtime.graph_safety import RefusedGraph
from models.runtime.probe import probe
from tests.unit.models_making import SIDE, tiny_network


@pytest.fixture
def noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts a program in Python's place that notes what it is given, chatters, and ends by the given command."""

    def end_by(command: str) -> Path:
        program = tmp_path / "python"
        program.write_text(
            f"#!/bin/sh\npwd >'{tmp_path}/folder'\necho \"$@\" >'{tmp_path}/arguments'\ncat >'{tmp_path}/model'\n"
            f"echo chatter\necho chatter >&2\n{command}\n"
        )
        program.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(program))
        return tmp_path

    return end_by


def test_the_network_is_tried_in_a_quiet_process_of_its_own(noted: Any, capfd: pytest.CaptureFixture[str]) -> None:
    given = noted("exit 0")
    probe(tiny_network(), SIDE)
    assert (given / "arguments").read_text() == f"-m models.runtime.probe {probing.SECONDS} {SIDE}\n"
    assert (given / "folder").read_text().strip() == str(probing.ROOT)
    assert (given / "model").read_bytes() == tiny_network()
    assert capfd.readouterr() == ("", "")


def test_a_network_that_fails_is_left_to_whoever_runs_it_next(noted: Any) -> None:
    given = noted("exit 1")
    probe(tiny_network(), SIDE)
    assert (given / "model").exists()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("kill -PROF $$", r"^it takes more than 120 s of CPU for one picture$"),
        ("kill -KILL $$", r"^running it ends the process by signal 9$"),
    ],
)
def test_a_network_that_ends_its_process_is_refused(noted: Any, command: str, said: str) -> None:
    noted(command)
    with pytest.raises(RefusedGraph, match=said):
        probe(tiny_network(), SIDE)


def test_what_is_refused_by_its_bytes_is_not_tried(noted: Any) -> None:
    given = noted("exit 0")
    with pytest.raises(RefusedGraph, match="not an ONNX file"):
        probe(b"\xff" * 40, SIDE)
    assert not (given / "model").exists()


def test_the_process_runs_one_picture_through_the_whole_network(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[bytes] = []
    runs: list[tuple[object, dict[str, np.ndarray]]] = []
    session = SimpleNamespace(
        get_inputs=lambda: [SimpleNamespace(name="pixels")],
        run=lambda outputs, inputs: runs.append((outputs, inputs)),
    )

    def open_session(model: bytes) -> object:
        opened.append(model)
        return session

    monkeypatch.setattr(probing, "open_session", open_session)
    probing._run_limited(b"network", SIDE)
    ((outputs, inputs),) = runs
    assert (opened, outputs, list(inputs)) == ([b"network"], None, ["pixels"])
    assert inputs["pixels"].shape == (1, 3, SIDE, SIDE)


@pytest.mark.parametrize("model", [b"no graph", tiny_network()], ids=["unreadable", "of another size"])
def test_the_process_reports_no_other_faults(model: bytes) -> None:
    assert probing._run_limited(model, SIDE + 1) is None  # type: ignore[func-returns-value]
