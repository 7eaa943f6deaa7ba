"""Settings of the model room; the only place of this package that looks at the environment."""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.errors import InvalidSetting

REPOSITORY = Path(__file__).resolve().parent.parent


def _default_bundles() -> Path:
    here = Path("bundles")
    return here.absolute() if here.is_dir() else REPOSITORY / "bundles"


def _default_weights() -> Path:
    return REPOSITORY / "var" / "weights"


class Settings(BaseModel):
    """Where models live. Field names in upper case are the environment variables."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    bundles: Path = Field(default_factory=_default_bundles)  # made bundles: <name>/<version>/
    model_weights: Path = Field(default_factory=_default_weights)  # pretrained weight files, placed or downloaded
    model_owner: str = Field(default="visual-search", min_length=1)  # written into bundles made here
    model_threads: int | None = Field(default=None, ge=1, le=256)  # per model run; unset: all cores


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment; raises InvalidSetting naming the variable that is wrong."""
    source = os.environ if environ is None else environ
    values = {name: source[name.upper()] for name in Settings.model_fields if source.get(name.upper())}
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).upper()
        raise InvalidSetting(f"the setting {name} is wrong: {first['msg']}", setting=name) from error
