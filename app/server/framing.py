"""Where a request's head and body end in what a client has sent so far; gunicorn's own parser reads the head."""

import re
from typing import Any, Protocol
from urllib.parse import urlsplit

from gunicorn.http import errors as http
from gunicorn.http.body import CHUNK_EXT_RE, ChunkedReader
from gunicorn.http.message import Request
from gunicorn.http.unreader import IterUnreader

from app.server.refusals import bad_request, too_large

HEAD_END = b"\r\n\r\n"
MAX_HEAD = 32 * 1024  # bytes of request line and headers: browsers send a few thousand
MAX_CHUNK_LINE = 1024  # bytes: a size of a few digits, and extensions that nobody sends
MAX_CHUNKS = 50_000  # a body in chunks of one byte each costs the event loop more than its sender
MAX_TRAILERS = 8 * 1024  # bytes
TRAILER = re.compile(rb"[!#$%&'*+\-.^`|~0-9A-Za-z]+:[\t -~\x80-\xff]*")
BARE_LF = re.compile(rb"(?<!\r)\n")


class Sink(Protocol):
    """Takes the bytes of a body; raises Refused where there are too many."""

    def __call__(self, piece: bytes) -> None: ...


def read_head(received: bytearray, scanned: int, config: Any, peer: Any) -> Any:
    """Takes a complete head off `received` and returns gunicorn's request for it, or None while it is incomplete.

    `scanned` is how much of `received` was looked at before. Raises ParseException or Refused for a head that is
    malformed, also one that never could become complete.
    """
    end = received.find(HEAD_END, max(0, scanned - len(HEAD_END)))
    if end >= 0:
        head = bytes(received[: end + len(HEAD_END)])
        del received[: len(head)]
        return _parse(head, config, peer)
    if _is_hopeless(received, scanned, config.limit_request_line):
        _parse(bytes(received), config, peer)
    return None


def _is_hopeless(received: bytearray, scanned: int, line_limit: int) -> bool:
    """Returns whether the parser refuses what is here, whatever may follow."""
    if len(received) > MAX_HEAD or BARE_LF.search(received, max(0, scanned - 1)):
        return True
    return len(received) > line_limit + 2 and received.find(b"\r\n", 0, line_limit + 2) < 0


def _parse(head: bytes, config: Any, peer: Any) -> Any:
    try:
        request = Request(config, IterUnreader([head]), peer)
    except (http.NoMoreData, StopIteration) as error:  # a head cut off because no more of it is taken
        raise http.LimitRequestHeaders("the head is too long") from error
    hosts = [value for name, value in request.headers if name == "HOST"]
    if request.version >= (1, 1) and not hosts:
        raise bad_request("HTTP/1.1 requires the header Host")
    absolute = not request.uri.startswith("/") and "://" in request.uri
    if absolute and urlsplit(request.uri).netloc not in hosts:
        raise bad_request("the address names another host than the header Host")
    return request


def body_length(request: Any) -> int | None:
    """Bytes of the body as announced; None for a chunked one."""
    reader = request.body.reader
    return None if isinstance(reader, ChunkedReader) else int(reader.length)


class Sized:
    """Reads a body of known length."""

    def __init__(self, length: int) -> None:
        self._left = length

    def feed(self, received: bytearray, sink: Sink) -> bool:
        """Moves what belongs to the body from `received` to `sink`; True when the body is complete."""
        piece = bytes(received[: self._left])
        del received[: len(piece)]
        self._left -= len(piece)
        if piece:
            sink(piece)
        return not self._left


class Chunked:
    """Takes a chunked body apart as it arrives; trailers are dropped."""

    def __init__(self) -> None:
        self._left = 0  # bytes of the present chunk still to come
        self._chunks = 0
        self._step = self._size

    def feed(self, received: bytearray, sink: Sink) -> bool:
        """As `Sized.feed`; raises ParseException or Refused for what is not chunked coding."""
        while True:
            done = self._step(received, sink)
            if done is not None:
                return done

    def _size(self, received: bytearray, sink: Sink) -> bool | None:
        line = _take_line(received, MAX_CHUNK_LINE, http.InvalidChunkSize(b"too long"))
        if line is None:
            return False
        digits, semicolon, extension = line.partition(b";")
        digits = digits.rstrip(b" \t") if semicolon else digits
        if not digits or digits.strip(b"0123456789abcdefABCDEF") or len(digits) > 16:
            raise http.InvalidChunkSize(digits)
        if not CHUNK_EXT_RE.fullmatch(semicolon + extension):
            raise http.InvalidChunkExtension("invalid chunk extension")
        self._chunks += 1
        if self._chunks > MAX_CHUNKS:
            raise bad_request(f"the body has more than {MAX_CHUNKS:,} chunks; send larger ones")
        self._left = int(digits, 16)
        self._step = self._data if self._left else self._trailers
        return None

    def _data(self, received: bytearray, sink: Sink) -> bool | None:
        piece = bytes(received[: self._left])
        del received[: len(piece)]
        self._left -= len(piece)
        if piece:
            sink(piece)
        if self._left:
            return False
        self._step = self._data_end
        return None

    def _data_end(self, received: bytearray, sink: Sink) -> bool | None:
        if not b"\r\n".startswith(received[:2]):
            raise http.ChunkMissingTerminator(bytes(received[:2]))
        if len(received) < 2:
            return False
        del received[:2]
        self._step = self._size
        return None

    def _trailers(self, received: bytearray, sink: Sink) -> bool | None:
        line = _take_line(received, MAX_TRAILERS, http.LimitRequestHeaders("trailers"))
        if line is None:
            return False
        self._left += len(line)
        if self._left > MAX_TRAILERS:
            raise http.LimitRequestHeaders("trailers")
        if line and not TRAILER.fullmatch(line):
            raise http.InvalidHeader("trailer")
        return None if line else True


def _take_line(received: bytearray, limit: int, too_long: Exception) -> bytes | None:
    """Returns the next line without its CRLF, taken off `received`; None while it is incomplete."""
    end = received.find(b"\r\n", 0, limit + 2)
    if end < 0:
        if len(received) > limit + 1:
            raise too_long
        return None
    line = bytes(received[:end])
    if b"\n" in line or b"\r" in line:
        raise bad_request("the chunked body is malformed")
    del received[: end + 2]
    return line


Body = Sized | Chunked


def body_of(request: Any, limit: int) -> Body:
    """Returns the reader of the body of `request`; raises Refused for one announced larger than `limit` bytes."""
    length = body_length(request)
    if length is not None and length > limit:
        raise too_large(limit)
    return Chunked() if length is None else Sized(length)
