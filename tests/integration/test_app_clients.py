"""The API's server under clients that are slow, many, or do not speak HTTP."""

from __future__ import annotations

import re
import resource
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
import requests

from tests.integration.app_clients import (
    BIG,
    BIG_FILE,
    BIG_TIMES,
    HEAD,
    PATIENCE,
    connected,
    exchange,
    is_open,
    read_reply,
    slow_clients,
)
from tests.integration.app_proxy import Relay
from tests.integration.app_serving import Server, serving

SIMILAR = "/v1/products/p-1/similar"
GET = HEAD + b"\r\n"
POST = b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
QUESTION = b'{"query":{"product_id":"p-1"},"limit":3}'


@pytest.fixture
def environ(relay: Relay, index_prefix: str) -> dict[str, str]:
    """One process with one thread for questions: whoever held it would stop all others."""
    return {
        "ELASTICSEARCH_URL": relay.url,
        "INDEX_PREFIX": index_prefix,
        "API_WORKERS": "1",
        "API_THREADS": "3",
        "SHUTDOWN_DELAY": "0",
    }


@pytest.fixture
def server(environ: dict[str, str], tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path, **environ, REQUEST_TIMEOUT="600") as running:
        yield running


def wait_until(met: object, what: str) -> None:
    """Returns once `met()` is true; raises AssertionError after PATIENCE."""
    deadline = time.monotonic() + PATIENCE
    while not met():  # type: ignore[operator]
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def cpu_seconds(server: Server) -> float:
    """Of the server's worker."""
    (worker,) = psutil.Process(server.process.pid).children()
    times = worker.cpu_times()
    return float(times.user + times.system)


def test_slow_clients_hold_no_thread_and_cost_the_others_nothing(server: Server) -> None:
    def asked(session: requests.Session, times: int = 60) -> float:
        before = cpu_seconds(server)
        for _ in range(times):
            assert session.get(server.url + SIMILAR, timeout=PATIENCE).status_code == 200
        return cpu_seconds(server) - before

    with requests.Session() as session:
        asked(session)
        alone = asked(session)
        with slow_clients(server.port) as stuck:
            beside = asked(session)
            assert server.get("/healthz").ok and server.get("/readyz").ok and server.health("/healthz").ok
            senders = stuck[:75]  # the last 25 have their answers' beginning
            assert sum(map(is_open, senders)) == 75
        assert beside < 3 * alone + 0.2
        assert session.get(server.url + SIMILAR, timeout=PATIENCE).ok


def test_a_slow_reader_gets_its_whole_answer(server: Server) -> None:
    whole = server.get(BIG_FILE).content
    with connected(server.port, 2048) as reader:
        reader.sendall(BIG * BIG_TIMES + GET)
        assert server.get(SIMILAR).ok  # by the thread that made the answer
        assert all(read_reply(reader).body == whole for _ in range(BIG_TIMES))
        assert read_reply(reader).json == {"status": "ok"}  # the connection goes on


def test_deadlines_hold_for_headers_bodies_and_readers(environ: dict[str, str], tmp_path: Path) -> None:
    with serving(tmp_path, **environ, REQUEST_TIMEOUT="1") as server, slow_clients(server.port, 3) as stuck:
        for sock in stuck[:6]:
            reply = read_reply(sock)
            assert (reply.status, reply.json["code"]) == (408, "request_timeout")
            assert sock.recv(1) == b""
        size = len(server.get(BIG_FILE).content)
        for sock in stuck[9:]:
            time.sleep(2)  # any time over the deadline: nothing was read meanwhile
            received = 0
            try:
                while piece := sock.recv(65536):
                    received += len(piece)
            except ConnectionResetError:
                pass
            assert received < size * BIG_TIMES
        for sock in stuck[6:9]:
            assert sock.recv(1) == b""  # idle ones are closed without a word


