"""Reads the last lines of the servers' logs."""

from collections import deque
from pathlib import Path

from engine.cluster.nodes import Node, find_log_file
from engine.cluster.state import EngineState


def list_log_files(state: EngineState, node: Node) -> list[Path]:
    """Returns the server's log, and the launcher's, which has what was written before."""
    return [node.launcher_log, find_log_file(node, state.port)]


def read_tail(state: EngineState, lines: int) -> str:
    """Returns the last lines of every node's logs, each file under its name."""
    parts = []
    for node in state.nodes:
        for path in list_log_files(state, node):
            last = _read_last(path, lines)
            if last:
                parts.append(f"==> {path} <==\n{last}")
    return "\n".join(parts)


def _read_last(path: Path, lines: int) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return "".join(deque(file, lines)).rstrip()
    except OSError:
        return ""
