"""The embedding job as a process, against a real Elasticsearch: killed, raced, stopped, restored."""

import json
import signal
import time
from pathlib import Path
from threading import Semaphore

import numpy as np
import pytest

from catalog.domain.product import document, parse
from catalog.domain.records import Change, StoredProduct
from catalog.elastic import Catalogue, connect
from catalog.importing import writes
from catalog.settings import CatalogSettings
from catalog.similarity import cosine
from models.photos import PhotoSettings, decode
from models.runtime.device import open_embedder
from models.settings import ModelSettings
from tests.etl_kit import SPACE, MeanColor, build_context, product, run_job, totals
from tests.image_server import ImageServer, photo
from tests.integration.etl_process import Etl, color_space, environ_for, fill, vectors_of


def test_photos_become_searchable_vectors_and_a_second_run_does_nothing(
    catalogue: Catalogue, server: ImageServer, etl: Etl, bundles: Path
) -> None:
    fill(catalogue, server, 40)
    summary = etl("run", "--model", "color", "--json")
    (model,) = summary["models"]
    assert (model["seen"], model["done"], model["failed"], model["retry"]) == (40, 40, {}, {})
    embedder = open_embedder("color", "cpu", settings=ModelSettings(bundles=bundles))
    for product_id, vector in vectors_of(catalogue, embedder.space, 40).items():
        data = server.photos[f"/shop/{product_id[1:]}.jpg"]
        expected = embedder.embed_images([decode(data)])[0]
        assert vector is not None
        assert cosine(vector, expected[None])[0] == pytest.approx(1, abs=1e-5)
    requests = server.seen.total()
    assert "nothing to embed" in etl("run", "--model", "color")
    assert server.seen.total() == requests
    status = etl("status", "--json")
    assert [(space["model"], space["done"], space["pending"]) for space in status["spaces"]] == [("color", 40, 0)]
    assert "done     40" in etl("status")


def test_a_job_killed_at_any_moment_loses_nothing(
    catalogue: Catalogue, server: ImageServer, etl: Etl, bundles: Path, settings: CatalogSettings, tmp_path: Path
) -> None:
    count = 240
    fill(catalogue, server, count)
    etl.environ |= {
        "ETL_PART_ROWS": "24",
        "ETL_DOWNLOAD_THREADS": "4",
        "IMAGE_TIMEOUT": "300",
        "ETL_LEASE_SECONDS": "1",
    }
    space, kills, done = color_space(bundles), 0, 0
    arguments = ("run", "--model", "color", "--batch-size", "8", "--json")
    for wanted in (30, 90, 150):
        server.admission = Semaphore(wanted - done + 2 * 24)  # enough to get there, too few to finish before the kill
        process = etl.start(*arguments)
        while process.poll() is None:
            catalogue.products.refresh()
            known = catalogue.spaces.get_all()
            done = catalogue.status.read_space(space).done if space in known else 0
            if done >= wanted:
                process.send_signal(signal.SIGKILL)
                kills += 1
                break
            time.sleep(0.02)
        process.communicate(timeout=30)
        catalogue.products.refresh()
        done = catalogue.status.read_space(space).done
    assert kills == 3
    server.admission = Semaphore(10 * count)
    assert 150 <= done < count
    (model,) = etl(*arguments)["models"]
    assert model["seen"] + model["reused"] + done == count, "what was stored or indexed is not embedded again"
    # each kill may cost one part and what was on its way: the channels' sizes
    again = sum(times - 1 for path, times in server.seen.items() if path.startswith("/shop/"))
    assert again <= kills * (24 + 8 + 16 + 16 + 2 * 8 + 4 * 8)
    assert catalogue.embeddings.count_unprocessed(space) == 0

    clean_settings = settings.model_copy(update={"index_prefix": f"{settings.index_prefix}clean_"})
    clean = connect(clean_settings)
    clean.layout.create()
    fill(clean, server, count)
    other = Etl(environ_for(clean_settings, bundles, server, tmp_path / "clean"))
    assert other(*arguments)["models"][0]["done"] == count
    expected = vectors_of(clean, space, count)
    for product_id, vector in vectors_of(catalogue, space, count).items():
        assert vector is not None
        np.testing.assert_allclose(vector, expected[product_id], atol=1e-5)
    clean.client.close()


