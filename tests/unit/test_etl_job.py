"""The whole job over an index in memory and a web server with bad habits."""

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from catalog.cli_support import ignore_progress
from catalog.domain.embedding_space import Space
from catalog.domain.records import Lease, Outcome
from catalog.errors import InvalidInput, Unavailable
from etl.errors import ModelFailed, StoreFailed
from etl.job import RunContext, RunOptions
from etl.stages.host_health import MAX_FAILURES
from etl.vector_restore import restore_vectors
from models.photos import PhotoSettings
from models.photos.fetching.dialer import Dialer, TimedSocket
from tests.etl_kit import OTHER, SPACE, MeanColor, build_context, product, run_job, totals
from tests.fakes import FakeCatalogue
from tests.image_server import ImageServer, image_server, photo

COLORS = [(200, 30, 30), (30, 200, 30), (30, 30, 200), (200, 200, 30), (120, 60, 10), (90, 90, 90), (10, 200, 200)]


@pytest.fixture
def server() -> Iterator[ImageServer]:
    with image_server() as running:
        for number, color in enumerate(COLORS):
            running.photos[f"/{number}.jpg"] = photo(color)
        yield running


@pytest.fixture
def photos(server: ImageServer) -> PhotoSettings:
    return PhotoSettings(image_allowed_hosts=(server.host,), image_timeout=60, image_max_bytes=1_000_000)


def catalogue_of(server: ImageServer, paths: list[str]) -> FakeCatalogue:
    return FakeCatalogue([product(number, server.url(path)) for number, path in enumerate(paths)])


def good(server: ImageServer) -> FakeCatalogue:
    return catalogue_of(server, [f"/{number}.jpg" for number in range(len(COLORS))])


def vector(index: FakeCatalogue, product_id: str, space: Space = SPACE) -> np.ndarray | None:
    return index.products.read_vectors([product_id], [space])[product_id][1].get(space.name)


def test_every_photo_gets_its_own_vector_and_a_history(
    server: ImageServer, photos: PhotoSettings, tmp_path: Path
) -> None:
    index, model = good(server), MeanColor()
    summary = run_job(build_context(index, tmp_path, photos), [model])
    assert totals(summary) == {"seen": 7, "done": 7, "failed": {}, "retry": {}, "moved": 0, "gone": 0}
    for number, (red, green, blue) in enumerate(COLORS):
        own = vector(index, f"p{number}")
        assert own is not None
        # photo() is one colour with a darker corner: the mean keeps the hue
        assert np.argmax(own[:3]) == np.argmax([red, green, blue]) or len({red, green, blue}) < 3
        state = index.docs[f"p{number}"]["embedding"][SPACE.name]
        assert (state["status"], state["attempts"], state["etag"]) == ("done", 1, '"v1"')
        assert len(state["image_sha256"]) == 64
    entry = index.history.entries[server.url("/0.jpg"), SPACE.name]
    assert (entry.product_ids, entry.status, entry.run_id) == (("p0",), "done", summary.run_id)


def test_the_second_run_opens_no_model_and_fetches_nothing(
    server: ImageServer, photos: PhotoSettings, tmp_path: Path
) -> None:
    index, model = good(server), MeanColor()
    context = build_context(index, tmp_path, photos)
    run_job(context, [model])
    requests, writes = server.seen.total(), index.writes
    again = run_job(context, [model])
    assert again.seen_count == 0
    assert (model.opened, model.embedded, server.seen.total(), index.writes) == (1, 7, requests, writes)


BAD = {
    "/nothing.jpg": ("failed", "not_found"),
    "/page.jpg": ("failed", "not_an_image"),
    "/half.jpg": ("failed", "truncated"),
    "/gzip-bomb.jpg": ("failed", "too_large"),
    "/to-metadata.jpg": ("failed", "blocked_address"),
    "/black.png": ("failed", "no_embedding"),
    "/tiny.png": ("failed", "too_small"),
    "/drawing.tiff": ("failed", "unsupported"),
    "/500.jpg": ("retry", "server_error"),
    "/503.jpg": ("retry", "server_error"),
    "/hang.jpg": ("retry", "timeout"),
    "/cut.jpg": ("retry", "interrupted"),
}


