"""The engine's settings: the only place of this room that reads the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.errors import OptionsError

DEFAULT_PORT = 9200
SYSTEM_CACHE = Path("/var/cache/visual-search")


@dataclass(frozen=True)
class Settings:
    """
    elasticsearch_url  ELASTICSEARCH_URL: use this server (or comma-separated list) and start none
    port               ENGINE_PORT: HTTP port of the first local node, 9200
    es_java_home       ES_JAVA_HOME: the JDK to use; an unfit one is an error
    java_home          JAVA_HOME: the JDK to use where ES_JAVA_HOME is not set; an unfit one is passed over
    search_path        PATH: where `java` is looked for
    home               the user's home folder, searched for JDKs
    cache              ENGINE_CACHE: server, plugin and data; by default ~/.cache/visual-search, and
                       /var/cache/visual-search for root, because the server's user cannot read root's home
    """

    elasticsearch_url: str | None = None
    port: int = DEFAULT_PORT
    es_java_home: Path | None = None
    java_home: Path | None = None
    search_path: str = os.defpath
    home: Path = Path("/nonexistent")
    cache: Path = SYSTEM_CACHE

    @classmethod
    def load(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Raises OptionsError where ENGINE_PORT is not a port number."""
        home = Path(environ.get("HOME") or Path.home())
        cache = SYSTEM_CACHE if os.geteuid() == 0 else home / ".cache" / "visual-search"
        return cls(
            elasticsearch_url=environ.get("ELASTICSEARCH_URL") or None,
            port=_port(environ.get("ENGINE_PORT") or str(DEFAULT_PORT)),
            es_java_home=_path(environ.get("ES_JAVA_HOME")),
            java_home=_path(environ.get("JAVA_HOME")),
            search_path=environ.get("PATH", os.defpath),
            home=home,
            cache=(_path(environ.get("ENGINE_CACHE")) or cache).absolute(),
        )


def _path(text: str | None) -> Path | None:
    return Path(text).expanduser() if text else None


def _port(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise OptionsError(f"ENGINE_PORT={text!r} is not a port number: give one from 1 to 65535")
    return int(text)
