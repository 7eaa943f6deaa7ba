"""Photos that moved: fetched once, recognised by their bytes, never embedded again, and only from checked parts."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from etl.job import RunContext
from etl.report import format_run
from etl.storage.known_photos import KnownPhotos
from etl.storage.vector_store import VectorStore
from models.photos import PhotoSettings
from tests.etl_kit import OTHER, SPACE, MeanColor, build_context, product, run_job
from tests.fakes import FakeCatalogue
from tests.image_server import ImageServer, image_server, photo
from tests.unit.test_etl_store import NOW, changed, outcomes, swapped, written_before

COUNT = 12


@pytest.fixture
def server() -> Iterator[ImageServer]:
    with image_server() as running:
        for number in range(COUNT):
            running.photos[f"/old/{number}.jpg"] = photo((200, 15 * number, 40))
        yield running


@pytest.fixture
def index(server: ImageServer) -> FakeCatalogue:
    return FakeCatalogue([product(number, server.url(f"/old/{number}.jpg")) for number in range(COUNT)])


@pytest.fixture
def context(server: ImageServer, index: FakeCatalogue, tmp_path: Path) -> RunContext:
    """A catalogue whose photos are all embedded, in several parts."""
    photos = PhotoSettings(image_allowed_hosts=(server.host,), image_timeout=5)
    context = build_context(index, tmp_path, photos, etl_part_rows=5)
    assert run_job(context, [MeanColor()]).models[0].done == COUNT
    server.seen.clear()
    return context


def move(index: FakeCatalogue, server: ImageServer, number: int, path: str) -> None:
    """Give a product another address, as an import does, which clears its embedding."""
    server.photos[path] = server.photos[f"/old/{number}.jpg"]
    source = {name: value for name, value in index.docs[f"p{number}"].items() if name != "embedding"}
    index.put(source | {"image_url": server.url(path)})


def vectors(index: FakeCatalogue) -> list[list[float]]:
    return [list(index.docs[f"p{n}"]["embedding"][SPACE.name]["vector"]) for n in range(COUNT)]


def test_moved_photos_are_fetched_once_and_their_vectors_used_again(
    server: ImageServer, index: FakeCatalogue, context: RunContext
) -> None:
    before = vectors(index)
    for number in range(COUNT):
        move(index, server, number, f"/new/{number}.jpg")
    model = MeanColor()
    summary = run_job(context, [model])
    (its,) = summary.models
    assert (its.seen, its.done, its.recognized, model.embedded) == (COUNT, COUNT, COUNT, 0)
    assert server.seen == {f"/new/{number}.jpg": 1 for number in range(COUNT)}
    assert vectors(index) == before
    assert f"{COUNT} reused, photo moved" in format_run(summary)
    assert summary.to_dict()["models"][0]["recognized"] == COUNT
    assert index.docs["p3"]["embedding"][SPACE.name]["image_url"] == server.url("/new/3.jpg")


def test_the_vector_is_stored_for_the_new_address_too(
    server: ImageServer, index: FakeCatalogue, context: RunContext
) -> None:
    move(index, server, 0, "/new/0.jpg")
    run_job(context, [MeanColor()])
    rows = [row for part in context.store.list_parts(SPACE.name) for row in context.store.read(part, SPACE)]
    assert server.url("/new/0.jpg") in [row.image_url for row in rows], "`etl restore` looks for it there"


def test_another_product_with_the_same_bytes_takes_no_model_either(
    server: ImageServer, index: FakeCatalogue, context: RunContext
) -> None:
    server.photos["/copy.jpg"] = server.photos["/old/7.jpg"]
    server.photos["/other.jpg"] = photo((1, 2, 250))
    index.put(product(100, server.url("/copy.jpg")))
    index.put(product(101, server.url("/other.jpg")))
    model = MeanColor()
    (its,) = run_job(context, [model]).models
    assert (its.done, its.recognized, model.embedded) == (2, 1, 1)


def test_a_space_that_does_not_know_the_photo_embeds_it(
    server: ImageServer, index: FakeCatalogue, context: RunContext
) -> None:
    move(index, server, 0, "/new/0.jpg")
    known, other = MeanColor(), MeanColor(OTHER)
    first, second = run_job(context, [known, other]).models
    assert (first.recognized, known.embedded) == (1, 0)
    assert (second.done, second.recognized, other.embedded) == (COUNT, 0, COUNT)
    assert server.seen["/new/0.jpg"] == 1


def test_a_damaged_part_is_not_believed(server: ImageServer, index: FakeCatalogue, context: RunContext) -> None:
    before = vectors(index)
    for part in context.store.list_parts(SPACE.name):
        path = Path(part.path)
        path.write_bytes(changed(path.read_bytes(), swapped))
    for number in range(COUNT):
        move(index, server, number, f"/new/{number}.jpg")
    model = MeanColor()
    (its,) = run_job(context, [model]).models
    assert (its.done, its.recognized, model.embedded) == (COUNT, 0, COUNT)
    assert np.allclose(vectors(index), before, atol=1e-6)


# -- the lookup itself


def test_of_equal_photos_the_newest_vector_is_found(tmp_path: Path) -> None:
    store = VectorStore(str(tmp_path))
    older, newer = outcomes(4), outcomes(2, first=2)
    for run_id, rows in (("r1", older), ("r2", newer)):
        store.write(SPACE, run_id, 0, rows, NOW)
    known = KnownPhotos(store, [SPACE])
    for row in (*older[:2], *newer):
        assert row.image_sha256 is not None and row.vector is not None
        found = known.find(SPACE.name, row.image_sha256)
        assert found is not None and np.array_equal(found, row.vector)
    assert known.find(SPACE.name, "f" * 64) is None


def test_an_empty_store_and_one_from_before_digests_know_nothing(tmp_path: Path) -> None:
    store = VectorStore(str(tmp_path))
    assert KnownPhotos(store, [SPACE]).find(SPACE.name, f"{0:064x}") is None
    part = store.write(SPACE, "r1", 0, outcomes(3), NOW)
    Path(part.path).write_bytes(written_before(SPACE, outcomes(3)))
    assert KnownPhotos(store, [SPACE]).find(SPACE.name, f"{0:064x}") is None


@pytest.mark.parametrize("left", [0, 3, 200])
def test_a_cut_part_is_left_out(tmp_path: Path, left: int) -> None:
    store = VectorStore(str(tmp_path))
    cut = store.write(SPACE, "r1", 0, outcomes(3), NOW)
    store.write(SPACE, "r1", 1, outcomes(3, first=3), NOW)
    Path(cut.path).write_bytes(Path(cut.path).read_bytes()[:left])
    known = KnownPhotos(store, [SPACE])
    assert known.find(SPACE.name, f"{0:064x}") is None
    assert known.find(SPACE.name, f"{4:064x}") is not None
