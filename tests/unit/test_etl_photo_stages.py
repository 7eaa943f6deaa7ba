"""Downloading, decoding and embedding one photo after the other, without threads and without a network."""

import logging
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pytest
from PIL import Image

from catalog.domain.embedding_space import Space
from catalog.domain.records import Pending
from etl.errors import ModelFailed
from etl.stages.decoder import Decoder
from etl.stages.downloader import MAX_REPEATS, Downloader
from etl.stages.embedder import NO_EMBEDDING, BatchEmbedder
from etl.stages.host_health import LONGEST_PAUSE, MAX_FAILURES, MAX_PAUSES, REST_SECONDS, HostHealth
from etl.stages.messages import DecodedPhoto, FetchedPhoto, PhotoFailure, PhotoResult, PhotoTask
from etl.stages.stage_clock import StageClock
from etl.stop_signal import StopSignal
from models.photos import EncodedPhoto, Fetcher, PhotoError, PhotoSettings, Reason
from tests.etl_kit import OTHER, SPACE, MeanColor
from tests.image_server import photo

URL, HOST = "https://cdn.example/1.jpg", "cdn.example"
FIRST, SECOND = SPACE.name, OTHER.name
ENOUGH_PIXELS = 1_000_000


class Waits(StopSignal):
    """A clock that only waiting moves, and what was waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.waited: list[float] = []

    def wait(self, seconds: float) -> bool:
        self.waited.append(seconds)
        self.now += seconds
        return False


def hosts_by(clock: Waits) -> HostHealth:
    return HostHealth(clock, lambda: clock.now)


class Answers(Fetcher):
    """A host that gives one answer after the other, and keeps what it was asked for: the address and the ETag."""

    def __init__(self, *answers: EncodedPhoto | Exception | None) -> None:
        super().__init__(PhotoSettings())
        self.answers = list(answers)
        self.asked: list[tuple[str, str | None]] = []

    def fetch(self, url: str) -> EncodedPhoto:
        found = self.answer(url, None)
        assert found is not None
        return found

    def refetch(self, url: str, etag: str) -> EncodedPhoto | None:
        assert etag, "without one there is nothing to compare"
        return self.answer(url, etag)

    def answer(self, url: str, etag: str | None) -> EncodedPhoto | None:
        self.asked.append((url, etag))
        found = self.answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found


def task_of(**wants: list[Pending]) -> PhotoTask:
    return PhotoTask(URL, wants or {FIRST: [Pending("p1", URL)], SECOND: [Pending("p1", URL), Pending("p2", URL)]})


def rate_limited(seconds: float | None) -> PhotoError:
    return PhotoError(Reason.RATE_LIMITED, "come back later", seconds)


PHOTO = EncodedPhoto(URL, photo(size=(40, 30)), "ab" * 32, '"v1"')


# -- downloading


def test_a_photo_goes_on_with_its_task() -> None:
    fetcher, task = Answers(PHOTO), task_of()
    assert list(Downloader(fetcher, hosts_by(Waits()))(task)) == [FetchedPhoto(task, PHOTO)]
    assert fetcher.asked == [(URL, None)]


def test_a_photo_that_fails_is_a_failure_in_every_space_that_wants_it() -> None:
    task = task_of()
    error = PhotoError(Reason.SERVER_ERROR, "503 Service Unavailable", retry_after=120)
    failure = PhotoFailure("server_error", False, "503 Service Unavailable", 120)
    assert list(Downloader(Answers(error), hosts_by(Waits()))(task)) == [
        PhotoResult(space, URL, products, failure=failure) for space, products in task.wants.items()
    ]
    (gone, _) = Downloader(Answers(PhotoError(Reason.NOT_FOUND, "404")), hosts_by(Waits()))(task)
    assert isinstance(gone, PhotoResult) and gone.failure == PhotoFailure("not_found", True, "404")


def test_what_nobody_thought_of_is_logged_with_its_trace_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    results = list(Downloader(Answers(ZeroDivisionError("surprise")), hosts_by(Waits()))(task_of()))
    failures = {result.failure for result in results if isinstance(result, PhotoResult)}
    assert failures == {PhotoFailure("internal_error", False, "ZeroDivisionError: surprise")}
    (record,) = caplog.records
    assert record.getMessage() == f"downloading {URL}"
    assert record.exc_info and isinstance(record.exc_info[1], ZeroDivisionError)


def test_a_host_that_asks_for_a_pause_gets_it_and_is_asked_again() -> None:
    clock, task = Waits(), task_of()
    fetcher = Answers(rate_limited(7), rate_limited(2), PHOTO)
    assert list(Downloader(fetcher, hosts_by(clock))(task)) == [FetchedPhoto(task, PHOTO)]
    assert clock.waited == [7, 2]
    assert fetcher.asked == [(URL, None)] * 3


def test_a_host_that_always_asks_for_a_pause_is_not_asked_for_ever() -> None:
    fetcher = Answers(*[rate_limited(1) for _ in range(9)])
    (result, _) = Downloader(fetcher, hosts_by(Waits()))(task_of())
    assert isinstance(result, PhotoResult) and result.failure and result.failure.reason == "rate_limited"
    assert len(fetcher.asked) == 1 + MAX_REPEATS


def test_other_failures_are_not_repeated_within_a_run() -> None:
    fetcher = Answers(PhotoError(Reason.SERVER_ERROR, "503", retry_after=1), PHOTO)
    (result, _) = Downloader(fetcher, hosts_by(Waits()))(task_of())
    assert isinstance(result, PhotoResult) and result.failure and result.failure.reason == "server_error"
    assert len(fetcher.asked) == 1


def test_photos_of_a_host_that_is_down_are_refused_without_asking_it() -> None:
    fetcher = Answers(*[PhotoError(Reason.UNREACHABLE, "refused") for _ in range(MAX_FAILURES)])
    download = Downloader(fetcher, hosts_by(Waits()))
    for _ in range(MAX_FAILURES + 3):
        (result, _) = download(task_of())
        assert isinstance(result, PhotoResult) and result.failure and result.failure.reason == "unreachable"
    assert HOST in result.failure.message
    assert len(fetcher.asked) == MAX_FAILURES


def test_a_host_that_answers_now_and_then_is_not_down() -> None:
    refused = [PhotoError(Reason.UNREACHABLE, "refused") for _ in range(MAX_FAILURES - 1)]
    fetcher = Answers(*refused, PHOTO, *refused, PHOTO)
    download = Downloader(fetcher, hosts_by(Waits()))
    results = [next(iter(download(task_of()))) for _ in range(2 * MAX_FAILURES)]
    assert [isinstance(result, FetchedPhoto) for result in results].count(True) == 2


def test_a_photo_that_all_have_is_asked_for_by_its_etag() -> None:
    task = task_of(**{FIRST: [Pending("p1", URL, etag='"v1"', image_sha256="ab" * 32)]})
    fetcher = Answers(None)
    assert list(Downloader(fetcher, hosts_by(Waits()))(task)) == [PhotoResult(FIRST, URL, task.wants[FIRST])]
    assert fetcher.asked == [(URL, '"v1"')]


# -- hosts


def test_a_failure_more_or_less_decides_whether_a_host_is_down() -> None:
    clock = Waits()
    hosts = hosts_by(clock)
    for _ in range(MAX_FAILURES - 1):
        hosts.record_failure(HOST, PhotoError(Reason.TIMEOUT, ""))
    assert hosts.wait_or_refuse(HOST) is None
    hosts.record_failure(HOST, PhotoError(Reason.TIMEOUT, ""))
    refusal = hosts.wait_or_refuse(HOST)
    assert refusal is not None and HOST in refusal.message
    clock.now = REST_SECONDS
    assert hosts.wait_or_refuse(HOST) is None, "its rest is over"
    assert clock.waited == [], "a host that is down is refused, nobody waits for it"


def test_an_unknown_host_that_answers_well_is_fine() -> None:
    clock = Waits()
    hosts = hosts_by(clock)
    hosts.record_success(HOST)
    assert hosts.wait_or_refuse(HOST) is None and clock.waited == []


def test_a_pause_holds_back_its_own_host_and_only_until_it_is_over() -> None:
    clock = Waits()
    hosts = hosts_by(clock)
    assert hosts.record_failure(HOST, rate_limited(1))
    assert hosts.wait_or_refuse("other.example") is None and clock.waited == []
    assert hosts.wait_or_refuse(HOST) is None and clock.waited == [1]
    assert hosts.wait_or_refuse(HOST) is None and clock.waited == [1]
    clock.now += 0.5
    assert hosts.record_failure(HOST, rate_limited(4))
    clock.now += 1
    assert hosts.wait_or_refuse(HOST) is None and clock.waited == [1, 3], "what is left of it"


def test_the_longest_pause_is_kept_and_a_longer_one_left_to_the_next_run() -> None:
    hosts = hosts_by(Waits())
    assert hosts.record_failure(HOST, rate_limited(LONGEST_PAUSE))
    assert not hosts.record_failure("slow.example", rate_limited(LONGEST_PAUSE + 0.5))
    refusal = hosts.wait_or_refuse("slow.example")
    assert refusal == PhotoFailure("rate_limited", False, "slow.example asks to be left alone", LONGEST_PAUSE + 0.5)


def test_a_host_that_names_no_time_is_left_alone() -> None:
    clock = Waits()
    hosts = hosts_by(clock)
    assert not hosts.record_failure(HOST, rate_limited(None))
    clock.now = REST_SECONDS
    refusal = hosts.wait_or_refuse(HOST)
    assert refusal is not None and refusal.reason == "rate_limited"
    assert refusal.retry_after == LONGEST_PAUSE + 1, "as if it had asked for more than anybody waits within a run"


def test_a_host_is_left_alone_as_long_as_it_asked_and_at_least_for_a_rest() -> None:
    clock = Waits()
    hosts = hosts_by(clock)
    assert not hosts.record_failure(HOST, rate_limited(600))
    clock.now = 599
    assert hosts.wait_or_refuse(HOST) is not None
    clock.now = 600
    assert hosts.wait_or_refuse(HOST) is None
    for _ in range(MAX_PAUSES):
        assert hosts.record_failure("busy.example", rate_limited(1))
        clock.now += 1
    assert not hosts.record_failure("busy.example", rate_limited(1)), "a pause that ends now is over"
    clock.now += REST_SECONDS - 1
    assert hosts.wait_or_refuse("busy.example") is not None, "a second would begin it all again"


def test_a_host_that_answered_may_ask_for_pauses_again() -> None:
    clock = Waits()
    hosts = hosts_by(clock)
    for _ in range(3 * MAX_PAUSES):
        assert hosts.record_failure(HOST, rate_limited(1))
        clock.now += 1
        hosts.record_success(HOST)


# -- decoding


class DoublePixels(MeanColor):
    """A model whose pixels are of another type, and not in one piece."""

    def preprocess(self, image: Image.Image) -> np.ndarray:
        return super().preprocess(image).astype(np.float64)[:, :, ::-1]


def decoder(min_sides: Mapping[str, int] | None = None, max_pixels: int = ENOUGH_PIXELS) -> Decoder:
    embedders = {FIRST: MeanColor(), SECOND: DoublePixels(OTHER)}
    return Decoder(embedders, {FIRST: 1, SECOND: 1} | dict(min_sides or {}), max_pixels)


def test_a_photo_is_prepared_for_every_model_that_wants_it() -> None:
    task = task_of()
    (decoded,) = decoder()(FetchedPhoto(task, PHOTO))
    assert isinstance(decoded, DecodedPhoto)
    assert (decoded.task, decoded.sha256, decoded.etag) == (task, "ab" * 32, '"v1"')
    assert {space: pixels.shape for space, pixels in decoded.pixels.items()} == {
        FIRST: (3, 8, 8),
        SECOND: (3, 8, 8),
    }
    for pixels in decoded.pixels.values():
        assert pixels.dtype == np.float32 and pixels.flags.c_contiguous
    assert np.array_equal(decoded.pixels[SECOND], decoded.pixels[FIRST][:, :, ::-1])


def test_a_side_as_short_as_the_model_allows_is_enough_and_a_pixel_less_is_not() -> None:
    task = task_of()
    (decoded,) = decoder({FIRST: 30})(FetchedPhoto(task, PHOTO))
    assert isinstance(decoded, DecodedPhoto) and set(decoded.pixels) == {FIRST, SECOND}
    failed, decoded = decoder({FIRST: 31})(FetchedPhoto(task, PHOTO))
    failure = PhotoFailure("too_small", True, "40 x 30 pixels; the model needs 31")
    assert failed == PhotoResult(FIRST, URL, task.wants[FIRST], None, "ab" * 32, '"v1"', failure)
    assert isinstance(decoded, DecodedPhoto) and set(decoded.pixels) == {SECOND}, "the other model takes it"


def test_a_photo_that_is_none_keeps_its_sha256_and_a_huge_one_is_not_decoded() -> None:
    task = task_of()
    for data, max_pixels, reason in (
        (b"<html>", ENOUGH_PIXELS, "not_an_image"),
        (PHOTO.data, 999, "too_many_pixels"),
    ):
        results = list(decoder(max_pixels=max_pixels)(FetchedPhoto(task, EncodedPhoto(URL, data, "cd" * 32, '"v1"'))))
        assert [(result.space, result.products) for result in results if isinstance(result, PhotoResult)] == [
            (FIRST, task.wants[FIRST]),
            (SECOND, task.wants[SECOND]),
        ]
        for result in results:
            assert isinstance(result, PhotoResult) and result.failure
            assert (result.sha256, result.failure.reason, result.failure.permanent) == ("cd" * 32, reason, True)


def test_a_decoder_that_breaks_costs_one_photo(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: object) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr("etl.stages.decoder.decode", break_down)
    for result in decoder()(FetchedPhoto(task_of(), PHOTO)):
        assert isinstance(result, PhotoResult)
        assert result.failure == PhotoFailure("internal_error", False, "MemoryError: no room")
        assert result.sha256 == "ab" * 32
    assert f"decoding {URL}" in caplog.text and "Traceback" in caplog.text


def test_a_model_that_cannot_prepare_a_photo_does_not_take_it_from_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Odd(MeanColor):
        def preprocess(self, image: Image.Image) -> np.ndarray:
            raise ZeroDivisionError("surprise")

    task = task_of()
    prepare = Decoder({FIRST: Odd(), SECOND: MeanColor(OTHER)}, {FIRST: 1, SECOND: 1}, ENOUGH_PIXELS)
    failed, decoded = prepare(FetchedPhoto(task, PHOTO))
    failure = PhotoFailure("internal_error", False, "ZeroDivisionError: surprise")
    assert failed == PhotoResult(FIRST, URL, task.wants[FIRST], None, "ab" * 32, '"v1"', failure)
    assert isinstance(decoded, DecodedPhoto) and set(decoded.pixels) == {SECOND}
    assert f"preparing {URL} for {FIRST}" in caplog.text


# -- embedding


class Rows(MeanColor):
    """A model that answers what the test says."""

    def __init__(self, answer: Callable[[np.ndarray], np.ndarray], space: Space = SPACE) -> None:
        super().__init__(space)
        self.answer = answer

    def embed(self, batch: np.ndarray) -> np.ndarray:
        self.batches.append(len(batch))
        return self.answer(batch)


def decoded_photo(number: int, *spaces: str) -> DecodedPhoto:
    url = f"https://cdn.example/{number}.jpg"
    wanted = spaces or (FIRST,)
    task = PhotoTask(url, {space: [Pending(f"p{number}", url)] for space in wanted})
    pixels = {space: np.full((3, 2, 2), number, dtype=np.float32) for space in wanted}
    return DecodedPhoto(task, f"{number:064d}", f'"e{number}"', pixels)


def stream(count: int) -> Iterator[DecodedPhoto]:
    return (decoded_photo(number) for number in range(count))


def test_every_photo_gets_its_own_row_as_float32_with_what_is_known_of_it() -> None:
    model = Rows(lambda batch: np.repeat(batch[:, 0, 0, :1].astype(np.float64), 4, axis=1))
    results = list(BatchEmbedder({FIRST: model}, 2, StageClock())(stream(3)))
    assert model.batches == [2, 1]
    for number, result in enumerate(results):
        assert result.vector is not None and result.vector.dtype == np.float32
        assert result.vector.tolist() == [number] * 4
        url = f"https://cdn.example/{number}.jpg"
        assert (result.space, result.image_url, result.products) == (FIRST, url, [Pending(f"p{number}", url)])
        assert (result.sha256, result.etag, result.failure) == (f"{number:064d}", f'"e{number}"', None)


def test_a_full_batch_is_embedded_at_once_and_each_model_has_its_own() -> None:
    first, second = Rows(lambda batch: np.ones((len(batch), 4))), Rows(lambda batch: np.ones((len(batch), 3)), OTHER)
    taken: list[int] = []

    def watched() -> Iterator[DecodedPhoto]:
        for number in range(5):
            taken.append(number)
            yield decoded_photo(number, FIRST, *([SECOND] if number % 2 else []))

    clock = StageClock()
    results = iter(BatchEmbedder({FIRST: first, SECOND: second}, 2, clock)(watched()))
    assert next(results).space == FIRST
    assert taken == [0, 1], "nobody waits for the end"
    list(results)
    assert (first.batches, second.batches) == ([2, 2, 1], [2])
    assert {name: spent.items for name, spent in clock.stages.items()} == {f"embed {FIRST}": 5, f"embed {SECOND}": 2}


def test_a_row_that_is_no_vector_is_a_photo_without_an_embedding() -> None:
    model = Rows(lambda batch: np.array([[1, 0, 0, 0], [np.nan, 0, 0, 0], [0, 1, 0, 0]]))
    first, none, last = BatchEmbedder({FIRST: model}, 3, StageClock())(stream(3))
    url = "https://cdn.example/1.jpg"
    assert none == PhotoResult(FIRST, url, [Pending("p1", url)], None, f"{1:064d}", '"e1"', NO_EMBEDDING)
    assert first.vector is not None and last.vector is not None
    assert NO_EMBEDDING.permanent


def test_a_model_that_answers_for_fewer_photos_than_it_got_loses_none_quietly() -> None:
    model = Rows(lambda batch: np.ones((len(batch) - 1, 4)))
    with pytest.raises(ValueError, match="shorter"):
        list(BatchEmbedder({FIRST: model}, 3, StageClock())(stream(3)))


def break_on(*numbers: int) -> Callable[[np.ndarray], np.ndarray]:
    def answer(batch: np.ndarray) -> np.ndarray:
        if set(batch[:, 0, 0, 0].astype(int)) & set(numbers):
            raise RuntimeError("no such photos")
        return np.ones((len(batch), 4))

    return answer


def test_a_photo_that_breaks_the_model_is_named_and_its_batch_embedded_one_by_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    model = Rows(break_on(1))
    results = list(BatchEmbedder({FIRST: model}, 3, StageClock())(stream(3)))
    assert model.batches == [3, 1, 1, 1]
    assert [result.failure for result in results] == [
        None,
        PhotoFailure("model_error", False, "no such photos"),
        None,
    ]
    with caplog.at_level(logging.ERROR):
        (record,) = caplog.records
    for part in (FIRST, "https://cdn.example/1.jpg", "no such photos"):
        assert part in record.getMessage()


def test_a_model_that_embedded_something_in_this_run_is_not_broken() -> None:
    model = Rows(break_on(2, 3))
    results = list(BatchEmbedder({FIRST: model}, 2, StageClock())(stream(6)))
    assert [result.failure is None for result in results] == [True, True, False, False, True, True]


def test_a_model_that_proves_itself_in_the_very_batch_goes_on_and_a_batch_that_is_not_full_proves_nothing() -> None:
    model = Rows(break_on(0))
    assert len(list(BatchEmbedder({FIRST: model}, 2, StageClock())(stream(4)))) == 4
    few = Rows(break_on(0, 1))
    assert len(list(BatchEmbedder({FIRST: few}, 3, StageClock())(stream(2)))) == 2


def test_a_model_that_breaks_on_a_whole_full_batch_at_first_ends_the_run_by_name() -> None:
    with pytest.raises(ModelFailed, match=f"{FIRST}.*no such photos") as caught:
        list(BatchEmbedder({FIRST: Rows(break_on(0, 1))}, 2, StageClock())(stream(4)))
    assert isinstance(caught.value.__cause__, RuntimeError)
