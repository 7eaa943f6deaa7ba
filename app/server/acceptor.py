"""Accepts the connections of a worker and watches their sockets."""

import errno
import selectors
import socket
from functools import partial
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from app.server.connection import Connection, Phase
from app.server.connections import Connections, Patience
from app.settings import ApiSettings

BUFFERED = 64 << 20  # bytes of requests and answers in memory of one worker; at least three of the largest bodies


class AcceptingWorker(ThreadWorker):  # type: ignore[misc]
    """Takes connections one at a time, so that the worker with more to do takes fewer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.settings = ApiSettings.load()
        self.connections = Connections(
            self.worker_connections,
            max(BUFFERED, 3 * self.settings.max_upload_length),
            Patience(self.settings.request_timeout, self.cfg.keepalive),
        )

    def _ready(self, conn: Connection, _socket: socket.socket) -> None:
        """Reads from or writes to a connection that the poller has named."""
        raise NotImplementedError

    def accept(self, listener: Any) -> None:
        """Takes one connection."""
        self._accept(listener)

    def _accept(self, listener: Any) -> bool:
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE) and not self._make_room():
                self.set_accept_enabled(False)  # until the next sweep
            return False
        if self.connections.is_full and not self._make_room():
            client.close()
            return True
        conn = Connection(client, address, listener.getsockname())
        self.connections.add(conn)
        self._watch(conn, selectors.EVENT_READ)
        return True

    def _make_room(self) -> bool:
        conn = self.connections.expendable()
        if conn:
            self._drop(conn)
        return conn is not None

    def _stop_listening(self) -> None:
        """Takes the connections that the kernel has accepted already, which closing would reset, and closes."""
        self.set_accept_enabled(False)
        for listener in self.sockets:
            while self._accept(listener):
                pass
            listener.close()

    def _watch(self, conn: Connection, events: int) -> None:
        """Calls `_ready` on these events of the connection; 0: on none."""
        known = self.poller.get_map().get(conn.socket)
        if known and not events:
            self.poller.unregister(conn.socket)
        elif known and known.events != events:
            self.poller.modify(conn.socket, events, known.data)
        elif events and not known:
            self.poller.register(conn.socket, events, partial(self._ready, conn))

    def _drop(self, conn: Connection) -> None:
        if self.connections.remove(conn):
            self._watch(conn, 0)
            conn.enter(Phase.CLOSED)
            conn.socket.close()
