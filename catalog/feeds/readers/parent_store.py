"""Keeps variable products and early variations of an export until they are needed: on disk, whatever their number."""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Self

import orjson

from catalog.feeds.events import FeedRow

CACHE = 4 * 1024  # KiB of pages that SQLite keeps in memory


class ParentStore:
    """Holds rows in a temporary SQLite file: parents by their names, variations in the order they came in."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("")  # nameless: on disk, and gone when closed
        for pragma in ("journal_mode = off", "synchronous = off", f"cache_size = -{CACHE}"):
            self._db.execute(f"pragma {pragma}")
        self._db.execute("create table parents (number integer primary key, line integer, body blob, used integer)")
        self._db.execute("create table names (name text primary key, number integer) without rowid")
        self._db.execute("create table waiting (line integer, body blob)")
        self._last: tuple[str, int, FeedRow] | None = None  # variations mostly follow their parent

    def add_parent(self, names: Sequence[str], row: FeedRow) -> None:
        number = self._db.execute(
            "insert into parents (line, body, used) values (?, ?, 0)", (row.line, orjson.dumps(row.data))
        ).lastrowid
        self._db.executemany("insert or ignore into names values (?, ?)", [(name, number) for name in names])

    def find_parent(self, name: str) -> FeedRow | None:
        """Returns the parent of that name (`id:12`, or a SKU), which has a child then; None where none has come."""
        if self._last is None or self._last[0] != name:
            found = self._db.execute(
                "select number, line, body from parents join names using (number) where name = ?", (name,)
            ).fetchone()
            if found is None:
                return None
            self._last = name, found[0], FeedRow(found[1], orjson.loads(found[2]))
            self._db.execute("update parents set used = 1 where number = ?", (found[0],))
        return self._last[2]

    def add_waiting(self, row: FeedRow) -> None:
        self._db.execute("insert into waiting values (?, ?)", (row.line, orjson.dumps(row.data)))

    def iterate_waiting(self) -> Iterator[FeedRow]:
        return self._iterate("select line, body from waiting order by rowid")

    def iterate_childless(self) -> Iterator[FeedRow]:
        return self._iterate("select line, body from parents where used = 0 order by number")

    def _iterate(self, query: str) -> Iterator[FeedRow]:
        for line, body in self._db.execute(query):
            yield FeedRow(line, orjson.loads(body))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()
