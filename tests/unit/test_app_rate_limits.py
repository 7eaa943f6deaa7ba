"""Token buckets that processes share."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http.rate_limits import SET_BYTES, SETS, WAYS, RateLimiter
from catalog.domain.api_keys import Rate

HOURLY = Rate(100, 3600.0)
FORK = multiprocessing.get_context("fork")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_empties_refills_and_never_overflows() -> None:
    clock = Clock()
    limiter, rate = RateLimiter(clock), Rate(5, 10.0)
    assert [limiter.take("aaaaaaaa", rate) for _ in range(5)] == [0.0] * 5
    assert limiter.take("aaaaaaaa", rate) == pytest.approx(2.0)
    assert limiter.take("bbbbbbbb", rate) == 0.0  # somebody else's is full
    clock.now += 1.9
    assert limiter.take("aaaaaaaa", rate) == pytest.approx(0.1)
    clock.now += 0.1
    assert limiter.take("aaaaaaaa", rate) == 0.0 < limiter.take("aaaaaaaa", rate)
    clock.now += 1e6
    assert [bool(limiter.take("aaaaaaaa", rate)) for _ in range(6)] == [False] * 5 + [True]


@given(st.lists(st.floats(0, 30), max_size=60), st.integers(1, 9), st.sampled_from([1.0, 60.0]))
def test_it_never_allows_more_than_a_plain_token_bucket_does(pauses: list[float], count: int, seconds: float) -> None:
    clock = Clock()
    limiter, tokens, before = RateLimiter(clock), float(count), clock.now
    for pause in pauses:
        clock.now += pause
        tokens = min(count, tokens + (clock.now - before) * count / seconds)
        before = clock.now
        allowed = limiter.take("aaaaaaaa", Rate(count, seconds)) == 0.0
        if abs(tokens - 1) > 1e-3:
            assert allowed is (tokens > 1)
        tokens -= allowed


def test_more_keys_than_there_is_room_for_push_out_those_whose_bucket_is_full() -> None:
    clock = Clock()
    limiter, rate = RateLimiter(clock), Rate(2, 1.0)
    names = [f"{number:08d}" for number in range(2 * SETS * WAYS)]
    for name in names:
        assert limiter.take(name, rate) == 0.0
        clock.now += 1.0
    assert limiter.take("aaaaaaaa", rate) == limiter.take("aaaaaaaa", rate) == 0.0 < limiter.take("aaaaaaaa", rate)


def test_threads_share_one_bucket() -> None:
    limiter = RateLimiter()
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda _: limiter.take("aaaaaaaa", HOURLY), range(400)))
    assert sum(wait == 0.0 for wait in waits) == HOURLY.count


def _use(limiter: RateLimiter, results: Any) -> None:
    results.put(Counter(limiter.take("aaaaaaaa", HOURLY) == 0.0 for _ in range(90)))


def _die_with_the_lock(limiter: RateLimiter) -> None:
    fcntl.lockf(limiter._file, fcntl.LOCK_EX, SETS * SET_BYTES, 0)
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_processes_share_one_bucket_and_a_dead_one_holds_nothing() -> None:
    limiter, results = RateLimiter(), FORK.SimpleQueue()
    dying = FORK.Process(target=_die_with_the_lock, args=(limiter,))
    dying.start()
    dying.join(60)
    assert dying.exitcode == -signal.SIGKILL
    users = [FORK.Process(target=_use, args=(limiter, results)) for _ in range(3)]
    for each in users:
        each.start()
    found = sum((results.get() for _ in users), Counter[bool]())
    for each in users:
        each.join(60)
    assert found[True] == HOURLY.count and found[False] == 3 * 90 - HOURLY.count


def test_a_limiter_leaves_no_file_open() -> None:
    opened = Path("/dev/fd")
    before = len(list(opened.iterdir()))
    for _ in range(50):
        RateLimiter()
    assert len(list(opened.iterdir())) <= before + 5