def test_sigterm_finishes_what_is_in_flight(
    catalogue: Catalogue, server: ImageServer, etl: Etl, bundles: Path
) -> None:
    fill(catalogue, server, 200)
    server.delay = 0.05
    etl.environ |= {"ETL_PART_ROWS": "16", "ETL_DOWNLOAD_THREADS": "2"}
    process = etl.start("run", "--model", "color", "--batch-size", "4", "--json")
    while server.seen.total() < 20 and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    summary = json.loads(out)
    assert summary["interrupted"]
    assert 0 < summary["seen"] < 200
    assert summary["seen"] == server.seen.total(), "what was fetched is written"
    catalogue.products.refresh()
    assert catalogue.status.read_space(color_space(bundles)).done == summary["seen"]


def test_the_race_with_a_changed_photo_ends_with_the_right_vector(
    catalogue: Catalogue, server: ImageServer, tmp_path: Path
) -> None:
    fill(catalogue, server, 30)
    server.photos["/new.jpg"] = photo((250, 5, 5))

    def change_photo(product_id: str) -> None:
        status = "conflict"
        while status == "conflict":  # the job may write between our read and our write
            stored = catalogue.products.read(product_id)
            assert isinstance(stored, StoredProduct)
            source = {**stored.source, "image_url": server.url("/new.jpg")}
            change = Change(product_id, source, seq_no=stored.seq_no, primary_term=stored.primary_term)
            status = catalogue.products.write([change])[0].status
        assert status == "updated"

    model = MeanColor()
    raced = [f"p{number}" for number in range(10)]

    def race() -> None:
        if raced:
            change_photo(raced.pop())

    model.before_batch = race  # its photo was read already, or is about to be: both must end well
    photos = PhotoSettings(image_allowed_hosts=(server.host,))
    context = build_context(catalogue, tmp_path, photos, etl_part_rows=3)
    first = totals(run_job(context, [model]))
    while raced:
        change_photo(raced.pop())
    assert first["moved"] > 0
    assert first["done"] + first["moved"] == 30
    second = totals(run_job(context, [model]))
    assert (second["failed"], second["retry"], second["moved"]) == ({}, {}, 0)
    embedded = vectors_of(catalogue, SPACE, 30)
    for number in range(30):
        stored = catalogue.products.read(f"p{number}")
        assert stored is not None
        path = "/new.jpg" if number < 10 else f"/shop/{number}.jpg"
        assert stored.source["image_url"] == server.url(path)
        vector = embedded[f"p{number}"]
        assert vector is not None
        expected = model.embed(model.preprocess(decode(server.photos[path]))[None])[0]
        np.testing.assert_allclose(vector, expected, atol=1e-5)


