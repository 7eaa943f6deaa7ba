"""Where the demo keeps things and listens; the only place of this package that looks at the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """`folder` holds the drawn shop, the API's log and what `stop` has to end."""

    folder: Path
    api_port: int
    products: int
    environ: Mapping[str, str] = field(repr=False)

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


def load() -> Settings:
    """Settings from the environment; children of the demo see the shop's photos through IMAGE_ROOTS."""
    folder = Path(os.environ.get("DEMO_DIR", "var/demo")).resolve()
    roots = [os.environ.get("IMAGE_ROOTS", ""), str(folder / "shop")]
    # On a machine of one's own: one port with everything on it, and rules are to be tried out.
    open_house = {"HEALTH_PORT": "0", "PUBLIC_STATUS": "true", "ALLOW_ANONYMOUS_WRITES": "true"}
    environ = {**open_house, **os.environ, "IMAGE_ROOTS": ":".join(root for root in roots if root)}
    return Settings(
        folder, int(os.environ.get("API_PORT") or 8000), int(os.environ.get("DEMO_PRODUCTS") or 400), environ
    )
