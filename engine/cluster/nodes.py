"""Describes the nodes of a local cluster: their folders, ports and configuration files."""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.install.account import Account

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Node:
    name: str
    folder: Path
    http_port: int
    transport_port: int

    @property
    def config(self) -> Path:
        return self.folder / "config"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def launcher_log(self) -> Path:
        """Returns a path beside the node's folder: root must not write where the server's user may put a link."""
        return self.folder.with_name(f"{self.name}.launcher.log")

    @property
    def pidfile(self) -> Path:
        return self.folder / "node.pid"

    @property
    def mark(self) -> str:
        """Returns a JVM argument by which the node's process is known: no other process carries it."""
        return f"-Dvisual_search.node={hashlib.sha256(str(self.folder).encode()).hexdigest()[:16]}"


def build_cluster_name(port: int) -> str:
    return f"visual-search-{port}"


def find_log_file(node: Node, port: int) -> Path:
    """Returns the path of the server's log; `port` is that of the first node."""
    return node.logs / f"{build_cluster_name(port)}.log"


def build_settings(node: Node, nodes: Sequence[Node], secure: Mapping[str, object]) -> dict[str, object]:
    """Builds the settings of elasticsearch.yml; `secure` is the part that security.py builds."""
    settings: dict[str, object] = {
        "cluster.name": build_cluster_name(nodes[0].http_port),
        "node.name": node.name,
        "path.data": str(node.folder / "data"),
        "path.logs": str(node.logs),
        "network.host": LOOPBACK,
        "http.port": node.http_port,
        "transport.port": node.transport_port,
        # A laptop with a disk 90 % full would otherwise get no shards, above 95 % read-only indices.
        "cluster.routing.allocation.disk.threshold_enabled": False,
        "xpack.license.self_generated.type": "basic",
        **secure,
    }
    if len(nodes) == 1:
        return settings | {"discovery.type": "single-node"}
    return settings | {
        "discovery.seed_hosts": [f"{LOOPBACK}:{other.transport_port}" for other in nodes],
        "cluster.initial_master_nodes": [other.name for other in nodes],
    }


def render_yaml(settings: Mapping[str, object]) -> str:
    """Returns flat YAML; each value as JSON, which is YAML too."""
    return "".join(f"{key}: {json.dumps(value)}\n" for key, value in settings.items())


def render_jvm_options(node: Node, heap: str, more: Sequence[str] = ()) -> str:
    """Returns what is added to the distribution's jvm.options, which load the vector module on JDK 20 and later."""
    lines = [
        f"-Xms{heap}",
        f"-Xmx{heap}",
        node.mark,
        "-XX:HeapDumpPath=" + str(node.logs),
        # No gc.log: up to 2 GB a node that nobody reads.
        "-Xlog:disable",
        "-Xlog:all=warning:stderr:utctime,level,tags",
        *more,
    ]
    return "\n".join(lines) + "\n"


def write_files(node: Node, home: Path, files: Mapping[str, str | bytes], account: Account) -> None:
    """Makes the node's folders and configuration, owned by the account and closed to others.

    `files` maps names under config/ to contents and comes on top of the distribution's own files.
    """
    shutil.rmtree(node.config, ignore_errors=True)
    for folder in (node.folder, node.config, node.folder / "data", node.logs, node.folder / "tmp"):
        folder.mkdir(exist_ok=True)
    for name in ("jvm.options", "log4j2.properties"):
        shutil.copyfile(home / "config" / name, node.config / name)
    for name, content in files.items():
        path = node.config / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    for path in (node.folder, *node.folder.glob("*"), *node.config.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o700 if path.is_dir() else 0o600)
            account.give_ownership(path)
