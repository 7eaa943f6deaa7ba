"""`python -m catalog` on a real Elasticsearch: what is written, what is not, and what the exit status says."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from catalog.commands.main import app
from catalog.domain.embedding_space import Space
from catalog.domain.records import Outcome
from catalog.elastic import Catalogue
from catalog.importing import writes
from catalog.settings import CatalogSettings
from tests.feed_files import FORMATS, write_rows

SPACE = Space("color", "v1", 4)
LAST_NIGHT = "2026-03-01T02:00:00Z"


@dataclass(frozen=True)
class Told:
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Catalog = Callable[..., Told]


def row(number: int, **fields: Any) -> dict[str, Any]:
    variants = [{"sku": f"{number}-{size}", "size": size, "price": "49.90 EUR"} for size in "SML"]
    return {
        "id": f"p{number:04d}",
        "title": f"Dress {number}",
        "product_type": "Women > Dresses",
        "image_link": f"photos/{number:04d}.jpg",
        "price": "49.90 EUR",
        "availability": "in_stock",
        "item_group_id": f"g{number // 2}",
        "season": "ss26",
        "variants": variants,
        **fields,
    }


ROWS = [row(number) for number in range(700)]  # more than one chunk


@pytest.fixture
def catalog(settings: CatalogSettings) -> Catalog:
    env = {"ELASTICSEARCH_URL": ",".join(settings.elasticsearch_url), "INDEX_PREFIX": settings.index_prefix}

    def run(*arguments: str | Path, **changed: str) -> Told:
        done = CliRunner().invoke(app, [str(argument) for argument in arguments], env=env | changed)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return Told(done.exit_code, done.stdout, done.stderr)

    return run


def written(catalogue: Catalogue) -> int:
    """Documents ever indexed or deleted, as the server counts them."""
    stats = catalogue.client.indices.stats(index=catalogue.layout.read_serving_index(), metric="indexing")
    indexing = stats["_all"]["primaries"]["indexing"]
    return int(indexing["index_total"]) + int(indexing["delete_total"])


def seq_nos(catalogue: Catalogue, ids: Sequence[str]) -> dict[str, int]:
    return {i: stored.seq_no for i, stored in catalogue.products.read_many(ids).items()}


@pytest.mark.parametrize("suffix", FORMATS)
def test_an_unchanged_nightly_feed_writes_nothing(
    catalog: Catalog, catalogue: Catalogue, tmp_path: Path, suffix: str
) -> None:
    feed = write_rows(tmp_path / f"feed.{suffix}", ROWS)
    first = catalog("import", feed, "--json")
    assert first.status == 0
    assert first.json["created"] == 700
    total, before = written(catalogue), seq_nos(catalogue, [r["id"] for r in ROWS])
    os.utime(feed)
    second = catalog("import", feed, "--full", "--json")
    assert second.status == 0
    assert (second.json["unchanged"], second.json["deleted"]) == (700, 0)
    assert written(catalogue) == total
    assert seq_nos(catalogue, list(before)) == before
    stored = catalogue.products.read("p0001")
    assert stored is not None
    assert stored.source["image_url"] == (tmp_path / "photos/0001.jpg").as_uri()
    assert stored.source["sizes_available"] == ["S", "M", "L"]


def test_only_what_changed_is_written_and_embeddings_stay_with_their_photos(
    catalog: Catalog, catalogue: Catalogue, tmp_path: Path
) -> None:
    catalog("import", write_rows(tmp_path / "feed.jsonl", ROWS))
    catalogue.spaces.ensure(SPACE)
    one = np.array([1, 0, 0, 0], dtype=np.float32)
    urls = {i: p.source["image_url"] for i, p in catalogue.products.read_many(["p0000", "p0001"]).items()}
    catalogue.embeddings.write_outcomes(SPACE, [Outcome(i, url, "done", vector=one) for i, url in urls.items()])
    total = written(catalogue)
    changed = [row(0, title="Gown"), row(1, image_link="photos/new.jpg"), *ROWS[2:]]
    told = catalog("import", write_rows(tmp_path / "feed.jsonl", changed), "--json")
    assert (told.json["updated"], told.json["unchanged"], told.json["photos_changed"]) == (2, 698, 1)
    assert written(catalogue) == total + 2
    found = catalogue.products.read_vectors(["p0000", "p0001"], [SPACE])
    assert [SPACE.name in found[i][1] for i in ("p0000", "p0001")] == [True, False]


def test_a_newer_price_survives_an_older_feed_and_yields_to_a_newer_one(
    catalog: Catalog, catalogue: Catalogue, tmp_path: Path
) -> None:
    feed = write_rows(tmp_path / "feed.jsonl", ROWS[:3])
    catalog("import", feed, "--as-of", LAST_NIGHT)
    writes.patch(catalogue.products, "p0001", {"sale_price": 9.9, "variants": None})
    older = catalog("import", feed, "--as-of", LAST_NIGHT, "--json")
    assert (older.json["kept_newer_offer"], older.json["unchanged"]) == (1, 3)
    stored = catalogue.products.read("p0001")
    assert stored is not None and stored.source["effective_price"] == 9.9
    os.utime(feed)  # made again, after the sale price
    newer = catalog("import", feed, "--json")
    assert (newer.json["kept_newer_offer"], newer.json["updated"]) == (0, 1)
    stored = catalogue.products.read("p0001")
    assert stored is not None and stored.source["effective_price"] == 49.9


def test_an_unchanged_newer_feed_keeps_an_older_one_from_winning_a_price_back(
    catalog: Catalog, catalogue: Catalogue, tmp_path: Path
) -> None:
    first = write_rows(tmp_path / "first.jsonl", ROWS[:5])
    catalog("import", first, "--as-of", "2026-03-01")
    total, before = written(catalogue), seq_nos(catalogue, ["p0001"])
    catalog("import", write_rows(tmp_path / "newer.jsonl", ROWS[:3]), "--as-of", "2026-03-03")
    assert (written(catalogue), seq_nos(catalogue, ["p0001"])) == (total, before), "a mark is no write to a product"
    late = write_rows(tmp_path / "late.jsonl", [row(n, price="70 EUR", variants=None) for n in range(1, 5)])
    told = catalog("import", late, "--as-of", "2026-03-02", "--json")
    assert (told.json["kept_newer_offer"], told.json["updated"]) == (2, 2)
    prices = {
        i: p.source["effective_price"] for i, p in catalogue.products.read_many([r["id"] for r in ROWS]).items()
    }
    assert prices == {"p0000": 49.9, "p0001": 49.9, "p0002": 49.9, "p0003": 70.0, "p0004": 70.0}
    gone = catalog(
        "import", write_rows(tmp_path / "full.jsonl", ROWS[2:5]), "--full", "--as-of", "2026-03-02", "--json"
    )
    assert (gone.json["deleted"], gone.json["kept_newer_product"]) == (0, 2), gone
    os.utime(late)
    assert catalog("import", late, "--json").json["updated"] == 4, "the newest feed of all wins"


def test_marks_are_read_as_they_were_left(catalogue: Catalogue) -> None:
    ids = np.unique(np.random.default_rng(1).integers(1, 2**63, 250_000, dtype=np.uint64))
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    catalogue.offer_marks.add(moment, ids)
    marks = list(catalogue.offer_marks.read())
    assert [len(mark.ids) for mark in marks] != [len(ids)], "more than one document"
    assert np.array_equal(np.unique(np.concatenate([mark.ids for mark in marks])), ids)
    assert {mark.as_of for mark in marks} == {moment}
    assert list(catalogue.offer_marks.read(moment)) == []
    catalogue.offer_marks.drop([*(mark.name for mark in marks), "no-such"])
    assert list(catalogue.offer_marks.read()) == []
    catalogue.client.indices.delete(index=catalogue.names.offer_marks)
    assert list(catalogue.offer_marks.read()) == [], "a catalogue from before there were marks"


def test_broken_rows_are_told_and_the_good_ones_are_in(
    catalog: Catalog, catalogue: Catalogue, tmp_path: Path
) -> None:
    feed = tmp_path / "feed.jsonl"
    bad = ['{"id": "x1", "title": ', json.dumps(row(1, id="x2", price="-1 EUR")), json.dumps(row(2, id=None))]
    feed.write_text("\n".join([*bad, *(json.dumps(r) for r in ROWS[:17])]) + "\n")
    told = catalog("import", feed, "--report", tmp_path / "report.csv", "--json")
    assert told.status == 1
    assert (told.json["rows"], told.json["created"], told.json["failed"]) == (20, 17, 3)
    with (tmp_path / "report.csv").open(newline="") as file:
        assert [(r["line"], r["id"]) for r in csv.DictReader(file)] == [("1", "x1"), ("2", "x2"), ("3", "")]
    assert catalogue.products.count() == 17
    allowed = catalog("import", feed, "--fail-above", "0.15", "--report", tmp_path / "report.jsonl")
    assert allowed.status == 0
    assert "line 2: x2: price: '-1 EUR' is negative" in allowed.out
    assert len((tmp_path / "report.jsonl").read_text().splitlines()) == 3


def test_full_removes_what_the_feed_lacks_and_refuses_more_than_a_tenth(
    catalog: Catalog, catalogue: Catalogue, tmp_path: Path
) -> None:
    feed = tmp_path / "feed.csv"
    catalog("import", write_rows(feed, ROWS[:100]))
    fewer = catalog("import", write_rows(feed, ROWS[5:100]), "--full", "--json")
    assert (fewer.status, fewer.json["deleted"]) == (0, 5)
    total = written(catalogue)
    changed = [row(number, title="Gown") for number in range(50, 110)]
    refused = catalog("import", write_rows(feed, changed), "--full", "--json")
    assert (refused.status, refused.json["created"], refused.json["updated"], refused.json["deleted"]) == (2, 0, 0, 0)
    assert "nothing was written: 45 of 95 products would be deleted" in refused.err
    assert (catalogue.products.count(), written(catalogue)) == (95, total)
    forced = catalog("import", feed, "--full", "--force", "--json")
    assert (forced.status, forced.json["deleted"], catalogue.products.count()) == (0, 45, 60)


def test_a_feed_that_moves_many_photos_waits_for_force(
    catalog: Catalog, catalogue: Catalogue, tmp_path: Path
) -> None:
    feed = tmp_path / "feed.jsonl"
    catalog("import", write_rows(feed, ROWS[:40]))
    catalogue.spaces.ensure(SPACE)
    one = np.array([1, 0, 0, 0], dtype=np.float32)
    urls = {i: p.source["image_url"] for i, p in catalogue.products.read_many([r["id"] for r in ROWS[:31]]).items()}
    failed = Outcome("p0039", (tmp_path / "photos/0039.jpg").as_uri(), "failed", reason="not_found")
    done = [Outcome(i, url, "done", vector=one) for i, url in urls.items()]
    catalogue.embeddings.write_outcomes(SPACE, [*done, failed])
    assert catalogue.products.find_embedded(["p0000", "p0039", "p0038", "no-such"]) == {"p0000"}
    total = written(catalogue)
    moved = write_rows(feed, [row(n, image_link=f"https://cdn.example/{n}.jpg", title="New") for n in range(40)])
    told = catalog("import", moved, "--json")
    assert (told.status, told.json["updated"], told.json["embeddings_cleared"]) == (2, 0, 0)
    assert "31 of 31 products with an embedding" in told.err
    assert f"p0000: {urls['p0000']} -> https://cdn.example/0.jpg" in told.err
    assert written(catalogue) == total
    forced = catalog("import", moved, "--force", "--json")
    assert (forced.status, forced.json["updated"], forced.json["embeddings_cleared"]) == (0, 40, 31)
    assert catalogue.products.count_embedded() == 0


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_truncated_feed_cannot_empty_the_shop(
    catalog: Catalog, catalogue: Catalogue, tmp_path: Path, suffix: str
) -> None:
    feed = write_rows(tmp_path / f"feed.{suffix}", ROWS[:100])
    catalog("import", feed)
    whole = feed.read_bytes()
    for share in (0.97, 0.5, 0.01):
        feed.write_bytes(whole[: int(len(whole) * share)])
        told = catalog("import", feed, "--full")
        assert told.status == 2, told
        assert catalogue.products.count() == 100


def test_a_dry_run_shows_the_difference_and_writes_nothing(
    catalog: Catalog, catalogue: Catalogue, tmp_path: Path
) -> None:
    feed = write_rows(tmp_path / "feed.jsonl", ROWS[:100])
    catalog("import", feed)
    total = written(catalogue)
    write_rows(feed, [row(0, price="39.90 EUR"), *ROWS[1:95], row(999)])
    told = catalog("import", feed, "--full", "--dry-run", "--json").json
    assert (told["created"], told["updated"], told["unchanged"], told["deleted"]) == (1, 1, 94, 5)
    updated = next(example for example in told["examples"] if example["kind"] == "updated")
    assert (updated["id"], updated["title"], updated["fields"]) == ("p0000", "Dress 0", {"price": [49.9, 39.9]})
    assert (updated["sizes"], told["field_counts"]) == (None, {"price": 1})
    assert "    p0000  Dress 0\n      price 49.90 -> 39.90 EUR\n" in catalog("import", feed, "--dry-run").out
    assert (written(catalogue), catalogue.products.count()) == (total, 100)


def test_a_dry_run_needs_no_catalogue(catalog: Catalog, tmp_path: Path) -> None:
    told = catalog("import", write_rows(tmp_path / "feed.csv", ROWS[:2]), "--dry-run")
    assert (told.status, told.err.count("there is no catalogue")) == (0, 0)
    assert "  would be created:\n    p0000  Dress 0\n" in told.out
    assert catalog("status").status == 2, "it made none"


def test_products_of_sizes_are_replaced_by_one_that_keeps_the_vector_and_answers_to_all_ids(
    catalog: Catalog, catalogue: Catalogue, tmp_path: Path
) -> None:
    photo = "https://shop.example/dress.jpg"
    rows = [
        row(n, title=f"Dress - {size}", item_group_id="g", color="red", size=size, variants=None, image_link=photo)
        for n, size in enumerate("SML")
    ]
    feed = write_rows(tmp_path / "feed.tsv", [rows[2], row(7), rows[0], rows[1]])
    assert catalog("import", feed, "--keep-rows", "--json").json["created"] == 4
    catalogue.spaces.ensure(SPACE)
    vector = np.array([0.6, 0.8, 0, 0], dtype=np.float32)
    catalogue.embeddings.write_outcomes(SPACE, [Outcome("p0002", photo, "done", vector=vector, image_sha256="ab")])
    told = catalog("import", feed, "--json").json
    assert (told["rows"], told["updated"], told["unchanged"]) == (4, 1, 1)
    assert (told["merged"], told["replaced"], told["photos_changed"], told["deleted"]) == (2, 2, 0, 0)
    assert list(catalogue.products.read_ids()) == ["p0000", "p0007"]
    found = catalogue.products.read_vectors(["p0000", "p0001", "p0002"], [SPACE])
    assert {stored.id for stored, _ in found.values()} == {"p0000"} and len(found) == 3
    stored, vectors = found["p0002"]
    assert (stored.source["title"], stored.source["sizes_available"]) == ("Dress", ["S", "M", "L"])
    np.testing.assert_allclose(vectors[SPACE.name], vector, atol=1e-6)
    assert catalogue.embeddings.count_unprocessed(SPACE) == 1, "p0007 alone"
    total = written(catalogue)
    again = catalog("import", feed, "--merge-sizes", "--json")
    assert (again.json["unchanged"], written(catalogue)) == (2, total) and "by default" in again.err
    fewer = catalog("import", write_rows(feed, [row(7), *rows[1:]]), "--full", "--json").json
    assert (fewer["updated"], fewer["deleted"]) == (1, 0)
    kept = catalogue.products.read("p0002")
    assert kept is not None and kept.id == "p0000" and kept.source["sizes_available"] == ["M", "L"]
    assert "rows that are further sizes of a product: 1 (" in catalog("import", feed).out


def test_create_status_reindex_delete(catalog: Catalog, settings: CatalogSettings, tmp_path: Path) -> None:
    alias = f"{settings.index_prefix}products"
    assert catalog("create", "--json").json == {"index": f"{alias}-000001", "alias": alias}
    assert catalog("create").out == f"{alias} -> {alias}-000001\n"
    catalog("import", write_rows(tmp_path / "feed.csv", ROWS[:10]))
    status = catalog("status", "--json").json
    assert (status["products"], status["with_image"], status["available"], status["spaces"]) == (10, 10, 10, [])
    assert "10 products, 10 with a photo" in catalog("status").out
    moved = catalog("reindex", "--json")
    assert (moved.status, moved.json["copied"], moved.json["new"]) == (0, 10, f"{alias}-000002")
    kept = catalog("delete")
    assert kept.status == 2 and "--yes" in kept.err
    assert catalog("status").status == 0
    assert f"{alias}-000002" in catalog("delete", "--yes", "--json").json["deleted"]
    gone = catalog("status")
    assert gone.status == 2 and "run `python -m catalog create`" in gone.err


def test_status_tells_how_far_each_model_is(catalog: Catalog, catalogue: Catalogue, tmp_path: Path) -> None:
    catalog("import", write_rows(tmp_path / "feed.jsonl", ROWS[:3]))
    catalogue.spaces.ensure(SPACE)
    urls = [p.source["image_url"] for p in catalogue.products.read_many(["p0000", "p0001"]).values()]
    one = np.array([1, 0, 0, 0], dtype=np.float32)
    done = Outcome("p0000", urls[0], "done", vector=one)
    catalogue.embeddings.write_outcomes(SPACE, [done, Outcome("p0001", urls[1], "failed", reason="not_found")])
    catalogue.products.refresh()
    (space,) = catalog("status", "--json").json["spaces"]
    assert (space["name"], space["dims"]) == ("color__v1", 4)
    assert (space["done"], space["pending"], space["retry"], space["failed"]) == (1, 1, 0, {"not_found": 1})
    assert "not_found 1" in catalog("status").out


@pytest.mark.parametrize("command", [["create"], ["status"], ["import", "{feed}"], ["reindex"], ["delete", "--yes"]])
def test_without_elasticsearch_each_command_says_so_in_one_line(
    catalog: Catalog, tmp_path: Path, command: list[str]
) -> None:
    feed = write_rows(tmp_path / "feed.csv", ROWS[:1])
    told = catalog(*(part.format(feed=feed) for part in command), ELASTICSEARCH_URL="http://127.0.0.1:1")
    assert told.status == 2
    assert told.err.startswith("catalog: Elasticsearch does not answer")
    assert told.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["import", "no-such.csv"], "cannot read the feed"),
        (["import", "{feed}", "--as-of", "yesterday"], "ISO 8601"),
        (["import", "{feed}", "--format", "excel"], "choose one of"),
        (["import", "{feed}", "--report", "report.pdf"], ".csv or .jsonl"),
        (["import", "{feed}", "--fail-above", "5"], "fail-above"),
        (["import"], "Missing argument"),
    ],
)
def test_wrong_use_is_status_two(catalog: Catalog, tmp_path: Path, arguments: list[str], message: str) -> None:
    feed = write_rows(tmp_path / "feed.csv", ROWS[:1])
    told = catalog(*(part.format(feed=feed) for part in arguments))
    assert told.status == 2
    assert message in told.err


def test_the_module_is_a_door(settings: CatalogSettings, tmp_path: Path) -> None:
    feed = write_rows(tmp_path / "feed.jsonl", ROWS[:3])
    env = os.environ | {
        "ELASTICSEARCH_URL": ",".join(settings.elasticsearch_url),
        "INDEX_PREFIX": settings.index_prefix,
    }
    command = [sys.executable, "-m", "catalog", "import", str(feed), "--json"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["created"] == 3
    assert "rows 3" in done.stderr