def test_bad_photos_are_told_by_reason_and_stop_nobody(
    server: ImageServer, photos: PhotoSettings, tmp_path: Path
) -> None:
    server.photos |= {
        "/black.png": photo((0, 0, 0), kind="PNG"),
        "/tiny.png": photo(size=(5, 90), kind="PNG"),
        "/drawing.tiff": photo(kind="TIFF"),
    }
    paths = [*BAD, *(f"/{number}.jpg" for number in range(len(COLORS)))]
    index = catalogue_of(server, paths)
    hurried = photos.model_copy(update={"image_timeout": 5})  # /hang.jpg takes all of it
    summary = run_job(build_context(index, tmp_path, hurried), [MeanColor()], min_side=16)
    (its,) = summary.models
    assert its.done == len(COLORS)
    for number, (path, (status, reason)) in enumerate(BAD.items()):
        state = index.docs[f"p{number}"]["embedding"][SPACE.name]
        assert (state["status"], state["reason"]) == (status, reason), path
        assert state["vector"] is None
        assert (state["next_try_at"] is None) == (status == "failed")
    assert its.failed.total() == 8
    assert its.retry.total() == 4
    assert summary.failed_share == pytest.approx(12 / 19)
    assert index.history.entries[server.url("/nothing.jpg"), SPACE.name].reason == "not_found"


def test_a_host_that_asks_for_a_short_pause_gets_it_within_the_run(
    server: ImageServer, photos: PhotoSettings, tmp_path: Path
) -> None:
    server.busy = 2
    summary = run_job(build_context(good(server), tmp_path, photos), [MeanColor()])
    assert totals(summary)["done"] == 7
    assert server.seen.total() == 7 + 2


