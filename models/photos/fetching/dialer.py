"""Opens a socket to an address that was checked, and to that very address."""

import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from models.photos.errors import BlockedAddress, PhotoError, Reason
from models.photos.fetching.addresses import is_blocked

Addresses = Sequence[tuple[socket.AddressFamily, str]]
Resolver = Callable[[str, int], Addresses]


class TimedSocket(socket.socket):
    """Reads nothing after `ends`, a moment of the monotonic clock, however regularly a byte arrives."""

    ends = 0.0

    def recv_into(self, *arguments: Any) -> int:
        left = self.ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.settimeout(left)
        return super().recv_into(*arguments)


def resolve(host: str, port: int) -> Addresses:
    """Returns family and address of every stream address of `host`; raises OSError or UnicodeError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(family, str(address[0])) for family, _, _, _, address in found]


class Dialer:
    """Resolves once, checks, and connects to what it checked: a second answer of the DNS changes nothing."""

    def __init__(
        self, allowed_hosts: Sequence[str], connect_timeout: float, resolver: Resolver = resolve, threads: int = 8
    ) -> None:
        self.allowed_hosts = frozenset(allowed_hosts)
        self.connect_timeout = connect_timeout
        self._resolver = resolver
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="resolve")

    def connect(self, host: str, port: int, seconds: float) -> TimedSocket:
        """Returns a connected socket within `seconds`, names and all.

        Raises PhotoError (bad_address, blocked_address, unreachable, timeout).
        """
        ends = time.monotonic() + seconds
        addresses = self._resolve(host, port, seconds)
        if host not in self.allowed_hosts and f"{host}:{port}" not in self.allowed_hosts:
            addresses = [(family, address) for family, address in addresses if not is_blocked(address)]
            if not addresses:
                raise BlockedAddress(
                    f"{host} is not on the public Internet; name it in IMAGE_ALLOWED_HOSTS if it may be asked"
                )
        return self._open_first(host, port, addresses, ends)

    def _resolve(self, host: str, port: int, seconds: float) -> Addresses:
        future = self._threads.submit(self._resolver, host, port)
        try:
            addresses = future.result(timeout=seconds)  # getaddrinfo itself knows no timeout
        except TimeoutError as error:
            raise PhotoError(Reason.TIMEOUT, f"the name {host} was not resolved in time") from error
        except UnicodeError as error:
            raise PhotoError(Reason.BAD_ADDRESS, f"'{host}' is not a host name") from error
        except OSError as error:
            raise PhotoError(Reason.UNREACHABLE, f"the host {host} is not known: {error.strerror}") from error
        if not addresses:
            raise PhotoError(Reason.UNREACHABLE, f"the host {host} has no address")
        return addresses

    def _open_first(self, host: str, port: int, addresses: Addresses, ends: float) -> TimedSocket:
        failure: OSError = TimeoutError()
        for family, address in addresses:
            left = ends - time.monotonic()
            if left <= 0:
                break
            sock = TimedSocket(family, socket.SOCK_STREAM)
            try:
                sock.settimeout(min(self.connect_timeout, left))
                sock.connect((address, port))
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.settimeout(max(ends - time.monotonic(), 0.001))
                return sock
            except OSError as error:
                sock.close()
                failure = error
        if isinstance(failure, TimeoutError):
            raise PhotoError(Reason.TIMEOUT, f"{host} did not accept a connection in time") from failure
        raise PhotoError(Reason.UNREACHABLE, f"{host}:{port} cannot be reached: {failure}") from failure

    def close(self) -> None:
        """Cancels names that wait to be resolved."""
        self._threads.shutdown(wait=False, cancel_futures=True)
