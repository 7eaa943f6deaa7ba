"""Channels, the threads between them, and how far one stage may run ahead of the next."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator

import pytest

from catalog.domain.records import Pending
from etl.stages.channel import Channel
from etl.stages.messages import PhotoResult, PhotoTask
from etl.stages.pipeline import Pipeline, StageFunctions, start_stages
from etl.stages.stage_clock import StageClock

LONG = 10  # seconds that something may take which takes none


def tasks(count: int) -> Iterator[PhotoTask]:
    for number in range(count):
        url = f"https://cdn.example/{number}.jpg"
        yield PhotoTask(url, {"s": [Pending(f"p{number}", url)]})


def to_result(task: PhotoTask) -> PhotoResult:
    return PhotoResult("s", task.image_url, task.wants["s"])


class Line:
    """A line of stages that do nothing to their items but count them; `closed` is the gate of one of them."""

    def __init__(self, closed: str = "") -> None:
        self.counts = dict.fromkeys(("read", "download", "decode", "embed", "write"), 0)
        self.threads: set[tuple[str, bool]] = set()
        self.written: list[str] = []
        self.clock = StageClock()
        self.pipeline = Pipeline(self.clock)
        self.gate = threading.Event()
        self._closed, self._lock = closed, threading.Lock()
        self.fails: Callable[[int], bool] = lambda _: False

    def enter(self, stage: str) -> None:
        with self._lock:
            self.counts[stage] += 1
            thread = threading.current_thread()
            self.threads.add((thread.name, thread.daemon))
        if stage == self._closed:
            assert self.gate.wait(LONG), "nobody opened the gate"

    def read(self, count: int) -> Iterator[PhotoTask]:
        for task in tasks(count):
            self.enter("read")
            yield task

    def download(self, task: PhotoTask) -> Iterable[PhotoTask | PhotoResult]:
        self.enter("download")
        return [to_result(task) if self.fails(int(task.image_url[20:-4])) else task]

    def decode(self, task: PhotoTask) -> Iterable[PhotoTask | PhotoResult]:
        self.enter("decode")
        return [task]

    def embed(self, stream: Iterator[PhotoTask]) -> Iterator[PhotoResult]:
        for task in stream:
            self.enter("embed")
            yield to_result(task)

    def write(self, results: Iterator[PhotoResult]) -> None:
        for result in results:
            self.enter("write")
            self.written.append(result.image_url)

    def start(self, count: int, downloaders: int, decoders: int, ahead: int) -> None:
        stages = StageFunctions(
            self.download,  # type: ignore[arg-type]
            lambda task: [task],  # type: ignore[arg-type,list-item]
            self.decode,  # type: ignore[arg-type]
            self.embed,  # type: ignore[arg-type]
            self.write,
        )
        start_stages(self.pipeline, self.read(count), stages, downloaders, decoders, ahead)

    def settle(self, stage: str, expected: int) -> int:
        """How often `stage` was entered once nothing moves any more; less where that never becomes `expected`."""
        end = time.monotonic() + LONG
        while self.counts[stage] < expected and time.monotonic() < end:
            time.sleep(0.005)
        time.sleep(0.05)  # whoever runs too far ahead does it now
        return self.counts[stage]

    def finish(self) -> None:
        self.gate.set()
        self.pipeline.join(lambda: None, every=0.01)


# -- channels


def test_a_channel_waits_for_its_last_producer() -> None:
    channel: Channel[int] = Channel(2, producers=2)
    got: list[int] = []
    consumer = threading.Thread(target=lambda: got.extend(channel), daemon=True)
    consumer.start()
    channel.put(1)
    channel.end_producer()
    consumer.join(0.1)
    assert consumer.is_alive(), "there is another producer"
    channel.put(2)
    channel.end_producer()
    consumer.join(LONG)
    assert (got, consumer.is_alive()) == ([1, 2], False)


def test_a_channel_has_one_producer_unless_told_otherwise() -> None:
    channel: Channel[int] = Channel(5)
    for number in range(3):
        channel.put(number)
    channel.end_producer()
    got: list[int] = []
    consumer = threading.Thread(target=lambda: got.extend(channel), daemon=True)
    consumer.start()
    consumer.join(LONG)
    assert (got, consumer.is_alive()) == ([0, 1, 2], False), "in the order in which they came"


# -- the line


def test_every_photo_passes_every_stage_and_failures_go_straight_to_the_writer() -> None:
    line = Line()
    line.fails = lambda number: number % 5 == 0
    line.start(50, downloaders=3, decoders=2, ahead=4)
    line.finish()
    assert sorted(line.written) == sorted(task.image_url for task in tasks(50))
    assert line.counts == {"read": 50, "download": 50, "decode": 40, "embed": 40, "write": 50}
    assert {name: spent.items for name, spent in line.clock.stages.items()} == {
        "download": 50,
        "recognize": 40,
        "decode": 40,
    }


def test_results_that_come_at_the_very_end_are_written_too() -> None:
    line = Line()
    embed = line.embed

    def hold_back(stream: Iterator[PhotoTask]) -> Iterator[PhotoResult]:
        held = list(embed(stream))
        time.sleep(0.1)  # all others have ended by now
        yield from held

    line.embed = hold_back  # type: ignore[method-assign]
    line.start(8, downloaders=2, decoders=2, ahead=8)
    line.finish()
    assert len(line.written) == 8


def test_threads_bear_the_name_of_their_stage_and_do_not_outlive_the_process() -> None:
    line = Line()
    line.start(3, downloaders=1, decoders=1, ahead=1)
    line.finish()
    assert line.threads == {(f"etl-{stage}", True) for stage in line.counts}


@pytest.mark.parametrize(
    ("closed", "stage", "expected"),
    [
        # in hand, in the channel, and one that its maker holds until there is room
        ("download", "download", 3),
        ("download", "read", 3 + 2 * 3 + 1),
        ("decode", "decode", 2),
        ("decode", "download", 2 + 1 + 1 + 16 + 3),
        ("embed", "decode", 1 + 5 + 2),
        ("write", "embed", 1 + 2 * 5 + 1),
    ],
)
def test_a_stage_that_stands_still_stops_those_before_it(closed: str, stage: str, expected: int) -> None:
    line = Line(closed)
    line.start(100, downloaders=3, decoders=2, ahead=5)
    try:
        assert line.settle(stage, expected) == expected
    finally:
        line.finish()
    assert len(line.written) == 100


def test_many_decoders_get_more_photos_in_advance() -> None:
    line = Line("decode")
    line.start(100, downloaders=1, decoders=10, ahead=5)
    try:
        assert line.settle("download", 10 + 2 + 20 + 1) == 10 + 2 + 20 + 1
    finally:
        line.finish()


def test_whoever_waits_for_the_line_is_called_while_it_works() -> None:
    line = Line("embed")
    line.start(1, downloaders=1, decoders=1, ahead=1)
    calls = 0

    def watch() -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            line.gate.set()

    line.pipeline.join(watch, every=0.01)
    assert line.written == ["https://cdn.example/0.jpg"], "the gate was opened while a stage stood before it"


def test_the_first_of_two_errors_is_the_one_that_is_told() -> None:
    line = Line()
    line.pipeline.abort(ValueError("first"))
    line.pipeline.abort(KeyError("second"))
    with pytest.raises(ValueError, match="first"):
        line.pipeline.join(lambda: None)


def test_an_abort_ends_stages_that_wait_for_each_other() -> None:
    line = Line("write")
    line.start(1000, downloaders=2, decoders=2, ahead=2)
    line.settle("write", 1)
    line.pipeline.abort(RuntimeError("stop"))
    line.gate.set()
    with pytest.raises(RuntimeError, match="stop"):
        line.pipeline.join(lambda: None, every=0.01)
    assert line.counts["read"] < 1000
