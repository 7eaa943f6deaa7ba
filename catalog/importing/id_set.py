"""Set of product ids that stays small: an import remembers the ids of millions of rows."""

from array import array
from hashlib import blake2b

import numpy as np

from catalog.domain.records import IdHashes

_FIRST_SIZE = 1024  # slots; a power of two


class IdSet:
    """Remembers ids by their 64-bit hash in one flat table: 12 to 24 bytes each, where a set of str takes over 100.

    Two ids share a hash with a chance of 3e-8 among a million (birthday bound n²/2⁶⁵).
    """

    def __init__(self) -> None:
        self._slots = array("Q", [0]) * _FIRST_SIZE
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, product_id: str) -> bool:
        return bool(self._slots[self._find_slot(hash_id(product_id))])

    def add(self, product_id: str) -> bool:
        """Adds `product_id`; returns False when it was there already."""
        key = hash_id(product_id)
        slot = self._find_slot(key)
        if self._slots[slot]:
            return False
        self._slots[slot] = key
        self._count += 1
        if self._count * 3 > len(self._slots) * 2:
            self._grow()
        return True

    def to_hashes(self) -> IdHashes:
        """Returns the hashes as uint64 [n], ascending."""
        slots = np.frombuffer(self._slots, dtype=np.uint64)
        return np.sort(slots[slots != 0])

    def _find_slot(self, key: int) -> int:
        """Returns where `key` is, or the free slot where it belongs (linear probing)."""
        slots, last = self._slots, len(self._slots) - 1
        place = key & last
        while slots[place] and slots[place] != key:
            place = (place + 1) & last
        return place

    def _grow(self) -> None:
        old = self._slots
        self._slots = array("Q", [0]) * (2 * len(old))
        for key in old:
            if key:
                self._slots[self._find_slot(key)] = key


def hash_id(product_id: str) -> int:
    """Returns 64 bits that stand for an id in every process, never 0, which marks a free slot.

    To find an id that takes another's place needs 2⁶⁴ tries.
    """
    return int.from_bytes(blake2b(product_id.encode(), digest_size=8).digest(), "little") or 1
