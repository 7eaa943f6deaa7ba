"""The lease of a space by a clock of the test's own: who gets it, when it changes hands, who notices."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from catalog.domain.records import Lease
from catalog.errors import Unavailable
from etl.errors import LeaseHeld, LeaseLost
from etl.job import RunContext
from etl.lease import LONGEST_PAUSE, LeaseKeeper, LeaseTerms, acquire_lease, hold_leases
from etl.stop_signal import StopSignal
from models.photos import PhotoSettings
from tests.etl_kit import SPACE, MeanColor, build_context, product, run_job
from tests.fake_stores import FakeLeases
from tests.fakes import FakeCatalogue
from tests.image_server import ImageServer, image_server

NAME, TERM = SPACE.name, 30.0


class Time(StopSignal):
    """A clock that only a wait moves; `meanwhile` is what happens during one."""

    def __init__(self, meanwhile: Callable[["Time"], None] = lambda _: None) -> None:
        super().__init__()
        self.now, self.waits, self._meanwhile = 0.0, 0, meanwhile

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        self.waits += 1
        self._meanwhile(self)
        return self.is_requested


def held_by_another(index: FakeCatalogue) -> Lease:
    found = index.leases.write(NAME, "other", TERM, None)
    assert found
    return found


def take(index: FakeCatalogue, clock: Time, *, waits: bool = False) -> Lease:
    return acquire_lease(index.leases, NAME, "me", LeaseTerms(TERM, waits=waits), clock, lambda: clock.now)


def test_a_free_lease_is_taken_at_once() -> None:
    index, clock = FakeCatalogue(), Time()
    assert take(index, clock).holder == "me"
    assert (clock.waits, index.leases.held[NAME].holder) == (0, "me")


def test_a_dead_holders_lease_is_taken_over_after_its_term_and_not_before() -> None:
    index = FakeCatalogue()
    held_by_another(index)
    clock = Time()
    assert take(index, clock).holder == "me"
    assert TERM <= clock.now <= TERM + LONGEST_PAUSE


def test_a_living_holder_is_named_at_its_first_sign_of_life() -> None:
    def renew(clock: Time) -> None:
        if clock.now >= TERM / 3:
            index.leases.write(NAME, "other", TERM, index.leases.held[NAME])

    index, clock = FakeCatalogue(), Time(renew)
    held_by_another(index)
    with pytest.raises(LeaseHeld, match=r"other\. Let it finish, or use --wait") as caught:
        take(index, clock)
    assert clock.now <= TERM / 3 + LONGEST_PAUSE
    assert caught.value.detail == {"space": NAME, "holder": "other"}
    assert index.leases.held[NAME].holder == "other"


def test_who_waits_follows_a_living_holder_however_long_it_takes() -> None:
    def renew_then_end(clock: Time) -> None:
        if clock.now < 10 * TERM:
            index.leases.write(NAME, "other", TERM, index.leases.held[NAME])
        elif NAME in index.leases.held and index.leases.held[NAME].holder == "other":
            index.leases.drop(index.leases.held[NAME])

    index, clock = FakeCatalogue(), Time(renew_then_end)
    held_by_another(index)
    assert take(index, clock, waits=True).holder == "me"
    assert clock.now >= 10 * TERM


def test_who_waits_can_be_stopped() -> None:
    index = FakeCatalogue()
    held_by_another(index)
    clock = Time(lambda clock: clock.request())
    with pytest.raises(LeaseHeld):
        take(index, clock, waits=True)
    assert index.leases.held[NAME].holder == "other"


def test_after_a_long_gap_the_watch_begins_anew() -> None:
    """This machine slept, or the server was away: the holder had no chance to renew either."""

    def sleep_once(clock: Time) -> None:
        if clock.waits == 3:
            clock.now += 10 * TERM

    index, clock = FakeCatalogue(), Time(sleep_once)
    held_by_another(index)
    take(index, clock)
    assert clock.now >= 11 * TERM


def test_of_two_that_find_the_same_dead_holder_one_gets_its_lease() -> None:
    index = FakeCatalogue()
    held_by_another(index)
    write, rivals = index.leases.write, ["rival"]

    def beaten(name: str, holder: str, seconds: float, over: Lease | None) -> Lease | None:
        if rivals:
            write(name, rivals.pop(), seconds, over)
        return write(name, holder, seconds, over)

    index.leases.write = beaten  # type: ignore[method-assign]
    with pytest.raises(LeaseHeld, match="rival"):
        take(index, Time())
    assert index.leases.held[NAME].holder == "rival"


def test_a_holder_renews_gives_back_and_notices_that_it_was_taken_for_dead() -> None:
    renewed = threading.Event()

    class Watched(FakeLeases):
        def write(self, name: str, holder: str, seconds: float, over: Lease | None) -> Lease | None:
            if over and over.holder == holder:
                renewed.set()
            return super().write(name, holder, seconds, over)

    index = FakeCatalogue()
    index.leases = Watched(index)
    with hold_leases(index.leases, [NAME], "me", LeaseTerms(0.05), StopSignal()) as keeper:
        assert renewed.wait(60)
        keeper.check()
    assert NAME not in index.leases.held
    with hold_leases(index.leases, [NAME], "me", LeaseTerms(0.05), StopSignal()) as keeper:
        index.leases.held[NAME] = Lease(NAME, "other", TERM, 10_000, 1)
        with pytest.raises(LeaseLost, match="went to other"):
            for _ in range(6000):
                keeper.check()
                threading.Event().wait(0.01)
    assert index.leases.held[NAME].holder == "other", "what another holds is not given back"


def test_a_server_that_is_away_takes_no_lease_away() -> None:
    failures = iter([True, True])
    answered = threading.Event()

    class Shaky(FakeLeases):
        def read(self, name: str) -> Lease | None:
            if threading.current_thread().name == "etl-lease":
                if next(failures, False):
                    raise Unavailable("Elasticsearch does not answer")
                answered.set()
            return super().read(name)

    index = FakeCatalogue()
    index.leases = Shaky(index)
    keeper = LeaseKeeper(index.leases, "me", 0.05)
    acquire_lease(index.leases, NAME, "me", LeaseTerms(0.05), StopSignal())
    keeper.add(NAME)
    assert answered.wait(60)
    keeper.check()
    keeper.release()


# -- the job


@pytest.fixture
def server() -> Iterator[ImageServer]:
    with image_server() as running:
        yield running


def context_of(index: FakeCatalogue, server: ImageServer, folder: Path, **changes: float) -> RunContext:
    photos = PhotoSettings(image_allowed_hosts=(server.host,), image_timeout=5.0)
    return build_context(index, folder, photos, **changes)


def test_a_run_holds_its_spaces_and_gives_them_back(server: ImageServer, tmp_path: Path) -> None:
    index, model = FakeCatalogue([product(0, server.url("/red.jpg"))]), MeanColor()
    seen: list[str] = []
    model.before_batch = lambda: seen.append(index.leases.held[NAME].holder)
    summary = run_job(context_of(index, server, tmp_path), [model])
    assert len(seen) == 1 and f"run {summary.run_id} (process" in seen[0]
    assert index.leases.held == {}


def test_a_run_that_lost_its_lease_stops_and_says_so(server: ImageServer, tmp_path: Path) -> None:
    index, model = FakeCatalogue([product(0, server.url("/red.jpg"))]), MeanColor()
    lost = threading.Event()

    def taken_over() -> None:
        index.leases.held[NAME] = Lease(NAME, "other", TERM, 10_000, 1)
        lost.wait(60)  # the model is at work until the run has noticed

    model.before_batch = taken_over
    try:
        with pytest.raises(LeaseLost, match="other"):
            run_job(context_of(index, server, tmp_path, etl_lease_seconds=0.05), [model])
    finally:
        lost.set()
    assert index.leases.held[NAME].holder == "other"
