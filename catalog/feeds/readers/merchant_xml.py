"""Reads Google Merchant XML (RSS 2.0 `item`, Atom `entry`) item by item, with entities and DTDs refused."""

from collections.abc import Iterator, Mapping
from typing import IO, Any
from xml.etree.ElementTree import Element, TreeBuilder  # the parser is defusedxml's

from catalog.errors import InvalidFeed
from catalog.feeds.events import FeedRow, RowProblem, Rows, Truncation
from catalog.feeds.readers.column_names import normalize_column
from catalog.feeds.readers.text_lines import MAX_LINE, clean_id

ITEMS = ("item", "entry")  # RSS 2.0, Atom
GOOGLE = "http://base.google.com/"  # its attributes win over RSS elements of the same name
PIECE = 16_384  # bytes
DEEPEST = 8  # level of elements in elements; Google's have two
OVERLONG = "overlong"  # attribute of an item of which something has been left out


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


class _ItemBuilder(TreeBuilder):
    """Builds items with at most MAX_LINE characters, whatever the file has, and no text around them."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = self._item_depth = self._size = 0
        self._left_out: list[Element] = []

    def start(self, tag: str, attrs: Mapping[str, str]) -> Element:
        self._depth += 1
        if not self._item_depth and _strip_namespace(tag) in ITEMS:
            self._item_depth, self._size = self._depth, 0
        self._size += len(tag) + sum(len(name) + len(value) for name, value in attrs.items())
        if self._is_full() and self._depth > self._item_depth:
            self._left_out.append(Element(tag))
            return self._left_out[-1]
        return super().start(tag, dict(attrs))

    def data(self, data: str) -> None:
        self._size += len(data)
        if self._item_depth and not self._is_full():
            super().data(data)

    def end(self, tag: str) -> Element:
        self._depth -= 1
        if self._left_out:
            return self._left_out.pop()
        element = super().end(tag)
        if self._depth < self._item_depth:
            if self._is_full():
                element.set(OVERLONG, "yes")
            self._item_depth = 0
        return element

    def _is_full(self) -> bool:
        return self._item_depth > 0 and self._size > MAX_LINE


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


def _iterate_rows(source: _Source) -> Iterator[FeedRow | RowProblem]:
    from defusedxml.ElementTree import DefusedXMLParser, iterparse

    path: list[Element] = []
    item_depth = line = 0
    parser = DefusedXMLParser(target=_ItemBuilder(), forbid_dtd=True)
    for event, element in iterparse(source, events=("start", "end"), parser=parser):
        if event == "start":
            path.append(element)
            if not item_depth and _strip_namespace(element.tag) in ITEMS:
                item_depth, line = len(path), source.line
            continue
        if len(path) == item_depth:
            yield _build_row(line, element)
            item_depth = 0
        path.pop()
        if not item_depth and path:
            path[-1].clear()  # an item that has been read, or what stands around items, is not kept


def _build_row(line: int, item: Element) -> FeedRow | RowProblem:
    fields = _collect_fields(item)
    if item.get(OVERLONG):
        product_id = clean_id(str(fields.get("id", "")))
        return RowProblem(line, f"the item is longer than {MAX_LINE >> 20} MiB", "encoding", product_id)
    return FeedRow(line, fields)


def _strip_namespace(tag: str) -> str:
    return tag.rpartition("}")[2]


def _collect_fields(item: Element) -> dict[str, Any]:
    plain: dict[str, list[Any]] = {}
    google: dict[str, list[Any]] = {}
    for child in item:
        fields = google if child.tag.startswith("{" + GOOGLE) else plain
        fields.setdefault(normalize_column(_strip_namespace(child.tag)), []).append(_read_value(child))
    return {name: values[0] if len(values) == 1 else values for name, values in (plain | google).items()}


def _read_value(element: Element, depth: int = 1) -> Any:
    if len(element) and depth == DEEPEST:
        return "".join(element.itertext()).strip()
    if len(element):
        return {_strip_namespace(child.tag): _read_value(child, depth + 1) for child in element}
    return (element.text or "").strip() or element.get("href") or ""
