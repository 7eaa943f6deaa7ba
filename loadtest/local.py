"""Everything a load test needs, on this machine and gone afterwards: engine, catalogue, drawn products, API."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from loadtest import draw, loader, settings, target
from loadtest.cluster import Cluster
from loadtest.errors import CannotStart
from loadtest.report import Summary
from loadtest.run import ROOT, Plan, require_api, run
from loadtest.settings import LoadtestSettings

API_PATIENCE = 60.0  # seconds until the API has to be ready
STOP_PATIENCE = 30  # seconds until it has to be gone
Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Local:
    """What to load and how to ask."""

    products: int
    dims: int
    users: int
    seconds: int
    seed: int
    folder: Path


def run_local(local: Local, config: LoadtestSettings, told: Told) -> Summary:
    """Start what is not there, load, ask, and end all that was started, whatever happens in between."""
    with ExitStack() as stack:
        url = target.checked(config.elasticsearch, allow_remote=False) if config.elasticsearch_url else ""
        if not url:
            told("starting a local Elasticsearch")
            url = stack.enter_context(engine_running())
        prefix = f"loadtest_{secrets.token_hex(4)}_"
        cluster = Cluster(url, config)
        stack.callback(cluster.close)
        stack.callback(loader.delete_prefix, cluster, prefix)
        environment = {"ELASTICSEARCH_URL": url, "INDEX_PREFIX": prefix}
        _call(["-m", "catalog", "create"], environment)
        told(_load(cluster, prefix, local, config))
        host = stack.enter_context(api_running(environment, local.folder))
        return run(Plan(host, local.folder, local.users, local.seconds, seed=local.seed), told)


def _load(cluster: Cluster, prefix: str, local: Local, config: LoadtestSettings) -> str:
    space = loader.Space(f"drawn{local.dims}__v1", local.dims, config.vector_index)
    done = loader.load(cluster, f"{prefix}products", space, draw.products(local.products, local.dims, local.seed))
    return f"loaded {done.products} drawn products with {local.dims} dimensions in {done.seconds:.1f} s"


@contextmanager
def engine_running(heap: str = "512m") -> Iterator[str]:
    """The address of an Elasticsearch of our own, gone afterwards with all it held; raises CannotStart."""
    port = free_port()
    # Not below var/: root's server runs as a user who may be unable to enter the clone.
    data = Path(tempfile.mkdtemp(prefix="visual-search-loadtest-"))
    data.chmod(0o755)
    try:
        _call(["-m", "engine", "start", "--port", str(port), "--data", str(data), "--heap", heap], {})
        yield f"http://127.0.0.1:{port}"
    finally:
        _call(["-m", "engine", "stop", "--port", str(port)], {})
        shutil.rmtree(data, ignore_errors=True)


@contextmanager
def api_running(changes: Mapping[str, str], folder: Path) -> Iterator[str]:
    """The API as `make api` serves it, on a free port, with its log in `folder`; ended by its own process id.

    `changes` are environment variables; raises Unreachable where it does not become ready.
    """
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "api.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "serve"],
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=settings.child_environment(
                {**changes, "API_PORT": str(port), "HEALTH_PORT": "0", "SHUTDOWN_DELAY": "0"}
            ),
        )
        try:
            host = f"http://127.0.0.1:{port}"
            require_api(host, API_PATIENCE)
            yield host
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # its workers too; the group was made for it
        process.wait()


def _call(arguments: list[str], changes: Mapping[str, str]) -> None:
    """Run one of the house's commands; raises CannotStart with its last line where it fails."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env=settings.child_environment(changes),
    )
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
        raise CannotStart(f"`python {' '.join(arguments)}` failed ({done.returncode}): {lines[-1]}")


def free_port() -> int:
    """A port of the loopback address that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
