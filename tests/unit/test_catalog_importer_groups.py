"""Imports of products made of rows: what they replace, which ids and embeddings they keep, what stays untouched."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from catalog.domain.embedding_space import Space
from catalog.domain.product import parse
from catalog.feeds import FeedProduct, FeedProducts, RowProblem, group_rows, keep_rows
from catalog.importing.dry_run import DryRunPort
from catalog.importing.guarded_import import ImportOptions, import_products
from catalog.importing.importer import Importer
from catalog.importing.summary import ImportSummary
from tests.fakes import FakeCatalogue

NIGHT = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
SPACE = Space("color", "aaaaaaaaaaaa", 4)
PHOTO = "https://a.example/dress.jpg"


def row(row_id: str, size: str, **fields: Any) -> dict[str, Any]:
    given = {"title": f"Dress - {size}", "item_group_id": "g", "color": "red", "price": 10.0, "image_url": PHOTO}
    return {"id": row_id, **given, "variants": [{"sku": row_id, "size": size}], **fields}


ROWS = [row("1", "S"), row("2", "M"), row("3", "L")]


def items(*rows: dict[str, Any] | RowProblem) -> FeedProducts:
    for line, each in enumerate(rows, start=1):
        yield each if isinstance(each, RowProblem) else FeedProduct(line, parse(each))


def bring(
    shop: FakeCatalogue, *rows: dict[str, Any] | RowProblem, day: int = 0, group: Any = group_rows, full: bool = False
) -> ImportSummary:
    run = Importer(shop.products, as_of=NIGHT + day * DAY, now=NIGHT + day * DAY, group=group)
    import_products(run, items(*rows), ImportOptions(full=full))
    assert not run.summary.refused
    return run.summary


def skus(shop: FakeCatalogue) -> dict[str, list[str]]:
    return {name: [each["sku"] for each in source.get("variants", ())] for name, source in sorted(shop.docs.items())}


def test_rows_are_counted_as_rows_and_products_as_products() -> None:
    shop = FakeCatalogue()
    summary = bring(shop, *ROWS, row("9", "S", item_group_id=None), RowProblem(9, "bad", id="8"))
    assert (summary.rows, summary.created, summary.merged, summary.failed) == (5, 2, 2, 1)
    assert skus(shop) == {"1": ["1", "2", "3"], "9": ["9"]}
    again = bring(shop, row("9", "S", item_group_id=None), *reversed(ROWS), day=1)
    assert (again.unchanged, again.updated, again.created) == (2, 0, 0)


@pytest.mark.parametrize("embedded", ["1", "3"])
def test_the_first_grouped_import_replaces_row_products_and_takes_their_embedding_along(embedded: str) -> None:
    shop = FakeCatalogue(spaces=[SPACE])
    bring(shop, *ROWS, group=keep_rows)
    shop.embed(embedded, SPACE, [1, 0, 0, 0])
    summary = bring(shop, *ROWS, day=1)
    assert (summary.updated, summary.replaced, summary.created, summary.deleted) == (1, 2, 0, 0)
    assert skus(shop) == {"1": ["1", "2", "3"]}
    assert shop.docs["1"]["title"] == "Dress"
    assert shop.docs["1"]["embedding"][SPACE.name]["vector"] == [1, 0, 0, 0]
    assert (summary.photos_changed, summary.embeddings_cleared) == (0, 0)
    assert bring(shop, *ROWS, day=2).unchanged == 1


def test_an_embedding_of_another_photo_does_not_go_along() -> None:
    shop = FakeCatalogue(spaces=[SPACE])
    rows = [row("1", "S", image_url=None), row("2", "M", image_url="https://a.example/2.jpg"), row("3", "L")]
    bring(shop, *rows, group=keep_rows)
    shop.embed("3", SPACE, [1, 0, 0, 0])
    bring(shop, *rows, day=1)
    assert shop.docs["1"]["image_url"] == "https://a.example/2.jpg"
    assert "embedding" not in shop.docs["1"]


def test_an_import_that_was_killed_before_it_deleted_the_row_products_is_finished_by_the_next() -> None:
    shop = FakeCatalogue()
    bring(shop, *ROWS)
    bring(shop, ROWS[2], group=keep_rows, day=1)
    assert sorted(shop.docs) == ["1", "3"]
    summary = bring(shop, *ROWS, day=2)
    assert (summary.unchanged, summary.replaced, skus(shop)) == (1, 1, {"1": ["1", "2", "3"]})


def test_the_id_stays_when_its_row_leaves_and_comes_back_and_when_a_smaller_one_comes() -> None:
    shop = FakeCatalogue(spaces=[SPACE])
    bring(shop, *ROWS)
    shop.embed("1", SPACE, [1, 0, 0, 0])
    for day, rows in enumerate([ROWS[1:], ROWS[2:], ROWS[1:], [row("0", "XS"), *ROWS[1:]], ROWS], start=1):
        summary = bring(shop, *rows, day=day, full=True)
        assert skus(shop) == {"1": [each["id"] for each in rows]}
        assert (summary.deleted, summary.photos_changed) == (0, 0)
    assert shop.docs["1"]["embedding"][SPACE.name]["vector"] == [1, 0, 0, 0]


def test_a_group_that_falls_apart_is_two_products_and_the_one_keeps_the_id() -> None:
    shop = FakeCatalogue()
    bring(shop, *ROWS)
    bring(shop, row("2", "M", color="blue"), row("3", "L", color="blue"), ROWS[0], day=1)
    assert skus(shop) == {"1": ["1"], "2": ["2", "3"]}
    bring(shop, *ROWS, day=2)
    assert skus(shop) == {"1": ["1", "2", "3"]}


def test_two_parts_of_a_product_whose_id_left_the_feed_do_not_share_it() -> None:
    shop = FakeCatalogue()
    bring(shop, *ROWS)
    bring(shop, row("2", "M", color="blue"), ROWS[2], day=1)
    assert skus(shop) == {"1": ["2"], "3": ["3"]}
    assert bring(shop, ROWS[2], row("2", "M", color="blue"), day=2, full=True).unchanged == 2


def test_a_broken_row_takes_neither_its_siblings_nor_its_own_size() -> None:
    shop = FakeCatalogue()
    bring(shop, *ROWS)
    for day, full in enumerate((False, True), start=1):
        summary = bring(shop, ROWS[0], RowProblem(2, "price", id="2"), ROWS[2], day=day, full=full)
        assert (summary.failed, summary.unchanged, skus(shop)) == (1, 1, {"1": ["1", "2", "3"]})
    bring(shop, *ROWS[1:], day=3)  # now the product has an id that no row has
    kept = bring(shop, row("7", "S", item_group_id="h"), *(RowProblem(2, "x", id=i) for i in "23"), day=4, full=True)
    assert (kept.deleted, skus(shop)) == (0, {"1": ["2", "3"], "7": ["7"]})


def test_prices_of_single_sizes_that_are_newer_than_the_feed_stay() -> None:
    shop = FakeCatalogue()
    bring(shop, *ROWS, group=keep_rows)
    shop.put(shop.docs["2"] | {"price": 8.0, "sale_price": 7.0, "offer_updated_at": "2026-03-05T00:00:00Z"})
    summary = bring(shop, *ROWS, day=1)
    assert (summary.kept_newer_offer, summary.replaced) == (1, 2)
    stored = shop.docs["1"]
    assert [(v["price"], v.get("sale_price")) for v in stored["variants"]] == [(10.0, None), (8.0, 7.0), (10.0, None)]
    assert (stored["price"], stored["sale_price"], stored["effective_price"]) == (8.0, 7.0, 7.0)
    assert stored["offer_updated_at"] == "2026-03-05T00:00:00Z"
    assert bring(shop, *ROWS, day=2).kept_newer_offer == 1, "an older feed does not win it back"
    assert shop.docs["1"]["effective_price"] == 7.0
    bring(shop, *ROWS, day=9)
    assert shop.docs["1"]["effective_price"] == 10.0


def test_a_row_product_that_somebody_changes_meanwhile_is_left_for_the_next_import() -> None:
    shop = FakeCatalogue()
    bring(shop, *ROWS, group=keep_rows)

    newer = {"price": 5.0, "effective_price": 5.0, "offer_updated_at": "2026-03-09T00:00:00Z"}
    races = {"2": lambda: shop.put(shop.docs["2"] | newer), "3": lambda: shop.put(shop.docs["3"])}  # 3: by the job
    shop.before_write = lambda product_id: races.pop(product_id, lambda: None)()
    assert (bring(shop, *ROWS, day=1).replaced, sorted(shop.docs), races) == (1, ["1", "2"], {})
    bring(shop, *ROWS, day=2)
    assert (sorted(shop.docs), shop.docs["1"]["effective_price"]) == (["1"], 5.0)


def test_a_failed_write_keeps_the_row_products(monkeypatch: pytest.MonkeyPatch) -> None:
    from catalog.domain.records import ChangeResult

    shop = FakeCatalogue()
    bring(shop, *ROWS, group=keep_rows)
    monkeypatch.setattr(
        shop.products, "write", lambda changes: [ChangeResult(each, "failed", "immense term") for each in changes]
    )
    summary = bring(shop, *ROWS, day=1)
    assert (summary.failed_by, summary.replaced, sorted(shop.docs)) == ({"write_failed": 1}, 0, ["1", "2", "3"])


def test_a_dry_run_shows_what_would_be_replaced() -> None:
    shop = FakeCatalogue()
    bring(shop, *ROWS, group=keep_rows)
    rehearsal = DryRunPort(shop.products)
    run = Importer(rehearsal, as_of=NIGHT + DAY, now=NIGHT + DAY, group=group_rows)
    import_products(run, items(*ROWS), ImportOptions(dry_run=True))
    assert (run.summary.updated, run.summary.replaced, len(shop.docs)) == (1, 2, 3)
    assert [(each.kind, each.id) for each in rehearsal.examples] == [
        ("updated", "1"),
        ("deleted", "2"),
        ("deleted", "3"),
    ]


def test_keeping_rows_makes_products_of_the_sizes_again() -> None:
    shop = FakeCatalogue()
    bring(shop, *ROWS)
    assert bring(shop, *ROWS, group=keep_rows, day=1).created == 2
    assert skus(shop) == {"1": ["1"], "2": ["2"], "3": ["3"]}


def test_an_older_feed_wins_no_offer_back_and_drops_no_size_that_a_newer_one_had() -> None:
    shop = FakeCatalogue()
    bring(shop, row("1", "S", price=8.0), *ROWS[1:], day=5)
    summary = bring(shop, ROWS[0], row("2", "M", price=1.0), row("4", "XL", price=20.0), day=1)
    assert (summary.kept_newer_offer, skus(shop)) == (1, {"1": ["1", "2", "3", "4"]})
    assert [each["price"] for each in shop.docs["1"]["variants"]] == [8.0, 10.0, 10.0, 20.0]
