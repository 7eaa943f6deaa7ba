"""Turns HTML in titles and descriptions into plain text; text that only looks like HTML stays as it is."""

import re
from functools import lru_cache
from html import unescape
from html.parser import HTMLParser
from typing import Literal

# Tags are cut out first and parsed one by one: html.parser takes cubic time for tags that never end.
_MARKUP = re.compile(r"""(<[/!?]?[A-Za-z](?:[^<>"']|"[^"]{0,2000}"|'[^']{0,2000}'){0,2000}+>)""")
# Only with a semicolon: `gold&copper` is no sign of copyright.
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b\u2060\ufeff]")
_ROUNDS = 3  # `&amp;lt;p&amp;gt;` is markup written as text twice over

# https://html.spec.whatwg.org/multipage/rendering.html: what a browser starts a new line for.
_BLOCKS = frozenset(
    "address article aside blockquote body br caption center dd details dialog dir div dl dt fieldset figcaption "  # noqa: SIM905
    "figure footer form h1 h2 h3 h4 h5 h6 head header hgroup hr html legend li main menu nav ol optgroup option p "
    "pre search section summary table tbody tfoot thead tr ul".split()
)
_CELLS = frozenset(("td", "th"))
_INLINE = frozenset(
    "a abbr acronym area audio b base basefont bdi bdo big button canvas cite code col colgroup data datalist del "  # noqa: SIM905
    "dfn em embed font i iframe img input ins kbd label link map mark meta noscript object output param picture "
    "progress q rp rt ruby s samp script select slot small source span strike strong style sub sup svg template "
    "textarea time title track tt u var video wbr".split()
)
_HIDDEN = frozenset(("script", "style"))
_FLAGS = frozenset(
    "allowfullscreen async autoplay checked compact controls defer disabled hidden loop muted noshade novalidate "  # noqa: SIM905
    "nowrap open readonly required reversed selected".split()
)

Place = Literal["start", "end"]


def to_plain_text(text: str) -> str:
    """Returns `text` without tags, comments, scripts and styles, entities decoded, a line per block or `<br>`.

    Line ends of a text without block elements stay. Control and invisible characters are left out.
    """
    if "<" in text or "&" in text:
        text = _decode(text)
    return _INVISIBLE.sub("", text).strip() if not text.isprintable() else text.strip()


def to_plain_line(text: str) -> str:
    """Returns `text` as `to_plain_text` does, on one line."""
    return " ".join(to_plain_text(text).split())


@lru_cache(maxsize=8)  # the sizes of a product have one description, up to a megabyte
def _decode(text: str) -> str:
    for _ in range(_ROUNDS):
        before = text
        if "<" in text:
            text = _strip_tags(_strip_comments(text.replace("<![CDATA[", "").replace("]]>", "")))
        text = _ENTITY.sub(lambda entity: unescape(entity.group()), text)
        if text == before:
            break
    return text.replace("\xa0", " ")


def _strip_comments(text: str) -> str:
    kept, place = [], 0
    while (start := text.find("<!--", place)) >= 0:
        end = text.find("-->", start)
        if end < 0:
            break
        kept.append(text[place:start])
        place = end + 3
    return " ".join([*kept, text[place:]]) if place else text


def _strip_tags(text: str) -> str:
    """Returns `text` without the tags of HTML; one without any as it is."""
    pieces = _MARKUP.split(text)  # text, tag, text, tag, … text
    tags = [_read_tag(piece) for piece in pieces[1::2]]
    if not any(tags):
        return text
    laid_out = any(tag in _BLOCKS or tag in _CELLS for tag, _ in filter(None, tags))
    kept, hidden_by = [], ""
    for number, piece in enumerate(pieces):
        tag, place = (number % 2 and tags[number // 2]) or ("", "start")
        if hidden_by:
            hidden_by = "" if (tag, place) == (hidden_by, "end") else hidden_by
        elif tag in _HIDDEN:
            hidden_by = tag if place == "start" else ""
        elif tag:
            kept.append("\n" if tag in _BLOCKS else " " if tag in _CELLS else "")
        else:
            kept.append(" ".join(f"|{piece}|".split())[1:-1] if laid_out else piece)
    lines = (" ".join(line.split()) for line in "".join(kept).split("\n"))
    return "\n".join(filter(None, lines)) if laid_out else "".join(kept)


@lru_cache(maxsize=2048)
def _read_tag(markup: str) -> tuple[str, Place] | None:
    """Returns an element's name and which of its tags this is; None for what is no HTML, such as `<XL>`."""
    if markup[1] in "!?":
        return "!", "start"  # a doctype
    reader = _TagReader()
    reader.feed(markup)
    return reader.found


class _TagReader(HTMLParser):
    """Reads one tag."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.found: tuple[str, Place] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # `a <b and c> d` has a tag with two attributes that no element knows.
        if _is_element(tag) and all(value is not None or name in _FLAGS or "-" in name for name, value in attrs):
            self.found = tag, "start"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if self.found and tag in _HIDDEN:
            self.found = tag, "end"

    def handle_endtag(self, tag: str) -> None:
        if _is_element(tag):
            self.found = tag, "end"


def _is_element(tag: str) -> bool:
    return tag in _BLOCKS or tag in _INLINE or tag in _CELLS or "-" in tag or ":" in tag  # `<o:p>` is from Word
