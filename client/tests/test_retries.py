"""What is tried again, what is not, and after how long."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from scripted_server import ERROR, PAGE, Reply, ScriptedServer, scripted_server

from visual_search_client import (
    ApiError,
    AsyncVisualSearch,
    NoAnswerError,
    RateLimitError,
    Retries,
    UnavailableError,
    VisualSearch,
)
from visual_search_client.calls import Call
from visual_search_client.errors import read_retry_after

QUICK = Retries(times=3, first_wait=0.001)
READ = Call("GET", "/", lambda answer: answer)
WRITE = Call("PATCH", "/", lambda answer: answer, repeatable=False)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


@pytest.fixture
def shop(server: ScriptedServer) -> Iterator[VisualSearch]:
    with VisualSearch(server.url, retries=QUICK) as client:
        yield client


@pytest.mark.parametrize("status", [429, 502, 503])
def test_what_passes_is_tried_again(server: ScriptedServer, shop: VisualSearch, status: int) -> None:
    server.script = [Reply(ERROR, status, {"Retry-After": "0"}), Reply(ERROR, status), Reply(PAGE)]
    assert shop.similar("p-1").hits == []
    assert len(server.asked) == 3


def test_a_search_is_sent_again_with_its_photo(server: ScriptedServer, shop: VisualSearch) -> None:
    server.script = [Reply(ERROR, 503), Reply(PAGE)]
    shop.search_photo(b"photo")
    assert [b"photo" in each.body for each in server.asked] == [True, True]


def test_patience_ends(server: ScriptedServer, shop: VisualSearch) -> None:
    headers = {"Retry-After": "0", "X-Query-Id": "q-1"}
    server.script = [Reply(ERROR, 503, headers)]
    with pytest.raises(UnavailableError, match="503 unavailable: ask again") as caught:
        shop.similar("p-1")
    error = caught.value
    assert (error.code, error.detail, error.retry_after, error.query_id) == (
        "unavailable",
        {"by": "test"},
        0.0,
        "q-1",
    )
    assert len(server.asked) == 4


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422, 500, 504])
def test_what_stays_is_not_tried_again(server: ScriptedServer, shop: VisualSearch, status: int) -> None:
    server.script = [Reply(ERROR, status)]
    with pytest.raises(ApiError) as caught:
        shop.similar("p-1")
    assert caught.value.status == status and len(server.asked) == 1


def test_whoever_shall_wait_long_is_told_at_once(server: ScriptedServer, shop: VisualSearch) -> None:
    server.script = [Reply(ERROR, 429, {"Retry-After": "3600"})]
    with pytest.raises(RateLimitError) as caught:
        shop.similar("p-1")
    assert caught.value.retry_after == 3600 and len(server.asked) == 1


def test_a_proxy_that_explains_nothing(server: ScriptedServer, shop: VisualSearch) -> None:
    server.script = [Reply(b"<html>bad gateway</html>", 502)]
    with pytest.raises(UnavailableError, match="did not say why"):
        shop.similar("p-1")
    server.script = [Reply(b"", 308, {"Location": "https://other.example/"})]
    with pytest.raises(ApiError, match=r"somewhere else: https://other\.example/"):
        shop.similar("p-1")


def test_a_connection_that_breaks_is_made_again(server: ScriptedServer, shop: VisualSearch) -> None:
    server.script = [Reply(cut=True), Reply(PAGE)]
    assert shop.similar("p-1").hits == []
    server.script = [Reply(cut=True)]
    with pytest.raises(NoAnswerError, match="no answer"):
        shop.similar("p-1")


def test_nobody_there(server: ScriptedServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (
        VisualSearch(f"http://127.0.0.1:{port}", retries=QUICK) as shop,
        pytest.raises(NoAnswerError, match="GET /v1/rules: no answer") as caught,
    ):
        shop.rules()
    assert isinstance(caught.value.__cause__, httpx.ConnectError)


def test_who_answers_too_slowly_is_not_asked_again(server: ScriptedServer) -> None:
    server.script = [Reply(hang=True)]
    with (
        VisualSearch(server.url, timeout=0.2, retries=QUICK) as shop,
        pytest.raises(NoAnswerError, match="not answered in time"),
    ):
        shop.similar("p-1")
    assert len(server.asked) == 1


def test_in_asyncio_as_well(server: ScriptedServer) -> None:
    async def ask() -> int:
        async with AsyncVisualSearch(server.url, retries=QUICK) as shop:
            server.script = [Reply(ERROR, 503), Reply(cut=True), Reply(PAGE)]
            return (await shop.similar("p-1")).limit

    assert asyncio.run(ask()) == 10
    assert len(server.asked) == 3


def test_a_write_that_may_have_been_done_is_not_repeated() -> None:
    request = httpx.Request("PATCH", "http://shop.example/")
    refused = httpx.ConnectError("refused", request=request)
    broken = httpx.ReadError("reset", request=request)
    for outcome, read, write in [
        (httpx.Response(429), True, True),
        (httpx.Response(503), True, False),
        (refused, True, True),
        (broken, True, False),
        (httpx.ReadTimeout("slow"), False, False),
    ]:
        assert (QUICK.choose_wait(READ, outcome, 0) is not None) is read, outcome
        assert (QUICK.choose_wait(WRITE, outcome, 0) is not None) is write, outcome


def test_waits_grow_by_chance_and_have_an_end() -> None:
    retries = Retries(times=10, first_wait=1.0, longest_wait=5.0)
    for attempt, most in enumerate((1, 2, 4, 5, 5)):
        waits = {retries.choose_wait(READ, httpx.Response(503), attempt) for _ in range(20)}
        assert len(waits) > 1
        assert all(wait is not None and most / 2 <= wait <= most for wait in waits)
    told = [retries.choose_wait(READ, httpx.Response(503, headers={"Retry-After": "3"}), 0) for _ in range(20)]
    assert all(wait is not None and 3 <= wait <= 4 for wait in told), "never before the time"
    assert retries.choose_wait(READ, httpx.Response(503), 10) is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(None, None), ("2", 2.0), ("0.5", 0.5), ("-3", 0.0), ("soon", None), ("inf", None), ("nan", None)],
)
def test_retry_after_is_read(value: str | None, seconds: float | None) -> None:
    assert read_retry_after(value) == seconds


def test_retry_after_may_be_a_date() -> None:
    now = datetime.now(UTC)
    assert read_retry_after(format_datetime(now - timedelta(hours=1))) == 0.0
    assert (
        3500
        < (
            read_retry_after(
                format_datetime(now + timedelta(hours=1)),
            )
            or 0
        )
        <= 3600
    )
