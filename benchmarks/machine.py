"""Describes in one line on what a measurement was made, without which it means nothing."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

from catalog.elastic import Catalogue


def describe_cluster(catalogue: Catalogue) -> str:
    """Returns processor, cores, memory, versions and how busy the cluster's machine was."""
    nodes: Any = catalogue.client.nodes.info(metric=["jvm"])
    node = next(iter(nodes["nodes"].values()))
    heap = node["jvm"]["mem"]["heap_max_in_bytes"] / 2**30
    return (
        f"{_read_processor()}, {os.cpu_count()} cores, {_read_memory():.0f} GiB; Python {platform.python_version()}, "
        f"Elasticsearch {node['version']} (JVM {node['jvm']['version']}, heap {heap:.1f} GiB, "
        f"{len(nodes['nodes'])} node); load {os.getloadavg()[0]:.1f}"
    )


def describe_host(*packages: str) -> str:
    """Returns the same of a measurement without Elasticsearch, with the versions of the named packages."""
    versions = [f"{name} {version(name)}" for name in packages]
    return (
        f"{_read_processor()}, {os.cpu_count()} cores, {_read_memory():.0f} GiB; "
        f"{', '.join([f'Python {platform.python_version()}', *versions])}; load {os.getloadavg()[0]:.1f}"
    )


def read_commit(root: Path) -> str:
    """Returns the commit that was measured, `-dirty` where files differ from it; `unknown` outside a clone."""
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _read_processor() -> str:
    for text in Path("/proc/cpuinfo").read_text().splitlines():
        if text.startswith("model name"):
            return text.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _read_memory() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