def test_a_host_that_is_down_does_not_hold_up_the_others(
    server: ImageServer, photos: PhotoSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: Counter[int] = Counter()
    connect = Dialer.connect

    def count_and_connect(dialer: Dialer, host: str, port: int, seconds: float) -> TimedSocket:
        tried[port] += 1
        return connect(dialer, host, port, seconds)

    monkeypatch.setattr(Dialer, "connect", count_and_connect)
    index = FakeCatalogue(
        [product(number, f"http://127.0.0.1:9/{number}.jpg") for number in range(100)]
        + [product(1000 + number, server.url(f"/{number}.jpg")) for number in range(7)]
    )
    allowed = photos.model_copy(update={"image_allowed_hosts": (server.host, "127.0.0.1:9")})
    summary = run_job(build_context(index, tmp_path, allowed), [MeanColor()])
    assert totals(summary)["retry"] == {"unreachable": 100}
    assert totals(summary)["done"] == 7
    assert MAX_FAILURES <= tried[9] < MAX_FAILURES + 4, "each of the four threads may have one on its way"


def test_a_retry_waits_as_long_as_the_host_asked_and_gives_up_in_the_end(
    server: ImageServer, photos: PhotoSettings, tmp_path: Path
) -> None:
    index = catalogue_of(server, ["/503.jpg"])
    context = build_context(index, tmp_path, photos, etl_max_attempts=3, etl_retry_seconds=1)
    for attempt in (1, 2, 3):
        before = datetime.now(UTC)
        assert run_job(context, [MeanColor()]).seen_count == 1
        state = index.docs["p0"]["embedding"][SPACE.name]
        assert state["attempts"] == attempt
        if attempt < 3:
            assert before + timedelta(seconds=120) <= state["next_try_at"] <= before + timedelta(seconds=125)
            assert run_job(context, [MeanColor()]).seen_count == 0, "not due yet"
            state["next_try_at"] = before
    assert (state["status"], state["reason"], state["next_try_at"]) == ("failed", "server_error", None)


def test_products_and_models_that_share_a_photo_fetch_and_embed_it_once(
    server: ImageServer, photos: PhotoSettings, tmp_path: Path
) -> None:
    index = catalogue_of(server, ["/0.jpg", "/1.jpg", "/0.jpg", "/0.jpg"])
    mean, corner = MeanColor(), MeanColor(OTHER, side=4)
    run_job(build_context(index, tmp_path, photos), [mean, corner])
    assert dict(server.seen) == {"/0.jpg": 1, "/1.jpg": 1}
    assert (mean.embedded, corner.embedded) == (2, 2)
    same = [vector(index, product_id) for product_id in ("p0", "p2", "p3")]
    assert all(np.array_equal(same[0], other) for other in same)
    assert index.history.entries[server.url("/0.jpg"), OTHER.name].product_ids == ("p0", "p2", "p3")


def test_a_model_that_came_later_gets_only_what_it_lacks(
    server: ImageServer, photos: PhotoSettings, tmp_path: Path
) -> None:
    index = good(server)
    context = build_context(index, tmp_path, photos)
    run_job(context, [MeanColor()])
    first, second = MeanColor(), MeanColor(OTHER)
    summary = run_job(context, [first, second])
    assert (first.embedded, first.opened, second.embedded) == (0, 0, 7)
    assert [model.done for model in summary.models] == [0, 7]


def test_limit_and_batches(server: ImageServer, photos: PhotoSettings, tmp_path: Path) -> None:
    index, model = good(server), MeanColor()
    context = build_context(index, tmp_path, photos)
    assert run_job(context, [model], RunOptions(products=5, batch_size=2)).seen_count == 5
    assert sorted(model.batches) == [1, 2, 2]
    assert run_job(context, [model], RunOptions(products=5, batch_size=2)).seen_count == 2


def test_a_photo_that_changes_under_way_stays_unprocessed_and_gets_the_right_vector_next(
    server: ImageServer, photos: PhotoSettings, tmp_path: Path
) -> None:
    index, model = good(server), MeanColor()

    def race() -> None:
        index.docs["p0"]["image_url"] = server.url("/2.jpg")  # as the importer does: another photo,
        index.docs["p0"].pop("embedding", None)  # no embedding
        index.docs.pop("p1", None)

    model.before_batch = race
    context = build_context(index, tmp_path, photos)
    summary = run_job(context, [model])
    assert (totals(summary)["moved"], totals(summary)["gone"], totals(summary)["done"]) == (1, 1, 5)
    assert summary.failed_share == 0
    assert (server.url("/1.jpg"), SPACE.name) not in index.history.entries
    model.before_batch = lambda: None
    assert totals(run_job(context, [model]))["done"] == 1
    assert np.array_equal(vector(index, "p0"), vector(index, "p2"))


def test_a_photo_that_breaks_the_model_does_not_take_its_batch_along(
    server: ImageServer, photos: PhotoSettings, tmp_path: Path
) -> None:
    class Picky(MeanColor):
        def embed(self, batch: np.ndarray) -> np.ndarray:
            if (batch[:, 1].mean(axis=(1, 2)) > 2 * batch[:, 0].mean(axis=(1, 2))).any():
                raise RuntimeError("no green please")
            return super().embed(batch)

    index = good(server)
    summary = run_job(build_context(index, tmp_path, photos), [Picky()])
    assert totals(summary)["retry"] == {"model_error": 2}
    assert totals(summary)["done"] == 5


@pytest.mark.parametrize("batch_size", [2, 100])
def test_a_batch_of_nothing_but_breaking_photos_does_not_end_the_run(
    server: ImageServer, photos: PhotoSettings, tmp_path: Path, batch_size: int
) -> None:
    class Tired(MeanColor):
        def embed(self, batch: np.ndarray) -> np.ndarray:
            if self.embedded >= 2:
                raise RuntimeError("no more today")
            return super().embed(batch)

    model = Tired()
    model.embedded = 0 if batch_size == 2 else 2  # after a batch that passed, or in one that is not full
    summary = run_job(build_context(good(server), tmp_path, photos), [model], RunOptions(batch_size=batch_size))
    done = 2 if batch_size == 2 else 0
    assert (totals(summary)["done"], totals(summary)["retry"]) == (done, {"model_error": 7 - done})


def test_a_model_that_fails_on_everything_ends_the_run(
    server: ImageServer, photos: PhotoSettings, tmp_path: Path
) -> None:
    model = MeanColor()

    def broken() -> None:
        raise RuntimeError("out of memory")

    model.before_batch = broken
    index = good(server)
    with pytest.raises(ModelFailed, match="out of memory"):
        run_job(build_context(index, tmp_path, photos), [model])
    assert index.embeddings.count_unprocessed(SPACE) == 7


def test_an_error_nobody_thought_of_is_one_photos_misfortune(
    server: ImageServer, photos: PhotoSettings, tmp_path: Path
) -> None:
    class Odd(MeanColor):
        def preprocess(self, image: object) -> np.ndarray:
            if self.opened and not self.batches and not getattr(self, "once", False):
                self.once = True
                raise ZeroDivisionError("surprise")
            return super().preprocess(image)  # type: ignore[arg-type]

    summary = run_job(build_context(good(server), tmp_path, photos), [Odd()])
    assert totals(summary)["retry"] == {"internal_error": 1}
    assert totals(summary)["done"] == 6


# -- what a killed run leaves


def stored(context: RunContext) -> int:
    return sum(len(context.store.read(part, SPACE)) for part in context.store.list_parts(SPACE.name))


def test_vectors_stored_but_not_indexed_are_used_by_the_next_run(
    server: ImageServer, photos: PhotoSettings, tmp_path: Path
) -> None:
    index, model = good(server), MeanColor()
    context = build_context(index, tmp_path, photos)

    def die(_: str) -> None:
        raise Unavailable("Elasticsearch does not answer")

    index.before_write = die
    with pytest.raises(Unavailable):
        run_job(context, [model])
    kept = stored(context)
    assert kept and index.embeddings.count_unprocessed(SPACE) == 7
    index.before_write = lambda _: None
    embedded = model.embedded
    summary = run_job(context, [model])
    assert summary.models[0].reused == kept
    assert model.embedded - embedded == 7 - kept
    assert index.embeddings.count_unprocessed(SPACE) == 0
    assert run_job(context, [model]).models[0].reused == 0


def test_an_elasticsearch_that_comes_back_in_time_is_waited_for(
    server: ImageServer, photos: PhotoSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalog.retrying.RETRY_PAUSE", 0.01)
    index, failures = good(server), iter([True, True, True])

    def shaky(_: str) -> None:
        if next(failures, False):
            raise Unavailable("Elasticsearch does not answer")

    index.before_write = shaky
    summary = run_job(build_context(index, tmp_path, photos, elasticsearch_patience=5), [MeanColor()])
    assert totals(summary)["done"] == 7


def test_an_index_that_lost_its_vectors_gets_them_back_without_the_model(
    server: ImageServer, photos: PhotoSettings, tmp_path: Path
) -> None:
    index, model = good(server), MeanColor()
    context = build_context(index, tmp_path, photos, etl_part_rows=2)
    run_job(context, [model])
    before = {product_id: vector(index, product_id) for product_id in index.docs}
    fresh = good(server)
    fresh.docs["p3"]["image_url"] = server.url("/other.jpg")
    del fresh.docs["p4"]
    fresh.put({**fresh.docs["p0"], "id": "twin"})
    fresh.spaces.ensure(SPACE)
    requests = server.seen.total()
    found = restore_vectors(fresh, context.store, SPACE, context.store.list_parts(SPACE.name), context.settings)
    assert (found.restored, found.missing) == (6, 1)
    assert (server.seen.total(), model.embedded) == (requests, 7)
    for product_id in ("p0", "p1", "p2", "p5", "p6"):
        assert np.array_equal(vector(fresh, product_id), before[product_id])
    assert np.array_equal(vector(fresh, "twin"), before["p0"])
    assert vector(fresh, "p3") is None


def test_the_newest_stored_vector_wins(server: ImageServer, photos: PhotoSettings, tmp_path: Path) -> None:
    index = good(server)
    context = build_context(index, tmp_path, photos)
    url, now = server.url("/0.jpg"), datetime.now(UTC)
    for run_id, row in (("20250101T000000-a", [1, 0, 0, 0]), ("20260101T000000-b", [0, 1, 0, 0])):
        context.store.write(SPACE, run_id, 0, [Outcome("p0", url, "done", np.array(row, dtype=np.float32))], now)
    index.spaces.ensure(SPACE)
    assert (
        restore_vectors(index, context.store, SPACE, context.store.list_parts(SPACE.name), context.settings).restored
        == 1
    )
    assert vector(index, "p0") == pytest.approx([0, 1, 0, 0])


def test_parts_of_a_run_are_ordered_by_number_not_by_spelling(
    server: ImageServer, photos: PhotoSettings, tmp_path: Path
) -> None:
    index = good(server)
    context = build_context(index, tmp_path, photos)
    url, now = server.url("/0.jpg"), datetime.now(UTC)
    for number, row in ((10, [0, 1, 0, 0]), (9, [1, 0, 0, 0])):
        context.store.write(SPACE, "run", number, [Outcome("p0", url, "done", np.array(row, dtype=np.float32))], now)
    assert [part.number for part in context.store.list_parts(SPACE.name)] == [9, 10]
    index.spaces.ensure(SPACE)
    assert (
        restore_vectors(index, context.store, SPACE, context.store.list_parts(SPACE.name), context.settings).restored
        == 1
    )
    assert vector(index, "p0") == pytest.approx([0, 1, 0, 0])


def test_a_stop_finishes_what_is_in_flight_and_leaves_the_rest(
    server: ImageServer, photos: PhotoSettings, tmp_path: Path
) -> None:
    from etl.job import run
    from etl.stop_signal import StopSignal

    for number in range(400):
        server.photos[f"/many/{number}.jpg"] = photo((number % 250 + 5, 40, 40), size=(16, 16))
    index = catalogue_of(server, [f"/many/{number}.jpg" for number in range(400)])
    stop, model = StopSignal(), MeanColor()
    model.before_batch = stop.request
    context = build_context(index, tmp_path, photos)
    summary = run(context, [model.model()], RunOptions(batch_size=4), stop, ignore_progress)
    assert summary.interrupted
    assert 0 < summary.seen_count < 400
    assert index.embeddings.count_unprocessed(SPACE) == 400 - summary.seen_count
    model.before_batch = lambda: None
    (its,) = run_job(context, [model]).models
    assert (its.seen, model.embedded + its.recognized) == (400 - summary.seen_count, 400)


def test_memory_is_bounded_the_downloads_wait_for_the_model(
    server: ImageServer, photos: PhotoSettings, tmp_path: Path
) -> None:
    index = FakeCatalogue([product(number, server.url(f"/x/{number}.jpg")) for number in range(300)])
    for number in range(300):
        server.photos[f"/x/{number}.jpg"] = photo(size=(16, 16))
    model, most = MeanColor(), 0
    hold = threading.Event()

    def slow() -> None:
        nonlocal most
        hold.wait(0.2)
        most = max(most, server.seen.total() - model.embedded)

    model.before_batch = slow
    run_job(build_context(index, tmp_path, photos), [model], RunOptions(products=100, batch_size=8))
    assert 0 < most < 70, "of 100"


def test_what_cannot_start_says_so(server: ImageServer, photos: PhotoSettings, tmp_path: Path) -> None:
    index = good(server)
    index.down = True
    with pytest.raises(Unavailable, match="does not answer"):
        run_job(build_context(index, tmp_path, photos), [MeanColor()])
    index.down = False
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreFailed, match="VECTOR_STORE"):
        run_job(build_context(index, tmp_path, photos, vector_store=f"{tmp_path}/file/below"), [MeanColor()])
    with pytest.raises(InvalidInput, match="VECTOR_STORE"):
        build_context(index, tmp_path, photos, vector_store="nosuchprotocol://x")


def test_waiting_for_another_job_is_not_counted_as_work(
    server: ImageServer, photos: PhotoSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, now = good(server), [0.0]
    read = index.leases.read

    def read_late(name: str) -> Lease | None:
        now[0] += 30.0
        return read(name)

    monkeypatch.setattr(index.leases, "read", read_late)
    monkeypatch.setattr("etl.job.time", SimpleNamespace(monotonic=lambda: now[0]))
    summary = run_job(build_context(index, tmp_path, photos, etl_lease_seconds=3600), [MeanColor()])
    assert summary.seen_count > 0 and summary.seconds == 0.0
