"""Gives products without a colour family the one that their photo shows."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from catalog.cli_support import Progress
from catalog.domain.records import PhotoColor
from catalog.ports import PhotoColorPort
from etl.enrichment.color_summary import ColorSummary
from etl.enrichment.garment_color import find_garment_family
from etl.retry_policy import decide_status
from etl.settings import EtlSettings
from etl.stages.downloader import Downloader, to_failure, to_internal_failure
from etl.stages.host_health import HostHealth
from etl.stages.messages import FetchedPhoto, PhotoFailure, PhotoResult, PhotoTask, build_failed_results
from etl.stages.pipeline import Pipeline
from etl.stages.stage_clock import StageClock
from etl.stages.worklist import Worklist
from etl.stop_signal import StopSignal
from models.photos import Fetcher, PhotoError, PhotoSettings, decode

WORK = "color_family"  # names what photos are wanted for, where an embedding run has a space
ROWS, SECONDS = 200, 2.0  # a kill costs what has come in since the last write


@dataclass(frozen=True, slots=True)
class ColoredPhoto:
    """Names the colour family that a photo shows, and who wants it."""

    task: PhotoTask
    family: str


@dataclass(frozen=True, slots=True)
class ColorContext:
    """Holds what a run works with."""

    index: PhotoColorPort
    settings: EtlSettings
    photos: PhotoSettings


def enrich(context: ColorContext, limit: int | None, stop: StopSignal, progress: Progress) -> ColorSummary:
    """Reads the colour of each photo that a product without a family shows; raises VisualSearchError.

    A photo that failed is data. Killed at any point, the next run goes on from there.
    """
    summary, started = ColorSummary(), time.monotonic()
    context.index.ensure_fields()
    with Worklist() as work, Fetcher(context.photos) as fetcher:
        if total := work.add(WORK, context.index.read_due(limit)):
            line = Pipeline(StageClock())
            _start(line, context, work.iterate_tasks(stop), Downloader(fetcher, HostHealth(stop)), summary)
            try:
                line.join(lambda: progress("colours", summary.seen_count, total))
                progress("colours", summary.seen_count, total)
            except BaseException as error:
                line.abort(error)
                raise
    summary.interrupted = stop.is_requested
    summary.seconds = time.monotonic() - started
    return summary


def _start(
    line: Pipeline, context: ColorContext, tasks: Iterable[PhotoTask], download: Downloader, summary: ColorSummary
) -> None:
    downloaders, decoders = context.settings.etl_download_threads, context.settings.etl_decode_threads
    wanted = line.open_channel(2 * downloaders, 1)
    fetched = line.open_channel(max(16, 2 * decoders), downloaders)
    results = line.open_channel(64, downloaders + decoders)
    line.add_source(tasks, wanted)
    line.add_stage("download", download, wanted, fetched, results, downloaders)
    reader = ColorReader(context.photos.image_max_pixels)
    for _ in range(decoders):
        line.add_stream_stage("decode", reader, fetched, results)
    line.add_sink("write", ColorWriter(context.index, context.settings, summary), results)


class ColorReader:
    """Finds the colours of photos, in several threads."""

    def __init__(self, max_pixels: int) -> None:
        self._max_pixels = max_pixels

    def __call__(self, photos: Iterator[FetchedPhoto]) -> Iterator[ColoredPhoto | PhotoResult]:
        for fetched in photos:
            try:
                family = find_garment_family(decode(fetched.photo.data, self._max_pixels))
            except PhotoError as error:
                yield from build_failed_results(fetched.task, to_failure(error))
            except Exception as error:  # one photo must not end the run
                failure = to_internal_failure(error, f"reading the colour of {fetched.task.image_url}")
                yield from build_failed_results(fetched.task, failure)
            else:
                yield ColoredPhoto(fetched.task, family)


class ColorWriter:
    """Writes colours and failures in batches."""

    def __init__(self, index: PhotoColorPort, settings: EtlSettings, summary: ColorSummary) -> None:
        self._index, self._settings, self._summary = index, settings, summary

    def __call__(self, results: Iterator[ColoredPhoto | PhotoResult]) -> None:
        waiting: list[PhotoColor] = []
        due = time.monotonic() + SECONDS
        for result in results:
            self._summary.photos += 1
            waiting += self._build_colors(result)
            if len(waiting) >= ROWS or time.monotonic() >= due:
                self._write(waiting)
                waiting, due = [], time.monotonic() + SECONDS
        self._write(waiting)

    def _write(self, colors: list[PhotoColor]) -> None:
        for color, written in zip(colors, self._index.write(colors), strict=True):
            self._summary.count(color, written)

    def _build_colors(self, result: ColoredPhoto | PhotoResult) -> Iterator[PhotoColor]:
        if isinstance(result, PhotoResult):
            family, wants, failure = None, result.products, result.failure
        else:
            family, wants, failure = result.family, result.task.wants[WORK], None
        for pending in wants:
            yield self._build_color(pending.product_id, pending.image_url, pending.attempts + 1, family, failure)

    def _build_color(
        self, product_id: str, url: str, attempts: int, family: str | None, failure: PhotoFailure | None
    ) -> PhotoColor:
        status, again = decide_status(failure, attempts, datetime.now(UTC), self._settings)
        return PhotoColor(product_id, url, status, family, failure.reason if failure else None, attempts, again)
