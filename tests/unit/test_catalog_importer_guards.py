"""A feed that would drop many embeddings is refused before anything is written, and `--force` goes on."""

from datetime import UTC, datetime
from typing import Any

import pytest

from catalog.domain.embedding_space import Space
from catalog.domain.product import parse
from catalog.feeds import FeedProduct
from catalog.importing.dry_run import DryRunPort
from catalog.importing.guarded_import import ImportOptions, import_products
from catalog.importing.importer import CHUNK, Importer
from catalog.importing.row_spool import RowSpool
from catalog.importing.summary import ImportSummary
from tests.fakes import FakeCatalogue

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SPACE = Space("color", "aaaaaaaaaaaa", 4)


def rows(*hosts: str) -> list[dict[str, Any]]:
    """One row per host its photo lies on."""
    return [
        {"id": f"p{n:04d}", "title": "Dress", "price": 1.0, "image_url": f"https://{host}.example/{n}.jpg"}
        for n, host in enumerate(hosts)
    ]


def bring(port: Any, found: list[dict[str, Any]], options: ImportOptions | None = None) -> ImportSummary:
    run = Importer(port, as_of=NOON, now=NOON)
    items = [FeedProduct(line, parse(row)) for line, row in enumerate(found, start=1)]
    import_products(run, iter(items), options or ImportOptions())
    return run.summary


def shop_of(number: int, embedded: int) -> FakeCatalogue:
    shop = FakeCatalogue(spaces=[SPACE])
    bring(shop.products, rows(*["old"] * number))
    for n in range(embedded):
        shop.embed(f"p{n:04d}", SPACE, [1, 0, 0, 0])
    return shop


def test_photos_that_moved_at_once_stop_the_import_before_it_writes() -> None:
    shop = shop_of(40, 31)
    writes = shop.writes
    summary = bring(shop.products, rows(*["new"] * 40, "new"))
    assert "31 of 31 products with an embedding" in summary.refused
    assert "p0000: https://old.example/0.jpg -> https://new.example/0.jpg" in summary.refused
    assert "--force" in summary.refused
    assert (summary.created, summary.updated, summary.embeddings_cleared, shop.writes) == (0, 0, 0, writes)


def test_with_force_it_goes_on() -> None:
    shop = shop_of(40, 31)
    summary = bring(shop.products, rows(*["new"] * 40), ImportOptions(force=True))
    assert (summary.refused, summary.updated, summary.embeddings_cleared) == ("", 40, 31)
    assert not any("embedding" in source for source in shop.docs.values())


def test_a_dry_run_shows_what_a_refused_feed_would_do() -> None:
    shop = shop_of(40, 31)
    summary = bring(DryRunPort(shop.products), rows(*["new"] * 40), ImportOptions(dry_run=True))
    assert (summary.updated, summary.embeddings_cleared) == (40, 31)
    assert "31 of 31" in summary.refused


@pytest.mark.parametrize(
    ("number", "embedded", "moved", "refused"),
    [
        (20, 20, 20, False),  # a small shop may change all of it
        (21, 21, 21, True),
        (400, 400, 40, False),  # ten percent
        (400, 400, 41, True),
        (400, 0, 400, False),  # nothing to lose yet
        (400, 20, 400, False),
    ],
)
def test_a_tenth_and_a_few_may_go(number: int, embedded: int, moved: int, refused: bool) -> None:
    shop = shop_of(number, embedded)
    summary = bring(shop.products, rows(*["new"] * moved, *["old"] * (number - moved)))
    assert bool(summary.refused) is refused


def test_a_photo_that_is_taken_away_counts_as_well() -> None:
    shop = shop_of(31, 31)
    found = [{name: value for name, value in row.items() if name != "image_url"} for row in rows(*["old"] * 31)]
    assert "-> no photo" in bring(shop.products, found).refused


def test_what_others_write_between_decision_and_write_counts() -> None:
    shop = shop_of(2 * CHUNK, 0)
    found = [row | {"title": "Gown"} for row in rows(*["old"] * (2 * CHUNK))]
    run = Importer(shop.products, as_of=NOON, now=NOON)
    newer = {"price": 8.0, "effective_price": 8.0, "offer_updated_at": "2026-03-01T15:00:00Z"}

    def sell() -> None:
        shop.put(shop.docs["p0000"] | newer)

    run.run_checked(iter([FeedProduct(n, parse(row)) for n, row in enumerate(found)]), sell)
    assert (run.summary.updated, run.summary.kept_newer_offer) == (2 * CHUNK, 1)
    assert (shop.docs["p0000"]["title"], shop.docs["p0000"]["price"]) == ("Gown", 8.0)


def test_a_spooled_row_is_what_it_was() -> None:
    full = {
        "id": "p1", "title": "Kleid „Ä“\n", "price": 9.99, "currency": "EUR", "updated_at": "2026-02-01T00:00:00Z",
        "variants": [{"sku": "a", "size": "M", "price": 1.0}, {"sku": "b", "available": False}],
        "attributes": {"n": 1, "f": 1.0, "b": True, "l": ["x"], "inf": float("inf")},
    }  # fmt: skip
    chunks = [[FeedProduct(7, parse(full))], [], [FeedProduct(8, parse({"id": "p2", "title": "T"}))]]
    with RowSpool() as spool:
        for chunk in chunks:
            spool.add(chunk)
        assert (spool.count, list(spool)) == (2, [chunks[0], chunks[2]])
