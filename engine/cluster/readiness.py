"""Waits, up to a limit, until a cluster answers with all its nodes."""

import logging
import subprocess
import time
from collections.abc import Mapping, Sequence

from engine.cluster import health
from engine.cluster.nodes import Node
from engine.cluster.state import EngineState
from engine.errors import StartFailed, Unreachable
from engine.logs import read_tail

log = logging.getLogger(__name__)

POLL_S = 0.5
RED_PATIENCE_S = 30.0
LOG_LINES = 15

Launchers = Sequence[tuple[Node, "subprocess.Popen[bytes]"]]


def wait_until_ready(known: EngineState, launchers: Launchers, wait_s: float) -> None:
    """Returns once the cluster is whole and yellow (several nodes: green) and every launcher has left.

    Raises StartFailed, with the last log lines, where a launcher fails or `wait_s` seconds pass.
    """
    credentials = health.Credentials.of(known)
    started = time.monotonic()
    answered: float | None = None
    seen = "no answer"
    while (now := time.monotonic()) - started < wait_s:
        for node, launcher in launchers:
            if launcher.poll():
                raise _build_error(known, f"{node.name} ended with status {launcher.returncode}")
        try:
            found = health.read_cluster_health(known.url, credentials)
        except Unreachable as error:
            log.debug("%s", error)
        else:
            answered = answered or now
            seen = f"{found['status']}, {found['number_of_nodes']} of {len(known.nodes)} nodes"
            if _is_ready(found, len(known.nodes), now - answered) and all(one.poll() == 0 for _, one in launchers):
                return
        time.sleep(POLL_S)
    raise _build_error(known, f"not ready after {wait_s:.0f} s ({seen})")


def _is_ready(found: Mapping[str, object], nodes: int, answering_s: float) -> bool:
    if found["number_of_nodes"] != nodes:
        return False
    # A damaged index leaves the cluster red for good: the server is up all the same, and `status` says red.
    enough = ("green", "yellow") if nodes == 1 else ("green",)
    return found["status"] in enough or answering_s > RED_PATIENCE_S


def _build_error(known: EngineState, what: str) -> StartFailed:
    return StartFailed(
        f"Elasticsearch did not start: {what}; its logs are in {known.data}", read_tail(known, LOG_LINES)
    )
