"""Settings of the load test; the only place of this package that looks at the environment."""

import os
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from loadtest.errors import CannotStart

VectorIndex = Literal["flat", "int8_flat", "bbq_flat", "hnsw", "int8_hnsw", "bbq_hnsw"]


def plain(value: object) -> object:
    """Where the catalogue chooses for itself, drawn products are put on the plain type."""
    return "flat" if value == "auto" else value


class Settings(BaseModel):
    """Where to send load, and how much. Field names in upper case are the environment variables."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    elasticsearch_url: str = ""  # empty: the local engine; of a list the first is loaded
    elasticsearch_user: str = ""
    elasticsearch_password: str = ""
    elasticsearch_ca: str = ""
    engine_port: Annotated[int, Field(ge=1, le=65535)] = 9200
    api_port: Annotated[int, Field(ge=1, le=65535)] = 8000
    index_prefix: Annotated[str, Field(pattern=r"^([a-z0-9][a-z0-9_-]*)?$", max_length=64)] = ""
    vector_index: Annotated[VectorIndex, BeforeValidator(plain)] = "flat"
    loadtest_users: Annotated[int, Field(ge=1, le=1000)] = 20  # people asking at the same time
    loadtest_seconds: Annotated[int, Field(ge=1, le=3600)] = 30  # how long they ask

    @property
    def elasticsearch(self) -> str:
        """The address to load drawn products into."""
        first = self.elasticsearch_url.split(",")[0].strip().rstrip("/")
        return first or f"http://127.0.0.1:{self.engine_port}"

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment; raises CannotStart naming the variable that is wrong."""
    source = os.environ if environ is None else environ
    values = {name: source[name.upper()] for name in Settings.model_fields if source.get(name.upper())}
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise CannotStart(f"the setting {str(first['loc'][0]).upper()} is wrong: {first['msg']}") from error


def child_environment(changes: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with `changes`, for a program it starts."""
    return {**os.environ, **changes}
