"""Finds the stored vector of a photo by the sha256 of its bytes, so that a photo that moved is not embedded again."""

import logging
from array import array
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from catalog.domain.embedding_space import Space
from catalog.similarity import Vectors
from etl.errors import StoreFailed
from etl.storage.part_format import StoredVector
from etl.storage.vector_store import PartFile, VectorStore

log = logging.getLogger(__name__)
OPEN_PARTS = 8  # parts whose rows are kept; photos are fetched in the order of their addresses, as they were before
ROW_BITS = 32
MASK = (1 << 64) - 1


class KnownPhotos:
    """Looks photos up in the vector store; a vector comes from a part of which every row was checked.

    The hashes are read when the first photo of a space is looked up: 16 bytes of memory for each vector stored.
    """

    def __init__(self, store: VectorStore, spaces: Sequence[Space]) -> None:
        self._store = store
        self._spaces = {space.name: space for space in spaces}
        self._tables: dict[str, _HashTable] = {}
        self._read_rows = lru_cache(maxsize=OPEN_PARTS)(self._read_part)

    def find(self, space_name: str, sha256: str) -> Vectors | None:
        """Returns the newest vector (float32 [dims], unit length) made of these bytes; None where there is none."""
        table = self._tables.get(space_name)
        if table is None:
            table = self._tables[space_name] = _HashTable(self._store, space_name)
        place = table.find(sha256)
        if place is None:
            return None
        part, number = place
        rows = self._read_rows(part, self._spaces[space_name])
        if number < len(rows) and rows[number].image_sha256 == sha256:
            return rows[number].vector
        return None

    def _read_part(self, part: PartFile, space: Space) -> Sequence[StoredVector]:
        try:
            return self._store.read(part, space)
        except StoreFailed as error:
            log.warning("%s; its photos are embedded anew", error.message)
            return ()


class _HashTable:
    """Maps a photo's sha256, by 64 bits, to part and row, for all parts of one space."""

    def __init__(self, store: VectorStore, space_name: str) -> None:
        self._parts = store.list_parts(space_name)
        keys, places = array("Q"), array("Q")
        for number, part in enumerate(self._parts):
            for row, sha256 in enumerate(store.read_photo_hashes(part)):
                if sha256:
                    keys.append(hash(sha256) & MASK)
                    places.append(number << ROW_BITS | row)
        found = np.frombuffer(keys, dtype=np.uint64)
        order = np.argsort(found, kind="stable")  # of equal ones the newest comes last
        self._keys: NDArray[np.uint64] = found[order]
        self._places: NDArray[np.uint64] = np.frombuffer(places, dtype=np.uint64)[order]

    def find(self, sha256: str) -> tuple[PartFile, int] | None:
        key = np.uint64(hash(sha256) & MASK)
        last = int(np.searchsorted(self._keys, key, side="right")) - 1
        if last < 0 or self._keys[last] != key:
            return None
        place = int(self._places[last])
        return self._parts[place >> ROW_BITS], place & ((1 << ROW_BITS) - 1)
