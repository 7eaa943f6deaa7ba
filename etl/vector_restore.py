"""Writes stored vectors back into an index that lost them, without running a model."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from catalog.domain.embedding_space import Space
from catalog.domain.records import Outcome, WriteResult, Written
from catalog.ports import EmbeddingIndex
from etl.errors import BrokenPart, StoreFailed
from etl.settings import EtlSettings
from etl.stages.worklist import Worklist
from etl.stages.writer import write
from etl.storage import history
from etl.storage.part_format import StoredVector
from etl.storage.vector_store import PartFile, VectorStore

log = logging.getLogger(__name__)


@dataclass(slots=True)
class RestoreCounts:
    """Counts products, `missing` those still without an embedding after it; the `*_parts` are files."""

    restored: int = 0
    moved: int = 0
    gone: int = 0
    refused: int = 0
    missing: int = 0
    broken_parts: int = 0  # set aside: not what was written, or of another space
    unread_parts: int = 0  # left where they are: the store could not give them

    def count_results(self, results: Iterable[WriteResult]) -> None:
        """Counts what the index made of stored vectors."""
        for result in results:
            if result.result == Written.MOVED:
                self.moved += 1
            elif result.result == Written.GONE:
                self.gone += 1
            elif result.result == Written.REFUSED:
                self.refused += 1
            else:
                self.restored += 1


def restore_vectors(
    index: EmbeddingIndex, store: VectorStore, space: Space, parts: Sequence[PartFile], settings: EtlSettings
) -> RestoreCounts:
    """Gives every unprocessed product whose photo has a vector in `parts` the newest one."""
    found = RestoreCounts()
    with Worklist() as wanted:
        left = wanted.add(space.name, index.embeddings.read_unprocessed(space))
        for part in sorted(parts, reverse=True):
            if not left:
                break
            rows = _read_sound_rows(store, space, part, found) or ()
            left -= len(_write_back(index, space, part, _build_outcomes(rows, wanted), found, settings))
    index.products.refresh()
    found.missing = index.embeddings.count_unprocessed(space)
    return found


def reuse_stored_vectors(
    index: EmbeddingIndex, store: VectorStore, space: Space, parts: Sequence[PartFile], settings: EtlSettings
) -> tuple[RestoreCounts, list[PartFile]]:
    """Writes to index and history what killed runs left undone of `parts`; returns the parts settled by it."""
    found, settled = RestoreCounts(), []
    with Worklist() as wanted:
        wanted.add(space.name, index.embeddings.read_unprocessed(space))
        for part in sorted(parts, reverse=True):
            rows = _read_sound_rows(store, space, part, found)
            if rows is None:
                continue
            results = _write_back(index, space, part, _build_outcomes(rows, wanted), found, settings)
            missed = history.write_missing_entries(index, space, part.run_id, rows, settings.elasticsearch_patience)
            if missed:
                log.info("%s: history of %d photos written that a killed run owed", space.name, len(missed))
            if not any(result.result == Written.REFUSED for result in results):
                settled.append(part)
    return found, settled


def _write_back(
    index: EmbeddingIndex,
    space: Space,
    part: PartFile,
    outcomes: Iterator[Outcome],
    found: RestoreCounts,
    settings: EtlSettings,
) -> list[WriteResult]:
    results: list[WriteResult] = []
    while chunk := list(islice(outcomes, settings.etl_part_rows)):
        results += write(index, space, chunk, part.run_id, datetime.now(UTC), settings.elasticsearch_patience)
    found.count_results(results)
    return results


def _read_sound_rows(
    store: VectorStore, space: Space, part: PartFile, found: RestoreCounts
) -> list[StoredVector] | None:
    """Returns the rows of a part; None where it is broken, for its products are embedded anew."""
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


def _build_outcomes(rows: Iterable[StoredVector], wanted: Worklist) -> Iterator[Outcome]:
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
