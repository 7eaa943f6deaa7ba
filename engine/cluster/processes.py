"""Starts and ends the server's processes, and tells ours from others."""

import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from engine.cluster.nodes import Node
from engine.errors import StopFailed
from engine.install.account import Account

TERM_TIMEOUT_S = 30.0
KILL_TIMEOUT_S = 10.0
# Not the caller's environment: ES_JAVA_OPTS and the like would change what was asked for.
SEARCH_PATH = "/usr/local/bin:/usr/bin:/bin"


def launch(node: Node, home: Path, java_home: Path, account: Account) -> subprocess.Popen[bytes]:
    """Starts the server's launcher, which leaves once the node is up (0) or has failed (other status)."""
    node.pidfile.unlink(missing_ok=True)
    environment = {
        "PATH": SEARCH_PATH,
        "HOME": str(node.folder),
        "LANG": "C.UTF-8",
        "ES_JAVA_HOME": str(java_home),
        "ES_PATH_CONF": str(node.config),
        "ES_TMPDIR": str(node.folder / "tmp"),
        # Of the launcher: -Xmx for a JVM that only starts another one, and the node's mark.
        "CLI_JAVA_OPTS": f"-Xmx64m -XX:+UseSerialGC {node.mark}",
    }
    command = [str(home / "bin" / "elasticsearch"), "--daemonize", "--pidfile", str(node.pidfile)]
    with node.launcher_log.open("wb") as output:
        return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
            command,
            env=environment,
            cwd=node.folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **account.build_popen_options(),
        )


def find_pid(node: Node) -> int | None:
    """Returns the pid of the node's process if it lives and is ours; None for a stale or forged pidfile."""
    try:
        pid = int(node.pidfile.read_text())
    except (OSError, ValueError):
        return None
    return pid if is_ours(pid, node) else None


def is_ours(pid: int, node: Node) -> bool:
    """Returns whether the process carries the node's mark on its command line."""
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and node.mark in process.cmdline()
    except psutil.Error:
        return False


def find_processes(nodes: Sequence[Node]) -> list[psutil.Process]:
    """Returns every live process that carries the mark of one of the nodes: servers, and launchers on their way."""
    marks = {node.mark for node in nodes}
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        if process.info["status"] != psutil.STATUS_ZOMBIE and marks & set(process.info["cmdline"] or ()):
            found.append(process)
    return found


def end_processes(nodes: Sequence[Node], term_timeout_s: float = TERM_TIMEOUT_S) -> list[int]:
    """Ends the nodes' processes, asking first; returns their pids. Raises StopFailed if one stays."""
    ours = find_processes(nodes)
    for process in ours:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(ours, timeout=term_timeout_s)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    _, alive = psutil.wait_procs(alive, timeout=KILL_TIMEOUT_S)
    if alive:
        raise StopFailed(f"process {alive[0].pid} does not end: kill it by hand")
    for node in nodes:
        node.pidfile.unlink(missing_ok=True)
    return [process.pid for process in ours]
