"""Ends what `start` started on a port, and nothing else."""

from __future__ import annotations

from engine.cluster import processes, state
from engine.locks import exclusive
from engine.settings import Settings


def stop(port: int | None = None, settings: Settings | None = None) -> list[int]:
    """Ends the engine on the port (None: the settings' port); returns the pids ended, [] where nothing ran.

    With ELASTICSEARCH_URL set nothing is ours to stop. Raises StopFailed where a process stays.
    """
    settings = settings or Settings.load()
    if settings.elasticsearch_url or not settings.cache.exists():
        return []
    port = port or settings.port
    with exclusive(settings.cache / "run" / f"{port}.lock"):
        known = state.load(settings.cache, port)
        if known is None:
            return []
        ended = processes.end(known.nodes)
        state.forget(settings.cache, port)
        return ended
