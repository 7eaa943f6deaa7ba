"""The last lines that the server wrote."""

from __future__ import annotations

from collections import deque
from pathlib import Path

from engine.cluster.nodes import Node, log_file
from engine.cluster.state import State


def files(state: State, node: Node) -> list[Path]:
    """The server's log, and what was written before it had one."""
    return [node.launcher_log, log_file(node, state.port)]


def tail(state: State, lines: int) -> str:
    """The last lines of every node's logs, each file under its name."""
    parts = []
    for node in state.nodes:
        for path in files(state, node):
            last = _last(path, lines)
            if last:
                parts.append(f"==> {path} <==\n{last}")
    return "\n".join(parts)


def _last(path: Path, lines: int) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return "".join(deque(file, lines)).rstrip()
    except OSError:
        return ""
