"""No library that the project opens reports to its makers; each is opened in a process of its own, as a user does."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Ends the process at the first connection or name look-up that leaves the machine.
GUARD = """
import sys

def stay_here(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo"):
        host = arguments[0] if event == "socket.getaddrinfo" else arguments[1]
        host = host[0] if isinstance(host, tuple) else host
        if host not in ("127.0.0.1", "::1", "localhost", None) and not str(host).startswith("/"):
            import os
            os.write(2, f"{event} {host}".encode())
            os._exit(99)

sys.addaudithook(stay_here)
"""


def ran_alone(program: str, home: Path) -> str:
    """Standard output of a Python program without our environment, by which tests and CI switch reporting off."""
    home.mkdir(exist_ok=True)
    environ = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"}
    done = subprocess.run(
        [sys.executable, "-c", GUARD + program], env=environ, cwd=home, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def left_in(home: Path) -> list[str]:
    return sorted(str(path.relative_to(home)) for path in home.rglob("*") if path.is_file())


OPEN_SESSION = """
from models.runtime.onnx_embedder import OnnxEmbedder
from models.bundles.registry import find_bundle
from models.settings import ModelSettings
import pathlib
root = pathlib.Path(sys.modules["models"].__file__).parents[1]
print(OnnxEmbedder(find_bundle("fashion_int8", ModelSettings(bundles=root / "bundles"))).runtime)
"""


def test_onnx_runtime_makes_no_device_id_and_keeps_no_events(tmp_path: Path) -> None:
    assert ran_alone(OPEN_SESSION, tmp_path / "home") == "onnxruntime cpu\n"
    assert left_in(tmp_path / "home") == []


def test_onnx_runtime_is_opened_in_one_place() -> None:
    imported = re.compile(r"^\s*(?:import|from) onnxruntime(?!\.quantization)", re.MULTILINE)
    rooms = ("app", "catalog", "etl", "evaluation", "models", "training", "benchmarks", "demo", "loadtest")
    found = [path for room in rooms for path in (ROOT / room).rglob("*.py") if imported.search(path.read_text())]
    assert found == [ROOT / "models" / "runtime" / "onnx_runtime.py"]


TRACK = """
import os
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "false"
from training.settings import TrainingSettings
from training.output.tracker import _open_client
client = _open_client(TrainingSettings.load({"MLFLOW_TRACKING_URI": "file:" + os.getcwd() + "/runs"}))
client.create_run(client.create_experiment("x"))
from mlflow.telemetry import get_telemetry_client
print(get_telemetry_client())
"""


def test_mlflow_has_nobody_to_report_to(tmp_path: Path) -> None:
    pytest.importorskip("mlflow")
    assert ran_alone(TRACK, tmp_path / "home") == "None\n"


DOORS = [
    "app.factory",
    "catalog.commands.main",
    "etl.commands.main",
    "models.commands.main",
    "evaluation.commands.main",
    "engine.__main__",
    "samples.__main__",
]


def test_opening_the_doors_asks_nobody(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert ran_alone(f"import {', '.join(DOORS)}\nprint('open')", home) == "open\n"
    assert left_in(home) == []


def test_elasticsearch_fetches_no_databases() -> None:
    assert 'ingest.geoip.downloader.enabled: "false"' in (ROOT / "docker-compose.yml").read_text()


def test_the_documentation_page_shows_its_specification_to_nobody() -> None:
    assert "validatorUrl: null" in (ROOT / "app/static/docs/docs.js").read_text()
