"""Finds the photos that lack an embedding, and who wants each: fetched once for all products and models."""

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Self

from catalog.domain.records import Pending
from etl.stages.messages import PhotoTask
from etl.stop_signal import StopSignal


class Worklist:
    """Keeps products by photo on disk (a temporary SQLite file), so that a million of them cost no memory."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", check_same_thread=False)  # nameless: on disk, and gone when closed
        self._db.execute(
            "create table wanted (url text, product text, space text, attempts int, etag text, sha256 text, "
            "primary key (url, product, space)) without rowid"
        )

    def add(self, space: str, pending: Iterable[Pending]) -> int:
        """Adds products that lack an embedding in `space`; returns how many there are."""
        rows = ((one.image_url, one.product_id, space, one.attempts, one.etag, one.image_sha256) for one in pending)
        return self._db.executemany("insert or replace into wanted values (?, ?, ?, ?, ?, ?)", rows).rowcount

    def count_by_space(self) -> dict[str, int]:
        """Returns how many products want a photo, by space."""
        return dict(self._db.execute("select space, count(*) from wanted group by space order by space"))

    def iterate_tasks(self, stop: StopSignal) -> Iterator[PhotoTask]:
        """Yields one task per photo, ordered by its address, until there are no more or `stop` is requested."""
        rows = self._db.execute("select url, space, product, attempts, etag, sha256 from wanted order by url")
        for url, group in groupby(rows, key=lambda row: str(row[0])):
            if stop.is_requested:
                return
            wants: dict[str, list[Pending]] = {}
            for _, space, product, *known in group:
                wants.setdefault(space, []).append(Pending(product, url, *known))
            yield PhotoTask(url, wants)

    def take(self, url: str) -> list[Pending]:
        """Removes and returns the products that want the photo at `url`."""
        rows = self._db.execute("select product, attempts, etag from wanted where url = ?", (url,)).fetchall()
        if rows:
            self._db.execute("delete from wanted where url = ?", (url,))
        return [Pending(product, url, attempts, etag) for product, attempts, etag in rows]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()
