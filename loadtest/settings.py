"""Settings of the load test; the only place of this package that looks at the environment."""

import os
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import BeforeValidator, Field

from catalog.errors import InvalidSetting
from catalog.settings import API_PORT, ENGINE_PORT, EnvironmentSettings, IndexPrefix, Port, VectorIndex
from loadtest.errors import CannotStart


def _without_auto(value: object) -> object:
    """Returns the type of vector index; where the catalogue chooses for itself, drawn products get the plain one."""
    return "flat" if value == "auto" else value


class LoadtestSettings(EnvironmentSettings):
    """Says where to send load, and how much."""

    elasticsearch_url: str = Field("", description="default the local engine; of several the first is loaded")
    elasticsearch_user: str = Field("", description="user for basic authentication")
    elasticsearch_password: str = Field("", description="password for basic authentication")
    elasticsearch_ca: str = Field("", description="PEM file of the certificate authority of an https address")
    engine_port: Port = Field(ENGINE_PORT, description="port of the local engine")
    api_port: Port = Field(API_PORT, description="port of the API that is asked")
    index_prefix: IndexPrefix = ""
    vector_index: Annotated[VectorIndex, BeforeValidator(_without_auto)] = Field(
        "flat", description="type of vector index for drawn products"
    )
    loadtest_users: int = Field(20, ge=1, le=1000, description="people asking at the same time")
    loadtest_seconds: int = Field(30, ge=1, le=3600, description="seconds they ask")

    @property
    def elasticsearch(self) -> str:
        """The address to load drawn products into."""
        first = self.elasticsearch_url.split(",")[0].strip().rstrip("/")
        return first or f"http://127.0.0.1:{self.engine_port}"

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Reads the settings from the environment; raises CannotStart naming the variable that is wrong."""
        try:
            return super().load(environ)
        except InvalidSetting as error:
            raise CannotStart(error.message) from error


def child_environment(changes: Mapping[str, str]) -> dict[str, str]:
    """Returns this process's environment with `changes`, for a program it starts."""
    return {**os.environ, **changes}
