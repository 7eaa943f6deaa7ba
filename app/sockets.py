"""The address the API listens on, and whether it is free."""

import errno
import socket
import sys

from app.settings import Settings


def address(settings: Settings) -> str:
    """`host:port`, an IPv6 host in brackets."""
    host = f"[{settings.api_host}]" if ":" in settings.api_host else settings.api_host
    return f"{host}:{settings.api_port}"


def require_free(settings: Settings) -> None:
    """Ends the process with status 2 and one line on stderr when nothing can listen there."""
    family = socket.AF_INET6 if ":" in settings.api_host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.api_host, settings.api_port))
        except OSError as error:
            reason = "the port is in use" if error.errno == errno.EADDRINUSE else str(error.strerror or error)
            sys.stderr.write(
                f"cannot listen on {address(settings)}: {reason}; stop what listens there or set API_PORT (--port)\n"
            )
            sys.exit(2)
