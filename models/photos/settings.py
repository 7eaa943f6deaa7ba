"""Settings of fetching and decoding photos; the only place of this package that looks at the environment."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from catalog.settings import read


def _hosts(value: object) -> object:
    return [part.strip().lower() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _paths(value: object) -> object:
    if not isinstance(value, str):
        return value
    return [part.strip() for part in value.replace(os.pathsep, ",").split(",") if part.strip()]


class PhotoSettings(BaseModel):
    """What may be fetched, and how much of it. Field names in upper case are the environment variables."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    image_roots: Annotated[tuple[Path, ...], BeforeValidator(_paths)] = ()  # none: no file: URL is read
    image_allowed_hosts: Annotated[tuple[str, ...], BeforeValidator(_hosts)] = ()  # `host` or `host:port`
    image_max_bytes: Annotated[int, Field(gt=0)] = 20_000_000
    image_max_pixels: Annotated[int, Field(gt=0)] = 25_000_000
    image_timeout: Annotated[float, Field(gt=0)] = 20.0  # seconds for one photo, redirects and all
    image_connect_timeout: Annotated[float, Field(gt=0)] = 5.0


def load(environ: Mapping[str, str] | None = None) -> PhotoSettings:
    """Settings from the environment; raises InvalidInput naming the variable that is wrong."""
    return read(PhotoSettings, environ)
