"""Writes stored vectors back into an index that lost them, without running a model."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from catalog.ports import EmbeddingPort
from catalog.records import Outcome, WriteResult, Written
from catalog.space import Space
from etl.reader import Worklist
from etl.settings import Settings
from etl.store import Part, VectorStore
from etl.writer import write


@dataclass(slots=True)
class Restored:
    """Counts of products; `missing` are still without an embedding after it."""

    restored: int = 0
    moved: int = 0
    gone: int = 0
    refused: int = 0
    missing: int = 0

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
            outcomes = _outcomes(store, space, part, wanted)
            while chunk := list(islice(outcomes, settings.etl_part_rows)):
                left -= len(chunk)
                found.add(write(index, space, chunk, part.run_id, datetime.now(UTC), settings.etl_patience))
    index.refresh()
    found.missing = index.count_unprocessed(space)
    return found


def _outcomes(store: VectorStore, space: Space, part: Part, wanted: Worklist) -> Iterator[Outcome]:
    for row in store.read(part, space):
        for pending in wanted.take(row.image_url):
            yield Outcome(
                product_id=pending.product_id,
                image_url=row.image_url,
                status="done",
                vector=row.vector,
                image_sha256=row.image_sha256,
                attempts=pending.attempts + 1,
            )
