"""Opens a feed file, whatever its suffix, and reads it line by line without trusting it."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from catalog.errors import InvalidFeed

# suffix -> format; .txt is what Google Merchant Center calls tab separated
SUFFIXES = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".txt": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".xml": "xml",
    ".rss": "xml",
    ".atom": "xml",
}
FORMATS = ("csv", "tsv", "jsonl", "parquet", "xml")
MAX_LINE = 1 << 20  # bytes; a product with 500 variants and the longest description stays far below
UTF8_BOM = b"\xef\xbb\xbf"
OTHER_BOMS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")


def format_of(path: Path) -> str:
    """One of FORMATS by the file's suffix (`.gz` looked through); raises InvalidFeed for an unknown one."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    found = SUFFIXES.get(suffixes[-1] if suffixes else "")
    if found is None:
        raise InvalidFeed(f"cannot tell the format of {path.name}: say --format {'|'.join(FORMATS)}")
    return found


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The feed's bytes, unzipped where its content is; raises InvalidFeed where there is none."""
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


class Lines:
    """Text lines of a UTF-8 file, LF kept; `text` is the last line read, `number` its number.

    A line that is not UTF-8 or longer than MAX_LINE is handed out all the same (what cannot be decoded replaced, what
    is too long left out), so that a reader keeps its place; whoever builds a row of it must ask `why_bad` first.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.number = 0
        self.text = ""
        self.bad: dict[int, str] = {}
        self.terminated = True

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        raw = self._file.readline(MAX_LINE)
        if not raw:
            raise StopIteration
        self.number += 1
        if self.number == 1:
            raw = _without_bom(raw)
        self.terminated = raw.endswith(b"\n")
        self.text = self._decoded(raw)
        return self.text

    def _decoded(self, raw: bytes) -> str:
        if len(raw) == MAX_LINE and not self.terminated:
            self._skip_rest()
            self.bad = {self.number: f"the line is longer than {MAX_LINE >> 20} MiB"}
            return "too long\n"
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            self.bad = {self.number: f"not UTF-8 (byte 0x{raw[error.start]:02x}): save the feed as UTF-8"}
            return raw.decode(errors="replace")

    def why_bad(self, first: int) -> str | None:
        """Why lines `first` to the last one read cannot be used, None when they can."""
        return next((reason for line, reason in self.bad.items() if line >= first), None)

    def _skip_rest(self) -> None:
        while True:
            raw = self._file.readline(MAX_LINE)
            self.terminated = raw.endswith(b"\n")
            if not raw or self.terminated:
                return


def _without_bom(raw: bytes) -> bytes:
    if raw.startswith(OTHER_BOMS):
        raise InvalidFeed("the feed is UTF-16 or UTF-32: save it as UTF-8")
    return raw.removeprefix(UTF8_BOM)


def known_id(text: str) -> str | None:
    """The id found in a row that cannot be used, None where it is empty or damaged itself."""
    text = text.strip().strip('"')
    return text if text and "\ufffd" not in text else None
