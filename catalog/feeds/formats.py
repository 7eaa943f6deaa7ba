"""Lists the feed formats with their file suffixes and readers, and reads the rows of a feed file."""

import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from catalog.errors import InvalidFeed
from catalog.feeds.events import Rows, Truncation
from catalog.feeds.notes import FeedNotes
from catalog.feeds.readers.delimited import read_csv, read_tsv
from catalog.feeds.readers.jsonl import read_jsonl
from catalog.feeds.readers.merchant_xml import read_xml
from catalog.feeds.readers.parquet import read_parquet
from catalog.feeds.readers.shopify import looks_like_shopify, read_shopify
from catalog.feeds.readers.woocommerce import looks_like_woocommerce, read_woocommerce


@dataclass(frozen=True, slots=True)
class FeedFormat:
    """Describes a format: the suffixes of its files, what reads the rows of one, what tells it by its first bytes."""

    suffixes: tuple[str, ...]
    read: Callable[[IO[bytes], FeedNotes], Rows]
    is_begun_by: Callable[[bytes], bool] | None = None


def _ignore_notes(read: Callable[[IO[bytes]], Rows]) -> Callable[[IO[bytes], FeedNotes], Rows]:
    return lambda file, _notes: read(file)


# Of several formats with a suffix the last one is read that its first bytes tell, else the first.
FORMATS = {
    "csv": FeedFormat((".csv",), _ignore_notes(read_csv)),
    "tsv": FeedFormat((".tsv", ".txt"), _ignore_notes(read_tsv)),  # Google Merchant Center calls it .txt
    "jsonl": FeedFormat((".jsonl", ".ndjson", ".json"), _ignore_notes(read_jsonl)),
    "parquet": FeedFormat((".parquet", ".pq"), _ignore_notes(read_parquet)),
    "xml": FeedFormat((".xml", ".rss", ".atom"), _ignore_notes(read_xml)),
    "shopify": FeedFormat((".json", ".jsonl", ".ndjson"), read_shopify, looks_like_shopify),
    "woocommerce": FeedFormat((".csv",), read_woocommerce, looks_like_woocommerce),
}
HEAD = 1 << 16  # bytes that tell a format


def find_format(path: Path, head: bytes, name: str | None = None) -> FeedFormat:
    """Returns the format called `name`, else by suffix (`.gz` looked through) and first bytes; raises InvalidFeed."""
    if name is not None:
        return FORMATS[name]
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    known = [each for each in FORMATS.values() if suffixes and suffixes[-1] in each.suffixes]
    if not known:
        raise InvalidFeed(f"cannot tell the format of {path.name}: say --format {'|'.join(FORMATS)}")
    told = [each for each in known if each.is_begun_by is not None and each.is_begun_by(head)]
    return (told or known)[-1 if told else 0]


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


def _read_head(file: IO[bytes]) -> bytes:
    """Returns the first bytes, as many as there are: what breaks off is reported when it is read."""
    head = b""
    with suppress(EOFError, zlib.error, OSError):
        while len(head) < HEAD and (line := file.readline(HEAD)):
            head += line
    file.seek(0)
    return head


def read_rows(path: Path, format_name: str | None = None, notes: FeedNotes | None = None) -> Rows:
    """Streams the rows of a feed file as they are.

    `format_name` is one of FORMATS, by default what suffix and content say. A row that cannot be read is a
    RowProblem, a file that ends too early a Truncation after what came before; `notes` collects what is left out.
    Raises InvalidFeed for a file that is no feed.
    """
    if format_name not in (None, *FORMATS):
        raise InvalidFeed(f"there is no format '{format_name}': choose one of {', '.join(FORMATS)}")
    line = 0
    with open_feed(path) as file:
        try:
            for event in find_format(path, _read_head(file), format_name).read(file, notes or FeedNotes()):
                line = event.line
                yield event
        except (EOFError, zlib.error, OSError) as error:
            if line == 0:
                raise InvalidFeed(f"cannot read the feed {path.name}: {error}") from error
            yield Truncation(line + 1, f"the file breaks off here: {error}")
