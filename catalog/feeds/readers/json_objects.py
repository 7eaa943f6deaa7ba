"""Cuts the objects out of a JSON list of any length: one at a time, and a broken one does not hide those behind it.

Understands one list, a list in an object (`{"products": […]}`), several of these one after the other, and objects
line by line.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

import orjson

PIECE = 1 << 16  # bytes read at a time
MAX_OBJECT = 8 << 20  # bytes; a product with 2,000 variants takes about two million
# Strings hold no line ends; one that does, or that the file ends in, leaves its quote alone.
_TOKEN = re.compile(rb'[{}]|"(?:[^"\\\n]|\\[^\n])*+"|"')


@dataclass(frozen=True, slots=True)
class JsonObject:
    """Holds one object and the line it begins in; `fault` says why there is no `data`, of which `raw` is the text."""

    line: int
    data: dict[str, Any] | None
    raw: bytes = b""
    fault: str = ""


class JsonObjects:
    """Iterates the objects of a list; `start` finds where one begins behind a broken one.

    `wrapper` is what opens a list (`{"products": [`) and no object of its own. `open_lists` counts lists and wrappers
    that have not ended, `unfinished` says that the file ends within an object.
    """

    def __init__(self, file: IO[bytes], wrapper: re.Pattern[bytes], start: re.Pattern[bytes]) -> None:
        self._file = file
        self._wrapper, self._start = wrapper, start
        self._buffer = b""
        self._ended = False
        self.line = 1
        self.open_lists = 0
        self.unfinished = False

    def __iter__(self) -> Iterator[JsonObject]:
        while self._skip_to_object():
            end, fault = self._find_end()
            raw, line = self._buffer[:end], self.line
            found = _load(raw, line) if not fault else JsonObject(line, None, raw, fault)
            if found.fault and (begin := self._start.search(raw, 1)):
                end = begin.start()  # it has swallowed another one
            self._drop(end)
            self.unfinished = found.fault == "ends in the middle" and not self._buffer.strip()
            yield found

    def peek(self) -> bytes:
        """Returns the first bytes that are no blanks."""
        while not self._buffer.strip() and self._read_more():
            pass
        return self._buffer.lstrip(b"\xef\xbb\xbf \t\r\n")

    def _read_more(self) -> bool:
        piece = self._file.read(PIECE)
        self._buffer += piece
        self._ended = not piece
        return bool(piece)

    def _drop(self, number: int) -> None:
        self.line += self._buffer.count(b"\n", 0, number)
        self._buffer = self._buffer[number:]

    def _skip_to_object(self) -> bool:
        """Drops what stands between objects: blanks, commas, brackets, the beginnings and ends of lists."""
        while True:
            place = re.search(rb"[{}\[\]]", self._buffer)
            if place is None:
                self._drop(len(self._buffer))
                if not self._read_more():
                    return False
                continue
            self._drop(place.start())
            if self._buffer[:1] == b"{":
                if len(self._buffer) < 4096 and not self._ended:
                    self._read_more()  # as much as a wrapper takes
                    continue
                if (wrapper := self._wrapper.match(self._buffer)) is None:
                    return True
                self.open_lists += 2
                self._drop(wrapper.end())
                continue
            self.open_lists += 1 if self._buffer[:1] == b"[" else -1
            self._drop(1)

    def _find_end(self) -> tuple[int, str]:
        """Returns where the object at the beginning of the buffer ends, or where to go on and what is wrong."""
        depth = place = 0
        while True:
            for token in _TOKEN.finditer(self._buffer, place):
                sign = token.group()
                if sign == b'"' and self._buffer.find(b"\n", token.start()) < 0 and not self._ended:
                    break  # a string that goes on in what is not read yet
                place = token.end()
                depth += (sign == b"{") - (sign == b"}")
                if depth == 0 and sign == b"}":
                    return place, ""
            if len(self._buffer) > MAX_OBJECT:
                return len(self._buffer), f"is longer than {MAX_OBJECT >> 20} MiB, or does not end"
            if not self._read_more():
                return len(self._buffer), "ends in the middle"


def _load(raw: bytes, line: int) -> JsonObject:
    try:
        return JsonObject(line, orjson.loads(raw))
    except orjson.JSONDecodeError as error:
        return JsonObject(line, None, raw, f"broken JSON at its character {error.pos + 1}: {error.msg}")
