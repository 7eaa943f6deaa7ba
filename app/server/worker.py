"""A gunicorn worker whose threads never wait for a client.

gunicorn's own threaded worker reads headers and bodies in its threads, so a few slow senders stop it. Here one loop
reads every request whole, with limits on time, bytes and connections; then a thread answers it into memory, and the
loop sends what the client has not taken at once. Reading the head, building the WSGI environment and calling the
application are gunicorn's.
"""

import errno
import logging
import selectors
import socket
import time
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from app.http.limits import largest_body
from app.server.connection import Connection, Phase
from app.server.connections import ARRIVING, Connections, Patience
from app.server.lanes import Lane
from app.server.refusals import Refused, internal_error, overloaded, refusal_of, too_late, written
from app.settings import ApiSettings

access = logging.getLogger("app.access")
TICK = 0.5  # seconds between two looks at the deadlines
BUFFERED = 64 << 20  # bytes of requests and answers in memory of one worker; at least three of the largest bodies


class BufferedThreadWorker(ThreadWorker):  # type: ignore[misc]
    """See the module."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.settings = ApiSettings.load()
        self.connections = Connections(
            self.worker_connections,
            max(BUFFERED, 3 * self.settings.max_upload_length),
            Patience(self.settings.request_timeout, self.cfg.keepalive),
        )
        self.alive = True  # until gunicorn says stop
        self._swept = 0.0

    def init_process(self) -> None:
        """Make the lanes, after the fork: threads do not survive one."""
        self.work = Lane("api", max(1, self.cfg.threads - 2))
        self.liveness, self.readiness, self.operations = Lane("healthz", 1), Lane("readyz", 1), Lane("operations", 1)
        self.lanes = (self.work, self.liveness, self.readiness, self.operations)
        super().init_process()

    def get_thread_pool(self) -> ThreadPoolExecutor:
        """The pool that gunicorn shuts down when it is told to quit."""
        return self.work.pool

    def run(self) -> None:
        """Serve until told to stop; then answer what has been accepted or waits to be."""
        self.poller.register(self.method_queue.fileno(), selectors.EVENT_READ, self.method_queue.run_callbacks)
        self.set_accept_enabled(True)
        while self.alive and self.is_parent_alive():
            self._turn()
        self.alive = False  # from now on every answer ends its connection
        self._stop_listening()
        limit = time.monotonic() + self.cfg.graceful_timeout
        while len(self.connections) and time.monotonic() < limit:
            self._turn()
        for conn in self.connections:
            self._drop(conn)
        for lane in self.lanes:
            lane.pool.shutdown(wait=False)
        self.poller.close()
        self.method_queue.close()

    def _turn(self) -> None:
        self.notify()
        self.wait_for_and_dispatch_events(TICK)
        now = time.monotonic()
        if now - self._swept >= TICK:
            self._swept = now
            self._sweep(now)

    def _sweep(self, now: float) -> None:
        """End what takes too long."""
        for conn in self.connections.overdue(now, stopping=not self.alive):
            if conn.phase in ARRIVING:
                self._refuse(conn, too_late())
            else:
                self._drop(conn)
        for lane in self.lanes:
            for conn in lane.given_up():
                self._refuse(conn, overloaded())
        if self.alive:
            self.set_accept_enabled(True)

    # Connections: accepted one at a time, so that the worker with more to do takes fewer.

    def accept(self, listener: Any) -> None:
        """Take one connection."""
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
        """Take the connections that the kernel has accepted already, which closing would reset, and close."""
        self.set_accept_enabled(False)
        for listener in self.sockets:
            while self._accept(listener):
                pass
            listener.close()

    def _watch(self, conn: Connection, events: int) -> None:
        """Call `_ready` on these events of the connection; 0: on none."""
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

    # Reading

    def _ready(self, conn: Connection, _socket: socket.socket) -> None:
        try:
            if conn.phase is Phase.SENDING:
                self._send(conn)
            elif not conn.receive():
                self._drop(conn)
            else:
                self._limit_memory(conn)
                if conn.phase in (Phase.IDLE, *ARRIVING):
                    self._advance(conn)
        except OSError:  # the client is gone
            self._drop(conn)

    def _advance(self, conn: Connection) -> None:
        """Read on in what has arrived; a whole request goes to its lane."""
        try:
            if conn.phase is not Phase.BODY:
                if not conn.take_head(self.cfg):
                    return
                conn.expect_body(largest_body(self.settings, conn.request.method, conn.request.path))
            if not conn.take_body():
                return
        except OSError:
            raise
        except Exception as error:
            self._refuse(conn, refusal_of(error))
            return
        self._watch(conn, 0)
        self._queue(conn, self._lane(conn))

    def _limit_memory(self, conn: Connection) -> None:
        self.connections.count(conn)
        while heaviest := self.connections.heaviest():
            if heaviest.phase in ARRIVING:
                self._refuse(heaviest, overloaded())
            else:
                self._drop(heaviest)

    # Answering

    def _lane(self, conn: Connection) -> Lane:
        if conn.request.path == "/healthz":
            return self.liveness
        if conn.server[1] == self.settings.health:
            return self.operations
        return self.readiness if conn.request.path == "/readyz" else self.work

    def _queue(self, conn: Connection, lane: Lane) -> None:
        if lane.enter():
            self._run(conn, lane)
        elif lane.wait(conn):
            conn.enter(Phase.WAITING)
        else:
            self._refuse(conn, overloaded())

    def _run(self, conn: Connection, lane: Lane) -> None:
        conn.enter(Phase.RUNNING)
        lane.pool.submit(self._answer, conn).add_done_callback(partial(self._answered, conn, lane))

    def _answer(self, conn: Connection) -> None:
        """Runs the application; in a thread of the lane."""
        try:
            conn.keep = self.handle_request(conn.request, conn)
        except Exception:
            self.log.exception("Error handling request %s %s", conn.request.method, conn.request.path)
            conn.keep = False
            conn.sock.pending[:] = written(internal_error(), with_body=conn.request.method != "HEAD")
        try:
            conn.send()  # most answers fit into the socket, and need not wait for the loop
        except OSError:
            conn.sock.pending.clear()
            conn.keep = False

    def _answered(self, conn: Connection, lane: Lane, _answer: Future[None]) -> None:
        self.method_queue.defer(self._finish, conn, lane)

    def _finish(self, conn: Connection, lane: Lane) -> None:
        """Back in the loop: the thread takes the next request, this connection sends its answer."""
        following = lane.leave()
        if following:
            self._run(following, lane)
        conn.finish()
        self._begin_sending(conn)

    def _begin_sending(self, conn: Connection) -> None:
        conn.enter(Phase.SENDING)
        try:
            self._send(conn)
        except OSError:
            self._drop(conn)

    def _send(self, conn: Connection) -> None:
        if not conn.send():
            self._watch(conn, selectors.EVENT_WRITE)
            self._limit_memory(conn)
        elif conn.keep:
            self._expect_next(conn)
        else:
            self._linger(conn)

    def _expect_next(self, conn: Connection) -> None:
        conn.enter(Phase.IDLE)
        self.connections.count(conn)
        self._watch(conn, selectors.EVENT_READ)
        if conn.received:  # sent before the answer was there
            self._advance(conn)

    def _linger(self, conn: Connection) -> None:
        """Say that nothing follows and wait for the client to close: closing at once could cost it the answer."""
        conn.enter(Phase.LINGERING)
        conn.received.clear()
        self.connections.count(conn)
        conn.socket.shutdown(socket.SHUT_WR)
        self._watch(conn, selectors.EVENT_READ)

    def _refuse(self, conn: Connection, refused: Refused) -> None:
        from app.observability import (
            metrics,  # not before gunicorn's configuration has named the folder of the counters
        )

        metrics.REQUESTS.labels("server", "other", str(refused.status)).inc()
        if self.settings.access_log:
            fields = {"query_id": refused.query_id, "status": refused.status, "code": refused.code}
            access.info("refused %(status)s %(code)s", fields, extra={"fields": fields})
        head = conn.request is not None and conn.request.method == "HEAD"
        conn.sock.pending[:] = written(refused, with_body=not head)
        conn.keep = False
        conn.finish()
        self._begin_sending(conn)