def test_failures_are_counted_shown_and_tried_again_on_request(
    catalogue: Catalogue, server: ImageServer, etl: Etl
) -> None:
    paths = ["/red.jpg", "/later.jpg", "/500.jpg", "/page.jpg", "/half.jpg"]
    changes = [
        Change(f"p{number}", document(parse(product(number, server.url(path))))) for number, path in enumerate(paths)
    ]
    catalogue.products.write(changes)
    summary = etl("run", "--model", "color", "--json", expect=1)
    (model,) = summary["models"]
    assert model["failed"] == {"not_found": 1, "not_an_image": 1, "truncated": 1}
    assert model["retry"] == {"server_error": 1}
    assert summary["failed_share"] == 0.8
    (space,) = etl("status", "--json")["spaces"]
    assert (space["done"], space["pending"], space["retry"]) == (1, 0, 1)
    assert space["failed"] == {"not_found": 1, "not_an_image": 1, "truncated": 1}
    assert space["retry_reasons"] == {"server_error": 1}
    assert "not_found 1" in etl("status")
    told = etl("run", "--model", "color", expect=1)
    assert "no photo is due: 4 of 5 have no embedding" in told, "a retry is not due, a failure is final"
    assert "1 wait for another try (server_error 1), the next at 20" in told
    assert "80.0 % of the photos have no embedding, --fail-above allows 5 %" in etl.errors
    named = etl("failures", "--json")["failures"]
    assert [(one["product_id"], one["reason"], one["status"], one["attempts"]) for one in named] == [
        ("p1", "not_found", "failed", 1),
        ("p2", "server_error", "retry", 1),
        ("p3", "not_an_image", "failed", 1),
        ("p4", "truncated", "failed", 1),
    ]
    assert [one["image_url"] for one in named] == [server.url(path) for path in paths[1:]]
    assert [bool(one["next_try_at"]) for one in named] == [False, True, False, False]
    (known,) = catalogue.spaces.read_all()
    (first,) = catalogue.status.read_failures([known], 1, ["truncated", "not_found"])
    assert first.product_id == "p1"

    server.photos["/later.jpg"] = photo()
    assert list(etl("retry", "--model", "color", "--reason", "not_found", "--json")["due"].values()) == [1]
    summary = etl("run", "--model", "color", "--json", expect=1)
    assert (summary["models"][0]["done"], summary["failed_share"], summary["lacking_share"]) == (1, 0.0, 0.6)
    assert list(etl("retry", "--model", "color", "--json")["due"].values()) == [1]
    assert list(etl("retry", "--model", "color", "--failed", "--json")["due"].values()) == [3]
    summary = etl("run", "--model", "color", "--fail-above", "1", "--json")
    assert summary["seen"] == 3


def test_photos_that_moved_are_fetched_once_and_keep_their_vectors(
    catalogue: Catalogue, server: ImageServer, etl: Etl, bundles: Path
) -> None:
    fill(catalogue, server, 12)
    etl("run", "--model", "color")
    space, requests = color_space(bundles), server.seen.total()
    before = vectors_of(catalogue, space, 12)
    for number in range(12):
        server.photos[f"/cdn/{number}.jpg"] = server.photos[f"/shop/{number}.jpg"] if number else photo((9, 9, 200))
        writes.patch(catalogue.products, f"p{number}", {"image_url": server.url(f"/cdn/{number}.jpg")})
    (model,) = etl("run", "--model", "color", "--json")["models"]
    assert (model["done"], model["recognized"], server.seen.total() - requests) == (12, 11, 12)
    after = vectors_of(catalogue, space, 12)
    assert [number for number in range(12) if not np.array_equal(before[f"p{number}"], after[f"p{number}"])] == [0]


def test_restore_gives_a_lost_index_its_vectors_without_a_photo_or_a_model_run(
    catalogue: Catalogue, server: ImageServer, etl: Etl, bundles: Path
) -> None:
    fill(catalogue, server, 25)
    etl("run", "--model", "color")
    space = color_space(bundles)
    before = vectors_of(catalogue, space, 25)
    catalogue.layout.drop()
    catalogue.layout.create()
    fill(catalogue, server, 25)
    requests = server.seen.total()
    found = etl("restore", "--model", "color", "--json")["spaces"][space.name]
    assert (found["restored"], found["missing"]) == (25, 0)
    assert server.seen.total() == requests
    for product_id, vector in vectors_of(catalogue, space, 25).items():
        np.testing.assert_allclose(vector, before[product_id], atol=1e-6)
    assert etl("restore", "--model", "color", "--json")["spaces"][space.name]["restored"] == 0


