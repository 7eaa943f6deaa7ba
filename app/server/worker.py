"""Gunicorn worker whose threads never wait for a client.

gunicorn's own threaded worker reads headers and bodies in its threads, so a few slow senders stop it. Here one loop
reads every request whole, with limits on time, bytes and connections; then a thread answers it into memory, and the
loop sends what the client has not taken at once. Reading the head, building the WSGI environment and calling the
application are gunicorn's.
"""

import selectors
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from app.http.limits import largest_body
from app.server.acceptor import AcceptingWorker
from app.server.connection import Connection, Phase
from app.server.connections import ARRIVING
from app.server.refusals import (
    Refused,
    check_flood,
    record_refusal,
    refusal_of,
    refuse_after_error,
    refuse_late,
    refuse_overload,
    written,
)
from app.server.request_queues import Lane, Lanes

TICK = 0.5  # seconds between two looks at the deadlines


class BufferedThreadWorker(AcceptingWorker):
    """Reads requests in one loop, answers them in threads, and sends the answers in the loop."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.alive = True  # until gunicorn says stop
        self._swept = 0.0

    def init_process(self) -> None:
        """Makes the lanes, after the fork: threads do not survive one."""
        self.lanes = Lanes(self.cfg.threads, self.settings.health)
        super().init_process()

    def get_thread_pool(self) -> ThreadPoolExecutor:
        """Returns the pool that gunicorn shuts down when it is told to quit."""
        return self.lanes.work.pool

    def run(self) -> None:
        """Serves until told to stop; then answers what has been accepted or waits to be."""
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
        """Ends what takes too long."""
        for conn in self.connections.overdue(now, stopping=not self.alive):
            if conn.phase in ARRIVING:
                self._refuse(conn, refuse_late())
            else:
                self._drop(conn)
        for lane in self.lanes:
            for conn in lane.take_expired():
                self._refuse(conn, refuse_overload())
        if self.alive:
            self.set_accept_enabled(True)

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
        """Reads on in what has arrived; a whole request goes to its lane."""
        try:
            if conn.phase is not Phase.BODY:
                if not conn.take_head(self.cfg):
                    return
                check_flood(self.wsgi, conn.request)
                conn.expect_body(largest_body(self.settings, conn.request.method, conn.request.path))
            if not conn.take_body():
                return
        except OSError:
            raise
        except Exception as error:
            self._refuse(conn, refusal_of(error))
            return
        self._watch(conn, 0)
        self._queue(conn, self.lanes.choose(conn))

    def _limit_memory(self, conn: Connection) -> None:
        self.connections.count(conn)
        while heaviest := self.connections.heaviest():
            if heaviest.phase in ARRIVING:
                self._refuse(heaviest, refuse_overload())
            else:
                self._drop(heaviest)

    def _queue(self, conn: Connection, lane: Lane) -> None:
        if lane.enter():
            self._run(conn, lane)
        elif lane.wait(conn):
            conn.enter(Phase.WAITING)
        else:
            self._refuse(conn, refuse_overload())

    def _run(self, conn: Connection, lane: Lane) -> None:
        conn.enter(Phase.RUNNING)
        lane.pool.submit(self._answer, conn, lane).add_done_callback(
            lambda _: self.method_queue.defer(self._finish, conn, lane)
        )

    def _answer(self, conn: Connection, lane: Lane) -> None:
        """Runs the application; in a thread of the lane."""
        try:
            conn.keep = self.handle_request(conn.request, conn)
        except Exception:
            self.log.exception("Error handling request %s %s", conn.request.method, conn.request.path)
            conn.keep = False
            conn.sock.pending[:] = written(refuse_after_error(), with_body=conn.request.method != "HEAD")
        lane.mark_freed()
        try:
            conn.send()  # most answers fit into the socket, and need not wait for the loop
        except OSError:
            conn.sock.pending.clear()
            conn.keep = False

    def _finish(self, conn: Connection, lane: Lane) -> None:
        """Gives the thread its next request and sends the answer; runs in the loop again."""
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
        """Says that nothing follows and waits for the client to close: closing at once could cost it the answer."""
        conn.enter(Phase.LINGERING)
        conn.received.clear()
        self.connections.count(conn)
        conn.socket.shutdown(socket.SHUT_WR)
        self._watch(conn, selectors.EVENT_READ)

    def _refuse(self, conn: Connection, refused: Refused) -> None:
        record_refusal(refused, log=self.settings.access_log)
        head = conn.request is not None and conn.request.method == "HEAD"
        conn.sock.pending[:] = written(refused, with_body=not head)
        conn.keep = False
        conn.finish()
        self._begin_sending(conn)
