"""Clients by hand: raw bytes over a socket, as slow or as wrong as a test needs them."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

PATIENCE = 120.0  # seconds a test waits for what it asserts; far more than the slowest machine needs
HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
BIG_FILE = "/static/swagger-ui/swagger-ui-bundle.js"
BIG = f"GET {BIG_FILE} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
BIG_TIMES = 8  # the kernel buffers some megabytes for a reader who does not read


@dataclass
class Reply:
    """One HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def connected(port: int, receive_buffer: int | None = None) -> socket.socket:
    sock = socket.socket()
    sock.settimeout(PATIENCE)
    if receive_buffer is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.connect(("127.0.0.1", port))
    return sock


def read_reply(sock: socket.socket) -> Reply:
    """Reads exactly one answer with a Content-Length."""
    received = b""
    while b"\r\n\r\n" not in received:
        piece = sock.recv(1)
        assert piece, f"closed after {received!r}"
        received += piece
    lines = received.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
    body = b""
    while len(body) < int(headers.get("content-length", 0)):
        piece = sock.recv(min(65536, int(headers["content-length"]) - len(body)))
        assert piece, "closed within the body"
        body += piece
    return Reply(int(lines[0].split()[1]), headers, body)


def exchange(port: int, *requests: bytes) -> list[Reply]:
    """The answers to requests sent at once over one connection."""
    with connected(port) as sock:
        sock.sendall(b"".join(requests))
        return [read_reply(sock) for _ in requests]


def is_open(sock: socket.socket) -> bool:
    """Whether the server has neither answered nor closed."""
    sock.setblocking(False)
    try:
        sock.recv(1)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        sock.settimeout(PATIENCE)
    return False


@contextmanager
def slow_clients(port: int, each: int = 25) -> Iterator[list[socket.socket]]:
    """`each` senders of headers, senders of bodies, idle connections, and readers; all of them stuck."""
    body = b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\n{"
    with ExitStack() as stack:
        found = []
        for sent, buffer in ((HEAD, None), (body, None), (b"", None), (BIG * BIG_TIMES, 2048)):
            for _ in range(each):
                sock = stack.enter_context(connected(port, buffer))
                sock.sendall(sent)
                found.append(sock)
        yield found
