"""Values that are kept for seconds: read by one at a time, served old while they cannot be read."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from catalog.elastic.ttl_cache import FRESH, TtlCache
from catalog.errors import NoCatalogue, Unavailable

PATIENT = 60  # seconds to wait for what takes milliseconds: only a test that fails waits so long


class Source:
    """Something to read: counts the reads, fails when told to, waits at `gate` when there is one."""

    def __init__(self) -> None:
        self.reads = 0
        self.now = 0.0
        self.down = False
        self.gate: threading.Event | None = None
        self.began = threading.Event()
        self.threads: list[threading.Thread] = []

    def read(self) -> int:
        self.reads += 1
        number = self.reads
        self.threads.append(threading.current_thread())
        gate = self.gate
        self.began.set()
        if gate is not None:
            assert gate.wait(PATIENT)
        if self.down:
            raise Unavailable("shard is gone")
        return number

    def settle(self) -> None:
        """Wait for the threads that read in the background."""
        for thread in self.threads:
            if thread is not threading.current_thread() and thread.name.startswith("read"):
                thread.join(PATIENT)


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def remembered(source: Source) -> TtlCache[int]:
    return TtlCache(source.read, "a number", clock=lambda: source.now)


def test_it_is_read_once_while_it_is_fresh(source: Source, remembered: TtlCache[int]) -> None:
    assert [remembered.get() for _ in range(100)] == [1] * 100
    assert source.reads == 1


def test_under_traffic_a_thread_reads_it_before_it_is_old(source: Source, remembered: TtlCache[int]) -> None:
    remembered.get()
    source.now, source.gate = FRESH * 0.75, threading.Event()
    source.began.clear()
    assert [remembered.get() for _ in range(100)] == [1] * 100  # nobody waits, though the read is not done
    assert source.began.wait(PATIENT)
    source.gate.set()
    source.settle()
    assert remembered.get() == 2 and source.reads == 2


def test_after_a_pause_one_caller_reads_and_the_others_wait_for_it(source: Source, remembered: TtlCache[int]) -> None:
    remembered.get()
    source.now, source.gate = FRESH * 100, threading.Event()
    source.began.clear()
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(remembered.get)
        assert source.began.wait(PATIENT)
        others = [pool.submit(remembered.get) for _ in range(7)]
        source.gate.set()
        assert first.result(PATIENT) == 2
        assert {other.result(PATIENT) for other in others} <= {1, 2}  # 1 only for one that lost patience
    assert source.reads == 2


def test_what_cannot_be_read_any_more_goes_on_being_served_and_is_tried_by_one_thread(
    source: Source, remembered: TtlCache[int], caplog: pytest.LogCaptureFixture
) -> None:
    remembered.get()
    source.now, source.down = FRESH * 10, True
    with caplog.at_level(logging.INFO):
        assert remembered.get() == 1
        assert [remembered.get() for _ in range(1000)] == [1] * 1000
        assert source.reads == 2
        for _ in range(5):
            source.now += FRESH
            assert [remembered.get() for _ in range(100)] == [1] * 100
            source.settle()
        assert source.reads == 7  # once per while, whoever asks
        callers = {thread for thread in source.threads[2:] if thread is threading.current_thread()}
        assert not callers  # no question waited
        source.down = False
        source.now += FRESH
        remembered.get()
        source.settle()
        assert remembered.get() == 8
    told = [record for record in caplog.records if record.name == "catalog.elastic.ttl_cache"]
    assert [record.levelname for record in told] == ["WARNING", "INFO"]
    assert "a number cannot be read" in told[0].getMessage() and "shard is gone" in told[0].getMessage()


def test_what_was_never_read_is_the_substitute_or_the_error(source: Source) -> None:
    source.down = True
    bare: TtlCache[int] = TtlCache(source.read, clock=lambda: source.now)
    with pytest.raises(Unavailable, match="shard is gone"):
        bare.get()
    helped = TtlCache(source.read, otherwise=0, clock=lambda: source.now)
    source.reads = 0
    assert [helped.get() for _ in range(100)] == [0] * 100
    assert source.reads == 1
    source.down, source.now = False, FRESH
    helped.get()
    source.settle()
    assert helped.get() == 2
    source.down = False
    assert bare.get() == 3  # an error is not remembered


def test_what_is_gone_is_not_served_as_if_it_were_there(source: Source) -> None:
    gone = False

    def read() -> int:
        if gone:
            raise NoCatalogue("deleted")
        return source.read()

    remembered = TtlCache(read, clock=lambda: source.now)
    assert remembered.get() == 1
    gone, source.now = True, FRESH * 10
    for _ in range(3):
        with pytest.raises(NoCatalogue):
            remembered.get()
    gone = False
    assert remembered.get() == 2


def test_who_wrote_reads_again_and_a_read_from_before_is_not_kept(source: Source, remembered: TtlCache[int]) -> None:
    remembered.get()
    remembered.forget()
    assert remembered.get() == 2
    source.gate, source.now = threading.Event(), FRESH * 0.75
    source.began.clear()
    remembered.get()
    assert source.began.wait(PATIENT)  # reads what is there before the write
    gate, source.gate = source.gate, None
    remembered.forget()
    assert remembered.get() == 4
    gate.set()
    source.settle()
    assert remembered.get() == 4


def test_an_error_reaches_all_who_wait_for_the_first_read(source: Source) -> None:
    source.down, source.gate = True, threading.Event()
    remembered: TtlCache[int] = TtlCache(source.read)
    gate = source.gate

    def ask() -> str:
        with pytest.raises(Unavailable) as caught:
            remembered.get()
        return caught.value.message

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask)]
        assert source.began.wait(PATIENT)
        asking += [pool.submit(ask) for _ in range(3)]
        gate.set()
        assert {each.result(PATIENT) for each in asking} == {"shard is gone"}
