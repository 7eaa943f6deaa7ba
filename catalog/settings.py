"""Settings that every door reads alike; the only place of this package that looks at the environment."""

import os
from collections.abc import Mapping
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from catalog.errors import InvalidSetting

T = TypeVar("T", bound=BaseModel)
PATIENCE = 60.0  # seconds; a node that restarts is back after 12 to 30
VectorIndex = Literal["flat", "int8_flat", "bbq_flat", "hnsw", "int8_hnsw", "bbq_hnsw"]
# Fields of products by which an index can be kept in order: filtered ones, of one value each.
SortField = Literal["brand", "color_family", "gender", "age_group", "pattern", "material", "available"]


def split(value: object) -> object:
    """A comma-separated text as a list; anything else as it is."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class Settings(BaseModel):
    """Where the catalogue lives. Field names in upper case are the environment variables."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    elasticsearch_url: Annotated[tuple[str, ...], BeforeValidator(split), Field(min_length=1)] = (
        "http://127.0.0.1:9200",
    )
    elasticsearch_user: str = ""
    elasticsearch_password: str = ""
    elasticsearch_ca: str = ""
    elasticsearch_timeout: Annotated[float, Field(gt=0)] = 10.0
    elasticsearch_patience: Annotated[float, Field(ge=0)] = PATIENCE  # how long it may be away, or refuse writes
    elasticsearch_untested: Literal["refuse", "allow"] = "refuse"  # major versions that we have not tried
    index_prefix: Annotated[str, Field(pattern=r"^([a-z0-9][a-z0-9_-]*)?$", max_length=64)] = ""
    index_shards: Annotated[int, Field(ge=1, le=64)] = 1
    index_replicas: Annotated[int, Field(ge=0, le=5)] = 0
    vector_index: VectorIndex | Literal["auto"] = (
        "auto"  # auto: what catalog.search.sizing advises for the next three
    )
    expected_products: Annotated[int, Field(ge=0)] = 0  # those that are there count where they are more
    expected_updates: Annotated[float, Field(ge=0)] = 10.0  # per second: prices, stock
    planner_costs: str = ""  # a file of `make calibrate`; empty: the prices of catalog.search.costs
    index_sort: Annotated[tuple[SortField, ...], BeforeValidator(split)] = ()  # the dominant filter first
    index_preload: bool = False  # read vectors into memory when the index is opened
    bulk_scoring: Literal["auto", "off"] = "auto"  # auto: the plugin's vector_scan where the server has it
    index_refresh: Annotated[str, Field(pattern=r"^(-1|\d+(ms|s|m))$")] = "1s"


def read(model: type[T], environ: Mapping[str, str] | None = None) -> T:
    """A settings model filled from variables called like its fields in upper case; empty ones count as unset.

    Raises InvalidSetting naming the variable that is wrong.
    """
    source = os.environ if environ is None else environ
    values = {name: source[name.upper()] for name in model.model_fields if source.get(name.upper())}
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).upper()
        raise InvalidSetting(f"the setting {name} is wrong: {first['msg']}", setting=name) from error


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment; without ELASTICSEARCH_URL the local engine's ENGINE_PORT counts."""
    source = os.environ if environ is None else environ
    if not source.get("ELASTICSEARCH_URL") and source.get("ENGINE_PORT"):
        source = {**source, "ELASTICSEARCH_URL": f"http://127.0.0.1:{source['ENGINE_PORT']}"}
    return read(Settings, source)
