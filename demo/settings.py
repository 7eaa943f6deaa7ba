"""Where the demo keeps things and listens; the only place of this package that reads the environment."""

import os
from pathlib import Path

from pydantic import Field

from catalog.settings import API_PORT, EnvironmentSettings, Port

# On a machine of one's own: one port with everything on it, and writing is to be tried out.
OPEN_API = {"HEALTH_PORT": "0", "PUBLIC_STATUS": "true", "ALLOW_ANONYMOUS_WRITES": "true"}


class DemoSettings(EnvironmentSettings):
    """Says where the demo's shop, the API's log and the list of what `stop` has to end are."""

    demo_dir: Path = Field(Path("var/demo"), description="folder of the demo's shop")
    demo_products: int = Field(400, ge=1, description="products that the demo draws")
    api_port: Port = Field(API_PORT, description="port of the demo's API")

    @property
    def folder(self) -> Path:
        return self.demo_dir.resolve()

    @property
    def shop(self) -> Path:
        return self.folder / "shop"

    @property
    def state(self) -> Path:
        return self.folder / "running.json"

    @property
    def log(self) -> Path:
        return self.folder / "api.log"

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"

    def child_environment(self) -> dict[str, str]:
        """Returns this process's environment for the demo's commands: the shop's photos are in IMAGE_ROOTS."""
        roots = [os.environ.get("IMAGE_ROOTS", ""), str(self.shop)]
        return {**OPEN_API, **os.environ, "IMAGE_ROOTS": ":".join(root for root in roots if root)}
