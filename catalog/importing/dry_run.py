"""Dry run of an import (`import --dry-run`): a product port that writes nothing and keeps examples of changes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from catalog.domain.records import Change, ChangeResult, StoredProduct
from catalog.importing.changes import strip_internal
from catalog.ports import ProductPort

SHOWN = 10  # examples kept of each kind


@dataclass(frozen=True, slots=True)
class ChangeExample:
    """Describes one product that would change: `fields` are those that differ, as (now, then)."""

    id: str
    kind: Literal["created", "updated", "deleted"]
    fields: Mapping[str, tuple[Any, Any]]


class DryRunPort:
    """Reads from `port` and only pretends to write."""

    def __init__(self, port: ProductPort) -> None:
        self._port = port
        self._read: dict[str, StoredProduct] = {}
        self.examples: list[ChangeExample] = []

    def read_many(self, ids: Sequence[str]) -> dict[str, StoredProduct]:
        self._read = self._port.read_many(ids)
        return self._read

    def write(self, changes: Sequence[Change]) -> list[ChangeResult]:
        return [self._pretend(change) for change in changes]

    def read_ids(self) -> Iterator[str]:
        return self._port.read_ids()

    def find_embedded(self, ids: Sequence[str]) -> frozenset[str]:
        return self._port.find_embedded(ids)

    def count_embedded(self) -> int:
        return self._port.count_embedded()

    def count(self) -> int:
        return self._port.count()

    def refresh(self) -> None:
        """Does nothing, as nothing was written."""

    def _pretend(self, change: Change) -> ChangeResult:
        stored = self._read.get(change.id)
        before = strip_internal(stored.source) if stored else {}
        after = strip_internal(change.source) if change.source is not None else {}
        kind: Literal["created", "updated", "deleted"] = (
            "deleted" if change.source is None else "updated" if stored else "created"
        )
        if sum(example.kind == kind for example in self.examples) < SHOWN:
            self.examples.append(ChangeExample(change.id, kind, diff_fields(before, after)))
        return ChangeResult(change, kind)


def diff_fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Returns the fields in which two documents differ, as (before, after)."""
    names = sorted(before.keys() | after.keys())
    return {name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)}
