"""Runs a real Elasticsearch on this machine without Docker: `python -m engine start|stop|status|logs`."""

from engine.cluster.ports import find_free_port
from engine.errors import EngineError
from engine.install.script_plugin import GRAMMAR
from engine.settings import EngineSettings
from engine.start import RunningEngine, start
from engine.start_options import StartOptions
from engine.status import status
from engine.stop import stop

__all__ = [
    "GRAMMAR",
    "EngineError",
    "EngineSettings",
    "RunningEngine",
    "StartOptions",
    "find_free_port",
    "start",
    "status",
    "stop",
]
