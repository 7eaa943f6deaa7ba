"""A newer feed that changed nothing still counts: an older one cannot win an offer back."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from catalog.domain.product import parse
from catalog.feeds import FeedProduct, RowProblem
from catalog.importing import offer_marks
from catalog.importing.changes import NEVER
from catalog.importing.id_set import IdSet
from catalog.importing.importer import Importer
from catalog.importing.offer_marks import OfferMarks, leave_mark
from catalog.importing.summary import ImportSummary
from tests.fakes import FakeCatalogue

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)


def ids(*names: str) -> IdSet:
    found = IdSet()
    for name in names:
        found.add(name)
    return found


def bring(
    shop: FakeCatalogue, as_of: datetime, prices: dict[str, float], broken: Iterable[str] = ()
) -> ImportSummary:
    newer = OfferMarks(shop.offer_marks.read(as_of))
    run = Importer(shop.products, as_of=as_of, now=MONDAY + 30 * DAY, newer_feeds=newer)
    good = [FeedProduct(1, parse({"id": i, "title": "Dress", "price": price})) for i, price in prices.items()]
    run.run(iter([*good, *(RowProblem(2, "bad", id=i) for i in broken)]))
    leave_mark(shop.offer_marks, run.as_of, run.seen, run.unread)
    return run.summary


def prices_of(shop: FakeCatalogue) -> dict[str, float]:
    return {i: source["price"] for i, source in shop.docs.items()}


def test_a_late_older_feed_does_not_win_back_what_a_newer_one_confirmed() -> None:
    shop = FakeCatalogue()
    bring(shop, MONDAY, {"a": 10.0, "b": 10.0})
    writes = shop.writes
    assert bring(shop, MONDAY + 2 * DAY, {"a": 10.0}).unchanged == 1
    assert shop.writes == writes
    late = bring(shop, MONDAY + DAY, {"a": 12.0, "b": 12.0})
    assert (late.kept_newer_offer, late.updated) == (1, 1)
    assert prices_of(shop) == {"a": 10.0, "b": 12.0}
    assert bring(shop, MONDAY + 3 * DAY, {"a": 14.0}).updated == 1
    assert prices_of(shop) == {"a": 14.0, "b": 12.0}


def test_a_broken_row_confirms_nothing() -> None:
    shop = FakeCatalogue()
    bring(shop, MONDAY, {"a": 10.0})
    bring(shop, MONDAY + 2 * DAY, {}, broken=["a"])
    assert bring(shop, MONDAY + DAY, {"a": 12.0}).updated == 1


def test_marks_hold_one_hash_per_product_however_many_imports_there_were() -> None:
    shop = FakeCatalogue()
    names = [f"p{n}" for n in range(1000)]
    for night in range(30):  # every night a product comes and one goes
        leave_mark(shop.offer_marks, MONDAY + night * DAY, ids(*names[night : night + 900]), ids())
    kept = [len(mark.ids) for mark in shop.offer_marks.read()]
    assert sum(kept) == 929
    newer = OfferMarks(shop.offer_marks.read())
    assert newer.find_time("p0") == MONDAY
    assert newer.find_time("p29") == newer.find_time("p928") == MONDAY + 29 * DAY
    assert newer.find_time("p929") == NEVER


def test_small_feeds_do_not_rewrite_large_marks_and_the_next_large_one_clears_them() -> None:
    shop = FakeCatalogue()
    names = [f"p{n}" for n in range(1000)]
    leave_mark(shop.offer_marks, MONDAY, ids(*names), ids())
    for hour in range(1, 6):
        leave_mark(shop.offer_marks, MONDAY + hour * DAY / 24, ids(names[hour]), ids())
    assert sorted(len(mark.ids) for mark in shop.offer_marks.read()) == [1, 1, 1, 1, 1, 1000]
    leave_mark(shop.offer_marks, MONDAY + DAY, ids(*names), ids())
    assert [len(mark.ids) for mark in shop.offer_marks.read()] == [1000]


def test_an_older_feed_marks_only_what_no_newer_one_had() -> None:
    shop = FakeCatalogue()
    leave_mark(shop.offer_marks, MONDAY + DAY, ids("a", "b"), ids())
    leave_mark(shop.offer_marks, MONDAY, ids("b", "c"), ids())
    leave_mark(shop.offer_marks, MONDAY, ids("a"), ids())
    assert sorted((mark.as_of, len(mark.ids)) for mark in shop.offer_marks.read()) == [(MONDAY, 1), (MONDAY + DAY, 2)]


def test_marks_that_nobody_renewed_for_long_go(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = FakeCatalogue()
    leave_mark(shop.offer_marks, MONDAY, ids("a"), ids())
    monkeypatch.setattr(offer_marks, "KEPT", timedelta(0))
    leave_mark(shop.offer_marks, MONDAY + DAY, ids("b"), ids())
    assert [mark.as_of for mark in shop.offer_marks.read()] == [MONDAY + DAY]


def test_hashes_are_the_same_in_every_process() -> None:
    assert ids("p1", "p2").to_hashes().tolist() == [4962176395787748172, 10506498227197777640]
