"""What is to be done, when it is written, and what becomes of a photo that failed."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from catalog.domain.embedding_space import Space
from catalog.domain.records import Outcome, Pending, WriteResult, Written
from catalog.errors import Unavailable
from etl.retry_policy import LONGEST_DELAY, build_outcomes, compute_delay
from etl.settings import EtlSettings
from etl.stages.messages import PhotoFailure, PhotoResult
from etl.stages.stage_clock import StageClock
from etl.stages.worklist import Worklist
from etl.stages.writer import PartWriter, write
from etl.stop_signal import StopSignal
from etl.storage.vector_store import PartFile, VectorStore
from etl.summary import ModelSummary
from tests.etl_kit import OTHER, SPACE, product, settings_for
from tests.fake_stores import FakeEmbeddings
from tests.fakes import FakeCatalogue

RUN, NOW = "20260301T000000-a", datetime(2026, 3, 1, tzinfo=UTC)
FIRST, SECOND = SPACE.name, OTHER.name
NOT_FOUND = PhotoFailure("not_found", True, "404 Not Found")
TIMEOUT = PhotoFailure("timeout", False, "too slow")


def url_of(number: int) -> str:
    return f"https://cdn.example/{number}.jpg"


def result(number: int, space: Space = SPACE, failure: PhotoFailure | None = None, **known: str) -> PhotoResult:
    """A photo of the product with the same number; `known` is what the product has already."""
    vector = None if failure else np.eye(space.dims, dtype=np.float32)[number % space.dims]
    products = [Pending(f"p{number}", url_of(number), 0, known.get("etag"), known.get("image_sha256"))]
    return PhotoResult(space.name, url_of(number), products, vector, f"{number:064d}", '"v1"', failure)


def unchanged(number: int, etag: str) -> PhotoResult:
    """A photo that is still the same, under the ETag `etag`."""
    products = [Pending(f"p{number}", url_of(number), 0, '"old"', f"{number:064d}")]
    return PhotoResult(FIRST, url_of(number), products, None, f"{number:064d}", etag)


class Store(VectorStore):
    """A vector store that remembers what was written when."""

    def __init__(self, location: str) -> None:
        super().__init__(location)
        self.written: list[tuple[str, str, int, list[str]]] = []
        self.created: list[datetime] = []

    def write(
        self, space: Space, run_id: str, number: int, outcomes: Sequence[Outcome], created: datetime
    ) -> PartFile:
        self.written.append((space.name, run_id, number, [outcome.product_id for outcome in outcomes]))
        self.created.append(created)
        return super().write(space, run_id, number, outcomes, created)


class Desk:
    """A writer with its index, its store and a clock that the test moves."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, **settings: float) -> None:
        self.index = FakeCatalogue([product(number, url_of(number)) for number in range(20)], [SPACE, OTHER])
        self.store = Store(str(folder))
        self.summaries = {space.name: ModelSummary(space.model, space) for space in (SPACE, OTHER)}
        self.clock = StageClock()
        self.now = 1000.0
        monkeypatch.setattr("etl.stages.writer.time", SimpleNamespace(monotonic=lambda: self.now))
        chosen = settings_for(folder, **({"etl_part_rows": 100, "etl_part_seconds": 5} | settings))
        self.write = PartWriter(self.index, self.store, chosen, RUN, self.summaries, self.clock)

    def state(self, number: int, space: Space = SPACE) -> dict[str, object]:
        return self.index.state(f"p{number}", space)

    def feed(self, results: Sequence[PhotoResult | float]) -> Iterator[PhotoResult]:
        """Yields results; a number instead of one is how many seconds go by."""
        for each in results:
            if isinstance(each, PhotoResult):
                yield each
            else:
                self.now += each

    def parts(self, space: str = FIRST) -> list[list[str]]:
        return [ids for name, _, _, ids in self.store.written if name == space]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch, etl_part_rows=3)


# -- parts


