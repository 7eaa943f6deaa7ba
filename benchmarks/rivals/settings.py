"""Settings of a rival's server; the only place of this package that looks at the environment."""

import os
from pathlib import Path

from pydantic import Field

from catalog.settings import EnvironmentSettings, Port


class RivalSettings(EnvironmentSettings):
    """Says which rival serves what was built in which folder, on which port of the loopback address."""

    rival_name: str = Field(description="the rival, as benchmarks/rivals/contestants.py names it")
    rival_folder: Path = Field(description="folder of its index")
    rival_port: Port = Field(description="port it listens on")

    def build_environment(self) -> dict[str, str]:
        """Returns this process's environment with these settings, for the server to be started."""
        return {**os.environ, **{name.upper(): str(value) for name, value in self}}
