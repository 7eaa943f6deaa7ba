"""How often each key was used, counted by all processes of this instance together."""

import fcntl
import mmap
import os
import struct
import tempfile
import threading
import time
import weakref
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from catalog.domain.api_keys import ID_LENGTH, Rate

SETS, WAYS = 256, 16  # 4096 keys at a time; where a set is full, the key whose bucket filled up first gives way
SLOT = struct.Struct(f"={ID_LENGTH}sd")  # a key's id, and when its bucket will be full again
SET_BYTES = WAYS * SLOT.size


def _place(key_id: str) -> tuple[bytes, int]:
    """Returns a key's id as bytes, and where the slots begin of which one is its own."""
    name = key_id.encode()
    return name, zlib.crc32(name) % SETS * SET_BYTES


class RateLimiter:
    """A token bucket for each key, in memory that is shared by the processes forked after it was made.

    A bucket is kept as one time, as the generic cell rate algorithm does (ITU-T I.371): when it will be full again,
    on the machine's monotonic clock. It is changed under a lock of the file below, which the kernel takes back from a
    process that ends, and a change is one write: whoever dies holds nothing up and leaves nothing half done.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._file, path = tempfile.mkstemp(prefix="visual-search-rates-")
        weakref.finalize(self, os.close, self._file)
        os.unlink(path)  # noqa: PTH108 - open it stays, and nobody has to clean it up
        os.truncate(self._file, SETS * SET_BYTES)
        self._memory = mmap.mmap(self._file, SETS * SET_BYTES)
        self._threads = threading.Lock()  # locks of files are between processes only

    def take(self, key_id: str, rate: Rate) -> float:
        """Takes a token out of the bucket of a key; returns 0, or the seconds until there is one to take."""
        name, start = _place(key_id)
        with self._lock(start):
            place, full_at = self._find(name, start)
            filled_at, wait = self._fill(full_at, rate)
            if not wait:
                SLOT.pack_into(self._memory, place, name, filled_at)
            return wait

    def measure_wait(self, key_id: str, rate: Rate) -> float:
        """Returns what `take` would, and takes nothing; it never waits for a lock, so it may be a moment behind."""
        name, start = _place(key_id)
        return self._fill(self._find(name, start)[1], rate)[1]

    def _fill(self, full_at: float, rate: Rate) -> tuple[float, float]:
        """Returns when a bucket is full again after one more token, and how long it is until that may be taken."""
        now = self._clock()
        filled_at = max(now, full_at) + rate.seconds / rate.count
        wait = filled_at - now - rate.seconds
        return filled_at, wait if wait > 1e-6 else 0.0  # less is what floating point makes of the last token

    @contextmanager
    def _lock(self, start: int) -> Iterator[None]:
        with self._threads:
            fcntl.lockf(self._file, fcntl.LOCK_EX, SET_BYTES, start)
            try:
                yield
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN, SET_BYTES, start)

    def _find(self, name: bytes, start: int) -> tuple[int, float]:
        """Returns where the bucket of a key is, or may be, and when it is full."""
        places = range(start, start + SET_BYTES, SLOT.size)
        slots = [(SLOT.unpack_from(self._memory, place), place) for place in places]
        for (known, full_at), place in slots:
            if known == name:
                return place, full_at
        (_, _), place = min(slots, key=lambda slot: slot[0][1])
        return place, 0.0
