"""Keeps the rows of groups until the feed has been read: on disk, so that a feed of any size costs no memory."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from catalog.domain.product import Product
from catalog.errors import InvalidInput
from catalog.feeds.events import FeedProduct

BATCH = 500  # rows written at a time
CACHE = 8 * 1024  # KiB of pages that SQLite keeps in memory

Group = tuple[int, Iterator[FeedProduct]]


class GroupSpool:
    """Holds rows by `item_group_id` in a temporary SQLite file; about as large as the rows are in the feed."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("")  # nameless: on disk, and gone when closed
        for pragma in ("journal_mode = off", "synchronous = off", f"cache_size = -{CACHE}"):
            self._db.execute(f"pragma {pragma}")
        self._db.execute("create table spooled (style text, line integer, body blob)")
        self._waiting: list[tuple[str | None, int, bytes]] = []

    def add(self, row: FeedProduct) -> None:
        """Keeps a row; raises InvalidInput where the disk has no room."""
        body = row.product.model_dump_json(exclude_defaults=True).encode()
        self._waiting.append((row.product.item_group_id, row.line, body))
        if len(self._waiting) >= BATCH:
            self._flush()

    def iterate_groups(self) -> Iterator[Group]:
        """Yields the number of rows of each group and the rows, both in the order they came in."""
        self._flush()
        with _explain_full_disk():
            self._db.execute("create index by_style on spooled (style)")
            styles = self._db.execute("select style, count(*) from spooled group by style order by min(rowid)")
            for style, count in styles:
                yield count, self._iterate_rows(style)

    def _iterate_rows(self, style: str) -> Iterator[FeedProduct]:
        found = self._db.execute("select line, body from spooled where style = ? order by rowid", (style,))
        for line, body in found:
            yield FeedProduct(line, Product.model_validate_json(body))

    def _flush(self) -> None:
        with _explain_full_disk():
            self._db.executemany("insert into spooled values (?, ?, ?)", self._waiting)
        self._waiting.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()


@contextmanager
def _explain_full_disk() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise InvalidInput(
            f"the rows of groups could not be kept on disk: {error}",
            hint="set TMPDIR to a folder with as much room as the unpacked feed takes, or import with --keep-rows",
        ) from error
