"""Stores what runs on a port: one JSON file per port, like a pidfile."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.cluster.nodes import Node


@dataclass(frozen=True)
class EngineState:
    """Describes the engine on a port; written before the first process starts, removed after the last has ended.

    heap: of each node; java: version of the JDK in java_home; home: the server's folder with the plugin in it;
    plugin: hash of the plugin's source.
    """

    port: int
    nodes: list[Node]
    data: Path
    heap: str
    security: bool
    version: str
    java: str
    java_home: Path
    home: Path
    plugin: str

    @property
    def url(self) -> str:
        return f"{'https' if self.security else 'http'}://127.0.0.1:{self.port}"

    @property
    def urls(self) -> list[str]:
        return [self.url.replace(f":{self.port}", f":{node.http_port}") for node in self.nodes]


def build_path(cache: Path, port: int) -> Path:
    return cache / "run" / f"{port}.json"


def save(cache: Path, state: EngineState) -> None:
    target = build_path(cache, state.port)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_suffix(".tmp")
    temporary.write_text(json.dumps(asdict(state), default=str, indent=1))
    temporary.replace(target)


def load(cache: Path, port: int) -> EngineState | None:
    """Returns the state, or None where nothing was started on this port (or the file is damaged)."""
    try:
        raw = json.loads(build_path(cache, port).read_text())
        nodes = [Node(**(node | {"folder": Path(node["folder"])})) for node in raw["nodes"]]
        paths = {name: Path(raw[name]) for name in ("data", "java_home", "home")}
        return EngineState(**(raw | {"nodes": nodes} | paths))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def forget(cache: Path, port: int) -> None:
    build_path(cache, port).unlink(missing_ok=True)
