"""The parts of the embedding job one by one."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from catalog.domain.embedding_space import Space
from catalog.domain.records import Outcome, Pending, SpaceStatus, WriteResult, Written
from catalog.errors import InvalidInput
from etl.errors import StoreFailed
from etl.report import format_reasons, format_run
from etl.retry_policy import LONGEST_DELAY, build_outcomes, compute_delay
from etl.settings import EtlSettings
from etl.stages.channel import Aborted, Channel
from etl.stages.host_health import MAX_FAILURES, MAX_PAUSES, REST_SECONDS, HostHealth, extract_host
from etl.stages.messages import PhotoFailure, PhotoResult
from etl.stages.pipeline import Pipeline
from etl.stages.stage_clock import StageClock
from etl.stages.worklist import Worklist
from etl.stop_signal import StopSignal, catch_stop_signals
from etl.storage.vector_store import VectorStore
from etl.summary import ModelSummary, RunSummary
from models.photos import PhotoError, Reason
from tests.etl_kit import SPACE

NOW = datetime(2026, 3, 1, tzinfo=UTC)


# -- channel and pipeline


def test_a_channel_holds_no_more_than_its_size_and_ends_with_its_producers() -> None:
    channel: Channel[int] = Channel(3, producers=2)
    put: list[int] = []

    def produce(start: int) -> None:
        for number in range(start, start + 10):
            channel.put(number)
            put.append(number)
        channel.end_producer()

    threads = [threading.Thread(target=produce, args=(start,)) for start in (0, 100)]
    for thread in threads:
        thread.start()
    while len(put) < 3:
        time.sleep(0.01)
    time.sleep(0.1)
    assert len(put) == 3
    assert sorted(channel) == [*range(10), *range(100, 110)]
    for thread in threads:
        thread.join()


def test_an_aborted_channel_wakes_everybody() -> None:
    channel: Channel[int] = Channel(1)
    channel.put(1)
    woken: list[str] = []

    def put() -> None:
        with pytest.raises(Aborted):
            channel.put(2)
        woken.append("put")

    thread = threading.Thread(target=put)
    thread.start()
    channel.abort()
    thread.join(5)
    assert woken == ["put"]
    with pytest.raises(Aborted):
        next(iter(channel))


def test_what_breaks_a_stage_ends_all_of_them_and_reaches_the_caller() -> None:
    line = Pipeline(StageClock())
    numbers, results = line.open_channel(2, 1), line.open_channel(2, 1)

    def endless() -> list[int]:
        return list(range(10_000))

    def broken(stream: object) -> list[int]:
        raise MemoryError("enough")

    line.add_source(endless(), numbers)
    line.add_stream_stage("embed", broken, numbers, results)
    line.add_sink("write", lambda stream: [None for _ in stream].clear(), results)
    with pytest.raises(MemoryError, match="enough"):
        line.join(lambda: None, every=0.01)


# -- policy


def result(failure: PhotoFailure | None, attempts: int = 0) -> PhotoResult:
    vector = np.zeros(4, dtype=np.float32) if failure is None else None
    return PhotoResult("s", "u", [Pending("a", "u", attempts), Pending("b", "u", 7)], vector, "f00", '"e"', failure)


def test_policy_turns_failures_into_retries_until_there_were_enough() -> None:
    settings = EtlSettings()
    slow = PhotoFailure("timeout", False, "too slow")
    first, last = build_outcomes(result(slow), NOW, settings)
    assert (first.status, first.attempts, first.next_try_at) == ("retry", 1, NOW + timedelta(minutes=10))
    assert (last.status, last.attempts, last.next_try_at, last.reason) == ("failed", 8, None, "timeout")
    (gone, _) = build_outcomes(result(PhotoFailure("not_found", True, "")), NOW, settings)
    assert (gone.status, gone.next_try_at) == ("failed", None)
    (done, _) = build_outcomes(result(None, attempts=3), NOW, settings)
    assert (done.status, done.attempts, done.reason, done.image_sha256) == ("done", 4, None, "f00")


@hypothesis_settings(deadline=None)  # a busy machine may take its time
@given(st.integers(1, 60), st.none() | st.floats(0, 1e6))
def test_a_delay_grows_and_is_never_shorter_than_what_the_host_asked(attempts: int, asked: float | None) -> None:
    settings = EtlSettings()
    waited = compute_delay(attempts, asked, settings)
    assert waited >= timedelta(seconds=asked or 0)
    assert waited >= compute_delay(1, None, settings)
    assert waited <= max(timedelta(seconds=LONGEST_DELAY), timedelta(seconds=asked or 0))


# -- hosts


def test_a_host_that_is_down_is_left_alone_for_a_while() -> None:
    clock = [0.0]
    hosts = HostHealth(StopSignal(), now=lambda: clock[0])
    error = PhotoError(Reason.UNREACHABLE, "refused")
    for _ in range(MAX_FAILURES):
        assert hosts.wait_or_refuse("cdn") is None
        assert not hosts.record_failure("cdn", error)
    refusal = hosts.wait_or_refuse("cdn")
    assert refusal is not None and (refusal.reason, refusal.permanent) == ("unreachable", False)
    assert hosts.wait_or_refuse("other") is None
    clock[0] = REST_SECONDS + 1
    assert hosts.wait_or_refuse("cdn") is None
    hosts.record_failure("cdn", error)
    assert hosts.wait_or_refuse("cdn") is not None, "one more failure and it rests again"
    clock[0] = 2 * REST_SECONDS + 2
    hosts.record_success("cdn")
    hosts.record_failure("cdn", error)
    assert hosts.wait_or_refuse("cdn") is None


def test_a_404_says_the_host_is_fine_and_files_have_no_host() -> None:
    hosts = HostHealth(StopSignal())
    for _ in range(MAX_FAILURES - 1):
        hosts.record_failure("cdn", PhotoError(Reason.TIMEOUT, ""))
    hosts.record_failure("cdn", PhotoError(Reason.NOT_FOUND, ""))
    hosts.record_failure("cdn", PhotoError(Reason.TIMEOUT, ""))
    assert hosts.wait_or_refuse("cdn") is None
    for _ in range(2 * MAX_FAILURES):
        assert not hosts.record_failure(extract_host("file:///a.jpg"), PhotoError(Reason.UNREACHABLE, ""))
    assert hosts.wait_or_refuse(extract_host("file:///b.jpg")) is None
    assert extract_host("http://[::1") == ""


def test_a_host_that_wants_pause_after_pause_is_left_alone() -> None:
    clock = [0.0]
    hosts = HostHealth(StopSignal(), now=lambda: clock[0])
    wish = PhotoError(Reason.RATE_LIMITED, "", retry_after=1)
    for _ in range(MAX_PAUSES):
        assert all(hosts.record_failure("cdn", wish) for _ in range(20)), "many threads, one pause"
        clock[0] += 2
    assert not hosts.record_failure("cdn", wish)
    assert hosts.wait_or_refuse("cdn") is not None
    clock[0] += REST_SECONDS + 1
    hosts.record_success("cdn")
    assert hosts.record_failure("cdn", wish)


# -- worklist


@given(
    st.lists(
        st.tuples(st.sampled_from("abcd"), st.sampled_from(["u1", "u2", "ü3"]), st.sampled_from(["s1", "s2"])),
        max_size=30,
    )
)
def test_the_worklist_groups_by_photo_and_loses_nothing(wants: list[tuple[str, str, str]]) -> None:
    with Worklist() as work:
        for product_id, url, space in wants:
            work.add(space, [Pending(product_id, url, 2, "e")])
        tasks = list(work.iterate_tasks(StopSignal()))
        assert [task.image_url for task in tasks] == sorted({url for _, url, _ in wants})
        got = {(p.product_id, task.image_url, s) for task in tasks for s, ps in task.wants.items() for p in ps}
        assert got == set(wants)
        assert all(p.attempts == 2 and p.etag == "e" for task in tasks for ps in task.wants.values() for p in ps)
        assert sum(work.count_by_space().values()) == len(set(wants))
        assert {p.product_id for p in work.take("u1")} == {p for p, url, _ in wants if url == "u1"}
        assert work.take("u1") == []


# -- store


def done(product_id: str, row: list[float], url: str = "http://x/1.jpg") -> Outcome:
    return Outcome(product_id, url, "done", np.array(row, dtype=np.float32), "ab" * 32)


@pytest.mark.parametrize("scheme", ["", "file://", "memory://"])
def test_vectors_come_back_as_they_went(tmp_path: Path, scheme: str) -> None:
    store = VectorStore(f"{scheme}{tmp_path}/v")
    part = store.write(SPACE, "r1", 3, [done("a", [0.6, 0.8, 0, 0]), done("b", [0, 0, 1, 0])], NOW)
    assert store.list_parts(SPACE.name) == [part]
    rows = store.read(part, SPACE)
    assert [(row.product_id, row.image_url, row.image_sha256) for row in rows] == [
        ("a", "http://x/1.jpg", "ab" * 32),
        ("b", "http://x/1.jpg", "ab" * 32),
    ]
    assert rows[0].vector.dtype == np.float32
    assert np.array_equal(rows[0].vector, np.array([0.6, 0.8, 0, 0], dtype=np.float32))
    assert VectorStore(f"{scheme}{tmp_path}/v").list_parts("another__v1") == []


def test_a_part_has_the_columns_that_others_read(tmp_path: Path) -> None:
    store = VectorStore(str(tmp_path))
    store.write(SPACE, "r1", 0, [done("a", [1, 0, 0, 0])], NOW)
    path = tmp_path / "space=mean__v1" / "part-r1-000000.parquet"
    table = pq.read_table(path, partitioning=None)
    assert table.column_names == [
        "product_id",
        "image_url",
        "image_sha256",
        "vector",
        "model_version",
        "run_id",
        "created",
        "digest",
    ]
    assert str(table.schema.field("vector").type) == "fixed_size_list<element: float>[4]"
    assert table.to_pylist()[0]["created"] == NOW
    assert table.to_pylist()[0]["model_version"] == "v1"


def test_a_part_half_written_is_no_part_and_a_marker_ends_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = VectorStore(str(tmp_path))
    first = store.write(SPACE, "r1", 0, [done("a", [1, 0, 0, 0])], NOW)
    monkeypatch.setattr(store._fs, "mv", lambda *_: (_ for _ in ()).throw(OSError("killed")))
    with pytest.raises(StoreFailed):
        store.write(SPACE, "r1", 1, [done("b", [1, 0, 0, 0])], NOW)
    monkeypatch.undo()
    assert store.list_parts(SPACE.name) == [first]
    assert store.list_unfinished(SPACE.name) == [first]
    marker = tmp_path / "space=mean__v1" / "done-r1.json"
    store.write_marker(SPACE.name, "r1", [0], {"done": 1})
    assert store.list_unfinished(SPACE.name) == []
    assert json.loads(marker.read_text()) == {"done": 1, "parts": [0]}


@pytest.mark.parametrize("scheme", ["", "memory://"])
def test_a_marker_settles_the_parts_it_lists_and_no_others(tmp_path: Path, scheme: str) -> None:
    store = VectorStore(f"{scheme}{tmp_path}/v")
    parts = [store.write(SPACE, "r1", number, [done(str(number), [1, 0, 0, 0])], NOW) for number in range(3)]
    other = store.write(SPACE, "r2", 0, [done("x", [1, 0, 0, 0])], NOW)
    store.write_marker(SPACE.name, "r1", [0, 2], {"done": 2})
    assert store.list_unfinished(SPACE.name) == [parts[1], other]
    store.write_marker(SPACE.name, "r1", [1], {"finished_by": "r3"})
    assert store.list_unfinished(SPACE.name) == [other]
    with store._fs.open(f"{store._folder(SPACE.name)}/done-r2.json", "wb") as file:
        file.write(b'{"run_id": "r2"}')  # as versions before wrote it
    assert store.list_unfinished(SPACE.name) == []
    with store._fs.open(f"{store._folder(SPACE.name)}/done-r2.json", "wb") as file:
        file.write(b"{")
    assert store.list_unfinished(SPACE.name) == [other], "no marker: it is looked at once more"


def test_parts_of_another_size_and_broken_ones_are_refused(tmp_path: Path) -> None:
    store = VectorStore(str(tmp_path))
    part = store.write(SPACE, "r1", 0, [done("a", [1, 0, 0, 0])], NOW)
    with pytest.raises(StoreFailed, match="4 values, not 5"):
        store.read(part, Space("mean", "v1", 5))
    Path(part.path).write_bytes(b"PAR1 nonsense")
    with pytest.raises(StoreFailed, match="cannot be used"):
        store.read(part, SPACE)


# -- stopping


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C is not ignored, as it is in what a shell started in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_the_first_signal_asks_and_the_second_is_the_old_one() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with catch_stop_signals() as stop:
        assert not stop.is_requested
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.wait(1)
        assert signal.getsignal(signal.SIGTERM) == before
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)
    assert signal.getsignal(signal.SIGTERM) == before


# -- words and numbers


def summary_of(*results: tuple[str, str | None, Written]) -> RunSummary:
    its = ModelSummary("mean", SPACE)
    for status, reason, written in results:
        outcome = Outcome("p", "u", status, reason=reason)  # type: ignore[arg-type]
        its.count_write(WriteResult(outcome, written))
    return RunSummary("r", [its], seconds=2.0)


def test_a_summary_counts_each_fate_once() -> None:
    summary = summary_of(
        ("done", None, Written.WRITTEN),
        ("done", None, Written.UNCHANGED),
        ("done", None, Written.MOVED),
        ("done", None, Written.GONE),
        ("done", None, Written.REFUSED),
        ("failed", "not_found", Written.WRITTEN),
        ("retry", "timeout", Written.WRITTEN),
        ("failed", "not_found", Written.MOVED),
    )
    (model,) = summary.to_dict()["models"]
    assert model == {
        "model": "mean",
        "space": "mean__v1",
        "seen": 8,
        "done": 2,
        "reused": 0,
        "recognized": 0,
        "broken_parts": 0,
        "failed": {"refused_by_index": 1, "not_found": 1},
        "retry": {"timeout": 1},
        "unchanged": 0,
        "replaced": 0,
        "kept": {},
        "moved": 2,
        "gone": 1,
        "images_per_second": 4.0,
        "left": None,
    }
    assert summary.failed_share == pytest.approx(3 / 8)
    assert "failed 2 (" in format_run(summary)
    assert "moved 2, gone 1" in format_run(summary)


def test_a_run_without_work_says_so_and_a_missing_setting_is_named() -> None:
    assert "nothing to embed" in format_run(summary_of())
    summary = summary_of()
    failed = {"outside_image_roots": 31, "not_found": 2}
    summary.models[0].left = SpaceStatus(SPACE, 60, 4, 3, failed, {"timeout": 3}, NOW)
    assert summary.lacking_share == pytest.approx(0.36)
    assert format_run(summary).splitlines() == [
        "mean: no photo is due: 36 of 100 have no embedding",
        "  31 wait for IMAGE_ROOTS (outside_image_roots): set it if they may be read, then "
        "`python -m etl retry --model mean --reason outside_image_roots`",
        "  3 wait for another try (timeout 3), the next at 2026-03-01 00:00 UTC; "
        "`python -m etl retry --model mean` tries them now",
        "  failed for good 2 (not_found 2); `python -m etl failures --model mean` names them",
    ]
    (model,) = summary.to_dict()["models"]
    assert model["left"] == {
        "done": 60,
        "pending": 4,
        "retry": {"timeout": 3},
        "failed": failed,
        "next_try_at": "2026-03-01T00:00:00+00:00",
    }
    assert format_reasons({}) == "0"
    assert format_reasons({"a": 1, "b": 1500}) == "1,501 (b 1,500, a 1)"


def test_settings_come_from_the_environment() -> None:
    settings = EtlSettings.load({"VECTOR_STORE": "s3://bucket/v", "ETL_MAX_ATTEMPTS": "3"})
    assert (settings.vector_store, settings.etl_max_attempts) == ("s3://bucket/v", 3)
    assert EtlSettings.load({}).vector_store == "var/vectors"
    with pytest.raises(InvalidInput, match="ETL_DOWNLOAD_THREADS"):
        EtlSettings.load({"ETL_DOWNLOAD_THREADS": "none"})
