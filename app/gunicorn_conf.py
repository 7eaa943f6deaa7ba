"""How gunicorn runs the API. Its names are gunicorn's settings and hooks.

Threads, because a request mostly waits for Elasticsearch; none of them ever waits for a client (`app.server`). A
process per core, because the rest is Python. SIGTERM: readiness fails at once, after SHUTDOWN_DELAY no new connection
is taken, running requests have GRACEFUL_TIMEOUT to end. A second SIGTERM skips the delay.
"""

import signal
from typing import Any

from app.observability import logs, metrics_folder
from app.observability.lifecycle import draining
from app.server import sockets
from app.settings import ApiSettings

_settings = ApiSettings.load()
_folder = metrics_folder.prepare()

bind = sockets.addresses(_settings)
workers = _settings.api_workers
threads = _settings.api_threads
worker_class = "app.server.worker.BufferedThreadWorker"
preload_app = True
keepalive = 30
timeout = 60
graceful_timeout = _settings.graceful_timeout
limit_request_line = 8190
sendfile = False  # answers go through memory
accesslog = None
logconfig_dict = logs.config(_settings)
control_socket_disable = True  # nobody needs a way in but signals


def on_starting(server: Any) -> None:
    """Before anything listens: a taken port is told at once, not after five attempts."""
    sockets.require_free(_settings)


def when_ready(server: Any) -> None:
    """Put a delay before the graceful stop in which readiness already fails."""

    def leave(number: int, frame: Any) -> None:
        if draining or not _settings.shutdown_delay:
            server.signal(number, frame)
            return
        draining.begin()
        signal.setitimer(signal.ITIMER_REAL, _settings.shutdown_delay)

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGALRM, lambda _, frame: server.signal(signal.SIGTERM, frame))


def child_exit(server: Any, worker: Any) -> None:
    """Forget the gauges of a process that has ended."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def on_exit(server: Any) -> None:
    """The counters end with the server."""
    metrics_folder.remove(_folder)
