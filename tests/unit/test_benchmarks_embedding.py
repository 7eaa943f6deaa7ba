"""The benchmark of embedding runs, agrees with bare ONNX Runtime, and writes its page."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.embedding import app
from tests.unit.models_making import put


def test_a_short_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUNDLES", str(tmp_path / "b"))
    bundle = put(tmp_path / "b")
    done = CliRunner().invoke(app, ["--rounds", "2", "--calls", "2", "--threads", "1", "--keep", str(tmp_path)])
    assert done.exit_code == 0, done.output
    [line] = json.loads((tmp_path / "embedding.json").read_text())
    assert line["model"] == bundle.space.name
    assert min(line[name] for name in ("bare", "ours", "ratio", "photo", "jpeg")) > 0
    assert f"| {bundle.space.name} | 1 |" in (tmp_path / "embedding.md").read_text()
