"""Builds and serves rivals in processes of their own, and measures how much memory processes hold."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.api_client import ApiFailed
from benchmarks.command_line import ROOT
from benchmarks.rivals.connections import PriceWriter, RivalConnection, RivalWriter
from benchmarks.rivals.contestants.registry import RIVALS
from benchmarks.rivals.settings import RivalSettings
from loadtest.local import find_free_port
from loadtest.run import require_api

PATIENCE = 120.0  # seconds until a server has read its index
BUILD = "import sys; from benchmarks.rivals.processes import build; build(sys.argv[1], sys.argv[2])"


@dataclass(frozen=True, slots=True)
class ServedContestant:
    """Contestant that answers; `pids` are all processes that it needs."""

    title: str
    family: str
    connection: RivalConnection
    writer: PriceWriter
    pids: tuple[int, ...]
    build_seconds: float
    start_seconds: float  # from nothing to ready
    index_mb: float | None = None  # on disk, of our own


def build(name: str, folder: str) -> None:
    """Builds one rival and prints the seconds it took, imports left out."""
    rival = RIVALS[name].make()
    started = time.perf_counter()
    rival.build(Path(folder))
    print(time.perf_counter() - started)


def build_in_process(name: str, folder: Path) -> float:
    """Returns the seconds of building in a process of its own, whose memory is gone afterwards; raises ApiFailed."""
    command = [sys.executable, "-c", BUILD, name, str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ApiFailed(f"building {name} failed: {(done.stderr.strip().splitlines() or ['no reason given'])[-1]}")
    return round(float(done.stdout.split()[-1]), 2)


@contextmanager
def serve(name: str, folder: Path, database_pid: int) -> Iterator[ServedContestant]:
    """Builds the rival and serves it by gunicorn, ended afterwards; its log is beside its index."""
    rival, build_seconds = RIVALS[name], build_in_process(name, folder)
    given = RivalSettings(rival_name=name, rival_folder=folder, rival_port=find_free_port())
    command = [sys.executable, "-m", "gunicorn", "-c", "benchmarks/rivals/gunicorn_conf.py"]
    started = time.perf_counter()
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "benchmarks.rivals.server:create_app()"],
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=given.build_environment(),
        )
        try:
            host = f"http://127.0.0.1:{given.rival_port}"
            require_api(host, PATIENCE)
            seconds = round(time.perf_counter() - started, 2)
            connection = RivalConnection(host)
            pids = (process.pid, database_pid) if rival.family == "pgvector" else (process.pid,)
            writer = RivalWriter(connection)
            yield ServedContestant(rival.title, rival.family, connection, writer, pids, build_seconds, seconds)
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()  # its worker ends when it sees that it is alone


def measure_memory_mb(pid: int) -> float:
    """Returns the proportional set of a process and all below it, shared pages counted once; 0 where it is gone."""
    try:
        parent = psutil.Process(pid)
        return round(sum(one.memory_full_info().pss for one in (parent, *parent.children(recursive=True))) / 2**20, 1)
    except psutil.Error:
        return 0.0
