"""Whether the server scores in bulk: found out by asking it to, since the API's role may not look at its plugins."""

import logging
import time
from typing import Literal

log = logging.getLogger(__name__)

ABSENT_FOR = 300.0  # seconds after which it is tried again: a node may have been given the plugin


class BulkScoring:
    """What is known of the server's `vector_scan`. Thought to be there until it was refused."""

    def __init__(self, scoring: Literal["auto", "off"]) -> None:
        self._off = scoring == "off"
        self._refused_at: float | None = None

    def is_likely(self) -> bool:
        """Whether to try it."""
        if self._off:
            return False
        return self._refused_at is None or time.monotonic() - self._refused_at >= ABSENT_FOR

    def pause(self, why: Exception) -> None:
        """The script answered what the scan could not: leave it alone for a while."""
        log.info("exact scores come from the script for %.0f s, since vector_scan was refused: %s", ABSENT_FOR, why)
        self._refused_at = time.monotonic()
