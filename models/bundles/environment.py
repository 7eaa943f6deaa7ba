"""What a bundle was made with: versions of Python, the platform and the named packages."""

import platform
from importlib.metadata import version


def environment(*packages: str) -> dict[str, str]:
    """`{"python": "3.11.7", "platform": "Linux x86_64", package: version, ...}`."""
    made_with = {"python": platform.python_version(), "platform": f"{platform.system()} {platform.machine()}"}
    return made_with | {package: version(package) for package in packages}
