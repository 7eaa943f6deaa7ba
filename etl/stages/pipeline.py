"""Runs the stages in threads with bounded channels between them, so that they overlap and memory stays flat."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from etl.stages.channel import Aborted, Channel
from etl.stages.items import Decoded, Fetched, Job, Result
from etl.stages.stage_clock import StageClock

S = TypeVar("S")
T = TypeVar("T")


class Pipeline:
    """Stages are started by `feed`, `stage` and `drain`; `join` waits and raises what broke one of them."""

    def __init__(self, clock: StageClock) -> None:
        self._clock = clock
        self._threads: list[threading.Thread] = []
        self._channels: list[Channel[Any]] = []
        self._broken: BaseException | None = None
        self._lock = threading.Lock()

    def channel(self, size: int, producers: int) -> Channel[Any]:
        """A channel that ends with the pipeline."""
        made: Channel[Any] = Channel(size, producers)
        self._channels.append(made)
        return made

    def feed(self, source: Iterable[T], sink: Channel[T]) -> None:
        """Put everything of `source` into `sink`."""

        def work() -> None:
            for item in source:
                sink.put(item)

        self._start("read", work, [sink])

    def stage(
        self,
        name: str,
        work: Callable[[S], Iterable[T | Result]],
        source: Channel[S],
        sink: Channel[T],
        results: Channel[Result],
        threads: int,
    ) -> None:
        """`work` each item in `threads` threads: results go straight to the writer, everything else onward."""

        def loop() -> None:
            for item in source:
                with self._clock.measure(name):
                    made = list(work(item))
                for each in made:
                    if isinstance(each, Result):
                        results.put(each)
                    else:
                        sink.put(each)

        for _ in range(threads):
            self._start(name, loop, [sink, results])

    def pour(
        self, name: str, work: Callable[[Iterator[S]], Iterable[T]], source: Channel[S], sink: Channel[T]
    ) -> None:
        """One thread that turns the whole stream of `source` into another."""

        def loop() -> None:
            for item in work(iter(source)):
                sink.put(item)

        self._start(name, loop, [sink])

    def drain(self, name: str, work: Callable[[Iterator[S]], None], source: Channel[S]) -> None:
        """One thread at the end of the line."""
        self._start(name, lambda: work(iter(source)), [])

    def join(self, watch: Callable[[], None], every: float = 0.2) -> None:
        """Wait for all stages, calling `watch` every so many seconds; raises what broke a stage."""
        for thread in self._threads:
            while thread.is_alive():
                thread.join(every)
                watch()
        if self._broken is not None:
            raise self._broken

    def abort(self, error: BaseException) -> None:
        """End all stages as soon as they look; the first error is the one that `join` raises."""
        with self._lock:
            self._broken = self._broken or error
        for channel in self._channels:
            channel.abort()

    def _start(self, name: str, work: Callable[[], None], sinks: Sequence[Channel[Any]]) -> None:
        def guarded() -> None:
            try:
                work()
            except Aborted:
                pass
            except BaseException as error:  # whatever it is, it belongs to the caller of `join`
                self.abort(error)
            finally:
                for sink in sinks:
                    sink.done()

        thread = threading.Thread(target=guarded, name=f"etl-{name}", daemon=True)
        self._threads.append(thread)
        thread.start()


class Stages:
    """The verbs in the order of the line."""

    def __init__(
        self,
        download: Callable[[Job], Iterable[Fetched | Result]],
        decode: Callable[[Fetched], Iterable[Decoded | Result]],
        embed: Callable[[Iterator[Decoded]], Iterable[Result]],
        write: Callable[[Iterator[Result]], None],
    ) -> None:
        self.download, self.decode, self.embed, self.write = download, decode, embed, write


def run_line(
    pipeline: Pipeline, jobs: Iterable[Job], stages: Stages, downloaders: int, decoders: int, ahead: int
) -> None:
    """Start reader, downloaders, decoders, model and writer; `ahead` decoded photos may wait for the model."""
    wanted = pipeline.channel(2 * downloaders, 1)
    fetched = pipeline.channel(max(16, 2 * decoders), downloaders)
    decoded = pipeline.channel(ahead, decoders)
    results = pipeline.channel(2 * ahead, downloaders + decoders + 1)
    pipeline.feed(jobs, wanted)
    pipeline.stage("download", stages.download, wanted, fetched, results, downloaders)
    pipeline.stage("decode", stages.decode, fetched, decoded, results, decoders)
    pipeline.pour("embed", stages.embed, decoded, results)
    pipeline.drain("write", stages.write, results)
