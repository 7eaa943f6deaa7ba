"""Where load may go: this machine, unless somebody says otherwise out loud."""

import ipaddress
from urllib.parse import urlsplit

from loadtest.errors import CannotStart, TargetRefused


def check_address(url: str, *, allow_remote: bool) -> str:
    """Returns `url` without its last slash.

    Raises CannotStart where it is no http(s) address, TargetRefused where it is another machine's.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise CannotStart(f"'{url}' is no address: give one like http://127.0.0.1:8000")
    if not allow_remote and not _is_loopback(parts.hostname):
        raise TargetRefused(
            f"{parts.hostname} is not this machine, and a load test of somebody else's is an attack: "
            "use http://127.0.0.1:…, or say --allow-remote where it is yours"
        )
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
