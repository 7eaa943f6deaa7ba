"""The server's parts without sockets: where requests end, who waits for a thread, whose connection gives way."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http import errors as http
from gunicorn.http.message import Request
from gunicorn.http.unreader import IterUnreader
from hypothesis import given
from hypothesis import strategies as st

from app.server.connection import Connection, Phase
from app.server.connections import HEAD_TIMEOUT, STOP_LINGER, Connections, Patience
from app.server.framing import MAX_CHUNKS, MAX_HEAD, Chunked, body_of, read_head
from app.server.refusals import PARSER, Refused, refusal_of, refuse_overload
from app.server.request_queues import MOST_WAITING, PATIENCE, STALLED, Lane

CONFIG = Config()
PEER = ("127.0.0.1", 1)
HEAD = b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\n"
PIECES = st.lists(st.binary(min_size=1, max_size=40), max_size=6)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def chunked(pieces: list[bytes]) -> bytes:
    return b"".join(b"%X;x=1\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\nA: b\r\n\r\n"


def arrive(whole: bytes, cuts: list[int]) -> tuple[Any, bytes, bytes]:
    """Feeds `whole` in pieces; gives the head, the body, and what is left for the next request."""
    received, scanned, request, body, sink = bytearray(), 0, None, None, BytesIO()
    points = sorted({min(cut, len(whole)) for cut in cuts} | {len(whole)})
    done, start = False, 0
    for point in points:
        received += whole[start:point]
        start = point
        if request is None:
            request = read_head(received, scanned, CONFIG, PEER)
            scanned = len(received)
            if request is None:
                continue
            body = body_of(request, 10**6)
        assert body is not None
        if not done:
            done = body.feed(received, lambda piece: sink.write(piece) and None)
    assert done, "all of it is here"
    return request, sink.getvalue(), bytes(received)


@given(PIECES, st.lists(st.integers(0, 400), max_size=8), st.booleans())
def test_a_request_is_the_same_however_it_is_cut(pieces: list[bytes], cuts: list[int], coded: bool) -> None:
    data = b"".join(pieces)
    framing = b"Transfer-Encoding: chunked\r\n\r\n" if coded else b"Content-Length: %d\r\n\r\n" % len(data)
    sent = HEAD + framing + (chunked(pieces) if coded else data)
    following = b"GET / HTTP/1.1\r\n"
    request, body, left = arrive(sent + following, cuts)
    theirs = Request(CONFIG, IterUnreader([sent]), PEER)
    assert (request.method, request.path, request.headers) == (theirs.method, theirs.path, theirs.headers)
    assert body == data == theirs.body.read()
    assert left == following


WORDS = (
    b"0",
    b"1",
    b"2",
    b"a",
    b"0\r\n\r\n",
    b"1\r\n",
    b"x",
    b"\r\n",
    b"\n",
    b"\r",
    b" ",
    b";",
    b"=",
    b'"',
    b"-",
    b"\0",
)


@given(st.lists(st.sampled_from(WORDS), max_size=12).map(b"".join))
def test_no_chunked_body_is_read_otherwise_than_gunicorn_reads_it(sent: bytes) -> None:
    """What is complete here is complete there, with the same bytes; what gunicorn refuses never is."""
    theirs = Request(CONFIG, IterUnreader([HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + sent]), PEER)
    ours, received = BytesIO(), bytearray(sent)
    try:
        done = Chunked().feed(received, lambda piece: ours.write(piece) and None)
    except (http.ParseException, Refused):
        return
    if done:
        assert ours.getvalue() == theirs.body.read()


def test_a_head_that_cannot_become_one_is_not_waited_for() -> None:
    for received in (b"GET / HTTP/1.1\n", b"G" * (MAX_HEAD + 1), HEAD + b"A: b\r\n" * 9000):
        with pytest.raises(http.ParseException):
            read_head(bytearray(received), 0, CONFIG, PEER)
    assert read_head(bytearray(HEAD), 0, CONFIG, PEER) is None


def test_crumbs_are_refused() -> None:
    with pytest.raises(Refused, match="chunks"):
        Chunked().feed(bytearray(b"1\r\nx\r\n" * (MAX_CHUNKS + 1)), lambda _: None)


def test_every_error_of_the_parser_has_an_answer() -> None:
    kinds = [kind for kind in vars(http).values() if isinstance(kind, type) and issubclass(kind, http.ParseException)]
    assert len(kinds) > 10
    for kind in kinds:
        refused = refusal_of(kind.__new__(kind))
        assert 400 <= refused.status < 600 and refused.code and "%" not in refused.message
    assert {status for status, _, _ in PARSER.values()} == {400, 414, 417, 431, 501}
    with pytest.raises(ZeroDivisionError):
        refusal_of(ZeroDivisionError())
    assert refuse_overload().retry_after


@pytest.fixture
def conn() -> Iterator[Connection]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Connection(ours, PEER, ("127.0.0.1", 8000))


def test_a_lane_lets_wait_while_threads_come_free(conn: Connection) -> None:
    clock = Clock()
    lane = Lane("test", 2, clock)
    assert [lane.enter() for _ in range(3)] == [True, True, False]
    assert lane.wait(conn) and lane.leave() is conn and lane.running == 2
    assert all(lane.wait(conn) for _ in range(MOST_WAITING)) and not lane.wait(conn)
    clock.now += STALLED / 2
    assert lane.take_expired() == [] and lane.leave() is conn
    clock.now += STALLED * 1.01
    assert len(lane.take_expired()) == MOST_WAITING - 1 and not lane.waiting
    assert not lane.wait(conn)  # nothing came free: told at once
    assert lane.leave() is None and lane.running == 1 and lane.enter()
    assert lane.wait(conn)
    while clock.now < 200:  # threads come free, but others were first for too long
        clock.now += STALLED / 2
        lane._freed = clock.now
        if lane.take_expired():
            break
    assert clock.now < 200 and not lane.waiting
    lane.pool.shutdown()
    assert PATIENCE > STALLED


def made(number: int, phase: Phase, began: float) -> Connection:
    ours, theirs = socket.socketpair()
    theirs.close()
    found = Connection(ours, ("127.0.0.1", number), ("127.0.0.1", 8000))
    found.phase, found.began = phase, began
    ours.close()
    return found


def test_the_idle_and_then_the_slow_give_way() -> None:
    connections = Connections(3, 1000, Patience(60, 30))
    slow, newer, idle = made(1, Phase.BODY, 1), made(2, Phase.BODY, 2), made(3, Phase.IDLE, 3)
    for each in (slow, newer, idle):
        connections.add(each)
    assert connections.is_full and connections.expendable() is idle
    connections.remove(idle)
    assert connections.expendable() is slow and connections.heaviest() is None
    newer.received += b"x" * 2000
    connections.count(newer)
    assert connections.heaviest() is slow  # it has been sending for longer, whoever sends more
    assert connections.remove(newer) and not connections.remove(newer)
    assert connections.heaviest() is None


@pytest.mark.parametrize(
    ("phase", "seconds"),
    [(Phase.IDLE, HEAD_TIMEOUT), (Phase.HEAD, HEAD_TIMEOUT), (Phase.BODY, 60), (Phase.SENDING, 60)],
)
def test_every_phase_that_depends_on_the_client_ends(phase: Phase, seconds: float) -> None:
    connections = Connections(10, 1000, Patience(60, 30))
    conn = made(1, phase, 1000)
    connections.add(conn)
    assert connections.overdue(1000 + seconds, stopping=False) == []
    assert connections.overdue(1000 + seconds + 1, stopping=False) == [conn]
    assert bool(connections.overdue(1000 + STOP_LINGER + 1, stopping=True)) is (phase is Phase.IDLE)
    conn.phase = Phase.RUNNING
    assert connections.overdue(10**6, stopping=False) == []
