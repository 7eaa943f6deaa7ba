"""Set of product ids that stays small: an import remembers the ids of millions of rows."""

from __future__ import annotations

from array import array
from hashlib import blake2b

import numpy as np

from catalog.domain.records import IdHashes

_SHARDS = 64  # tables, each of which grows alone: what it needs twice for that moment is small
_SHARD_BITS = 58  # of a hash; those above choose the table
_FIRST_SIZE = 16  # slots of a table; a power of two


class IdSet:
    """Remembers ids by their 64-bit hash in flat tables: 12 to 24 bytes each, where a set of str takes over 100.

    Two ids share a hash with a chance of 3e-8 among a million (birthday bound n²/2⁶⁵).
    """

    def __init__(self) -> None:
        self._tables = [array("Q", [0]) * _FIRST_SIZE for _ in range(_SHARDS)]
        self._counts = [0] * _SHARDS

    def __len__(self) -> int:
        return sum(self._counts)

    def __contains__(self, product_id: str) -> bool:
        key = hash_id(product_id)
        table = self._tables[key >> _SHARD_BITS]
        return bool(table[_find_slot(table, key)])

    def add(self, product_id: str) -> bool:
        """Adds `product_id`; returns False when it was there already."""
        key = hash_id(product_id)
        shard = key >> _SHARD_BITS
        table = self._tables[shard]
        slot = _find_slot(table, key)
        if table[slot]:
            return False
        table[slot] = key
        self._counts[shard] += 1
        if self._counts[shard] * 3 > len(table) * 2:
            self._tables[shard] = _grow(table)
        return True

    def to_hashes(self) -> IdHashes:
        """Returns the hashes as uint64 [n], ascending."""
        found, start = np.empty(len(self), dtype=np.uint64), 0
        for table, count in zip(self._tables, self._counts, strict=True):
            slots = np.frombuffer(table, dtype=np.uint64)
            found[start : start + count] = np.sort(slots[slots != 0])
            start += count
        return found


def _find_slot(table: array[int], key: int) -> int:
    """Returns where `key` is, or the free slot where it belongs (linear probing)."""
    last = len(table) - 1
    place = key & last
    while table[place] and table[place] != key:
        place = (place + 1) & last
    return place


def _grow(table: array[int]) -> array[int]:
    larger = array("Q", [0]) * (2 * len(table))
    for key in table:
        if key:
            larger[_find_slot(larger, key)] = key
    return larger


def hash_id(product_id: str) -> int:
    """Returns 64 bits that stand for an id in every process, never 0, which marks a free slot.

    To find an id that takes another's place needs 2⁶⁴ tries.
    """
    return int.from_bytes(blake2b(product_id.encode(), digest_size=8).digest(), "little") or 1
