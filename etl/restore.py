"""Writes stored vectors back into an index that lost them, without running a model."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from catalog.domain.records import Outcome, WriteResult, Written
from catalog.domain.space import Space
from catalog.ports import EmbeddingPort
from etl.errors import BrokenPart, StoreFailed
from etl.settings import EtlSettings
from etl.stages.reader import Worklist
from etl.stages.writer import write
from etl.storage import history
from etl.storage.part_file import StoredVector
from etl.storage.vector_store import Part, VectorStore

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
    index: EmbeddingPort, store: VectorStore, space: Space, parts: Sequence[Part], settings: EtlSettings
) -> Restored:
    """Give every unprocessed product whose photo has a vector in `parts` the newest one."""
    found = Restored()
    with Worklist() as wanted:
        left = wanted.add(space.name, index.unprocessed(space))
        for part in sorted(parts, reverse=True):
            if not left:
                break
            rows = _sound_rows(store, space, part, found) or ()
            left -= len(_write_back(index, space, part, _outcomes(rows, wanted), found, settings))
    index.refresh()
    found.missing = index.count_unprocessed(space)
    return found


def reuse(
    index: EmbeddingPort, store: VectorStore, space: Space, parts: Sequence[Part], settings: EtlSettings
) -> tuple[Restored, list[Part]]:
    """Do what runs that were killed left undone of `parts`: index and history; returns those that are settled now."""
    found, settled = Restored(), []
    with Worklist() as wanted:
        wanted.add(space.name, index.unprocessed(space))
        for part in sorted(parts, reverse=True):
            rows = _sound_rows(store, space, part, found)
            if rows is None:
                continue
            results = _write_back(index, space, part, _outcomes(rows, wanted), found, settings)
            missed = history.complete(index, space, part.run_id, rows, settings.elasticsearch_patience)
            if missed:
                log.info("%s: history of %d photos written that a killed run owed", space.name, len(missed))
            if not any(result.result == Written.REFUSED for result in results):
                settled.append(part)
    return found, settled


def _write_back(
    index: EmbeddingPort,
    space: Space,
    part: Part,
    outcomes: Iterator[Outcome],
    found: Restored,
    settings: EtlSettings,
) -> list[WriteResult]:
    results: list[WriteResult] = []
    while chunk := list(islice(outcomes, settings.etl_part_rows)):
        results += write(index, space, chunk, part.run_id, datetime.now(UTC), settings.elasticsearch_patience)
    found.add(results)
    return results


def _sound_rows(store: VectorStore, space: Space, part: Part, found: Restored) -> list[StoredVector] | None:
    """The rows of a part; None where it is broken, for its products are embedded anew."""
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
    return None


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
