"""Mends and completes the addresses of a row: of its page and of its photos."""

import os.path
import re
from typing import Any
from urllib.parse import quote, urljoin

from catalog.domain.product import has_control
from catalog.feeds.events import RowError
from catalog.feeds.notes import FeedNotes
from catalog.feeds.values import parse_list, parse_text

MAX_PHOTOS = 50  # besides the main one
_URL_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_SCRIPT = re.compile(r"(?:javascript|vbscript|data):", re.IGNORECASE)


def resolve_link(link: str, shop_url: str) -> str:
    """Returns the address of a page, a relative one below `shop_url`, where there is one. Raises RowError."""
    if _SCRIPT.match(link):
        raise RowError(f"link: '{link[:40]}' is no address of a page: write one such as https://shop.example/dress")
    return urljoin(shop_url, _mend_address(link)) if shop_url and not has_control(link) else _mend_address(link)


def _mend_address(link: str) -> str:
    """Returns an address as browsers mend it: `&amp;` read as HTML, spaces written out."""
    link = link.replace("&amp;", "&")
    return link.replace(" ", "%20") if link.startswith(("http://", "https://", "//")) else link


def map_photos(rest: dict[str, Any], folder: str, notes: FeedNotes) -> dict[str, Any]:
    """Takes the photos out of `rest` and returns them as fields of a product; `folder` is that of relative ones."""
    found: dict[str, Any] = {}
    if (photo := rest.pop("image_url", None)) is not None:
        if isinstance(photo, list):  # several <g:image_link>
            photo, *others = photo or [None]
            rest["additional_image_urls"] = [*others, *_split_links(rest.get("additional_image_urls", []))]
        found["image_url"] = resolve_photo_url(parse_text(photo), folder)
    if (more := rest.pop("additional_image_urls", None)) is not None:
        links = dict.fromkeys(resolve_photo_url(link, folder) for link in _split_links(more))
        if len(links) > MAX_PHOTOS:
            notes.add(f"additional_image_link: the first {MAX_PHOTOS} photos are kept", len(links))
        found["additional_image_urls"] = list(links)[:MAX_PHOTOS]
    return found


def _split_links(value: Any) -> list[Any]:
    """Returns addresses separated by commas, of which an address itself may have some (`…/w_300,h_200/1.jpg`)."""
    links: list[Any] = []
    for part in parse_list("additional_image_link", value, ","):
        for piece in str(part).split(",") if isinstance(value, list) else [part]:
            inside = links and "://" in str(links[-1]) and not _URL_SCHEME.match(piece.strip())
            if inside and not piece.strip().startswith("//"):
                links[-1] = f"{links[-1]},{piece.strip()}"
            else:
                links.append(piece.strip() if isinstance(piece, str) else piece)
    return [link for link in links if link]


def resolve_photo_url(link: Any, folder: str) -> Any:
    """Returns `photos/1.jpg` as the `file:` URL of that file below `folder` (absolute), as Path.as_uri() does."""
    if not isinstance(link, str) or not link or has_control(link):
        return link  # a wrong one is reported when the product is checked
    if _URL_SCHEME.match(link):
        return _mend_address(link)
    if link.startswith("//"):
        return f"https:{_mend_address(link)}"
    return "file://" + quote(os.path.normpath(os.path.join(folder, link)))  # noqa: PTH118 - a Path is 10 times slower