def test_restore_says_by_its_status_that_a_broken_part_leaves_products_without_a_vector(
    catalogue: Catalogue, server: ImageServer, etl: Etl, bundles: Path, tmp_path: Path
) -> None:
    fill(catalogue, server, 5)
    etl("run", "--model", "color")
    (part,) = (tmp_path / "vectors").rglob("part-*.parquet")
    part.write_bytes(part.read_bytes()[:-9])
    catalogue.layout.drop()
    catalogue.layout.create()
    fill(catalogue, server, 5)
    found = etl("restore", "--model", "color", "--json", expect=1)["spaces"][color_space(bundles).name]
    assert (found["restored"], found["missing"], found["broken_parts"]) == (0, 5, 1)
    assert part.name in etl.errors
    assert etl("run", "--model", "color", "--json")["models"][0]["done"] == 5


def test_recheck_asks_with_the_stored_etag_and_embeds_only_what_was_replaced(
    catalogue: Catalogue, server: ImageServer, etl: Etl, bundles: Path
) -> None:
    fill(catalogue, server, 12)
    etl("run", "--model", "color")
    space = color_space(bundles)
    before = vectors_of(catalogue, space, 12)
    server.photos["/shop/3.jpg"], server.etags["/shop/3.jpg"] = photo((5, 5, 250)), '"v2"'
    server.etags["/shop/4.jpg"] = '"v2"'
    del server.photos["/shop/5.jpg"]
    (model,) = etl("run", "--model", "color", "--recheck", "--json")["models"]
    assert (model["unchanged"], model["replaced"], model["kept"], model["done"]) == (10, 1, {"not_found": 1}, 1)
    assert server.unmodified.total() == 9
    after = vectors_of(catalogue, space, 12)
    assert [name for name in after if not np.array_equal(after[name], before[name])] == ["p3"]
    (again,) = etl("run", "--model", "color", "--recheck", "--limit", "5", "--json")["models"]
    assert (again["unchanged"], server.unmodified.total()) == (5, 14), "p4's new ETag was kept"
    assert catalogue.status.read_space(space).done == 12


def test_watch_finds_what_comes_later(catalogue: Catalogue, server: ImageServer, etl: Etl) -> None:
    fill(catalogue, server, 5)
    process = etl.start("watch", "--model", "color", "--interval", "0.5", "--runs", "6", "--json")
    while server.seen.total() < 5 and process.poll() is None:
        time.sleep(0.02)
    late = document(parse(product(99, server.url("/red.jpg"))))
    catalogue.products.write([Change("p99", late)])
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    seen = [json.loads(line)["seen"] for line in out.splitlines()]
    assert len(seen) == 6
    assert (seen[0], sum(seen)) == (5, 6)


def test_what_cannot_start_is_told_in_one_line(settings: CatalogSettings, etl: Etl, catalogue: Catalogue) -> None:
    etl("run", "--model", "color", "--limit", "0", expect=2)
    etl("run", "--model", "color", "--limit", "-1", expect=2)
    etl("run", expect=2)
    etl("run", "--model", "nosuch", expect=2)
    assert "no model 'nosuch'" in etl.errors and "color/" in etl.errors
    etl("retry", "--model", "nosuch", expect=2)
    assert "nosuch" in etl.errors
    etl.environ["INDEX_PREFIX"] = f"{settings.index_prefix}none_"
    etl("run", "--model", "color", expect=2)
    assert "python -m catalog create" in etl.errors
    etl.environ["ELASTICSEARCH_URL"] = "http://127.0.0.1:9"
    for command in (("run", "--model", "color"), ("status",), ("restore", "--model", "color")):
        etl(*command, expect=2)
        assert "Elasticsearch does not answer" in etl.errors
        assert len(etl.errors.strip().splitlines()) == 1
    etl("watch", "--model", "color", "--interval", "0", "--runs", "2", expect=2)
    assert etl.errors.count("Elasticsearch does not answer") == 2
    etl.environ["ETL_MAX_ATTEMPTS"] = "many"
    etl("run", "--model", "color", expect=2)
    assert "ETL_MAX_ATTEMPTS" in etl.errors