def test_a_full_part_is_written_at_once_and_the_rest_at_the_end(desk: Desk) -> None:
    seen: list[int] = []

    def watched() -> Iterator[PhotoResult]:
        for number in range(8):
            seen.append(len(desk.store.written))
            yield result(number)

    desk.write(watched())
    assert seen == [0, 0, 0, 1, 1, 1, 2, 2]
    assert desk.store.written == [
        (FIRST, RUN, 0, ["p0", "p1", "p2"]),
        (FIRST, RUN, 1, ["p3", "p4", "p5"]),
        (FIRST, RUN, 2, ["p6", "p7"]),
    ]
    its = desk.summaries[FIRST]
    assert (its.seen, its.done, its.settled) == (8, 8, [0, 1, 2])
    assert {name: spent.items for name, spent in desk.clock.stages.items()} == {"store": 8, "index": 8}


def test_what_is_written_says_when_in_a_time_zone_and_by_which_run(desk: Desk) -> None:
    before = datetime.now(UTC)
    desk.write(iter([result(0), result(1, failure=TIMEOUT)]))
    entry = desk.index.history.entries[url_of(0), FIRST]
    assert (entry.run_id, entry.product_ids) == (RUN, ("p0",))
    for when in (entry.snapshot_date, *desk.store.created):
        assert when.tzinfo is UTC and before <= when <= datetime.now(UTC)
    next_try = desk.state(1)["next_try_at"]
    assert isinstance(next_try, datetime) and next_try.tzinfo is UTC


def test_every_space_fills_parts_of_its_own(desk: Desk) -> None:
    desk.write(iter([result(0), result(0, OTHER), result(1), result(1, OTHER), result(2), result(3)]))
    assert desk.parts(FIRST) == [["p0", "p1", "p2"], ["p3"]]
    assert desk.parts(SECOND) == [["p0", "p1"]]
    assert desk.summaries[SECOND].settled == [0], "numbers are counted by space"
    assert desk.state(1, OTHER)["status"] == "done"


def test_a_part_that_is_old_is_written_though_it_is_not_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(tmp_path, monkeypatch)
    desk.write(desk.feed([result(0), 4.9, result(1), result(0, OTHER), 0.1, result(2), 4.9, result(1, OTHER)]))
    assert desk.parts(FIRST) == [["p0", "p1", "p2"]]
    assert desk.parts(SECOND) == [["p0", "p1"]], "five seconds after its own first photo"
    desk.write(desk.feed([result(3), 4.9, result(4), 4.9, result(5)]))
    assert desk.parts(FIRST)[1:] == [["p3", "p4", "p5"]], "the age of a part begins with its first photo"


def test_the_age_of_a_part_begins_anew_after_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(tmp_path, monkeypatch)
    desk.write(desk.feed([result(0), 5, result(1), 1, result(2), 1, result(3)]))
    assert desk.parts() == [["p0", "p1"], ["p2", "p3"]]


def test_photos_that_failed_are_indexed_and_not_stored(desk: Desk) -> None:
    desk.write(iter([result(0, failure=NOT_FOUND), result(1, failure=TIMEOUT)]))
    assert desk.store.written == []
    its = desk.summaries[FIRST]
    assert (dict(its.failed), dict(its.retry), its.settled) == ({"not_found": 1}, {"timeout": 1}, [])
    assert (desk.state(0)["status"], desk.state(1)["status"]) == ("failed", "retry")
    assert (desk.state(0)["image_sha256"], desk.state(0)["etag"]) == (f"{0:064d}", '"v1"')


# -- asked again


def test_a_new_etag_is_kept_and_counts_towards_a_full_part(desk: Desk) -> None:
    desk.write(iter([result(number) for number in range(4)]))
    seen: list[object] = []

    def watched() -> Iterator[PhotoResult]:
        for each in (unchanged(0, '"new"'), unchanged(1, '"new"'), result(5), unchanged(2, '"old"')):
            yield each
            seen.append(desk.state(1)["etag"])

    desk.write(watched())
    assert seen == ['"v1"', '"v1"', '"new"', '"new"']
    assert [desk.state(number)["etag"] for number in (0, 1, 2, 5)] == ['"new"', '"new"', '"v1"', '"v1"']
    assert desk.summaries[FIRST].unchanged == 3


