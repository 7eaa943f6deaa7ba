"""Ends what `start` started on a port, and nothing else."""

from filelock import FileLock

from engine.cluster import processes, state
from engine.settings import EngineSettings


def stop(port: int | None = None, settings: EngineSettings | None = None) -> list[int]:
    """Ends the engine on the port (None: the settings' port); returns the pids ended, [] where nothing ran.

    With ELASTICSEARCH_URL set nothing is ours to stop. Raises StopFailed where a process stays.
    """
    settings = settings or EngineSettings.load()
    if settings.elasticsearch_url or not settings.engine_cache.exists():
        return []
    port = port or settings.engine_port
    with FileLock(settings.engine_cache / "run" / f"{port}.lock"):
        known = state.load(settings.engine_cache, port)
        if known is None:
            return []
        ended = processes.end_processes(known.nodes)
        state.forget(settings.engine_cache, port)
        return ended
