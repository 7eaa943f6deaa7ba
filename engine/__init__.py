"""Runs a real Elasticsearch on this machine without Docker: `python -m engine start|stop|status|logs`."""

from engine.cluster.ports import free_port
from engine.errors import EngineError
from engine.install.script_plugin import GRAMMAR
from engine.options import Options
from engine.settings import EngineSettings
from engine.start import Running, start
from engine.status import status
from engine.stop import stop

__all__ = ["GRAMMAR", "EngineError", "EngineSettings", "Options", "Running", "free_port", "start", "status", "stop"]
