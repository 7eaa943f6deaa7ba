"""How long an import or a run waits for Elasticsearch, and what it says meanwhile."""

import logging

import pytest

from catalog import retrying
from catalog.errors import NoCatalogue, Unavailable
from catalog.retrying import LOG_EVERY, retry_while_unavailable


class Clock:
    """Time that passes by sleeping only, in seconds."""

    def __init__(self) -> None:
        self.now, self.sleeps = 0.0, 0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now, self.sleeps = self.now + seconds, self.sleeps + 1


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(retrying, "time", made)
    return made


def test_a_catalogue_that_was_never_made_is_not_waited_for(clock: Clock) -> None:
    def work() -> None:
        raise NoCatalogue("there is no catalogue")

    with pytest.raises(NoCatalogue):
        retry_while_unavailable(work, 60)
    assert clock.sleeps == 0


def test_an_outage_is_waited_for_and_told_now_and_then(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    def work() -> None:
        raise Unavailable("connection refused")

    with caplog.at_level(logging.WARNING), pytest.raises(Unavailable):
        retry_while_unavailable(work, 60)
    assert clock.sleeps == 60
    assert [record.message for record in caplog.records][:2] == [
        "waiting for Elasticsearch, 60 s at most: connection refused",
        f"waiting for Elasticsearch, {60 - LOG_EVERY} s at most: connection refused",
    ]
    assert len(caplog.records) == 60 / LOG_EVERY
