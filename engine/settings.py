"""Settings of the engine; the only place of this room that reads the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from engine.errors import OptionsError

SYSTEM_CACHE = Path("/var/cache/visual-search")


def _expand_user(value: object) -> object:
    return Path(value).expanduser() if isinstance(value, str) else value


def _default_cache(given: Mapping[str, object]) -> Path:
    """Returns where the server is kept; that of root lies elsewhere: the server's user cannot read root's home."""
    home = given["home"]
    assert isinstance(home, Path)
    return SYSTEM_CACHE if os.geteuid() == 0 else home / ".cache" / "visual-search"


UserPath = Annotated[Path, BeforeValidator(_expand_user)]


class EngineSettings(BaseSettings):
    """Says which server and JDK to use; each field is an environment variable of the same name in upper case.

    The environment is read by `load` alone; the constructor takes what it is given and defaults for the rest.
    """

    model_config = SettingsConfigDict(frozen=True, extra="forbid", enable_decoding=False)

    elasticsearch_url: str | None = Field(
        None, description="address of Elasticsearch, or several; where set, no local one is started"
    )
    engine_port: int = Field(9200, ge=1, le=65535, description="HTTP port of the first local node")
    es_java_home: UserPath | None = Field(None, description="the JDK to use; an unfit one is an error")
    java_home: UserPath | None = Field(
        None, description="the JDK to use where ES_JAVA_HOME is not set; an unfit one is passed over"
    )
    path: str = Field(os.defpath, description="folders where `java` is looked for")
    home: Path = Field(default_factory=Path.home, description="the user's home folder, searched for JDKs")
    engine_jvm_options: str = Field(
        "", description="options added to those of each local node's JVM, separated by spaces"
    )
    engine_cache: Annotated[UserPath, AfterValidator(Path.absolute)] = Field(
        default_factory=_default_cache,
        description="folder of server, plugin and data; default ~/.cache/visual-search, of root in /var/cache",
    )

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
    def load(cls, environ: Mapping[str, str] | None = None) -> EngineSettings:
        """Reads the settings; a variable without a value counts as unset. Raises OptionsError naming a wrong one."""
        source = EnvSettingsSource(cls)
        given = os.environ if environ is None else environ
        source.env_vars = {name.lower(): value for name, value in given.items() if name.isupper() and value}
        try:
            return cls(**source())
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0]).upper()
            use = cls.model_fields[name.lower()].description
            raise OptionsError(f"{name}={first['input']!r} is wrong: {first['msg']}; it means: {use}") from error
