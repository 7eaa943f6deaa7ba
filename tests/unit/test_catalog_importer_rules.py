"""What an import makes of what is there: only changes are written, newer offers stay, nobody's write is lost."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from catalog.domain.embedding_space import Space
from catalog.domain.product import parse
from catalog.feeds import FeedProduct, FeedProducts, RowProblem, Truncation
from catalog.importing import writes
from catalog.importing.dry_run import DryRunPort
from catalog.importing.importer import CHUNK, Importer
from catalog.importing.summary import ImportSummary
from tests.fake_stores import FakeProducts
from tests.fakes import FakeCatalogue

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SPACE = Space("color", "aaaaaaaaaaaa", 4)


def row(product_id: str = "1", **fields: Any) -> dict[str, Any]:
    return {"id": product_id, "title": "Dress", "price": 10.0, "image_url": "https://a.example/1.jpg", **fields}


def items(*rows: dict[str, Any] | RowProblem | Truncation) -> FeedProducts:
    for line, found in enumerate(rows, start=1):
        yield FeedProduct(line, parse(found)) if isinstance(found, dict) else found


def bring(
    port: Any, *rows: dict[str, Any] | RowProblem | Truncation, as_of: datetime = NOON, now: datetime | None = None
) -> ImportSummary:
    return Importer(port, as_of=as_of, now=now or as_of + HOUR).run(items(*rows))


def counts(summary: ImportSummary) -> tuple[int, int, int, int]:
    return summary.created, summary.updated, summary.unchanged, summary.failed


def test_a_new_product_is_created_with_both_times() -> None:
    shop = FakeCatalogue()
    assert counts(bring(shop.products, row())) == (1, 0, 0, 0)
    stored = shop.docs["1"]
    assert (stored["updated_at"], stored["offer_updated_at"]) == ("2026-03-01T13:00:00Z", "2026-03-01T12:00:00Z")
    assert stored["effective_price"] == 10.0


def test_an_unchanged_feed_writes_nothing() -> None:
    shop = FakeCatalogue()
    rows = [row(str(n), variants=[{"sku": f"{n}-M", "size": "M"}], attributes={"a": 1}) for n in range(1200)]
    bring(shop.products, *rows)
    before, writes_before = dict(shop.docs), shop.writes
    assert counts(bring(shop.products, *rows, as_of=NOON + 24 * HOUR)) == (0, 0, 1200, 0)
    assert (shop.docs, shop.writes) == (before, writes_before)


def test_the_feeds_own_updated_at_is_no_change() -> None:
    shop = FakeCatalogue()
    bring(shop.products, row(updated_at="2026-01-01T00:00:00Z"))
    assert counts(bring(shop.products, row(updated_at="2026-02-01T00:00:00Z"), as_of=NOON + HOUR)) == (0, 0, 1, 0)


def test_what_a_row_no_longer_has_is_gone() -> None:
    shop = FakeCatalogue()
    bring(shop.products, row(brand="Acme", description="Long", attributes={"a": "b"}))
    assert counts(bring(shop.products, row(), as_of=NOON + HOUR)) == (0, 1, 0, 0)
    assert not {"brand", "description", "attributes"} & shop.docs["1"].keys()
    assert shop.docs["1"]["updated_at"] == "2026-03-01T14:00:00Z"
    assert shop.docs["1"]["offer_updated_at"] == "2026-03-01T12:00:00Z", "the offer did not change"


def families(shop: FakeCatalogue) -> tuple[Any, Any]:
    return shop.docs["1"].get("color_family"), shop.docs["1"].get("color_family_from")


def test_a_colour_family_is_the_feeds_own_else_that_of_the_colours_name() -> None:
    shop = FakeCatalogue()
    bring(shop.products, row(color="Dunkelblau"))
    assert families(shop) == ("blue", "color")
    assert counts(bring(shop.products, row(color="Dunkelblau"), as_of=NOON + HOUR)) == (0, 0, 1, 0)
    bring(shop.products, row(color="Dunkelblau", color_family="Navy"), as_of=NOON + 2 * HOUR)
    assert families(shop) == ("Navy", None)
    bring(shop.products, row(color="Dunkelblau"), as_of=NOON + 3 * HOUR)
    assert families(shop) == ("blue", "color")
    bring(shop.products, row(), as_of=NOON + 4 * HOUR)
    assert families(shop) == (None, None)


def test_a_patch_of_the_colour_moves_a_derived_family_and_leaves_the_shops_own() -> None:
    shop = FakeCatalogue()
    bring(shop.products, row(color="Dunkelblau"))
    writes.patch(shop.products, "1", {"color": "weinrot"})
    assert families(shop) == ("red", "color")
    writes.patch(shop.products, "1", {"color_family": "Wine"})
    writes.patch(shop.products, "1", {"color": "olive"})
    assert families(shop) == ("Wine", None)
    writes.patch(shop.products, "1", {"color_family": None})
    assert families(shop) == ("green", "color")


def test_the_colour_of_a_photo_stays_as_long_as_the_photo_does() -> None:
    shop = FakeCatalogue()
    bring(shop.products, row())
    seen = {"family": "pink", "image_url": "https://a.example/1.jpg", "status": "done"}
    shop.put(shop.docs["1"] | {"photo_color": seen, "color_family": "pink", "color_family_from": "photo"})
    assert counts(bring(shop.products, row(), as_of=NOON + HOUR)) == (0, 0, 1, 0)
    bring(shop.products, row(title="Gown", color="floral"), as_of=NOON + 2 * HOUR)
    assert families(shop) == ("pink", "photo")
    bring(shop.products, row(color="grey"), as_of=NOON + 3 * HOUR)
    assert families(shop) == ("grey", "color")
    bring(shop.products, row(), as_of=NOON + 4 * HOUR)
    assert families(shop) == ("pink", "photo"), "it is not fetched again"
    bring(shop.products, row(image_url="https://a.example/2.jpg"), as_of=NOON + 5 * HOUR)
    assert families(shop) == (None, None) and "photo_color" not in shop.docs["1"]


def test_an_embedding_stays_with_its_photo() -> None:
    shop = FakeCatalogue(spaces=[SPACE])
    bring(shop.products, row("1"), row("2"))
    for product_id in "12":
        shop.embed(product_id, SPACE, [1, 0, 0, 0])
    summary = bring(
        shop.products, row("1", title="Gown"), row("2", image_url="https://a.example/new.jpg"), as_of=NOON + HOUR
    )
    assert summary.photos_changed == 1
    assert shop.docs["1"]["embedding"][SPACE.name]["status"] == "done"
    assert "embedding" not in shop.docs["2"]


def test_a_newer_price_survives_an_older_feed_and_the_rest_of_the_row_counts() -> None:
    shop = FakeCatalogue()
    bring(shop.products, row(), as_of=NOON)
    shop.put(shop.docs["1"] | {"price": 8.0, "effective_price": 8.0, "offer_updated_at": "2026-03-01T15:00:00Z"})
    summary = bring(shop.products, row(price=10.0, title="Gown"), as_of=NOON + 2 * HOUR, now=NOON + 9 * HOUR)
    assert (summary.kept_newer_offer, summary.updated) == (1, 1)
    stored = shop.docs["1"]
    assert (stored["title"], stored["price"], stored["effective_price"]) == ("Gown", 8.0, 8.0)
    assert stored["offer_updated_at"] == "2026-03-01T15:00:00Z"


def test_newer_stock_survives_an_older_feed() -> None:
    shop = FakeCatalogue()
    sizes = [{"sku": "M", "size": "M", "available": True}]
    bring(shop.products, row(variants=sizes))
    writes.patch(shop.products, "1", {"variants": [{**sizes[0], "available": False}]})
    summary = bring(shop.products, row(variants=sizes), as_of=NOON, now=datetime.now(UTC))
    assert (summary.kept_newer_offer, summary.unchanged) == (1, 1)
    assert shop.docs["1"]["available"] is False
    assert "sizes_available" not in shop.docs["1"]


def test_a_feed_newer_than_the_price_wins() -> None:
    shop = FakeCatalogue()
    bring(shop.products, row(), as_of=NOON)
    shop.put(shop.docs["1"] | {"price": 8.0, "effective_price": 8.0, "offer_updated_at": "2026-03-01T15:00:00Z"})
    summary = bring(shop.products, row(price=10.0), as_of=NOON + 4 * HOUR)
    assert (summary.kept_newer_offer, summary.updated) == (0, 1)
    assert shop.docs["1"]["price"] == 10.0
    assert shop.docs["1"]["offer_updated_at"] == "2026-03-01T16:00:00Z"


def test_without_an_offer_time_the_product_time_counts() -> None:
    shop = FakeCatalogue([row(price=8.0, updated_at="2026-03-01T15:00:00Z")])
    assert bring(shop.products, row(price=10.0), as_of=NOON).kept_newer_offer == 1
    assert shop.docs["1"]["price"] == 8.0


def test_a_file_from_the_future_counts_as_of_now() -> None:
    shop = FakeCatalogue()
    bring(shop.products, row(), as_of=NOON + 1000 * HOUR, now=NOON)
    assert shop.docs["1"]["offer_updated_at"] == "2026-03-01T12:00:00Z"


def test_another_writer_in_between_is_read_again_and_kept() -> None:
    shop = FakeCatalogue()
    bring(shop.products, row(), as_of=NOON)
    later = {"price": 7.0, "effective_price": 7.0, "offer_updated_at": "2026-03-01T20:00:00Z"}

    def race(product_id: str) -> None:
        shop.before_write = lambda _: None
        shop.put(shop.docs[product_id] | later)

    shop.before_write = race
    summary = bring(shop.products, row(title="Gown", price=9.0), as_of=NOON + HOUR)
    assert counts(summary) == (0, 1, 0, 0)
    assert summary.kept_newer_offer == 1
    assert (shop.docs["1"]["title"], shop.docs["1"]["price"]) == ("Gown", 7.0)


def test_a_product_that_others_keep_changing_is_reported_and_the_rest_goes_in() -> None:
    shop = FakeCatalogue()
    bring(shop.products, row("1"), row("2"))

    def race(product_id: str) -> None:
        if product_id == "1":
            shop.put(shop.docs["1"])

    shop.before_write = race
    summary = bring(shop.products, row("1", title="Gown"), row("2", title="Gown"), as_of=NOON + HOUR)
    assert counts(summary) == (0, 1, 0, 1)
    assert summary.failed_by == {"write_conflict": 1}
    assert shop.docs["2"]["title"] == "Gown"


@pytest.mark.parametrize("gap", [0, 2 * CHUNK])
def test_of_two_rows_with_one_id_the_first_counts_however_far_apart(gap: int) -> None:
    shop = FakeCatalogue()
    between = [row(f"x{n}") for n in range(gap)]
    told: list[RowProblem] = []
    run = Importer(shop.products, as_of=NOON, now=NOON, on_problem=told.append)
    run.run(items(row(title="First"), *between, row(title="Second")))
    assert [(p.line, p.code, p.id) for p in told] == [(gap + 2, "duplicate_id", "1")]
    assert shop.docs["1"]["title"] == "First"


def test_a_bad_row_does_not_take_the_id_of_a_good_one() -> None:
    shop = FakeCatalogue()
    summary = bring(shop.products, RowProblem(1, "price", "invalid_product", "1"), row("1"))
    assert counts(summary) == (1, 0, 0, 1)
    assert summary.failed_share == 0.5


def test_a_rehearsal_writes_nothing_and_tells_the_difference() -> None:
    shop = FakeCatalogue()
    bring(shop.products, row("1"), row("2"))
    before, rehearsal = dict(shop.docs), DryRunPort(shop.products)
    summary = bring(rehearsal, row("1", price=9.0), row("2"), row("3"), as_of=NOON + HOUR)
    assert counts(summary) == (1, 1, 1, 0)
    assert shop.docs == before
    assert [(e.kind, e.id) for e in rehearsal.examples] == [("updated", "1"), ("created", "3")]
    assert rehearsal.examples[0].fields == {"price": (10.0, 9.0)}
    assert rehearsal.field_counts == {"price": 1}


class Refusing(FakeProducts):
    """Refuses one product, as Elasticsearch does with a value it cannot index."""

    def write(self, changes: Sequence[Any]) -> list[Any]:
        from catalog.domain.records import ChangeResult

        good = [change for change in changes if change.id != "bad"]
        return [*super().write(good), *(ChangeResult(c, "failed", "immense term") for c in changes if c not in good)]


def test_a_refused_write_is_a_row_problem() -> None:
    summary = bring(Refusing(FakeCatalogue()), row("1"), row("bad"))
    assert counts(summary) == (1, 0, 0, 1)
    assert summary.first_problems[0].reason == "immense term"
    assert summary.first_problems[0].line == 2
