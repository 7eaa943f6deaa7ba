"""Runs all that a load test needs on this machine: engine, catalogue, drawn products, API; gone afterwards."""

import logging
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from catalog.domain.embedding_space import Space
from catalog.elastic import connect
from catalog.settings import CatalogSettings
from loadtest import loader, target
from loadtest.drawn_products import draw_products
from loadtest.errors import CannotStart
from loadtest.report import LoadtestSummary
from loadtest.run import ROOT, LoadPlan, require_api, run_load
from loadtest.settings import LoadtestSettings, build_environment, load_catalogue_settings

API_PATIENCE = 60.0  # seconds until the API has to be ready
STOP_PATIENCE = 30  # seconds until it has to be gone
log = logging.getLogger("loadtest")


def run_local(products: int, dims: int, plan: LoadPlan) -> LoadtestSummary:
    """Starts what is not there, loads, asks, and ends all that was started, whatever happens in between."""
    config = load_catalogue_settings()
    with ExitStack() as stack:
        if LoadtestSettings.load().elasticsearch_url:
            for url in config.elasticsearch_url:
                target.check_address(url, allow_remote=False)
        else:
            log.info("starting a local Elasticsearch")
            config = config.model_copy(update={"elasticsearch_url": (stack.enter_context(run_engine()),)})
        catalogue = connect(config.model_copy(update={"index_prefix": f"loadtest_{secrets.token_hex(4)}_"}))
        stack.callback(catalogue.client.close)
        stack.callback(catalogue.layout.drop)
        catalogue.layout.create()
        space = Space.parse(f"drawn{dims}__v1", dims)
        done = loader.load(catalogue, space, draw_products(products, dims, plan.seed))
        log.info("loaded %s drawn products with %s dimensions in %.1f s", done.products, dims, done.seconds)
        host = stack.enter_context(run_api(catalogue.settings, plan.folder))
        return run_load(plan, host)


@contextmanager
def run_engine(heap: str = "512m") -> Iterator[str]:
    """Yields the address of an Elasticsearch of our own, gone afterwards with all it held; raises CannotStart."""
    port = find_free_port()
    # Not below var/: root's server runs as a user who may be unable to enter the clone.
    data = Path(tempfile.mkdtemp(prefix="visual-search-loadtest-"))
    data.chmod(0o755)
    try:
        _run_command("engine", "start", "--port", str(port), "--data", str(data), "--heap", heap)
        yield f"http://127.0.0.1:{port}"
    finally:
        _run_command("engine", "stop", "--port", str(port))
        shutil.rmtree(data, ignore_errors=True)


@contextmanager
def run_api(catalogue: CatalogSettings, folder: Path, **changes: str) -> Iterator[str]:
    """Yields the address of the API as `make api` serves it: on a free port, over the catalogue of these settings.

    Its log is in `folder`, `changes` are environment variables of its own; it is ended by its process id. Raises
    ApiUnreachable where it does not become ready.
    """
    port = find_free_port()
    environment = {
        **{"ELASTICSEARCH_URL": ",".join(catalogue.elasticsearch_url), "INDEX_PREFIX": catalogue.index_prefix},
        **{"API_PORT": str(port), "HEALTH_PORT": "0", "SHUTDOWN_DELAY": "0"},
        **changes,
    }
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "api.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "serve"],
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=build_environment(environment),
        )
        try:
            host = f"http://127.0.0.1:{port}"
            require_api(host, API_PATIENCE)
            yield host
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # its workers too; the group was made for it
        process.wait()


def _run_command(*arguments: str) -> None:
    """Runs one of the house's commands; raises CannotStart with its last line where it fails."""
    command = [sys.executable, "-m", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
        raise CannotStart(f"`python -m {' '.join(arguments)}` failed ({done.returncode}): {lines[-1]}")


def find_free_port() -> int:
    """Returns a port of the loopback address that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
