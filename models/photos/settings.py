"""Settings of fetching and decoding photos; the only place of this package that looks at the environment."""

import os
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field

from catalog.settings import EnvironmentSettings, split_commas


def _split_hosts(value: object) -> object:
    return split_commas(value.lower()) if isinstance(value, str) else value


def _split_paths(value: object) -> object:
    return split_commas(value.replace(os.pathsep, ",")) if isinstance(value, str) else value


class PhotoSettings(EnvironmentSettings):
    """Says which photos may be fetched, and how much of them."""

    image_roots: Annotated[tuple[Path, ...], BeforeValidator(_split_paths)] = Field(
        (), description="folders below which `file:` photos may be read"
    )
    image_allowed_hosts: Annotated[tuple[str, ...], BeforeValidator(_split_hosts)] = Field(
        (), description="private hosts that photos may come from, `host` or `host:port`"
    )
    image_max_bytes: int = Field(20_000_000, gt=0, description="largest photo in bytes")
    image_max_pixels: int = Field(25_000_000, gt=0, description="largest photo in pixels")
    image_timeout: float = Field(20.0, gt=0, description="seconds for one photo, redirects and all")
    image_connect_timeout: float = Field(5.0, gt=0, description="seconds for one connection to a photo's host")
