"""Keeps the record of a reindex on the index it fills: who does it, whether it goes on, whether it may swap.

Whoever holds the alias named after the record's token may swap: the swap itself takes that alias away, and so does
whoever undoes a killed reindex. Elasticsearch does each in one step, so only one of the two can happen.
"""

import os
import re
import secrets
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Literal, Self

from elasticsearch import ApiError, Elasticsearch, NotFoundError, TransportError

from catalog.elastic.names import Names

LEASE = timedelta(seconds=30)  # without a sign of life for this long, a reindex on another machine counts as dead
RENEWED_EVERY = 5.0  # seconds
META = "reindex"  # the key in the mapping's `_meta`
_running: set[str] = set()  # tokens of this process


@dataclass(frozen=True, slots=True)
class Record:
    """Records a reindex of `replaces` into `index`; `renewed_at` is its last sign of life (UTC, ISO 8601)."""

    index: str
    replaces: str
    token: str
    host: str = field(default_factory=socket.gethostname)
    pid: int = field(default_factory=os.getpid)
    renewed_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat())

    def is_alive(self) -> bool:
        """Returns whether its process is still at it, as far as can be seen from here.

        A wrong guess loses no write: the swap of a reindex that was undone is refused.
        """
        if self.host == socket.gethostname():
            if self.pid == os.getpid():
                return self.token in _running
            if not _is_process(self.pid):
                return False
        return datetime.now(UTC) - datetime.fromisoformat(self.renewed_at) < LEASE


@dataclass(frozen=True, slots=True)
class Layout:
    """Describes the product indices of a prefix: the one that serves, and what a reindex has beside it.

    `unfinished`: a reindex that has not swapped. `replaced`: an index that the serving one took over from, and
    `record` that reindex. `strays`: product indices of which nothing is on record.
    """

    serving: str
    blocked: bool
    record: Record | None = None
    unfinished: Record | None = None
    replaced: str | None = None
    strays: tuple[str, ...] = ()

    @property
    def reindex(self) -> Literal["running", "killed"] | None:
        """Returns what is known of a reindex that has not swapped."""
        if self.unfinished is None:
            return None
        return "running" if self.unfinished.is_alive() else "killed"

    def left_over(self) -> tuple[str, ...]:
        """Indices that nobody needs any more: of a reindex that ended early, or of an unknown one."""
        replaced = (self.replaced,) if self.replaced and not (self.record and self.record.is_alive()) else ()
        return (*replaced, *self.strays)


def read_layout(client: Elasticsearch, names: Names) -> Layout | None:
    """Reads what is there now, in one request; None without a catalogue. Raises the client's errors."""
    answer: Any = client.indices.get(index=[names.products, f"{names.products}-*"], ignore_unavailable=True)
    numbered = re.compile(re.escape(names.products) + r"-\d+")
    bodies = {
        name: body
        for name, body in answer.items()
        if numbered.fullmatch(name) or names.products in body.get("aliases", {})
    }
    serving = next((name for name, body in bodies.items() if names.products in body.get("aliases", {})), None)
    if serving is None:
        return None
    records = {name: found for name, body in bodies.items() if (found := _record(name, body))}
    own = records.get(serving)
    unfinished = next((one for name, one in records.items() if name != serving and one.replaces == serving), None)
    replaced = own.replaces if own and own.replaces in bodies else None
    known = {serving, replaced, unfinished.index if unfinished else None}
    blocked = bodies[serving]["settings"]["index"].get("blocks", {}).get("write") == "true"
    return Layout(serving, blocked, own, unfinished, replaced, tuple(sorted(bodies.keys() - known)))


class Claim:
    """Claims a new index that this process fills; a thread renews the record on it as long as the claim is held.

    The index is to be made with `meta` and `alias`, so that it is never without them.
    """

    def __init__(self, client: Elasticsearch, names: Names, index: str, replaces: str) -> None:
        self._client, self._names = client, names
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="reindex-lease", daemon=True)
        self.record = Record(index, replaces, secrets.token_hex(8))
        self._lock = threading.Lock()
        _running.add(self.record.token)

    @property
    def alias(self) -> str:
        """Returns the alias over the new index through which to write, and without which it cannot be swapped in."""
        return alias_of(self._names, self.record.token)

    @property
    def meta(self) -> dict[str, Any]:
        """Returns the record, as the mapping's `_meta` has it."""
        return {META: {name: value for name, value in asdict(self.record).items() if name != "index"}}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        _running.discard(self.record.token)

    def renew(self) -> str:
        """Take the right to swap anew, after it was given up; returns the new alias."""
        with self._lock:
            _running.discard(self.record.token)
            self.record = replace(self.record, token=secrets.token_hex(8))
            _running.add(self.record.token)
            self._write()
            self._client.indices.put_alias(index=self.record.index, name=self.alias)
        return self.alias

    def _write(self) -> None:
        mapping: Any = self._client.indices.get_mapping(index=self.record.index)
        meta = mapping[self.record.index]["mappings"].get("_meta", {})
        self._client.indices.put_mapping(index=self.record.index, meta={**meta, **self.meta})

    def _renew(self) -> None:
        while not self._stop.wait(RENEWED_EVERY):
            with self._lock, suppress(ApiError, TransportError):  # the copying meets the same trouble, and says so
                self.record = replace(self.record, renewed_at=datetime.now(UTC).isoformat())
                self._write()


def revoke(client: Elasticsearch, names: Names, record: Record) -> bool:
    """Take from a reindex the right to swap; False when it had swapped, or somebody else was first."""
    action = {"remove": {"index": record.index, "alias": alias_of(names, record.token), "must_exist": True}}
    try:
        client.indices.update_aliases(actions=[action])
    except NotFoundError:
        return False
    return True


def alias_of(names: Names, token: str) -> str:
    """Returns the alias that stands for the right to swap."""
    return f"{names.products}-reindex-{token}"


def _record(index: str, body: Mapping[str, Any]) -> Record | None:
    written = body["mappings"].get("_meta", {}).get(META)
    return Record(index=index, **written) if written else None


def _is_process(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
