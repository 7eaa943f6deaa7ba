"""Set of product ids that stays small: an import remembers the ids of millions of rows."""

from array import array

_MASK = (1 << 64) - 1
_FIRST_SIZE = 1024  # slots; a power of two


class IdSet:
    """Remembers ids by their 64-bit hash in one flat table: 12 to 24 bytes each, where a set of str takes over 100.

    Two ids share a hash with a chance of 3e-8 among a million (birthday bound n²/2⁶⁵). Python's own string hash is
    keyed anew in every process, so nobody can choose ids that collide.
    """

    def __init__(self) -> None:
        self._slots = array("Q", [0]) * _FIRST_SIZE
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, product_id: str) -> bool:
        return bool(self._slots[self._find_slot(_hash_id(product_id))])

    def add(self, product_id: str) -> bool:
        """Adds `product_id`; returns False when it was there already."""
        key = _hash_id(product_id)
        slot = self._find_slot(key)
        if self._slots[slot]:
            return False
        self._slots[slot] = key
        self._count += 1
        if self._count * 3 > len(self._slots) * 2:
            self._grow()
        return True

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


def _hash_id(product_id: str) -> int:
    return hash(product_id) & _MASK or 1  # 0 marks a free slot