def test_more_connections_than_files_are_no_end(environ: dict[str, str], tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))  # the server inherits it
    try:
        with serving(tmp_path, **environ) as server:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            with slow_clients(server.port, 100):
                assert server.get(SIMILAR).ok
                assert server.get("/healthz").ok
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_slow_elasticsearch_takes_neither_health_nor_all_threads(
    environ: dict[str, str], relay: Relay, tmp_path: Path
) -> None:
    with serving(tmp_path, **{**environ, "API_THREADS": "4", "SEARCH_TIMEOUT": "60"}) as server:
        assert server.get(SIMILAR).ok
        relay.passing.clear()
        with ThreadPoolExecutor(40) as pool:
            asked = [pool.submit(server.get, SIMILAR) for _ in range(40)]
            wait_until(lambda: sum(each.done() for each in asked) == 38, "threads − 2 are taken, the rest is told")
            for _ in range(5):
                assert server.get("/healthz").ok and server.health("/healthz").ok
            assert server.health("/metrics").ok
            late = server.get(SIMILAR)
            assert late.json()["code"] == "overloaded"
            done, running = wait(asked, timeout=0)
            assert len(running) == 2  # still: what follows had to wait for nobody
            relay.passing.set()
            statuses = [each.result().status_code for each in running]
        refused = [each.result() for each in done]
        assert {answer.status_code for answer in refused} == {503}
        assert all(int(answer.headers["Retry-After"]) >= 1 for answer in refused)
        assert {answer.json()["code"] for answer in refused} == {"overloaded"}
        assert statuses == [200, 200]
        assert server.get(SIMILAR).ok


def test_all_calls_of_a_question_share_one_deadline(environ: dict[str, str], relay: Relay, tmp_path: Path) -> None:
    with serving(tmp_path, **environ, SEARCH_TIMEOUT="2.5") as server:
        relay.delay = 1.0  # each call is in time, all of them are not
        answer = server.get(SIMILAR)
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert int(answer.headers["Retry-After"]) >= 1
        relay.delay = 0.0
        answer = server.get(SIMILAR)
        assert answer.ok, answer.text  # the breaker has not opened, and the lane knows that its thread is free


MALFORMED = {
    "a long address": (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414, "uri_too_long"),
    "a line without end": (b"GET /" + b"a" * 9000, 414, "uri_too_long"),
    "a long header": (HEAD + b"X-A: " + b"a" * 9000 + b"\r\n\r\n", 431, "headers_too_large"),
    "many headers": (HEAD + b"".join(b"X-%d: 1\r\n" % n for n in range(200)) + b"\r\n", 431, "headers_too_large"),
    "headers without end": (HEAD + b"X-A: 1\r\n" * 9000, 431, "headers_too_large"),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, "bad_request"),
    "a bare line feed": (b"GET /healthz HTTP/1.1\nHost: localhost\n\n", 400, "bad_request"),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "bad_request"),
    "an encoded address that is not": ("GET /ü HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(), 400, "bad_request"),
    "no host": (b"GET /healthz HTTP/1.1\r\n\r\n", 400, "bad_request"),
    "two hosts": (HEAD + b"Host: evil.example\r\n\r\n", 400, "bad_request"),
    "another host in the address": (HEAD.replace(b"/", b"http://evil.example/", 1) + b"\r\n", 400, "bad_request"),
    "no host in HTTP/1.0": (b"GET /healthz HTTP/1.0\r\n\r\n", 400, "untrusted_host"),
    "a bad chunk size": (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "bad_request"),
    "a chunk too long": (POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}}\r\n0\r\n\r\n", 400, "bad_request"),
    "length and chunks": (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 400, "bad_request"),
    "another coding": (POST + b"Transfer-Encoding: br\r\n\r\n", 501, "not_implemented"),
    "an expectation": (POST + b"Expect: wonders\r\nContent-Length: 5\r\n\r\n", 417, "expectation_failed"),
    "a body announced too large": (POST + b"Content-Length: 99999999\r\n\r\n", 413, "content_too_large"),
    "chunks too large": (
        b"PUT /v1/rules/r HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n200000\r\n"
        + b"x" * 0x200000,
        413,
        "content_too_large",
    ),
}


