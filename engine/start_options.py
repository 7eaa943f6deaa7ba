"""Options of `start`: ports, nodes, heap, data folder, security, and their defaults."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine.cluster.security import read_roles
from engine.errors import OptionsError
from engine.settings import EngineSettings

MAX_NODES = 9
HEAP_ALONE, HEAP_IN_CLUSTER = "1g", "512m"
WAIT_S, WAIT_PER_FURTHER_NODE_S = 180.0, 90.0


@dataclass(frozen=True)
class StartOptions:
    """
    port       HTTP port of the first node, the others count up; None: EngineSettings.port
    nodes      how many nodes form the cluster
    heap       -Xms and -Xmx of each node; None: 1g alone, 512m in a cluster
    data       data folder; None: <cache>/data/<port>, with -<n>nodes behind it in a cluster
    security   TLS, users and roles
    passwords  {user: password} for --security, others are drawn at random and kept
    roles      JSON file of `python -m catalog roles` for --security; None: only the user admin may do anything
    wait_s     seconds to wait until the server answers; None: 180, and 90 more for each further node
    """

    port: int | None = None
    nodes: int = 1
    heap: str | None = None
    data: Path | None = None
    security: bool = False
    passwords: Mapping[str, str] = field(default_factory=dict)
    wait_s: float | None = None
    roles: Path | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.nodes <= MAX_NODES:
            raise OptionsError(f"--nodes {self.nodes}: give 1 to {MAX_NODES}")
        if self.heap is not None and not re.fullmatch(r"[1-9]\d*[mMgG]", self.heap):
            raise OptionsError(f"--heap {self.heap}: give a size such as 512m or 2g")
        if self.port is not None and not 0 < self.port < 65536:
            raise OptionsError(f"--port {self.port}: give one from 1 to 65535")
        if self.passwords and not self.security:
            raise OptionsError("--password is only for --security")
        if self.roles is not None:
            if not self.security:
                raise OptionsError("--roles is only for --security")
            read_roles(self.roles)  # a wrong file is reported before anything is started

    def choose_heap(self) -> str:
        return self.heap or (HEAP_ALONE if self.nodes == 1 else HEAP_IN_CLUSTER)

    def choose_wait_s(self) -> float:
        return self.wait_s or WAIT_S + WAIT_PER_FURTHER_NODE_S * (self.nodes - 1)

    def choose_data(self, settings: EngineSettings, port: int) -> Path:
        suffix = "" if self.nodes == 1 else f"-{self.nodes}nodes"
        return (self.data or settings.engine_cache / "data" / f"{port}{suffix}").absolute()
