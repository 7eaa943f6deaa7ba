"""One client's connection: what arrived of a request, and what of the answer is still to be sent."""

import socket
import time
from enum import Enum, auto
from io import BytesIO
from typing import Any

from app.server.framing import Body, body_of, read_head
from app.server.refusals import too_large

RECEIVE = 256 * 1024  # bytes taken from a socket at a time
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Phase(Enum):
    """Where a connection stands."""

    IDLE = auto()  # no byte of a request is here
    HEAD = auto()
    BODY = auto()
    WAITING = auto()  # the request is whole and waits for a thread
    RUNNING = auto()
    SENDING = auto()
    LINGERING = auto()  # the answer is sent, the client has yet to close
    CLOSED = auto()


class Outbox:
    """Takes what gunicorn writes of an answer into memory, so that no thread ever waits for a reader."""

    def __init__(self) -> None:
        self.pending = bytearray()

    def sendall(self, data: bytes) -> None:
        self.pending += data

    def shutdown(self, _how: int) -> None:
        """Refuses: gunicorn would close after an error, which is the worker's to do."""
        raise OSError("this is no socket")

    def close(self) -> None:
        """Does nothing, see `shutdown`."""


class Connection:
    """`sock`, `client` and `server` are names that gunicorn uses; `sock` is where answers go, not the socket."""

    def __init__(self, sock: socket.socket, client: Any, server: Any) -> None:
        sock.setblocking(False)
        self.socket = sock
        self.client = client
        self.server = server
        self.sock = Outbox()
        self.received = bytearray()
        self.request: Any = None
        self.content = BytesIO()
        self.keep = True  # whether another request may follow
        self.served = 0  # requests answered
        self.counted = 0  # bytes of `size` that the worker has added up
        self._scanned = 0
        self._stored = 0  # bytes in `content`
        self._limit = 0
        self._body: Body | None = None
        self.enter(Phase.IDLE)

    @property
    def size(self) -> int:
        """Bytes held in memory for this client."""
        return len(self.received) + self._stored + len(self.sock.pending)

    def enter(self, phase: Phase) -> None:
        """Change the phase and note when it began, by the monotonic clock; a body's time began with its head."""
        self.phase = phase
        if phase is not Phase.BODY:
            self.began = time.monotonic()

    def receive(self) -> bool:
        """Takes what has arrived; False when the client has closed. Raises OSError."""
        try:
            data = self.socket.recv(RECEIVE)
        except BlockingIOError:
            return True
        if self.phase is not Phase.LINGERING:
            self.received += data
        return bool(data)

    def take_head(self, config: Any) -> bool:
        """Returns whether the request's head is here now; raises what `read_head` raises."""
        if self.phase is Phase.IDLE:
            self.enter(Phase.HEAD)
        if self.request is None:
            self.request = read_head(self.received, self._scanned, config, self.client)
            self._scanned = len(self.received)
        return self.request is not None

    def expect_body(self, limit: int) -> None:
        """Prepare for a body of at most `limit` bytes; raises Refused for a larger one, before it is sent."""
        self._body = body_of(self.request, limit)
        self._limit = limit
        self.enter(Phase.BODY)

    def take_body(self) -> bool:
        """Returns whether the whole body is here now; raises ParseException and Refused."""
        assert self._body is not None
        whole = self._body.feed(self.received, self._store)
        if whole:
            self.content.seek(0)
            self.request.body = self.content
        elif self.request._expected_100_continue and not self._stored:
            self.socket.send(CONTINUE)  # nothing else is on its way: these few bytes are taken at once
        self.request._expected_100_continue = False  # or gunicorn says it again
        return whole

    def _store(self, piece: bytes) -> None:
        self._stored += len(piece)
        if self._stored > self._limit:
            raise too_large(self._limit)
        self.content.write(piece)

    def send(self) -> bool:
        """Sends what the client takes now; whether all is sent. Raises OSError."""
        pending = self.sock.pending
        while pending:
            try:
                sent = self.socket.send(bytes(pending[:RECEIVE]))
            except BlockingIOError:
                return False
            del pending[:sent]
        return True

    def finish(self) -> None:
        """Forget the request that was answered."""
        self.request, self._body, self.content = None, None, BytesIO()
        self._scanned = self._stored = 0
        self.served += 1
