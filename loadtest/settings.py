"""Settings of the load test; the only place of this package that looks at the environment."""

import os
from collections.abc import Mapping

from pydantic import Field

from catalog.settings import API_PORT, CatalogSettings, EnvironmentSettings, Port

LOADING_TIMEOUT = 300.0  # seconds for one request: a forced refresh of a big index takes its time


class LoadtestSettings(EnvironmentSettings):
    """Says where to send load, and how much."""

    elasticsearch_url: str = Field("", description="default an engine of its own, for as long as the test runs")
    api_port: Port = Field(API_PORT, description="port of the API that is asked")
    loadtest_users: int = Field(20, ge=1, le=1000, description="people asking at the same time")
    loadtest_seconds: int = Field(30, ge=1, le=3600, description="seconds they ask")

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"


def load_catalogue_settings(environ: Mapping[str, str] | None = None) -> CatalogSettings:
    """Reads the catalogue's settings, with the time that loading takes and `flat` where VECTOR_INDEX is `auto`."""
    found = CatalogSettings.load(environ)
    changes: dict[str, object] = {"elasticsearch_timeout": max(found.elasticsearch_timeout, LOADING_TIMEOUT)}
    if found.vector_index == "auto":
        changes["vector_index"] = "flat"
    return found.model_copy(update=changes)


def build_environment(changes: Mapping[str, str]) -> dict[str, str]:
    """Returns this process's environment with `changes`, for a program it starts."""
    return {**os.environ, **changes}