def test_what_is_not_http_gets_json_and_ends_the_connection(server: Server) -> None:
    for name, (sent, status, code) in MALFORMED.items():
        with connected(server.port) as sock:
            sock.sendall(sent)
            reply = read_reply(sock)
            assert (reply.status, reply.headers["content-type"]) == (status, "application/json"), name
            assert (set(reply.json), reply.json["code"]) == ({"code", "message", "detail"}, code), name
            assert reply.headers["connection"] == "close" and sock.recv(1) == b"", name
            assert reply.headers["x-query-id"], name
    assert (
        'visual_search_requests_total{endpoint="server",method="other",status="413"} 2.0'
        in server.health("/metrics").text
    )
    assert "Traceback" not in server.log


def chunked(data: bytes, size: int) -> bytes:
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    return b"".join(b"%x;a=b\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\nX-Trailer: 1\r\n\r\n"


def test_bodies_arrive_whole_however_they_are_sent(server: Server) -> None:
    sized = POST + b"Content-Length: %d\r\n\r\n%s" % (len(QUESTION), QUESTION)
    coded = POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(QUESTION, 7)
    first, second, third, fourth = exchange(server.port, sized, coded, sized, GET)  # pipelined
    assert [each.status for each in (first, second, third, fourth)] == [200] * 4
    assert first.body == second.body == third.body and len(first.json["hits"]) == 3
    with connected(server.port) as sock:
        for byte in coded:
            sock.sendall(bytes([byte]))
        assert read_reply(sock).body == first.body


def test_a_large_upload_may_wait_for_a_100(server: Server) -> None:
    body = b'{"query":{"image":"' + b"A" * 3_000_000 + b'"}}'
    with connected(server.port) as sock:
        sock.sendall(POST + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body))
        assert sock.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(body)
        reply = read_reply(sock)
        assert reply.status in (400, 409)  # no photo, or nothing here that embeds it: it has been read
        sock.sendall(GET)
        assert read_reply(sock).status == 200


def test_connections_that_wait_at_sigterm_are_answered(environ: dict[str, str], tmp_path: Path) -> None:
    with serving(tmp_path, **environ) as server, ExitStack() as stack:
        (worker,) = psutil.Process(server.process.pid).children()
        worker.send_signal(signal.SIGSTOP)  # what comes now is accepted by the kernel and by nobody else
        waiting = [stack.enter_context(connected(server.port)) for _ in range(12)]
        for sock in waiting:
            sock.sendall(GET)
        server.terminate()
        wait_until(lambda: "Handling signal: term" in server.log, "the master has closed its sockets")
        time.sleep(0.2)  # and told its worker, which cannot hear yet
        worker.send_signal(signal.SIGCONT)
        for sock in waiting:
            reply = read_reply(sock)
            assert (reply.status, reply.headers["connection"]) == (200, "close")
            assert sock.recv(1) == b""
            sock.close()
        assert server.process.wait(PATIENCE) == 0


def test_a_kept_connection_is_told_that_it_ends(server: Server) -> None:
    with connected(server.port) as sock, connected(server.port) as half:
        sock.sendall(GET)
        assert read_reply(sock).headers["connection"] == "keep-alive"
        half.sendall(HEAD)
        server.terminate()
        wait_until(lambda: not listens(server.port), "it no longer listens")
        sock.sendall(GET)
        assert read_reply(sock).headers["connection"] == "close"
        half.sendall(b"\r\n")
        assert read_reply(half).headers["connection"] == "close"
    assert server.process.wait(PATIENCE) == 0


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_figures_are_on_the_health_port(server: Server) -> None:
    assert re.search(r"visual_search_requests_total", server.health("/metrics").text)
    assert server.health("/v1/catalog/status").json()["products"] == 60
    assert server.health(SIMILAR).status_code == 404
    assert server.get("/metrics").status_code == 403
