"""Runs a network once in a process whose CPU time is limited, before it is run here: one may work for hours.

`python -m models.runtime.probe SECONDS SIDE` is that process; it reads the model from its input.
"""

import signal
import subprocess
import sys
from pathlib import Path

from models.runtime.graph_safety import RefusedGraph, check_graph
from models.runtime.onnx_embedder import open_session
from models.runtime.onnx_runtime import RUNTIME_ERRORS
from models.runtime.synthetic_inputs import draw_synthetic_pixels

SECONDS = 120.0  # of CPU for opening it and one picture; the largest network in use takes about 5
ROOT = Path(__file__).resolve().parents[2]


def probe(model: bytes, side: int) -> None:
    """Raises RefusedGraph for a network that is not run here, or takes too long for a picture of side x side.

    Other faults are not reported here: they raise where the network is run next.
    """
    check_graph(model)
    command = (sys.executable, "-m", "models.runtime.probe", str(SECONDS), str(side))
    quiet = subprocess.DEVNULL
    done = subprocess.run(command, input=model, cwd=ROOT, stdout=quiet, stderr=quiet, check=False)
    if done.returncode == -signal.SIGPROF:
        raise RefusedGraph(f"it takes more than {SECONDS:g} s of CPU for one picture")
    if done.returncode < 0:
        raise RefusedGraph(f"running it ends the process by signal {-done.returncode}")


def _run_limited(model: bytes, side: int) -> None:
    try:
        session = open_session(model)
        session.run(None, {session.get_inputs()[0].name: draw_synthetic_pixels(side, 1)})
    except RUNTIME_ERRORS:
        return


if __name__ == "__main__":
    signal.setitimer(signal.ITIMER_PROF, float(sys.argv[1]))
    _run_limited(sys.stdin.buffer.read(), int(sys.argv[2]))
