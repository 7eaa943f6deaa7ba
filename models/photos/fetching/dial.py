"""Opens a connection to an address that was checked, and to that very address."""

import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout

from models.photos.errors import BlockedAddress, PhotoError, Reason
from models.photos.fetching.addresses import is_blocked
from models.photos.fetching.deadline import Deadline

Resolver = Callable[[str, int], Sequence[tuple[socket.AddressFamily, str]]]


def resolve(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
    """Family and address of every stream address of `host`; raises OSError or UnicodeError."""
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

    def connect(self, host: str, port: int, deadline: Deadline) -> socket.socket:
        """A connected socket; raises PhotoError (bad_address, blocked_address, unreachable, timeout)."""
        addresses = self._resolve(host, port, deadline)
        if host not in self.allowed_hosts and f"{host}:{port}" not in self.allowed_hosts:
            addresses = [(family, address) for family, address in addresses if not is_blocked(address)]
            if not addresses:
                raise BlockedAddress(
                    f"{host} is not on the public Internet; name it in IMAGE_ALLOWED_HOSTS if it may be asked"
                )
        return self._first_open(host, port, addresses, deadline)

    def _resolve(self, host: str, port: int, deadline: Deadline) -> Sequence[tuple[socket.AddressFamily, str]]:
        future = self._threads.submit(self._resolver, host, port)
        try:
            addresses = future.result(timeout=deadline.remaining())  # getaddrinfo itself knows no timeout
        except FutureTimeout as error:
            raise PhotoError(Reason.TIMEOUT, f"the name {host} was not resolved in time") from error
        except UnicodeError as error:
            raise PhotoError(Reason.BAD_ADDRESS, f"'{host}' is not a host name") from error
        except OSError as error:
            raise PhotoError(Reason.UNREACHABLE, f"the host {host} is not known: {error.strerror}") from error
        if not addresses:
            raise PhotoError(Reason.UNREACHABLE, f"the host {host} has no address")
        return addresses

    def _first_open(
        self, host: str, port: int, addresses: Sequence[tuple[socket.AddressFamily, str]], deadline: Deadline
    ) -> socket.socket:
        failure: OSError | None = None
        for family, address in addresses:
            sock = socket.socket(family, socket.SOCK_STREAM)
            try:
                sock.settimeout(min(self.connect_timeout, deadline.remaining()))
                sock.connect((address, port))
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.settimeout(deadline.remaining())
                return sock
            except OSError as error:
                sock.close()
                failure = error
            except PhotoError:
                sock.close()
                raise
        if isinstance(failure, TimeoutError):
            raise PhotoError(Reason.TIMEOUT, f"{host} did not accept a connection in time") from failure
        raise PhotoError(Reason.UNREACHABLE, f"{host}:{port} cannot be reached: {failure}") from failure

    def close(self) -> None:
        """Forget names that are still being resolved."""
        self._threads.shutdown(wait=False, cancel_futures=True)
