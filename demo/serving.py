"""The demo's API process: started in the background, found again by its pid, stopped by it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import requests

from demo.settings import Settings
from demo.steps import StepFailed

PATIENCE = 60.0  # seconds for the API to become ready


def read_state(settings: Settings) -> dict[str, Any]:
    """What the last start left to be stopped."""
    try:
        found = json.loads(settings.state.read_text())
    except (OSError, json.JSONDecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def is_ours(pid: int) -> bool:
    """Whether `pid` is a running API process and not somebody else who got its number."""
    try:
        return b"app" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        done = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return " app serve" in done.stdout


def is_ready(settings: Settings) -> bool:
    """Whether the API answers and reaches its Elasticsearch."""
    try:
        return requests.get(f"{settings.api}/readyz", timeout=5).ok
    except requests.RequestException:
        return False


def start_api(settings: Settings) -> int:
    """The pid of a ready API process, started if there is none; raises StepFailed with the end of its log."""
    pid = read_state(settings).get("api_pid")
    if pid and is_ours(pid) and is_ready(settings):
        return int(pid)
    settings.folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "app", "serve", "--port", str(settings.api_port)]
    with settings.log.open("w") as log:
        process = subprocess.Popen(
            command,
            env=dict(settings.environ),
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        if is_ready(settings):
            return process.pid
        time.sleep(0.2)
    process.terminate()
    tail = "\n".join(settings.log.read_text().splitlines()[-5:])
    raise StepFailed(
        f"the API did not come up on port {settings.api_port}; API_PORT chooses another. It said:\n{tail}"
    )


def stop_api(pid: int) -> bool:
    """End the API process and wait for it; False when it is not running any more."""
    if not is_ours(pid):
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE
    while is_ours(pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    return True
