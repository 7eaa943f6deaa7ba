"""Reads a feed file line by line without trusting it: size, encoding and byte order mark are checked."""

from collections import deque
from collections.abc import Iterator
from typing import IO

from catalog.errors import InvalidFeed

MAX_FAULTS = 100_000  # lines remembered as unusable
MAX_LINE = 1 << 20  # bytes; a product with 500 variants and the longest description stays far below
UTF8_BOM = b"\xef\xbb\xbf"
OTHER_BOMS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")


class FeedLines:
    """Reads text lines of a UTF-8 file, LF kept; `text` is the last line read, `number` its number.

    A line that is not UTF-8 or longer than MAX_LINE is returned all the same (what cannot be decoded replaced, what
    is too long left out), so that a reader keeps its place; who builds a row of it must call `find_fault` first.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.number = 0
        self.text = ""
        self.faults: dict[int, str] = {}
        self.terminated = True

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        raw = self._file.readline(MAX_LINE)
        if not raw:
            raise StopIteration
        self.number += 1
        if self.number == 1:
            raw = _strip_bom(raw)
        self.terminated = raw.endswith(b"\n")
        self.text = self._decode(raw)
        return self.text

    def _decode(self, raw: bytes) -> str:
        if len(self.faults) > MAX_FAULTS:
            del self.faults[next(iter(self.faults))]
        if len(raw) == MAX_LINE and not self.terminated:
            self._skip_rest()
            self.faults[self.number] = f"the line is longer than {MAX_LINE >> 20} MiB"
            return "too long\n"
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            self.faults[self.number] = f"not UTF-8 (byte 0x{raw[error.start]:02x}): save the feed as UTF-8"
            return raw.decode(errors="replace")

    def find_fault(self, first: int, last: int) -> str | None:
        """Returns why lines `first` to `last` cannot be used, None when they can."""
        if not self.faults:
            return None
        found = next((reason for line, reason in self.faults.items() if first <= line <= last), None)
        self.faults = {line: reason for line, reason in self.faults.items() if line > first}
        return found

    def _skip_rest(self) -> None:
        while True:
            raw = self._file.readline(MAX_LINE)
            self.terminated = raw.endswith(b"\n")
            if not raw or self.terminated:
                return


class RecordLines:
    """Passes lines to a parser of records, and again those behind the first line of a record that is none.

    So a quote that is never closed costs its own row and not all that follow.
    """

    def __init__(self, lines: FeedLines) -> None:
        self._lines = lines
        self._taken: list[tuple[int, str]] = []
        self._again: deque[tuple[int, str]] = deque()
        self._ended = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if not self._again:
            text = next(self._lines, None)
            if text is None:
                self._ended = True
                raise StopIteration
            self._again.append((self._lines.number, text))
        self._taken.append(self._again.popleft())
        return self._taken[-1][1]

    def begin(self) -> None:
        """Forgets the lines of the record before."""
        self._taken.clear()

    @property
    def first(self) -> tuple[int, str]:
        """Number and text of the record's first line."""
        return self._taken[0]

    @property
    def number(self) -> int:
        """Number of the record's last line."""
        return self._taken[-1][0]

    def repeat_rest(self) -> None:
        """Passes all but the record's first line again; not where the file breaks off in the middle of a line."""
        if self._lines.terminated or not self._ended:
            self._again.extendleft(reversed(self._taken[1:]))


def _strip_bom(raw: bytes) -> bytes:
    if raw.startswith(OTHER_BOMS):
        raise InvalidFeed("the feed is UTF-16 or UTF-32: save it as UTF-8")
    return raw.removeprefix(UTF8_BOM)


def clean_id(text: str) -> str | None:
    """Returns the id found in a row that cannot be used, None where it is empty or damaged itself."""
    text = text.strip().strip('"')
    return text if text and "\ufffd" not in text else None
