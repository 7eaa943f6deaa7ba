"""Each kind of bad row is read as it is meant, or reported with line, code and what to do; good rows are in."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from catalog.feeds import FeedNotes, FeedProduct, RowProblem, read_products
from tests.feed_files import FORMATS, write_rows
from tests.feeds.bad_values import BAD_VALUES
from tests.feeds.broken_rows import CSV, JSONL, SHOPIFY, WOO_HEADER, WOOCOMMERCE, XML
from tests.feeds.outcomes import Outcome
from tests.shop_exports import simple, write_shopify

NOW = datetime(2026, 2, 25, 12, tzinfo=UTC)
GOOD = {"title": "Dress", "price": "9 EUR", "color": "red"}
FIRST_LINES = {"csv": 2, "tsv": 2, "jsonl": 1, "parquet": 1, "xml": 4}
XML_ITEM = "<item><g:id>%s</g:id><g:title>Dress</g:title></item>\n"
XML_HEAD = '<rss xmlns:g="http://base.google.com/ns/1.0"><channel>\n'


def check(path: Path, line: int, outcome: Outcome, good: tuple[str, str] = ("first", "last")) -> None:
    """Holds what is read of three rows, the second of which is in `line`, against what is expected of it."""
    notes = FeedNotes()
    items = list(read_products(path, now=NOW, notes=notes))
    products = {item.product.id: item for item in items if isinstance(item, FeedProduct)}
    assert set(good) <= products.keys(), items
    (bad,) = [item for item in items if item not in (products[good[0]], products[good[1]])]
    assert bad.line == line
    if isinstance(bad, RowProblem):
        assert (bad.code, outcome.values) == (outcome.code, None), bad
        assert outcome.reason in bad.reason
        assert bad.reason.isprintable()
    else:
        assert isinstance(bad, FeedProduct) and outcome.values is not None
        found = {name: getattr(bad.product, name) for name in outcome.values}
        assert found == outcome.values
    assert [note for note, told in zip(notes, outcome.notes, strict=True) if told not in str(note)] == []


def test_the_corpus_has_a_hundred_kinds() -> None:
    assert sum(map(len, (BAD_VALUES, CSV, JSONL, XML, SHOPIFY, WOOCOMMERCE))) >= 150


@pytest.mark.parametrize("kind", BAD_VALUES)
def test_a_bad_value_means_the_same_in_every_format(tmp_path: Path, kind: str) -> None:
    cells, outcome = BAD_VALUES[kind]
    rows = [GOOD | {"id": "first"}, GOOD | {"id": "bad"} | cells, GOOD | {"id": "last"}]
    for name in FORMATS:
        check(write_rows(tmp_path / f"feed.{name}", rows), FIRST_LINES[name] + 1, outcome)


def write(folder: Path, name: str, *parts: bytes) -> Path:
    path = folder / name
    path.write_bytes(b"".join(parts))
    return path


@pytest.mark.parametrize("kind", CSV)
def test_a_broken_row_of_csv(tmp_path: Path, kind: str) -> None:
    row, outcome = CSV[kind]
    path = write(tmp_path, "a.csv", b"id,title,price,color\nfirst,A,1 EUR,red\n", row, b'last,"A",1 EUR,red\n')
    check(path, 3, outcome)


@pytest.mark.parametrize("kind", JSONL)
def test_a_broken_row_of_json_lines(tmp_path: Path, kind: str) -> None:
    row, outcome = JSONL[kind]
    good = (b'{"id": "%s", "title": "A"}\n' % name for name in (b"first", b"last"))
    check(write(tmp_path, "a.jsonl", next(good), row, next(good)), 2, outcome)


@pytest.mark.parametrize("kind", XML)
def test_a_broken_item_of_xml(tmp_path: Path, kind: str) -> None:
    row, outcome = XML[kind]
    head, end = (XML_HEAD + XML_ITEM % "first").encode(), (XML_ITEM % "last" + "</channel></rss>").encode()
    check(write(tmp_path, "a.xml", head, row, end), 3, outcome)


@pytest.mark.parametrize("kind", SHOPIFY)
def test_a_broken_product_of_shopify(tmp_path: Path, kind: str) -> None:
    row, outcome = SHOPIFY[kind]
    check(write(tmp_path, "a.json", write_shopify([simple(1), row, simple(2)])), 1, outcome, ("S1", "S2"))


@pytest.mark.parametrize("kind", WOOCOMMERCE)
def test_a_broken_row_of_woocommerce(tmp_path: Path, kind: str) -> None:
    row, outcome = WOOCOMMERCE[kind]
    good = (b'%d,simple,%s,"Hat",1,5,\n' % (number, name) for number, name in ((1, b"first"), (9, b"last")))
    check(write(tmp_path, "a.csv", WOO_HEADER, next(good), row, next(good)), 3, outcome)
