"""Finds the addresses the API listens on, and checks that they are free."""

import errno
import socket
import sys

from app.settings import ApiSettings

HIGHEST = 65535  # the last port there is


def _address(host: str, port: int) -> str:
    """`host:port`, an IPv6 host in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def addresses(settings: ApiSettings) -> list[str]:
    """Where to listen: the API's address, then the health port's unless it is off."""
    health = [_address(settings.health_host, settings.health)] if settings.health else []
    return [_address(settings.api_host, settings.api_port), *health]


def require_free(settings: ApiSettings) -> None:
    """Ends the process with status 2 and one line on stderr when nothing can listen on one of the addresses."""
    _require_free(settings.api_host, settings.api_port, "API_PORT (--port)")
    if settings.health == settings.api_port or settings.health > HIGHEST:
        _end(f"the health port cannot be {settings.health}: set HEALTH_PORT to another one (0: none)")
    if settings.health:
        _require_free(settings.health_host, settings.health, "HEALTH_PORT (default API_PORT + 1, 0: none)")


def _require_free(host: str, port: int, setting: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = "the port is in use" if error.errno == errno.EADDRINUSE else str(error.strerror or error)
            _end(f"cannot listen on {_address(host, port)}: {reason}; stop what listens there or set {setting}")


def _end(message: str) -> None:
    sys.stderr.write(f"{message}\n")
    sys.exit(2)
