"""Runs the embedding job once, from what is missing to what was written."""

import logging
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from catalog.cli_support import Progress
from catalog.domain.embedding_space import Space
from catalog.ports import EmbeddingIndex
from etl import photo_recheck
from etl.lease import LeaseKeeper, LeaseTerms, describe_holder, hold_leases
from etl.settings import EtlSettings
from etl.stages.decoder import Decoder
from etl.stages.downloader import Downloader
from etl.stages.embedder import BatchEmbedder
from etl.stages.host_health import HostHealth
from etl.stages.messages import EmbeddingModel
from etl.stages.pipeline import Pipeline, StageFunctions, start_stages
from etl.stages.recognizer import Recognizer
from etl.stages.worklist import Worklist
from etl.stages.writer import PartWriter
from etl.stop_signal import StopSignal
from etl.storage.known_photos import KnownPhotos
from etl.storage.vector_store import VectorStore
from etl.summary import ModelSummary, RunSummary
from etl.vector_restore import reuse_stored_vectors
from models.photos import Fetcher, PhotoSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Limits a run to `products` per model (None: all) and `batch_size` photos per model call.

    `recheck`: ask again for the photos that have an embedding, as far as `products` leaves room for them.
    `waits`: for another job that embeds into the same space, instead of raising LeaseHeld.
    """

    products: int | None = None
    batch_size: int = 32
    recheck: bool = False
    waits: bool = False


@dataclass(frozen=True, slots=True)
class RunContext:
    """Holds what a run works with; made by `wiring.build_context`, replaced piece by piece in tests."""

    index: EmbeddingIndex
    store: VectorStore
    settings: EtlSettings
    photos: PhotoSettings

    def to_lease_terms(self, waits: bool) -> LeaseTerms:
        """Returns how this job holds the leases of its spaces."""
        return LeaseTerms(self.settings.etl_lease_seconds, self.settings.elasticsearch_patience, waits)


def create_run_id() -> str:
    """Returns a name for a run that sorts by time."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{secrets.token_hex(3)}"


def run(
    context: RunContext, models: Sequence[EmbeddingModel], options: RunOptions, stop: StopSignal, progress: Progress
) -> RunSummary:
    """Embeds what lacks an embedding of `models`; raises VisualSearchError for what ends all of it."""
    summary = RunSummary(create_run_id(), [ModelSummary(model.name, model.space) for model in models])
    for model in models:
        context.index.spaces.ensure(model.space)
    spaces, holder = [model.space.name for model in models], describe_holder(f"run {summary.run_id}")
    with hold_leases(context.index.leases, spaces, holder, context.to_lease_terms(options.waits), stop) as lease:
        started = time.monotonic()  # waiting for another job is no work
        for its in summary.models:
            _reuse(context, its, summary.run_id)
        with Worklist() as work:
            for model in models:
                _find_work(context, model.space, options, work)
            _embed(context, models, work, options, stop, progress, summary, lease)
        summary.interrupted = stop.is_requested
        summary.seconds = time.monotonic() - started
        _finish(context, summary)
    return summary


def _find_work(context: RunContext, space: Space, options: RunOptions, work: Worklist) -> None:
    found = work.add(space.name, context.index.embeddings.read_unprocessed(space, options.products))
    room = None if options.products is None else options.products - found
    if options.recheck and (room is None or room > 0):
        work.add(space.name, photo_recheck.find_due(context.index, context.store, space, room))


def _reuse(context: RunContext, summary: ModelSummary, run_id: str) -> None:
    """Indexes what a run that was killed had stored already, instead of embedding it again."""
    if swept := context.store.delete_strays(summary.space.name, datetime.now(UTC)):
        log.info("%s: %d half-written files of killed runs deleted", summary.model, swept)
    parts = context.store.list_unfinished(summary.space.name)
    if not parts:
        return
    found, settled = reuse_stored_vectors(context.index, context.store, summary.space, parts, context.settings)
    summary.reused, summary.broken_parts = found.restored, found.broken_parts
    if found.restored:
        log.info("%s: %d vectors of an unfinished run reused", summary.model, found.restored)
    for name, its in groupby(sorted(settled), key=lambda part: part.run_id):
        marker = {"run_id": name, "finished_by": run_id}
        context.store.write_marker(summary.space.name, name, [part.number for part in its], marker)


def _embed(
    context: RunContext,
    models: Sequence[EmbeddingModel],
    work: Worklist,
    options: RunOptions,
    stop: StopSignal,
    progress: Progress,
    summary: RunSummary,
    lease: LeaseKeeper,
) -> None:
    counts = work.count_by_space()
    if not counts:
        return
    models = [model for model in models if counts.get(model.space.name)]
    names, total = " + ".join(model.name for model in models), sum(counts.values())
    with Fetcher(context.photos) as fetcher:
        stages = _build_stages(context, models, options, HostHealth(stop), summary, fetcher)
        line = Pipeline(summary.clock)
        threads = context.settings.etl_download_threads, context.settings.etl_decode_threads
        start_stages(line, work.iterate_tasks(stop), stages, *threads, ahead=2 * options.batch_size)

        def tick() -> None:
            lease.check()
            progress(names, summary.handled_count, total)

        try:
            line.join(tick)
            progress(names, summary.handled_count, total)
        except BaseException as error:
            line.abort(error)  # a second Ctrl-C: the stages are daemons, but let them leave their sockets
            raise


def _build_stages(
    context: RunContext,
    models: Sequence[EmbeddingModel],
    options: RunOptions,
    hosts: HostHealth,
    summary: RunSummary,
    fetcher: Fetcher,
) -> StageFunctions:
    """Opens the models and returns the stages that use them."""
    embedders = {model.space.name: model.open() for model in models}
    summaries = {its.space.name: its for its in summary.models}
    return StageFunctions(
        Downloader(fetcher, hosts),
        Recognizer(KnownPhotos(context.store, [model.space for model in models])),
        Decoder(embedders, {model.space.name: model.min_side for model in models}, context.photos.image_max_pixels),
        BatchEmbedder(embedders, options.batch_size, summary.clock),
        PartWriter(context.index, context.store, context.settings, summary.run_id, summaries, summary.clock),
    )


def _finish(context: RunContext, summary: RunSummary) -> None:
    context.index.products.refresh()
    for its in summary.models:
        if its.settled:
            marker = {"run_id": summary.run_id, **its.to_dict(summary.seconds)}
            context.store.write_marker(its.space.name, summary.run_id, its.settled, marker)
        its.left = context.index.status.read_space(its.space)
