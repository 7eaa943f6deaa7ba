"""Five times the rows must not take five times the memory."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from catalog.importing.id_set import IdSet
from tests.feed_files import write_rows
from tests.shop_exports import simple, woo_row, write_shopify, write_woo

# Imports the feeds named on the command line one after the other, each row into nothing after all were compared, and
# prints the peak of the process' memory after each: as the peak never falls, what it grows by is what the larger feed
# needed more. (Not getrusage: its ru_maxrss begins with what the parent had at the fork.)
CHILD = """
import re, sys
from datetime import UTC, datetime
from pathlib import Path
from catalog.feeds import read_products
from catalog.importing.importer import Importer
from catalog.domain.records import (ChangeResult)

class Sink:
    def read_many(self, ids): return {}
    def write(self, changes): return [ChangeResult(change, "created") for change in changes]
    def refresh(self): pass

now = datetime(2026, 3, 1, tzinfo=UTC)
for name in sys.argv[1:]:
    summary = Importer(Sink(), as_of=now, now=now).run_checked(read_products(Path(name)), lambda: None)
    assert summary.failed == 0, summary.first_problems
    print(summary.created, re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""


# Groups rows whose siblings stand half a feed apart, as many as each argument says, and prints the same.
GROUPING_CHILD = """
import re, sys
from pathlib import Path
from catalog.domain.product import parse
from catalog.feeds import FeedProduct, group_rows

def rows(number):
    for n in range(number):
        style = n % (number // 4)
        yield FeedProduct(n, parse({"id": str(n), "title": f"Dress - {n}", "item_group_id": f"g{style}",
            "description": f"{n} " * 100, "variants": [{"sku": str(n), "size": str(n)}]}))

for number in map(int, sys.argv[1:]):
    products = sum(len(item.rows) == 4 for item in group_rows(rows(number)))
    print(4 * products, re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""


pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="needs /proc to see the peak of memory"
)


def peaks(*feeds: Path | int, child: str = CHILD) -> list[tuple[int, int]]:
    """(rows, peak memory in KiB) after each feed."""
    done = subprocess.run(
        [sys.executable, "-c", child, *map(str, feeds)],
        env={**os.environ, "ARROW_DEFAULT_MEMORY_POOL": "system"},  # the default keeps what was freed, as it likes
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return [(int(rows), int(peak)) for rows, peak in (line.split() for line in done.stdout.splitlines())]


# Arrow's memory pool needs some 10,000 rows to reach its size.
@pytest.mark.parametrize(("suffix", "first"), [("csv", 4), ("tsv", 4), ("jsonl", 4), ("parquet", 20), ("xml", 4)])
def test_memory_is_flat_in_every_format(tmp_path: Path, suffix: str, first: int) -> None:
    feeds = [
        write_rows(
            tmp_path / f"{number}.{suffix}",
            [{"id": f"p{n:07d}", "title": f"Dress {n}", "price": "9.90 EUR"} for n in range(number)],
        )
        for number in (first * 1000, first * 1000 + 16_000)
    ]
    small, large = peaks(*feeds)
    assert large[0] - small[0] == 16_000
    assert large[1] - small[1] < 6 * 1024, "16,000 products kept are more than 12 MiB"


@pytest.mark.parametrize("suffix", ["json", "csv"])
def test_memory_is_flat_in_exports_of_shops(tmp_path: Path, suffix: str) -> None:
    """One line of JSON; variations that all wait for a parent at the end of the file."""
    feeds = [tmp_path / f"{number}.{suffix}" for number in (4_000, 20_000)]
    for feed in feeds:
        numbers = range(int(feed.stem))
        if suffix == "json":
            feed.write_bytes(write_shopify([simple(n, body_html=f"<p>{n}</p>" * 20) for n in numbers]))
        else:
            rows = [woo_row(n, "variation", parent="id:0", size=f"{n}") for n in numbers[1:]]
            feed.write_text(write_woo([*rows, woo_row(0, "variable"), woo_row(len(numbers))]))
    small, large = peaks(*feeds)
    assert large[0] - small[0] == 16_000
    assert large[1] - small[1] < 8 * 1024, "16,000 products kept are more than 12 MiB"


def test_memory_is_flat_for_a_hundred_thousand_rows(tmp_path: Path) -> None:
    feeds = []
    for number in (20_000, 100_000):
        feeds.append(tmp_path / f"{number}.jsonl")
        with feeds[-1].open("w") as file:
            for n in range(number):
                row = {"id": f"p{n:07d}", "title": f"Dress {n}", "variants": [{"sku": f"{n}-M", "size": "M"}]}
                file.write(json.dumps(row) + "\n")
    small, large = peaks(*feeds)
    assert (small[0], large[0]) == (20_000, 100_000)
    assert large[1] - small[1] < 8 * 1024, "80,000 products kept are 100 MiB, their ids as text 9 MiB"


def test_memory_is_flat_for_rows_that_wait_for_their_siblings() -> None:
    small, large = peaks(10_000, 50_000, child=GROUPING_CHILD)
    assert (small[0], large[0]) == (10_000, 50_000)
    assert large[1] - small[1] < 8 * 1024, "the descriptions of 40,000 rows alone are 20 MiB"


def test_an_id_set_remembers_what_a_set_does() -> None:
    ids, known = [f"product-{n * 7919 % 50_000}" for n in range(60_000)], set()
    compact = IdSet()
    for product_id in ids:
        assert compact.add(product_id) is (product_id not in known)
        known.add(product_id)
    assert len(compact) == len(known)
    assert all(product_id in compact for product_id in known)
    assert not any(f"other-{n}" in compact for n in range(10_000))
