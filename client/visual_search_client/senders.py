"""Sends calls and waits between attempts, once for threads and once for asyncio."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Generic, Self, TypeVar

import httpx

from visual_search_client.answers import Hit
from visual_search_client.calls import Call
from visual_search_client.pages import Cursor, PageWindow
from visual_search_client.transport import Outcome, Retries, build_headers, build_request, check_url, conclude

T = TypeVar("T")
Http = TypeVar("Http", httpx.Client, httpx.AsyncClient)
Ask = Callable[[PageWindow], Call[Any]]
DEFAULT_RETRIES = Retries()


class _Sender(ABC, Generic[Http]):
    """Holds what a client was made with."""

    def __init__(
        self,
        url: str,
        api_key: str | None = None,
        *,
        timeout: float = 30.0,
        retries: Retries = DEFAULT_RETRIES,
        http: Http | None = None,
    ) -> None:
        self._url = check_url(url)
        self._headers = build_headers(api_key)
        self._timeout = timeout
        self._retries = retries
        self._is_own = http is None
        self._http: Http = http or self._open()

    @abstractmethod
    def _open(self) -> Http:
        """Makes what requests are sent with, where none was given."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._url!r})"  # never the key

    def _arguments(self, call: Call[Any]) -> dict[str, Any]:
        """Returns what httpx is called with."""
        arguments = build_request(call)
        return {
            "method": call.method,
            "url": self._url + call.path,
            "timeout": self._timeout,
            "follow_redirects": False,
            **arguments,
            "headers": self._headers | arguments.get("headers", {}),
        }


class SyncSender(_Sender[httpx.Client]):
    """Sends and waits in the caller's thread."""

    def _open(self) -> httpx.Client:
        return httpx.Client()

    def close(self) -> None:
        """Ends the connections, unless they are those of a `http` that was given."""
        if self._is_own:
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _send(self, call: Call[T]) -> T:
        attempt = 0
        while (wait := self._retries.choose_wait(call, outcome := self._exchange(call), attempt)) is not None:
            time.sleep(wait)
            attempt += 1
        return conclude(call, outcome)

    def _exchange(self, call: Call[Any]) -> Outcome:
        try:
            return self._http.request(**self._arguments(call))
        except httpx.RequestError as error:
            return error

    def _iterate(self, ask: Ask, cursor: Cursor) -> Iterator[Hit]:
        while page := cursor.next_page():
            yield from cursor.take(self._send(ask(page)))


class AsyncSender(_Sender[httpx.AsyncClient]):
    """Sends and waits in asyncio."""

    def _open(self) -> httpx.AsyncClient:
        return httpx.AsyncClient()

    async def close(self) -> None:
        """Ends the connections, unless they are those of a `http` that was given."""
        if self._is_own:
            await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _send(self, call: Call[T]) -> T:
        attempt = 0
        while (wait := self._retries.choose_wait(call, outcome := await self._exchange(call), attempt)) is not None:
            await asyncio.sleep(wait)
            attempt += 1
        return conclude(call, outcome)

    async def _exchange(self, call: Call[Any]) -> Outcome:
        try:
            return await self._http.request(**self._arguments(call))
        except httpx.RequestError as error:
            return error

    async def _iterate(self, ask: Ask, cursor: Cursor) -> AsyncIterator[Hit]:
        while page := cursor.next_page():
            for hit in cursor.take(await self._send(ask(page))):
                yield hit
