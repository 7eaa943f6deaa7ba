"""`etl run --recheck` over an index in memory and a web server that knows conditional requests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from catalog.domain.records import Outcome
from catalog.errors import Unavailable
from etl.job import RunContext, RunOptions
from etl.report import format_run
from models.photos import PhotoSettings
from tests.etl_kit import OTHER, SPACE, MeanColor, build_context, product, run_job
from tests.fakes import FakeCatalogue
from tests.image_server import ImageServer, image_server, photo

RED, GREEN, BLUE = (200, 30, 30), (30, 200, 30), (30, 30, 200)
AGAIN = RunOptions(batch_size=4, recheck=True)


@pytest.fixture
def server() -> Iterator[ImageServer]:
    with image_server() as running:
        for number in range(3):
            running.photos[f"/{number}.jpg"] = photo((200, 30 * number, 40))
        yield running


@pytest.fixture
def index(server: ImageServer) -> FakeCatalogue:
    return FakeCatalogue([product(number, server.url(f"/{number}.jpg")) for number in range(3)])


@pytest.fixture
def context(server: ImageServer, index: FakeCatalogue, tmp_path: Path) -> RunContext:
    """A catalogue whose photos are all embedded."""
    context = build_context(index, tmp_path, PhotoSettings(image_allowed_hosts=(server.host,), image_timeout=5))
    assert run_job(context, [MeanColor()]).models[0].done == 3
    server.seen.clear()
    return context


def state(index: FakeCatalogue, product_id: str) -> dict[str, Any]:
    found: dict[str, Any] = index.docs[product_id]["embedding"][SPACE.name]
    return found


def is_of(index: FakeCatalogue, product_id: str, color: tuple[int, int, int]) -> bool:
    return bool(np.argmax(state(index, product_id)["vector"][:3]) == np.argmax(color))


def test_a_run_without_recheck_asks_for_nothing(server: ImageServer, context: RunContext) -> None:
    assert run_job(context, [MeanColor()]).handled_count == 0
    assert server.seen.total() == 0


def test_photos_that_are_the_same_cost_one_conditional_request_each_and_no_write(
    server: ImageServer, index: FakeCatalogue, context: RunContext
) -> None:
    writes, model = index.writes, MeanColor()
    summary = run_job(context, [model], AGAIN)
    (its,) = summary.models
    assert (its.unchanged, its.replaced, its.seen, its.kept.total()) == (3, 0, 0, 0)
    assert server.unmodified == {"/0.jpg": 1, "/1.jpg": 1, "/2.jpg": 1} == server.seen
    assert (index.writes, model.embedded) == (writes, 0)
    assert "asked again for 3: 3 unchanged, 0 replaced" in format_run(summary)


def test_a_replaced_photo_gets_its_own_vector_and_history(
    server: ImageServer, index: FakeCatalogue, context: RunContext
) -> None:
    before = state(index, "p1")["image_sha256"]
    server.photos["/1.jpg"], server.etags["/1.jpg"] = photo(GREEN), '"v2"'
    summary = run_job(context, [MeanColor()], AGAIN)
    (its,) = summary.models
    assert (its.unchanged, its.replaced, its.seen, its.done) == (2, 1, 1, 1)
    assert is_of(index, "p1", GREEN) and is_of(index, "p0", RED)
    after = state(index, "p1")
    assert (after["etag"], after["attempts"], after["status"]) == ('"v2"', 1, "done")
    assert after["image_sha256"] != before
    assert index.history.entries[server.url("/1.jpg"), SPACE.name].run_id == summary.run_id
    newest = context.store.list_parts(SPACE.name)[-1]
    assert [row.image_sha256 for row in context.store.read(newest, SPACE)] == [after["image_sha256"]]
    assert run_job(context, [MeanColor()], AGAIN).models[0].unchanged == 3


def test_the_same_photo_under_another_etag_changes_nothing_but_the_etag(
    server: ImageServer, index: FakeCatalogue, context: RunContext
) -> None:
    before, model = dict(state(index, "p2")), MeanColor()
    server.etags["/2.jpg"] = '"moved-to-another-cdn"'
    assert run_job(context, [model], AGAIN).models[0].unchanged == 3
    assert state(index, "p2") == before | {"etag": '"moved-to-another-cdn"'}
    assert model.embedded == 0
    run_job(context, [model], AGAIN)
    assert server.unmodified["/2.jpg"] == 1, "the new one was kept"


def test_a_host_without_etags_is_asked_in_full_and_the_bytes_decide(
    server: ImageServer, index: FakeCatalogue, tmp_path: Path
) -> None:
    server.etags |= dict.fromkeys(server.photos, "")
    context = build_context(index, tmp_path, PhotoSettings(image_allowed_hosts=(server.host,), image_timeout=5))
    run_job(context, [MeanColor()])
    server.photos["/0.jpg"] = photo(BLUE)
    (its,) = run_job(context, [MeanColor()], AGAIN).models
    assert (its.unchanged, its.replaced) == (2, 1)
    assert is_of(index, "p0", BLUE)


BROKEN = {"not_found": None, "not_an_image": b"<html>gone</html>", "truncated": photo(GREEN)[:500]}


@pytest.mark.parametrize("reason", BROKEN)
def test_a_photo_that_fails_when_asked_again_leaves_the_good_vector(
    server: ImageServer, index: FakeCatalogue, context: RunContext, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    before, content = dict(state(index, "p1")), BROKEN[reason]
    server.etags["/1.jpg"] = '"v2"'
    if content is None:
        del server.photos["/1.jpg"]
    else:
        server.photos["/1.jpg"] = content
    summary = run_job(context, [MeanColor()], AGAIN)
    (its,) = summary.models
    assert (its.unchanged, dict(its.kept), its.seen, summary.failed_share) == (2, {reason: 1}, 0, 0)
    assert state(index, "p1") == before
    assert "the vector stays for p1" in caplog.text
    assert f"vector kept though the photo failed 1 ({reason} 1)" in format_run(summary)


def test_a_replaced_photo_that_the_model_could_not_take_today_is_embedded_by_the_next_recheck(
    server: ImageServer, index: FakeCatalogue, context: RunContext
) -> None:
    server.photos["/1.jpg"], server.etags["/1.jpg"] = photo(GREEN), '"v2"'
    model = MeanColor()

    def fail() -> None:
        raise RuntimeError("no more today")

    model.before_batch = fail
    assert dict(run_job(context, [model], AGAIN).models[0].kept) == {"model_error": 1}
    assert state(index, "p1")["etag"] == '"v1"', "the vector is still that of the photo before"
    assert run_job(context, [MeanColor()], AGAIN).models[0].replaced == 1
    assert is_of(index, "p1", GREEN)


def test_a_host_that_is_away_costs_no_vector(server: ImageServer, index: FakeCatalogue, context: RunContext) -> None:
    before = {product_id: dict(state(index, product_id)) for product_id in index.docs}
    server.photos.clear()
    server.shutdown()
    server.server_close()
    (its,) = run_job(context, [MeanColor()], AGAIN).models
    assert its.kept.total() == 3
    assert {product_id: state(index, product_id) for product_id in index.docs} == before


def test_who_lacks_a_vector_of_a_shared_photo_gets_one_though_others_have_theirs(
    server: ImageServer, index: FakeCatalogue, context: RunContext
) -> None:
    index.put(product(7, server.url("/0.jpg")))
    mean, corner = MeanColor(), MeanColor(OTHER)
    first, second = run_job(context, [mean, corner], AGAIN).models
    assert (first.unchanged, first.seen, first.recognized, mean.embedded) == (3, 1, 1, 0)
    assert (second.unchanged, second.seen, corner.embedded) == (0, 4, 3)
    assert server.seen["/0.jpg"] == 1, "fetched once for all"
    assert server.unmodified.total() == 0, "the new model needs the photos themselves"


def test_a_product_that_changed_its_photo_meanwhile_keeps_what_it_has(
    server: ImageServer, index: FakeCatalogue, context: RunContext
) -> None:
    server.photos["/1.jpg"], server.etags["/1.jpg"] = photo(GREEN), '"v2"'
    model = MeanColor()

    def race() -> None:
        index.docs["p1"]["image_url"] = server.url("/2.jpg")
        index.docs["p1"].pop("embedding")

    model.before_batch = race
    (its,) = run_job(context, [model], AGAIN).models
    assert (its.moved, its.done) == (1, 0)
    assert "embedding" not in index.docs["p1"]


def test_a_limit_goes_round_the_catalogue(server: ImageServer, index: FakeCatalogue, context: RunContext) -> None:
    two = RunOptions(products=2, batch_size=4, recheck=True)
    asked = []
    for _ in range(3):
        server.seen.clear()
        run_job(context, [MeanColor()], two)
        asked.append(sorted(server.seen))
    assert asked == [["/0.jpg", "/1.jpg"], ["/2.jpg"], ["/0.jpg", "/1.jpg"]]
    index.put(product(8, server.url("/1.jpg")))
    index.put(product(9, server.url("/2.jpg")))
    (its,) = run_job(context, [MeanColor()], two).models
    assert (its.seen, its.unchanged) == (2, 0), "what has no embedding comes first"


def test_a_file_is_compared_by_its_bytes(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(photo(RED))
    index = FakeCatalogue([product(1, file.as_uri())])
    context = build_context(index, tmp_path, PhotoSettings(image_roots=(tmp_path,)))
    run_job(context, [MeanColor()])
    assert run_job(context, [MeanColor()], AGAIN).models[0].unchanged == 1
    file.write_bytes(photo(BLUE))
    assert run_job(context, [MeanColor()], AGAIN).models[0].replaced == 1
    assert is_of(index, "p1", BLUE)
    file.unlink()
    assert dict(run_job(context, [MeanColor()], AGAIN).models[0].kept) == {"not_found": 1}
    assert is_of(index, "p1", BLUE)


def test_an_index_that_is_away_ends_the_run_and_keeps_the_vectors(
    server: ImageServer, index: FakeCatalogue, context: RunContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise Unavailable("Elasticsearch does not answer")

    server.etags["/0.jpg"] = '"v2"'
    monkeypatch.setattr(index.rechecks, "write_etags", away)
    with pytest.raises(Unavailable):
        run_job(context, [MeanColor()], AGAIN)
    assert state(index, "p0")["vector"] is not None


def test_an_etag_of_another_photo_is_not_kept(index: FakeCatalogue, context: RunContext, server: ImageServer) -> None:
    stale = Outcome("p0", server.url("/0.jpg"), "done", None, "00" * 32, etag='"x"')
    index.rechecks.write_etags(SPACE, [stale])
    assert state(index, "p0")["etag"] == '"v1"'
