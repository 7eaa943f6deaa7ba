"""What a run writes besides vectors: the history, also for runs that were killed, and markers that tell the truth."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from catalog.domain.embedding_space import Space
from catalog.domain.records import HISTORY_PRODUCTS, Outcome, WriteResult, Written
from catalog.errors import WriteBlocked
from etl.job import RunContext
from models.photos import PhotoSettings
from tests.etl_kit import OTHER, SPACE, MeanColor, build_context, product, run_job, totals
from tests.fake_stores import FakeEmbeddings
from tests.fakes import FakeCatalogue
from tests.image_server import ImageServer, image_server, photo

COUNT = 6


@pytest.fixture
def server() -> Iterator[ImageServer]:
    with image_server() as running:
        for number in range(COUNT):
            running.photos[f"/{number}.jpg"] = photo((30 * number + 20, 90, 60))
        yield running


@pytest.fixture
def index(server: ImageServer) -> FakeCatalogue:
    return FakeCatalogue([product(number, server.url(f"/{number}.jpg")) for number in range(COUNT)])


@pytest.fixture
def context(index: FakeCatalogue, server: ImageServer, tmp_path: Path) -> RunContext:
    photos = PhotoSettings(image_allowed_hosts=(server.host,), image_timeout=5.0)
    return build_context(index, tmp_path, photos)


def named(index: FakeCatalogue, url: str) -> tuple[str, ...]:
    return index.history.entries[url, SPACE.name].product_ids


def test_history_that_a_killed_run_owes_is_written_by_the_next(
    index: FakeCatalogue, context: RunContext, server: ImageServer
) -> None:
    """As versions left it that wrote the index first: stored and indexed, no history, no marker."""
    index.spaces.ensure(SPACE)
    urls = [server.url(f"/{number}.jpg") for number in range(COUNT)]
    vector = np.array([1, 0, 0, 0], dtype=np.float32)
    outcomes = [Outcome(f"p{number}", url, "done", vector) for number, url in enumerate(urls)]
    index.embeddings.write_outcomes(SPACE, outcomes)
    gone = Outcome("deleted", server.url("/deleted.jpg"), "done", vector)
    part = context.store.write(SPACE, "20260101T000000-killed", 0, [*outcomes, gone], datetime.now(UTC))
    index.docs["p0"]["image_url"] = server.url("/red.jpg")  # and this one shows another photo by now
    index.docs["p0"].pop("embedding")
    assert run_job(context, [MeanColor()]).models[0].reused == 0
    assert [named(index, url) for url in urls[1:]] == [(f"p{number}",) for number in range(1, COUNT)]
    assert index.history.entries[urls[1], SPACE.name].run_id == part.run_id
    assert named(index, server.url("/red.jpg")) == ("p0",)
    assert (urls[0], SPACE.name) not in index.history.entries and (
        gone.image_url,
        SPACE.name,
    ) not in index.history.entries
    assert context.store.list_unfinished(SPACE.name) == []


def test_a_product_that_comes_later_is_named_beside_the_earlier_ones(
    index: FakeCatalogue, context: RunContext, server: ImageServer
) -> None:
    run_job(context, [MeanColor()])
    url = server.url("/0.jpg")
    for number in (100, 200):
        index.put(product(number, url) | {"group_key": "g"})
        run_job(context, [MeanColor()])
    assert named(index, url) == ("p0", "p100", "p200")


def test_a_photo_of_very_many_products_keeps_a_small_entry(
    index: FakeCatalogue, context: RunContext, server: ImageServer
) -> None:
    url = server.url("/0.jpg")
    for number in range(1000, 1000 + HISTORY_PRODUCTS):
        index.put(product(number, url) | {"group_key": "g"})
    run_job(context, [MeanColor()])
    index.put(product(7, url) | {"group_key": "g"})
    run_job(context, [MeanColor()])
    ids = named(index, url)
    assert (len(ids), ids[-1]) == (HISTORY_PRODUCTS, "p7"), "those named last stay"


def test_a_row_that_the_index_refused_leaves_its_part_unsettled_and_no_history(
    index: FakeCatalogue, server: ImageServer, tmp_path: Path
) -> None:
    class Picky(FakeEmbeddings):
        refusing = True

        def write_outcomes(self, space: Space, outcomes: Sequence[Outcome]) -> list[WriteResult]:
            refused = [one for one in outcomes if self.refusing and one.product_id == "p3"]
            taken = super().write_outcomes(space, [one for one in outcomes if one not in refused])
            return [*taken, *(WriteResult(one, Written.REFUSED, "it kept changing") for one in refused)]

    picky, model = FakeCatalogue(), MeanColor()
    picky.embeddings = taking = Picky(picky)
    for source in index.docs.values():
        picky.put(source)
    photos = PhotoSettings(image_allowed_hosts=(server.host,), image_timeout=5.0)
    context = build_context(picky, tmp_path, photos)
    url = server.url("/3.jpg")
    assert totals(run_job(context, [model]))["failed"] == {"refused_by_index": 1}
    assert len(context.store.list_unfinished(SPACE.name)) == 1
    assert (url, SPACE.name) not in picky.history.entries
    taking.refusing = False
    assert run_job(context, [model]).models[0].reused == 1
    assert model.embedded == COUNT, "its vector was in the store"
    assert named(picky, url) == ("p3",)
    assert context.store.list_unfinished(SPACE.name) == []


def test_an_index_that_takes_no_writes_is_given_its_patience_once_and_nothing_embedded_is_lost(
    index: FakeCatalogue, context: RunContext
) -> None:
    mean, corner, tries = MeanColor(), MeanColor(OTHER), []

    def refuse(product_id: str) -> None:
        tries.append(product_id)
        raise WriteBlocked("Elasticsearch refuses writes")

    index.before_write = refuse
    with pytest.raises(WriteBlocked):
        run_job(context, [mean, corner])
    assert len(tries) == 1, "the other model's part is not tried, it is stored"
    for space, model in ((SPACE, mean), (OTHER, corner)):
        kept = sum(len(context.store.read(part, space)) for part in context.store.list_parts(space.name))
        assert kept == model.embedded > 0
        status = index.status.read_space(space)
        assert (status.pending, dict(status.failed)) == (COUNT, {})
    index.before_write = lambda _: None
    again = run_job(context, [mean, corner])
    assert [its.reused + its.done for its in again.models] == [COUNT, COUNT]
    assert (mean.embedded, corner.embedded) == (COUNT, COUNT)
