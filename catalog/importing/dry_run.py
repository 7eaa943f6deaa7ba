"""Dry run of an import (`import --dry-run`): a product port that writes nothing and keeps what would differ."""

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from catalog.domain.records import Change, ChangeResult, StoredProduct
from catalog.errors import NoCatalogue
from catalog.importing.differences import ProductDifference, compare
from catalog.ports import ProductPort

READS = 3  # that are remembered: a chunk is read in several goes
SHOWN = 10  # examples kept of each kind


class DryRunPort:
    """Reads from `port` and only pretends to write."""

    def __init__(self, port: ProductPort) -> None:
        self._port = port
        self._reads: deque[Mapping[str, StoredProduct]] = deque(maxlen=READS)
        self.examples: list[ProductDifference] = []
        self.field_counts: Counter[str] = Counter()  # products by what would differ

    def read_many(self, ids: Sequence[str]) -> dict[str, StoredProduct]:
        found: dict[str, StoredProduct] = {}
        with suppress(NoCatalogue):
            found = self._port.read_many(ids)
        self._reads.append(found)
        return found

    def find_by_sku(self, skus: Sequence[str]) -> dict[str, str]:
        with suppress(NoCatalogue):
            return self._port.find_by_sku(skus)
        return {}

    def write(self, changes: Sequence[Change]) -> list[ChangeResult]:
        return [self._pretend(change) for change in changes]

    def read_ids(self) -> Iterator[str]:
        return self._port.read_ids()

    def find_embedded(self, ids: Sequence[str]) -> frozenset[str]:
        return self._port.find_embedded(ids)

    def count_embedded(self) -> int:
        return self._port.count_embedded()

    def count(self) -> int:
        """Counts the products; none where there is no catalogue yet, which a real import makes."""
        try:
            return self._port.count()
        except NoCatalogue:
            return 0

    def refresh(self) -> None:
        """Does nothing, as nothing was written."""

    def _pretend(self, change: Change) -> ChangeResult:
        stored = next((read[change.id] for read in reversed(self._reads) if change.id in read), None)
        found = compare(change.id, stored.source if stored else None, change.source)
        self.field_counts.update(found.names)
        if sum(example.kind == found.kind for example in self.examples) < SHOWN:
            self.examples.append(found)
        return ChangeResult(change, found.kind)
