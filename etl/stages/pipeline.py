"""Runs the stages in threads with bounded channels between them, so that they overlap and memory stays flat."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from etl.stages.channel import Aborted, Channel
from etl.stages.messages import DecodedPhoto, FetchedPhoto, PhotoResult, PhotoTask
from etl.stages.stage_clock import StageClock

S = TypeVar("S")
T = TypeVar("T")


class Pipeline:
    """Runs stages in threads, started by the `add_*` methods; `join` waits and raises what a stage failed with."""

    def __init__(self, clock: StageClock) -> None:
        self._clock = clock
        self._threads: list[threading.Thread] = []
        self._channels: list[Channel[Any]] = []
        self._broken: BaseException | None = None
        self._lock = threading.Lock()

    def open_channel(self, size: int, producers: int) -> Channel[Any]:
        """Returns a channel that ends with the pipeline."""
        made: Channel[Any] = Channel(size, producers)
        self._channels.append(made)
        return made

    def add_source(self, source: Iterable[T], sink: Channel[T]) -> None:
        """Puts everything of `source` into `sink`, in one thread."""

        def work() -> None:
            for item in source:
                sink.put(item)

        self._start("read", work, [sink])

    def add_stage(
        self,
        name: str,
        work: Callable[[S], Iterable[T | PhotoResult]],
        source: Channel[S],
        sink: Channel[T],
        results: Channel[PhotoResult],
        threads: int,
    ) -> None:
        """Does `work` on each item in `threads` threads; puts results into `results`, all else into `sink`."""

        def loop() -> None:
            for item in source:
                with self._clock.measure(name):
                    made = list(work(item))
                for each in made:
                    if isinstance(each, PhotoResult):
                        results.put(each)
                    else:
                        sink.put(each)

        for _ in range(threads):
            self._start(name, loop, [sink, results])

    def add_stream_stage(
        self, name: str, work: Callable[[Iterator[S]], Iterable[T]], source: Channel[S], sink: Channel[T]
    ) -> None:
        """Turns the whole stream of `source` into another, in one thread."""

        def loop() -> None:
            for item in work(iter(source)):
                sink.put(item)

        self._start(name, loop, [sink])

    def add_sink(self, name: str, work: Callable[[Iterator[S]], None], source: Channel[S]) -> None:
        """Consumes the stream of `source` at the end of the line, in one thread."""
        self._start(name, lambda: work(iter(source)), [])

    def join(self, watch: Callable[[], None], every: float = 0.2) -> None:
        """Waits for all stages, calling `watch` every so many seconds; raises what a stage failed with."""
        for thread in self._threads:
            while thread.is_alive():
                thread.join(every)
                watch()
        if self._broken is not None:
            raise self._broken

    def abort(self, error: BaseException) -> None:
        """Ends all stages as soon as they use a channel; the first error is the one that `join` raises."""
        with self._lock:
            self._broken = self._broken or error
        for channel in self._channels:
            channel.abort()

    def _start(self, name: str, work: Callable[[], None], sinks: Sequence[Channel[Any]]) -> None:
        def run_and_close() -> None:
            try:
                work()
            except Aborted:
                pass
            except BaseException as error:  # whatever it is, it belongs to the caller of `join`
                self.abort(error)
            finally:
                for sink in sinks:
                    sink.end_producer()

        thread = threading.Thread(target=run_and_close, name=f"etl-{name}", daemon=True)
        self._threads.append(thread)
        thread.start()


class StageFunctions:
    """Holds the functions of the stages in the order of the line."""

    def __init__(
        self,
        download: Callable[[PhotoTask], Iterable[FetchedPhoto | PhotoResult]],
        recognize: Callable[[FetchedPhoto], Iterable[FetchedPhoto | PhotoResult]],
        decode: Callable[[FetchedPhoto], Iterable[DecodedPhoto | PhotoResult]],
        embed: Callable[[Iterator[DecodedPhoto]], Iterable[PhotoResult]],
        write: Callable[[Iterator[PhotoResult]], None],
    ) -> None:
        self.download, self.recognize, self.decode = download, recognize, decode
        self.embed, self.write = embed, write


def start_stages(
    pipeline: Pipeline,
    tasks: Iterable[PhotoTask],
    stages: StageFunctions,
    downloaders: int,
    decoders: int,
    ahead: int,
) -> None:
    """Starts reader, downloaders, recogniser, decoders, model and writer.

    `ahead` decoded photos may wait for the model.
    """
    wanted = pipeline.open_channel(2 * downloaders, 1)
    fetched = pipeline.open_channel(max(16, 2 * decoders), downloaders)
    unknown = pipeline.open_channel(1, 1)  # `fetched` is the buffer of both stages
    decoded = pipeline.open_channel(ahead, decoders)
    results = pipeline.open_channel(2 * ahead, downloaders + 1 + decoders + 1)
    pipeline.add_source(tasks, wanted)
    pipeline.add_stage("download", stages.download, wanted, fetched, results, downloaders)
    pipeline.add_stage("recognize", stages.recognize, fetched, unknown, results, 1)
    pipeline.add_stage("decode", stages.decode, unknown, decoded, results, decoders)
    pipeline.add_stream_stage("embed", stages.embed, decoded, results)
    pipeline.add_sink("write", stages.write, results)
