"""Settings of a rival's server; the only place of this package that looks at the environment."""

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """Which rival serves what was built in which folder, on which port of the loopback address."""

    model_config = ConfigDict(frozen=True)

    rival_name: str
    rival_folder: Path
    rival_port: int = Field(ge=1, le=65535)

    def environment(self) -> dict[str, str]:
        """This process's environment with these settings, for the server to be started."""
        return {**os.environ, **{name.upper(): str(value) for name, value in self}}


def load() -> Settings:
    """Settings from the environment; raises pydantic's ValidationError naming what is missing."""
    return Settings.model_validate({name: os.environ.get(name.upper()) for name in Settings.model_fields})
