"""Finds out whether the server scores in bulk by asking it to: the API's role may not look at its plugins."""

import logging
import time
from typing import Literal

log = logging.getLogger(__name__)

ABSENT_FOR = 300.0  # seconds after which it is tried again: a node may have been given the plugin


class BulkScoring:
    """Remembers whether the server knows `vector_scan`; taken to until it refuses one."""

    def __init__(self, scoring: Literal["auto", "off"]) -> None:
        self._off = scoring == "off"
        self._refused_at: float | None = None

    def is_likely(self) -> bool:
        """Returns whether to try it."""
        if self._off:
            return False
        return self._refused_at is None or time.monotonic() - self._refused_at >= ABSENT_FOR

    def pause(self, why: Exception) -> None:
        """Stops trying for a while: the script answered what the scan could not."""
        log.info("exact scores come from the script for %.0f s, since vector_scan was refused: %s", ABSENT_FOR, why)
        self._refused_at = time.monotonic()
