"""Goes through pages: how many hits to ask for next, and when there are no more."""

from typing import TypedDict

from visual_search_client.answers import BrowsePage, Hit, SimilarPage
from visual_search_client.errors import PagesEndError

WINDOW = 1000  # the service's pages end at this offset + limit
PAGE_SIZE = 100


class PageWindow(TypedDict):
    """The part of an answer that is one page."""

    limit: int
    offset: int


class Cursor:
    """Counts what was read. `limit` is the most hits that are wanted, None all there are."""

    def __init__(self, limit: int | None, page_size: int) -> None:
        if page_size < 1:
            raise ValueError("page_size is at least 1")
        self.offset = 0
        self._page_size = page_size
        self._end = WINDOW if limit is None else min(limit, WINDOW)
        self._reaches_behind = limit is None or limit > WINDOW
        self._is_done = False

    def next_page(self) -> PageWindow | None:
        """Returns what to ask for next, None at the end."""
        size = 0 if self._is_done else min(self._page_size, self._end - self.offset)
        return {"limit": size, "offset": self.offset} if size > 0 else None

    def take(self, page: SimilarPage | BrowsePage) -> list[Hit]:
        """Returns the hits of a page and moves on behind it.

        Raises PagesEndError where the catalogue has more that is wanted and pages end: nobody shall take a part for
        the whole. Of similar products the first thousand are all there is.
        """
        if isinstance(page, BrowsePage) and page.total > WINDOW and self._reaches_behind and not page.offset:
            raise PagesEndError(
                f"{page.total} products pass, and pages end at {WINDOW}: narrow them by filters, say a brand at a "
                f"time, or give a limit of at most {WINDOW}"
            )
        self.offset += page.limit
        self._is_done = not page.hits or (page.total is not None and page.total <= self.offset)
        return page.hits
