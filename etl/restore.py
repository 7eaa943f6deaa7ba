"""Writes stored vectors back into an index that lost them, without running a model."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from catalog.ports import EmbeddingPort
from catalog.records import Outcome, WriteResult, Written
from catalog.space import Space
from etl.errors import BrokenPart, StoreFailed
from etl.part_file import StoredVector
from etl.reader import Worklist
from etl.settings import Settings
from etl.store import Part, VectorStore
from etl.writer import write

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Restored:
    """Counts of products, `missing` still without an embedding after it; the `*_parts` are files."""

    restored: int = 0
    moved: int = 0
    gone: int = 0
    refused: int = 0
    missing: int = 0
    broken_parts: int = 0  # set aside: not what was written, or of another space
    unread_parts: int = 0  # left where they are: the store could not give them

    def add(self, results: Iterable[WriteResult]) -> None:
        """Count what the index made of stored vectors."""
        for result in results:
            if result.result == Written.MOVED:
                self.moved += 1
            elif result.result == Written.GONE:
                self.gone += 1
            elif result.result == Written.REFUSED:
                self.refused += 1
            else:
                self.restored += 1


def restore(
    index: EmbeddingPort, store: VectorStore, space: Space, parts: Sequence[Part], settings: Settings
) -> Restored:
    """Give every unprocessed product whose photo has a vector in `parts` the newest one."""
    found = Restored()
    with Worklist() as wanted:
        left = wanted.add(space.name, index.unprocessed(space))
        for part in sorted(parts, reverse=True):
            if not left:
                break
            outcomes = _outcomes(_sound_rows(store, space, part, found), wanted)
            while chunk := list(islice(outcomes, settings.etl_part_rows)):
                left -= len(chunk)
                found.add(write(index, space, chunk, part.run_id, datetime.now(UTC), settings.etl_patience))
    index.refresh()
    found.missing = index.count_unprocessed(space)
    return found


def _sound_rows(store: VectorStore, space: Space, part: Part, found: Restored) -> list[StoredVector]:
    """The rows of a part; none where it is broken, for its products are embedded anew."""
    try:
        return store.read(part, space)
    except BrokenPart as error:
        found.broken_parts += 1
        log.warning("%s; its products count as unprocessed", error.message)
        try:
            log.warning("kept as %s", store.set_aside(part))
        except StoreFailed as failure:
            log.warning("%s; it is left out of this run", failure.message)
    except StoreFailed as error:
        found.unread_parts += 1
        log.warning("%s; it is left out of this run", error.message)
    return []


def _outcomes(rows: Iterable[StoredVector], wanted: Worklist) -> Iterator[Outcome]:
    for row in rows:
        for pending in wanted.take(row.image_url):
            yield Outcome(
                product_id=pending.product_id,
                image_url=row.image_url,
                status="done",
                vector=row.vector,
                image_sha256=row.image_sha256,
                attempts=pending.attempts + 1,
            )
