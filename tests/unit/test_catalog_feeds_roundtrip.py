"""Any valid products, written in any of the five formats, read back equal; junk never crashes a reader."""

import gzip
import string
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.domain.product import Product, parse
from catalog.errors import InvalidFeed
from catalog.feeds import FORMATS as ALL_FORMATS
from catalog.feeds import FeedProduct, RowProblem, Truncation, read_products
from catalog.feeds.html_text import to_plain_line
from tests.feed_files import FORMATS, write_feed

# XML has no control characters, and its parsers turn CR into LF.
letters = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")
extra = st.sampled_from(list("\",;|\t\n<>&\\[]{}'=#%"))
texts = st.text(st.one_of(letters, extra), min_size=1, max_size=8).map(str.strip).filter(bool)
words = texts.map(to_plain_line).filter(bool)  # what a product's words are whatever the feed has
prices = st.integers(0, 10**11).map(lambda cents: cents / 100)
ids = st.text(string.ascii_letters + string.digits + "-_.:é", min_size=1, max_size=12)
urls = ids.map(lambda name: f"https://shop.example/{name}.jpg")
variants = st.fixed_dictionaries(
    {"sku": texts, "available": st.booleans()},
    optional={"size": texts, "price": prices, "sale_price": prices},
)
values = st.one_of(
    texts, st.booleans(), st.integers(-(2**53), 2**53), st.floats(-1e6, 1e6), st.lists(texts, max_size=3)
)
products = st.fixed_dictionaries(
    {"id": ids, "title": words},
    optional={
        **dict.fromkeys(("description", "brand", "color", "color_family", "pattern", "material"), words),
        **dict.fromkeys(("gender", "age_group", "item_group_id"), words),
        "category": st.lists(words, min_size=1, max_size=4),
        "link": urls,
        "image_url": urls,
        "additional_image_urls": st.lists(urls, min_size=1, max_size=3, unique=True),
        "currency": st.sampled_from(["EUR", "USD", "SEK"]),
        "price": prices,
        "sale_price": prices,
        "variants": st.lists(variants, min_size=1, max_size=4),
        "available": st.booleans(),
        "attributes": st.dictionaries(texts, values, min_size=1, max_size=3),
    },
).map(parse)
catalogues = st.lists(products, min_size=1, max_size=4, unique_by=lambda product: product.id)


def read_back(path: Path) -> list[Product]:
    items = list(read_products(path))
    assert [item for item in items if not isinstance(item, FeedProduct)] == []
    return [item.product for item in items if isinstance(item, FeedProduct)]


@pytest.mark.parametrize("suffix", FORMATS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(catalogue=catalogues)
def test_what_is_written_reads_back_equal(suffix: str, catalogue: list[Product]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert read_back(write_feed(Path(folder) / f"feed.{suffix}", catalogue)) == catalogue


@pytest.mark.parametrize("suffix", [name for name in FORMATS if name != "parquet"])
@settings(max_examples=20, deadline=None)
@given(catalogue=catalogues)
def test_zipped_feeds_read_back_equal(suffix: str, catalogue: list[Product]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        plain = write_feed(Path(folder) / f"feed.{suffix}", catalogue)
        zipped = Path(folder) / f"feed.{suffix}.gz"
        zipped.write_bytes(gzip.compress(plain.read_bytes()))
        assert read_back(zipped) == catalogue


@pytest.mark.parametrize("format_name", ALL_FORMATS)
@settings(max_examples=80, deadline=None)
@given(
    junk=st.binary(max_size=400),
    head=st.sampled_from(
        [b"", b"id,title\n", b"\xff\xfe", b"\x1f\x8b\x08", b"<rss>", b"PAR1", b'{"products":[{', b"Type,SKU,Name\n"]
    ),
)
def test_junk_is_an_invalid_feed_or_row_problems(format_name: str, junk: bytes, head: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "feed"
        path.write_bytes(head + junk)
        try:
            found = list(read_products(path, format_name))
        except InvalidFeed as error:
            assert error.message
        else:
            assert all(isinstance(item, (FeedProduct, RowProblem, Truncation)) for item in found)


@pytest.mark.parametrize("suffix", FORMATS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(catalogue=catalogues, data=st.data())
def test_a_feed_cut_anywhere_yields_only_rows_it_had(
    suffix: str, catalogue: list[Product], data: st.DataObject
) -> None:
    """Whatever the cut, no product comes out changed, unless the reader says that the end may be missing."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_feed(Path(folder) / f"feed.{suffix}", catalogue)
        whole = path.read_bytes()
        path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
        try:
            found = list(read_products(path))
        except InvalidFeed:
            return
        had = {product.id: product for product in catalogue}
        changed = [
            item for item in found if isinstance(item, FeedProduct) and had.get(item.product.id) != item.product
        ]
        assert len(changed) <= 1
        assert not changed or any(isinstance(item, Truncation) for item in found)
