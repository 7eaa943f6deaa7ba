"""Reads Google Merchant XML (RSS 2.0 `item`, Atom `entry`) item by item, with entities and DTDs refused."""

from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any

from catalog.errors import InvalidFeed
from catalog.feeds.events import FeedRow, Rows, Truncation
from catalog.feeds.readers.column_names import normalize_column

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

ITEMS = ("item", "entry")  # RSS 2.0, Atom
GOOGLE = "http://base.google.com/"  # its attributes win over RSS elements of the same name
PIECE = 16_384  # bytes


class _Source:
    """Passes the parser at most one line at a time, so that the line of each event is known."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.line = 0
        self._at_start = True

    def read(self, _size: int = -1) -> bytes:
        piece = self._file.readline(PIECE)
        self.line += self._at_start
        self._at_start = piece.endswith(b"\n")
        return piece


def read_xml(file: IO[bytes]) -> Rows:
    """Yields the rows of a Google Merchant feed. Raises InvalidFeed if it is no XML, has a DTD, or holds no item."""
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError

    source = _Source(file)
    found = False
    try:
        for row in _iterate_rows(source):
            found = True
            yield row
    except DefusedXmlException as error:
        raise InvalidFeed(
            "the feed has a DTD or entities, which are refused: they can read files or fill memory"
        ) from error
    except (ParseError, LookupError, ValueError) as error:
        if not found:
            raise InvalidFeed(f"this is not XML: {error}") from error
        yield Truncation(source.line, f"the XML breaks off or breaks here: {error}")
    else:
        if not found:
            raise InvalidFeed("the feed holds no <item> (RSS 2.0) and no <entry> (Atom)")


def _iterate_rows(source: _Source) -> Iterator[FeedRow]:
    from defusedxml.ElementTree import iterparse

    path: list[Element] = []
    item_depth = line = 0
    for event, element in iterparse(source, events=("start", "end"), forbid_dtd=True):
        if event == "start":
            path.append(element)
            if not item_depth and _strip_namespace(element.tag) in ITEMS:
                item_depth, line = len(path), source.line
            continue
        if len(path) == item_depth:
            yield FeedRow(line, _collect_fields(element))
            item_depth = 0
        path.pop()
        if not item_depth and path:
            path[-1].clear()  # an item that has been read, or what stands around items, is not kept


def _strip_namespace(tag: str) -> str:
    return tag.rpartition("}")[2]


def _collect_fields(item: "Element") -> dict[str, Any]:
    to_attribute: dict[str, Any] = {}
    google: dict[str, Any] = {}
    for child in item:
        name = normalize_column(_strip_namespace(child.tag))
        fields = google if child.tag.startswith("{" + GOOGLE) else to_attribute
        value = _read_value(child)
        if name in fields:
            earlier = fields[name]
            value = [*earlier, value] if isinstance(earlier, list) else [earlier, value]
        fields[name] = value
    return to_attribute | google


def _read_value(element: "Element") -> Any:
    if len(element):
        return {_strip_namespace(child.tag): _read_value(child) for child in element}
    return (element.text or "").strip() or element.get("href") or ""
