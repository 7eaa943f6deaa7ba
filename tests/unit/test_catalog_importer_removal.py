"""`--full`: what the feed lacks goes, unless it is the feed that is wrong."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from catalog.domain.product import parse
from catalog.feeds import FeedProduct, RowProblem, Truncation
from catalog.importing.dry_run import DryRunPort
from catalog.importing.guarded_import import ImportOptions, import_products
from catalog.importing.importer import Importer
from tests.fakes import FakeCatalogue

LAST_NIGHT = datetime(2026, 3, 1, 2, tzinfo=UTC)
TONIGHT = LAST_NIGHT + timedelta(days=1)


def products(ids: Iterable[int]) -> list[FeedProduct | RowProblem | Truncation]:
    return [FeedProduct(n + 1, parse({"id": f"p{n:05d}", "title": "Dress", "price": 1.0})) for n in ids]


def shop_of(number: int) -> FakeCatalogue:
    shop = FakeCatalogue()
    Importer(shop.products, as_of=LAST_NIGHT, now=LAST_NIGHT).run(iter(products(range(number))))
    return shop


CAREFUL, FORCED = ImportOptions(full=True), ImportOptions(full=True, force=True)
DRY = ImportOptions(full=True, dry_run=True)


def full(shop: Any, rows: list[FeedProduct | RowProblem | Truncation], options: ImportOptions = CAREFUL) -> Importer:
    run = Importer(shop.products if isinstance(shop, FakeCatalogue) else shop, as_of=TONIGHT, now=TONIGHT)
    import_products(run, iter(rows), options)
    return run


def refuse(
    shop: FakeCatalogue, rows: list[FeedProduct | RowProblem | Truncation], options: ImportOptions = CAREFUL
) -> str:
    """Returns why the feed is refused; nothing of it was written."""
    before, writes = dict(shop.docs), shop.writes
    summary = full(shop, rows, options).summary
    assert (shop.docs, shop.writes, summary.created, summary.updated, summary.deleted) == (before, writes, 0, 0, 0)
    return summary.refused


def test_what_the_feed_lacks_goes() -> None:
    shop = shop_of(1000)
    run = full(shop, products(range(50, 1000)))
    assert run.summary.deleted == 50
    assert sorted(shop.docs) == [f"p{n:05d}" for n in range(50, 1000)]


def test_exactly_ten_percent_may_go_and_one_more_may_not() -> None:
    assert full(shop_of(1000), products(range(100, 1000))).summary.deleted == 100
    shop = shop_of(1000)
    assert re.search(r"101 of 1,000 products .* --force", refuse(shop, products(range(101, 1000))))


def test_new_products_do_not_hide_how_many_would_go() -> None:
    shop = shop_of(100)
    assert re.search("11 of 100", refuse(shop, products(range(11, 2000))))


def test_force_removes_more() -> None:
    shop = shop_of(1000)
    assert full(shop, products(range(3)), FORCED).summary.deleted == 997
    assert len(shop.docs) == 3


@pytest.mark.parametrize("options", [CAREFUL, FORCED])
def test_a_cut_feed_removes_nothing_even_when_forced(options: ImportOptions) -> None:
    shop = shop_of(100)
    assert re.search(
        "cut off",
        refuse(shop, [*products(range(99)), Truncation(99, "the file ends in the middle of a row")], options),
    )


@pytest.mark.parametrize("options", [CAREFUL, FORCED])
def test_a_feed_without_a_good_row_removes_nothing_even_when_forced(options: ImportOptions) -> None:
    shop = shop_of(100)
    assert re.search("no good row", refuse(shop, [], options))


def test_a_doubtful_end_removes_only_when_forced() -> None:
    doubtful = Truncation(99, "the last line has no line end", certain=False)
    shop = shop_of(100)
    assert re.search("line end", refuse(shop, [*products(range(99)), doubtful]))
    assert full(shop, [*products(range(99)), doubtful], FORCED).summary.deleted == 1


def test_a_doubtful_feed_with_nothing_to_remove_is_fine() -> None:
    assert full(shop_of(9), [*products(range(9)), Truncation(9, "no line end", certain=False)]).summary.deleted == 0


def test_the_product_of_a_broken_row_stays() -> None:
    shop = shop_of(100)
    run = full(shop, [RowProblem(1, "bad price", id="p00000"), *products(range(2, 100))])
    assert run.summary.deleted == 1
    assert "p00000" in shop.docs
    assert "p00001" not in shop.docs


def test_a_broken_row_of_nobody_keeps_everything_unless_forced() -> None:
    rows = [RowProblem(1, "broken JSON"), *products(range(1, 100))]
    shop = shop_of(100)
    assert re.search("1 broken rows do not tell", refuse(shop, rows))
    assert full(shop, rows, FORCED).summary.deleted == 1


def test_a_product_newer_than_the_feed_stays() -> None:
    shop = shop_of(100)
    shop.put(shop.docs["p00000"] | {"offer_updated_at": "2026-03-02T09:00:00Z"})
    run = full(shop, products(range(2, 100)))
    assert (run.summary.deleted, run.summary.kept_newer_product) == (1, 1)
    assert "p00000" in shop.docs


def test_a_product_sold_again_while_it_is_deleted_stays() -> None:
    shop = shop_of(100)

    def race(product_id: str) -> None:
        if product_id == "p00000":
            shop.put(shop.docs[product_id] | {"price": 2.0, "offer_updated_at": "2026-03-02T09:00:00Z"})

    shop.before_write = race
    assert full(shop, products(range(2, 100))).summary.deleted == 1
    assert shop.docs["p00000"]["price"] == 2.0


def test_a_product_changed_meanwhile_by_the_etl_goes_all_the_same() -> None:
    shop = shop_of(100)

    def race(product_id: str) -> None:
        shop.before_write = lambda _: None
        shop.put(shop.docs[product_id])

    shop.before_write = race
    assert full(shop, products(range(2, 100))).summary.deleted == 2


def test_a_rehearsal_counts_deletions_and_deletes_nothing() -> None:
    shop = shop_of(100)
    rehearsal = DryRunPort(shop.products)
    assert full(rehearsal, products(range(2, 100)), DRY).summary.deleted == 2
    assert [(e.kind, e.id) for e in rehearsal.examples] == [("deleted", "p00000"), ("deleted", "p00001")]
    assert len(shop.docs) == 100


def test_a_rehearsal_shows_what_a_refused_feed_would_do() -> None:
    shop = shop_of(100)
    summary = full(DryRunPort(shop.products), products(range(20, 110)), DRY).summary
    assert (summary.created, summary.deleted, len(shop.docs)) == (10, 20, 100)
    assert "20 of 100 products would be deleted, more than 10%" in summary.refused