def test_only_photos_that_are_unchanged_get_a_new_etag_without_a_vector(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(
        desk.index.rechecks, "write_etags", lambda _, outcomes: sent.extend(one.product_id for one in outcomes)
    )
    known = {"etag": '"old"', "image_sha256": "ab" * 32}
    desk.write(iter([result(0), result(1, **known), result(2, failure=TIMEOUT, **known), unchanged(3, '"new"')]))
    assert sent == ["p3"]


def test_the_vector_that_stays_is_named_where_the_photo_is_gone_for_good(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    products = [Pending(f"p{number}", url_of(0), 0, None, "ab" * 32) for number in (1, 2)]
    newcomer = Pending("p3", url_of(0))
    for failure in (TIMEOUT, NOT_FOUND):
        desk.write(iter([PhotoResult(FIRST, url_of(0), [*products, newcomer], None, None, None, failure)]))
    (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert record.getMessage() == f"{url_of(0)}: 404 Not Found; the vector stays for p1, p2"
    desk.write(iter([result(4, failure=NOT_FOUND)]))
    assert len(caplog.records) == 1, "a product that has no vector keeps none"
    assert dict(desk.summaries[FIRST].kept) == {"timeout": 2, "not_found": 2}


# -- the index


class Picky(FakeEmbeddings):
    """Refuses one product."""

    def write_outcomes(self, space: Space, outcomes: Sequence[Outcome]) -> list[WriteResult]:
        taken = super().write_outcomes(space, [one for one in outcomes if one.product_id != "p1"])
        refused = [
            WriteResult(one, Written.REFUSED, "it kept changing") for one in outcomes if one.product_id == "p1"
        ]
        return [*taken, *refused]


def test_a_refusal_is_logged_by_product_and_leaves_its_part_and_no_other_unsettled(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.index.embeddings = Picky(desk.index)
    desk.write(iter([result(number) for number in range(6)]))
    its = desk.summaries[FIRST]
    assert (its.done, dict(its.failed), its.settled) == (5, {"refused_by_index": 1}, [1])
    (record,) = caplog.records
    assert "p1" in record.getMessage() and "it kept changing" in record.getMessage()
    assert (url_of(1), FIRST) not in desk.index.history.entries
    assert (url_of(0), FIRST) in desk.index.history.entries


def test_the_history_is_written_before_the_index_and_keeps_what_others_said(desk: Desk) -> None:
    known: list[Mapping[str, frozenset[str]]] = []
    desk.index.before_write = lambda _: known.append(desk.index.history.read_products(SPACE, [url_of(0), url_of(1)]))
    outcomes = [Outcome(f"p{number}", url_of(number), "failed", reason="not_found") for number in (0, 1)]
    desk.index.docs["p1"]["image_url"] = url_of(9)
    written = write(desk.index, SPACE, outcomes, RUN, NOW, patience=0)
    assert known[0] == {url_of(0): {"p0"}, url_of(1): {"p1"}}
    assert [each.result for each in written] == [Written.WRITTEN, Written.MOVED]
    entry = desk.index.history.entries[url_of(0), FIRST]
    assert (entry.snapshot_date, entry.run_id, entry.space, entry.reason) == (NOW, RUN, SPACE, "not_found")
    assert (url_of(1), FIRST) not in desk.index.history.entries, "another photo by now"


def test_each_request_has_its_patience(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Elasticsearch is away for one try of each request."""
    monkeypatch.setattr("catalog.retrying.RETRY_PAUSE", 0.001)
    desk = Desk(tmp_path, monkeypatch, elasticsearch_patience=30)
    desk.index.docs["p1"]["image_url"] = url_of(9)
    failing: set[str] = set()

    def shake(store: object, method: str) -> None:
        whole = getattr(store, method)

        def shaky(*arguments: object) -> object:
            if method not in failing:
                failing.add(method)
                raise Unavailable("Elasticsearch does not answer")
            return whole(*arguments)

        monkeypatch.setattr(store, method, shaky)

    shake(desk.index.history, "append")
    shake(desk.index.history, "retract")
    shake(desk.index.embeddings, "write_outcomes")
    shake(desk.index.rechecks, "write_etags")
    desk.write(iter([result(0), result(1), unchanged(2, '"new"')]))
    assert failing == {"append", "retract", "write_outcomes", "write_etags"}
    its = desk.summaries[FIRST]
    assert (its.done, its.moved, its.settled) == (1, 1, [0])


def test_what_was_embedded_is_stored_when_another_stage_breaks_and_when_the_index_stays_away(desk: Desk) -> None:
    def broken() -> Iterator[PhotoResult]:
        yield result(0)
        raise MemoryError("enough")

    with pytest.raises(MemoryError):
        desk.write(broken())
    assert desk.parts() == [["p0"]] and desk.state(0)["status"] == "done"
    desk.index.down = True
    with pytest.raises(Unavailable):
        desk.write(iter([result(1, OTHER), result(1), result(2), result(3)]))
    assert desk.parts(FIRST)[1:] == [["p1", "p2", "p3"]]
    assert desk.parts(SECOND) == [["p1"]], "stored, for the next run to find"
    assert desk.summaries[FIRST].settled == [0], "what the index does not have is not settled"


# -- policy


def test_delays_grow_fourfold_up_to_a_day_and_are_a_second_at_least() -> None:
    minutes = [compute_delay(attempt, None, EtlSettings()) / timedelta(minutes=1) for attempt in (1, 2, 3, 4, 5, 60)]
    assert minutes == [10, 40, 160, 640, LONGEST_DELAY / 60, LONGEST_DELAY / 60]
    hasty = EtlSettings(etl_retry_seconds=0.01)
    assert compute_delay(1, None, hasty) == timedelta(seconds=1)
    assert compute_delay(1, 90, hasty) == timedelta(seconds=90)
    assert compute_delay(5, 90, EtlSettings()) == timedelta(days=1)


def test_an_outcome_tells_all_that_is_known_of_its_photo() -> None:
    settings = EtlSettings(etl_max_attempts=3)
    (done,) = build_outcomes(result(2), NOW, settings)
    assert done.vector is not None and done.vector[2] == 1
    assert (done.product_id, done.image_url, done.status, done.attempts) == ("p2", url_of(2), "done", 1)
    assert (done.image_sha256, done.etag, done.reason, done.next_try_at) == (f"{2:064d}", '"v1"', None, None)
    failed = PhotoResult(
        FIRST, url_of(0), [Pending("p0", url_of(0), 1), Pending("p1", url_of(0), 2)], failure=TIMEOUT
    )
    again, given_up = build_outcomes(failed, NOW, settings)
    assert again == Outcome("p0", url_of(0), "retry", None, None, "timeout", 2, NOW + timedelta(minutes=40))
    assert given_up == Outcome("p1", url_of(0), "failed", None, None, "timeout", 3)


def test_a_product_that_has_a_vector_gets_an_outcome_only_with_another() -> None:
    settings = EtlSettings()
    assert build_outcomes(result(0, failure=NOT_FOUND, image_sha256="ab" * 32), NOW, settings) == []
    assert build_outcomes(result(0, failure=NOT_FOUND, image_sha256=""), NOW, settings) == []
    (replaced,) = build_outcomes(result(0, image_sha256="ab" * 32), NOW, settings)
    assert (replaced.status, replaced.image_sha256) == ("done", f"{0:064d}")


# -- worklist


def test_a_worklist_gives_back_what_is_known_of_each_product() -> None:
    first, second = Pending("a", "u1", 2, '"e"', "ab" * 32), Pending("b", "u1")
    with Worklist() as work:
        assert work.add("s1", [first, second]) == 2
        assert work.add("s2", [first]) == 1
        assert work.add("s3", []) == 0
        assert work.count_by_space() == {"s1": 2, "s2": 1}
        (task,) = work.iterate_tasks(StopSignal())
        assert (task.image_url, task.wants) == ("u1", {"s1": [first, second], "s2": [first]})


def test_what_is_taken_from_a_worklist_is_in_it_no_more() -> None:
    with Worklist() as work:
        work.add("s1", [Pending("a", "u1", 2, '"e"'), Pending("b", "u2")])
        assert work.take("u1") == [Pending("a", "u1", 2, '"e"')]
        assert work.take("u1") == []
        assert work.count_by_space() == {"s1": 1}


def test_a_worklist_leaves_no_file_and_ends_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    stop = StopSignal()
    with Worklist() as work:
        work.add("s1", [Pending(f"p{number}", f"u{number}") for number in range(9)])
        urls = []
        for task in work.iterate_tasks(stop):
            urls.append(task.image_url)
            if len(urls) == 3:
                stop.request()
    assert urls == ["u0", "u1", "u2"]
    assert list(tmp_path.iterdir()) == []
