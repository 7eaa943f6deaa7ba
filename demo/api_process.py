"""Runs the demo's API process: started in the background, found again and stopped by its pid."""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

import psutil
import requests

from demo.settings import DemoSettings
from demo.steps import StepFailed

PATIENCE = 60.0  # seconds for the API to become ready


def read_state(settings: DemoSettings) -> dict[str, Any]:
    """Reads what the last start left to be stopped."""
    try:
        found = json.loads(settings.state.read_text())
    except (OSError, json.JSONDecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def is_ours(state: Mapping[str, Any]) -> bool:
    """Returns whether the API process of `state` still runs, and not another process with its pid."""
    try:
        process = psutil.Process(int(state["api_pid"]))
        return process.create_time() == state["api_started"] and process.status() != psutil.STATUS_ZOMBIE
    except (KeyError, psutil.NoSuchProcess):
        return False


def is_ready(settings: DemoSettings) -> bool:
    """Returns whether the API answers and reaches its Elasticsearch."""
    try:
        return requests.get(f"{settings.api}/readyz", timeout=5).ok
    except requests.RequestException:
        return False


def start_api(settings: DemoSettings, state: dict[str, Any]) -> None:
    """Starts the API unless it is ready, notes it in `state`; raises StepFailed with the end of its log."""
    if is_ours(state) and is_ready(settings):
        return
    stop_api(state)
    command = [sys.executable, "-m", "app", "serve", "--port", str(settings.api_port)]
    with settings.log.open("w") as log:
        process = subprocess.Popen(
            command,
            env=settings.child_environment(),
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    state |= {"api_pid": process.pid, "api_started": psutil.Process(process.pid).create_time()}
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.3)
        if is_ready(settings) and process.poll() is None:
            return
    process.terminate()
    tail = "\n".join(settings.log.read_text().splitlines()[-5:])
    raise StepFailed(
        f"the API did not come up on port {settings.api_port}; API_PORT chooses another. It said:\n{tail}"
    )


def stop_api(state: Mapping[str, Any]) -> bool:
    """End the API process of `state` and wait for it; False when it is not running any more."""
    if not is_ours(state):
        return False
    process = psutil.Process(int(state["api_pid"]))
    with contextlib.suppress(psutil.NoSuchProcess):
        process.terminate()
        process.wait(PATIENCE)
    return True
