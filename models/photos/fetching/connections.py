"""urllib3's connection pools, over sockets that the dialer opened and whose reading ends at one moment.

urllib3's own timeout starts anew with every byte read. So `getresponse` turns what is left of the total timeout into
the moment at which all reading ends, which holds for the head of the response and for its body.
"""

import socket
import ssl
import time
from http.client import HTTPException
from typing import ClassVar

from urllib3 import PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.response import HTTPResponse

from models.photos.fetching.dialer import Dialer, TimedSocket

HOSTS = 16  # that connections are kept to
CONNECTIONS = 256  # kept to one host; no more threads download at a time


class StaleConnection(Exception):
    """Raised where the host closed a kept connection that looked alive: the request is worth another connection."""


class TimedTlsSocket(TimedSocket, ssl.SSLSocket):
    """`TimedSocket` under TLS."""


class PlainConnection(HTTPConnection):
    """Connects to addresses that `dialer` checked; what it reads has to be there when its `timeout` is over."""

    dialer: ClassVar[Dialer]
    _reused = False

    def _new_conn(self) -> socket.socket:
        self._reused = False
        return self.dialer.connect(self._dns_host, self.port, self.timeout or 0.0)

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        reused, self._reused = self._reused, True
        if isinstance(self.sock, TimedSocket):
            self.sock.ends = time.monotonic() + (self.timeout or 0.0)
        try:
            return super().getresponse()
        except (ConnectionError, HTTPException) as error:
            if reused:
                raise StaleConnection from error
            raise


class TlsConnection(PlainConnection, HTTPSConnection):
    """`PlainConnection` with TLS, which verifies the host name whatever address the socket leads to."""


def build_pools(dialer: Dialer) -> PoolManager:
    """Returns urllib3's pools, which connect through `dialer` alone and ignore the environment's proxies."""
    context = ssl.create_default_context()
    context.sslsocket_class = TimedTlsSocket
    manager = PoolManager(HOSTS, maxsize=CONNECTIONS, ssl_context=context)
    plain = type("DialedConnection", (PlainConnection,), {"dialer": dialer})
    tls = type("DialedTlsConnection", (TlsConnection,), {"dialer": dialer})
    manager.pool_classes_by_scheme = {
        "http": type("DialedPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
        "https": type("DialedTlsPool", (HTTPSConnectionPool,), {"ConnectionCls": tls}),
    }
    return manager
