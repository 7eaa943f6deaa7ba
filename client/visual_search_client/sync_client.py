"""The client for ordinary programs."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Unpack

from visual_search_client import calls
from visual_search_client.answers import BrowsePage, BulkResult, Hit, Product, SimilarPage, WriteResult
from visual_search_client.calls import Photo
from visual_search_client.errors import ApiError
from visual_search_client.pages import PAGE_SIZE, Cursor
from visual_search_client.questions import (
    BrowseOptions,
    PhotoOptions,
    ProductData,
    Query,
    Rule,
    Search,
    SearchOptions,
)
from visual_search_client.senders import SyncSender


class VisualSearch(SyncSender):
    """Talks to a visual search service at `url`, say `https://search.shop.example`.

    `timeout` is how many seconds a connection, and each wait for bytes of an answer, may take. `retries` says what is
    tried again. `http` is an httpx client of your own, with proxies or certificates; whoever made it closes it. A
    VisualSearch may be used by several threads; close it, or use it in a `with` block. Options are those of the
    service, the same for every kind of search; `filter` narrows, `limit` and `offset` choose a page.
    """

    def similar(self, product_id: str, **options: Unpack[SearchOptions]) -> SimilarPage:
        """Products that look like one; `product_id` may be a SKU."""
        return self._send(calls.similar(product_id, options))

    def search(self, query: Query, **options: Unpack[PhotoOptions]) -> SimilarPage:
        """Products that look like what `query` names, say `{"positive": ["p1", "p2"], "negative": ["p3"]}`."""
        return self._send(calls.search(query, options))

    def search_photo(self, photo: Photo, **options: Unpack[PhotoOptions]) -> SimilarPage:
        """Products that look like a photo: its path, its bytes, or a file opened for reading bytes."""
        return self._send(calls.search_photo(photo, options))

    def batch(self, searches: Sequence[Search]) -> list[SimilarPage | ApiError]:
        """Several searches in one request; one that fails is an ApiError in its place and is not raised."""
        return self._send(calls.batch(searches))

    def browse(self, q: str | None = None, **options: Unpack[BrowseOptions]) -> BrowsePage:
        """A page of the catalogue; `q` are words of the title."""
        return self._send(calls.browse(q, options))

    def product(self, product_id: str, fields: Sequence[str] = ()) -> Product:
        """One product; raises NotFoundError where there is none."""
        return self._send(calls.product(product_id, fields))

    def iter_similar(
        self, product_id: str, *, page_size: int = PAGE_SIZE, **options: Unpack[SearchOptions]
    ) -> Iterator[Hit]:
        """Hits of `similar`, page by page: `limit` of them, at most 1,000."""
        cursor = Cursor(options.get("limit"), page_size)
        return self._iterate(lambda page: calls.similar(product_id, {**options, **page}), cursor)

    def iter_search(
        self, query: Query, *, page_size: int = PAGE_SIZE, **options: Unpack[PhotoOptions]
    ) -> Iterator[Hit]:
        """Hits of `search`, page by page. A photo is sent again for every page."""
        cursor = Cursor(options.get("limit"), page_size)
        return self._iterate(lambda page: calls.search(query, {**options, **page}), cursor)

    def iter_browse(
        self, q: str | None = None, *, page_size: int = PAGE_SIZE, **options: Unpack[BrowseOptions]
    ) -> Iterator[Hit]:
        """Hits of `browse`, page by page; raises PagesEndError where all are wanted and more than 1,000 pass."""
        cursor = Cursor(options.get("limit"), page_size)
        return self._iterate(lambda page: calls.browse(q, {**options, **page}), cursor)

    def put_product(self, product_id: str, fields: ProductData) -> WriteResult:
        """Writes a whole product: what `fields` do not say is gone from it."""
        return self._send(calls.put_product(product_id, fields))

    def patch_product(self, product_id: str, changes: ProductData) -> WriteResult:
        """Changes fields of a product; None takes one away, `attributes` are merged, lists are replaced."""
        return self._send(calls.patch_product(product_id, changes))

    def delete_product(self, product_id: str) -> WriteResult:
        """Deletes a product; raises NotFoundError where there is none, also where a first attempt has deleted it."""
        return self._send(calls.delete_product(product_id))

    def bulk(self, lines: Iterable[ProductData]) -> BulkResult:
        """Writes many products: each line has an `id`, and `op` where it is "patch" or "delete" instead of a put."""
        return self._send(calls.bulk(lines))

    def rules(self) -> list[Rule]:
        """All merchandising rules."""
        return self._send(calls.rules())

    def put_rule(self, rule_id: str, rule: Rule) -> Rule:
        """Keeps a rule in the place of the one with its id."""
        return self._send(calls.put_rule(rule_id, rule))

    def delete_rule(self, rule_id: str) -> None:
        """Deletes a rule; raises NotFoundError where there is none."""
        self._send(calls.delete_rule(rule_id))
