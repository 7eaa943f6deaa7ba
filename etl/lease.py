"""Lets one job at a time embed into a space: its holder renews a lease; one that is not renewed changes hands.

No two clocks are compared. A job that wants the lease reads its document again and again: a change proves that the
holder lives; a document that stays the same for as long as its holder promised to renew it, by the reader's clock,
is free. The lease only saves work: should two jobs ever work at once, conditional writes keep the index right.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from catalog.domain.records import Lease
from catalog.errors import VisualSearchError
from catalog.ports import LeasePort
from catalog.retrying import retry_while_unavailable
from etl.errors import LeaseHeld, LeaseLost
from etl.stop_signal import StopSignal

log = logging.getLogger(__name__)
RENEWALS = 3  # per term: two may fail before somebody else may take over
LONGEST_PAUSE = 1.0  # seconds between two readings of a lease that another holds


@dataclass(frozen=True, slots=True)
class LeaseTerms:
    """Says how leases are held: a holder that gives no sign of life for `seconds` loses its lease.

    `waits`: for a living holder to end, for however long; `patience`: seconds, for an Elasticsearch that is away.
    """

    seconds: float
    patience: float = 0.0
    waits: bool = False


def describe_holder(run_id: str) -> str:
    """Returns the holder's name in the lease: run, process and host, by which a person finds the job."""
    return f"{run_id} (process {os.getpid()} on {socket.gethostname()})"


@contextmanager
def hold_leases(
    port: LeasePort, spaces: Sequence[str], holder: str, terms: LeaseTerms, stop: StopSignal
) -> Iterator["LeaseKeeper"]:
    """Holds the leases of `spaces` inside; raises LeaseHeld where another job has one and gives a sign of life."""
    keeper = LeaseKeeper(port, holder, terms.seconds)
    try:
        for name in sorted(spaces):  # in one order everywhere: two jobs must not wait for each other
            acquire_lease(port, name, holder, terms, stop)
            keeper.add(name)
        yield keeper
    finally:
        keeper.release()


def acquire_lease(
    port: LeasePort,
    name: str,
    holder: str,
    terms: LeaseTerms,
    stop: StopSignal,
    now: Callable[[], float] = time.monotonic,
) -> Lease:
    """Takes the lease called `name`, free or left by a holder that died; raises LeaseHeld, Unavailable."""
    watch, reported = LeaseWatch(now), ""
    while True:
        found = retry_while_unavailable(lambda: port.read(name), terms.patience)
        state = watch.observe(found)
        if state == "free":
            if taken := port.write(name, holder, terms.seconds, found):
                if found:
                    log.warning("%s taken over from %s, which gave no sign of life", name, found.holder)
                return taken
        elif found and ((state == "held" and not terms.waits) or stop.is_requested):
            message = f"another job embeds into {name}: {found.holder}. Let it finish, or use --wait to follow it"
            raise LeaseHeld(message, space=name, holder=found.holder)
        if found and found.holder != reported:
            reported = found.holder
            log.info("%s is held by %s; looking for a sign of life for %g s", name, reported, found.seconds)
        if found:
            stop.wait(min(found.seconds / 10, LONGEST_PAUSE))


class LeaseWatch:
    """Finds out whether the holder of a lease lives, by observing the lease again and again."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._seen: Lease | None = None
        self._since = self._last = now()

    def observe(self, found: Lease | None) -> Literal["free", "held", "unknown"]:
        """Returns what is known after reading the lease as `found`; `held`: it changed since the last reading."""
        at = self._now()
        if found is None:
            return "free"
        # After a long gap, with this machine asleep or the server away, the holder may have had no chance either.
        gap, self._last = at - self._last > found.seconds / 2, at
        if found == self._seen and not gap:
            return "free" if at - self._since >= found.seconds else "unknown"
        changed = self._seen is not None and found != self._seen
        self._seen, self._since = found, at
        return "held" if changed else "unknown"


class LeaseKeeper:
    """Renews leases in a thread of its own until `release`; `check` raises LeaseLost once one is another's."""

    def __init__(self, port: LeasePort, holder: str, seconds: float) -> None:
        self._port, self._holder, self._seconds = port, holder, seconds
        self._names: list[str] = []
        self._lost: str | None = None
        self._ended = threading.Event()
        self._busy = threading.Lock()  # a renewal under way would make the one that is given back an old one

    def add(self, name: str) -> None:
        """Renews the lease called `name` too."""
        self._names.append(name)
        if len(self._names) == 1:
            threading.Thread(target=self._renew_all, name="etl-lease", daemon=True).start()

    def check(self) -> None:
        """Raises LeaseLost when another job took over, thinking that this one had died."""
        if self._lost:
            raise LeaseLost(self._lost)

    def release(self) -> None:
        """Gives all leases back; one that cannot be given back runs out by itself."""
        self._ended.set()
        for name in self._names:
            try:
                with self._busy:
                    found = self._port.read(name)
                    if found and found.holder == self._holder:
                        self._port.drop(found)
            except VisualSearchError as error:
                log.warning("the lease of %s ends by itself in %g s: %s", name, self._seconds, error.message)

    def _renew_all(self) -> None:
        while not self._ended.wait(self._seconds / RENEWALS):
            for name in list(self._names):
                try:
                    with self._busy:
                        self._renew(name)
                except VisualSearchError as error:  # whoever wants the lease cannot get it either: tried again soon
                    log.warning("the lease of %s could not be renewed: %s", name, error.message)

    def _renew(self, name: str) -> None:
        if self._ended.is_set():
            return
        found = self._port.read(name)
        if found is None or found.holder != self._holder:
            other = f"to {found.holder}" if found else "to a job that has ended, or the catalogue was deleted"
            self._lost = f"the lease of {name} went {other}: this job gave no sign of life for long. Run it again"
            return
        self._port.write(name, self._holder, self._seconds, found)
