"""Settings that all rooms read alike, and the base of every room's settings."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from catalog.domain.filter_fields import INDEX_SORT_FIELDS
from catalog.errors import InvalidSetting

API_PORT = 8000
ENGINE_PORT = 9200
PATIENCE = 60.0  # seconds; a node that restarts is back after 12 to 30
VectorIndex = Literal["flat", "int8_flat", "bbq_flat", "hnsw", "int8_hnsw", "bbq_hnsw"]
# Fields of products by which an index can be kept in order: filtered ones, of one value each.
if TYPE_CHECKING:
    SortField = str
else:
    SortField = Literal[INDEX_SORT_FIELDS]


def split_commas(value: object) -> object:
    """Returns a comma-separated text as a list, anything else as it is."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(split_commas)]
Port = Annotated[int, Field(ge=1, le=65535)]
Patience = Annotated[
    float,
    Field(ge=0, description="seconds that imports and embedding runs wait while Elasticsearch is away or read-only"),
]
IndexPrefix = Annotated[
    str,
    Field(
        pattern=r"^([a-z0-9][a-z0-9_-]*)?$",
        max_length=64,
        description="put before every index and alias name: lower-case letters, digits, `_` and `-`",
    ),
]


class EnvironmentSettings(BaseSettings):
    """Base of all settings: each field is an environment variable of the same name in upper case.

    The environment is read by `load` alone; the constructor takes what it is given and defaults for the rest.
    """

    model_config = SettingsConfigDict(frozen=True, extra="forbid", enable_decoding=False)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Reads the settings from the environment; a variable without a value counts as unset.

        Raises InvalidSetting naming the variable that is wrong, and what it is for.
        """
        source = EnvSettingsSource(cls)
        given = os.environ if environ is None else environ
        source.env_vars = {name.lower(): value for name, value in given.items() if name.isupper() and value}
        try:
            return cls(**source())
        except ValidationError as error:
            raise cls._invalid(error) from error

    @classmethod
    def _invalid(cls, error: ValidationError) -> InvalidSetting:
        first = error.errors()[0]
        field = str(first["loc"][0])
        text = (
            f"the setting {field.upper()} is wrong: {first['msg']}; it means: {cls.model_fields[field].description}"
        )
        return InvalidSetting(text, setting=field.upper())


class CatalogSettings(EnvironmentSettings):
    """Says where the catalogue lives and how its index is laid out."""

    elasticsearch_url: Words = Field(
        (f"http://127.0.0.1:{ENGINE_PORT}",),
        min_length=1,
        description="address of Elasticsearch, or several; where set, no local one is started",
    )
    elasticsearch_user: str = Field("", description="user for basic authentication")
    elasticsearch_password: str = Field("", description="password for basic authentication")
    elasticsearch_ca: str = Field("", description="PEM file of the certificate authority of an https address")
    elasticsearch_timeout: float = Field(10.0, gt=0, description="seconds for one request")
    elasticsearch_patience: Patience = PATIENCE
    elasticsearch_untested: Literal["refuse", "allow"] = Field(
        "refuse", description="`allow` works with major versions of Elasticsearch other than 8 and 9"
    )
    index_prefix: IndexPrefix = ""
    index_shards: int = Field(1, ge=1, le=64, description="shards of a new product index")
    index_replicas: int = Field(
        0, ge=0, le=5, description="replicas of a product index; rules and promotions get one by themselves"
    )
    vector_index: VectorIndex | Literal["auto"] = Field(
        "auto",
        description="type of vector index for new models; `auto` follows what `visual-search catalog advise` says",
    )
    expected_products: int = Field(
        0, ge=0, description="products to come, for `auto`; those that are there count where they are more"
    )
    expected_updates: float = Field(10.0, ge=0, description="changes of prices and stock a second, for `auto`")
    planner_costs: str = Field(
        "",
        description="file of plan prices that `make calibrate` measured; default the built-in ones",
    )
    index_sort: Annotated[tuple[SortField, ...], BeforeValidator(split_commas)] = Field(
        (), description="filter fields that order a new index, the one filtered most first, e.g. `brand,available`"
    )
    index_preload: bool = Field(False, description="whether vectors are read into memory when the index is opened")
    bulk_scoring: Literal["auto", "off"] = Field(
        "auto", description="`off` never asks the server for `vector_scan`, the query of the engine's plugin"
    )
    index_refresh: str = Field(
        "1s", pattern=r"^(-1|\d+(ms|s|m))$", description="how soon writes can be found: `1s`, `500ms`, `-1` for never"
    )

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Reads the settings; without ELASTICSEARCH_URL the local engine's ENGINE_PORT counts."""
        given = os.environ if environ is None else environ
        if not given.get("ELASTICSEARCH_URL") and given.get("ENGINE_PORT"):
            given = {**given, "ELASTICSEARCH_URL": f"http://127.0.0.1:{given['ENGINE_PORT']}"}
        return super().load(given)
