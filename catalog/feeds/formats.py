"""Lists the feed formats with their file suffixes and readers, and reads the rows of a feed file."""

import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from catalog.errors import InvalidFeed
from catalog.feeds.events import Rows, Truncation
from catalog.feeds.readers.delimited import read_csv, read_tsv
from catalog.feeds.readers.jsonl import read_jsonl
from catalog.feeds.readers.merchant_xml import read_xml
from catalog.feeds.readers.parquet import read_parquet


@dataclass(frozen=True, slots=True)
class FeedFormat:
    """Describes a format: the suffixes of its files, and what reads the rows of one."""

    suffixes: tuple[str, ...]
    read: Callable[[IO[bytes]], Rows]


FORMATS = {
    "csv": FeedFormat((".csv",), read_csv),
    "tsv": FeedFormat((".tsv", ".txt"), read_tsv),  # .txt is what Google Merchant Center calls tab separated
    "jsonl": FeedFormat((".jsonl", ".ndjson"), read_jsonl),
    "parquet": FeedFormat((".parquet", ".pq"), read_parquet),
    "xml": FeedFormat((".xml", ".rss", ".atom"), read_xml),
}


def find_format(path: Path, name: str | None = None) -> FeedFormat:
    """Returns the format called `name`, or by the file's suffix (`.gz` looked through); raises InvalidFeed."""
    if name is not None:
        if name not in FORMATS:
            raise InvalidFeed(f"there is no format '{name}': choose one of {', '.join(FORMATS)}")
        return FORMATS[name]
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    for known in FORMATS.values():
        if suffixes and suffixes[-1] in known.suffixes:
            return known
    raise InvalidFeed(f"cannot tell the format of {path.name}: say --format {'|'.join(FORMATS)}")


@contextmanager
def open_feed(path: Path) -> Iterator[IO[bytes]]:
    """Yields the feed's bytes, unzipped where its content is gzip; raises InvalidFeed where there is no such file."""
    try:
        raw = path.open("rb")
    except OSError as error:
        raise InvalidFeed(f"cannot read the feed {path}: {error.strerror or error}") from error
    with raw:
        if raw.read(2) == b"\x1f\x8b":
            raw.seek(0)
            with gzip.open(raw) as unzipped:
                yield cast(IO[bytes], unzipped)
        elif path.suffix.lower() == ".gz":
            raise InvalidFeed(f"{path.name} is not a gzip file")
        else:
            raw.seek(0)
            yield raw


def read_rows(path: Path, format_name: str | None = None) -> Rows:
    """Streams the rows of a feed file as they are.

    `format_name` is one of FORMATS, by default what the suffix says. A row that cannot be read is a RowProblem, a
    file that ends too early a Truncation after what came before. Raises InvalidFeed for a file that is no feed.
    """
    read = find_format(path, format_name).read
    line = 0
    with open_feed(path) as file:
        try:
            for event in read(file):
                line = event.line
                yield event
        except (EOFError, zlib.error, OSError) as error:
            if line == 0:
                raise InvalidFeed(f"cannot read the feed {path.name}: {error}") from error
            yield Truncation(line + 1, f"the file breaks off here: {error}")
