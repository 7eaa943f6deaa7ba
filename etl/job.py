"""One run of the embedding job, from what is missing to what was written."""

import logging
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from catalog.domain.space import Space
from catalog.ports import EmbeddingPort
from etl import recheck
from etl.lease import LeaseKeeper, Terms, holder_of, leased
from etl.progress import Progress
from etl.restore import reuse
from etl.settings import EtlSettings
from etl.stages.decoder import Decoder
from etl.stages.downloader import Downloader
from etl.stages.embedder import Embed
from etl.stages.host_health import Hosts
from etl.stages.items import Model
from etl.stages.pipeline import Pipeline, Stages, run_line
from etl.stages.reader import Worklist
from etl.stages.writer import Writer
from etl.stopping import Stop
from etl.storage.vector_store import VectorStore
from etl.summary import ModelSummary, RunSummary
from models.photos import Fetcher, PhotoSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """`products` per model at most (None: all), `batch_size` photos per model call.

    `recheck`: ask again for the photos that have an embedding, as far as `products` leaves room for them.
    `waits`: for another job that embeds into the same space, instead of raising LeaseHeld.
    """

    products: int | None = None
    batch_size: int = 32
    recheck: bool = False
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Workshop:
    """What a run works with; wired in one place, replaced piece by piece in tests."""

    index: EmbeddingPort
    store: VectorStore
    settings: EtlSettings
    photos: PhotoSettings

    def lease_terms(self, waits: bool) -> Terms:
        """How this job holds its spaces."""
        return Terms(self.settings.etl_lease_seconds, self.settings.elasticsearch_patience, waits)


def new_run_id() -> str:
    """A name that sorts by time."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{secrets.token_hex(3)}"


def run(shop: Workshop, models: Sequence[Model], limits: Limits, stop: Stop, progress: Progress) -> RunSummary:
    """Embed what lacks an embedding of `models`; raises VisualSearchError for what ends all of it."""
    summary = RunSummary(new_run_id(), [ModelSummary(model.name, model.space) for model in models])
    for model in models:
        shop.index.ensure_space(model.space)
    spaces, holder = [model.space.name for model in models], holder_of(f"run {summary.run_id}")
    with leased(shop.index, spaces, holder, shop.lease_terms(limits.waits), stop) as lease:
        started = time.monotonic()  # waiting for another job is no work
        for its in summary.models:
            _reuse(shop, its, summary.run_id)
        with Worklist() as work:
            for model in models:
                _find_work(shop, model.space, limits, work)
            _embed(shop, models, work, limits, stop, progress, summary, lease)
        summary.interrupted = stop.asked
        summary.seconds = time.monotonic() - started
        _finish(shop, summary)
    return summary


def _find_work(shop: Workshop, space: Space, limits: Limits, work: Worklist) -> None:
    found = work.add(space.name, shop.index.unprocessed(space, limits.products))
    room = None if limits.products is None else limits.products - found
    if limits.recheck and (room is None or room > 0):
        work.add(space.name, recheck.due(shop.index, shop.store, space, room))


def _reuse(shop: Workshop, summary: ModelSummary, run_id: str) -> None:
    """Index what a run that was killed had stored already, instead of embedding it again."""
    if swept := shop.store.sweep(summary.space.name, datetime.now(UTC)):
        log.info("%s: %d half-written files of killed runs deleted", summary.model, swept)
    parts = shop.store.unfinished(summary.space.name)
    if not parts:
        return
    found, settled = reuse(shop.index, shop.store, summary.space, parts, shop.settings)
    summary.reused, summary.broken_parts = found.restored, found.broken_parts
    if found.restored:
        log.info("%s: %d vectors of an unfinished run reused", summary.model, found.restored)
    for name, its in groupby(sorted(settled), key=lambda part: part.run_id):
        marker = {"run_id": name, "finished_by": run_id}
        shop.store.finish(summary.space.name, name, [part.number for part in its], marker)


def _embed(
    shop: Workshop,
    models: Sequence[Model],
    work: Worklist,
    limits: Limits,
    stop: Stop,
    progress: Progress,
    summary: RunSummary,
    lease: LeaseKeeper,
) -> None:
    counts = work.counts()
    if not counts:
        return
    models = [model for model in models if counts.get(model.space.name)]
    embedders = {model.space.name: model.open() for model in models}
    summaries: Mapping[str, ModelSummary] = {its.space.name: its for its in summary.models}
    clock, settings = summary.clock, shop.settings
    with Fetcher(shop.photos) as fetcher, progress.shown(sum(counts.values()), summary):
        stages = Stages(
            Downloader(fetcher, Hosts(stop)),
            Decoder(embedders, {m.space.name: m.min_side for m in models}, shop.photos.image_max_pixels),
            Embed(embedders, limits.batch_size, clock),
            Writer(shop.index, shop.store, settings, summary.run_id, summaries, clock),
        )
        line = Pipeline(clock)
        downloaders, decoders = settings.etl_download_threads, settings.etl_decode_threads
        run_line(line, work.jobs(stop), stages, downloaders, decoders, ahead=2 * limits.batch_size)

        def tick() -> None:
            lease.check()
            progress.tick()

        try:
            line.join(tick)
        except BaseException as error:
            line.abort(error)  # a second Ctrl-C: the stages are daemons, but let them leave their sockets
            raise


def _finish(shop: Workshop, summary: RunSummary) -> None:
    shop.index.refresh()
    for its in summary.models:
        if its.settled:
            marker = {"run_id": summary.run_id, **its.as_dict(summary.seconds)}
            shop.store.finish(its.space.name, summary.run_id, its.settled, marker)
