"""The client for asyncio: the methods of `VisualSearch`, to be awaited."""

from collections.abc import AsyncIterator, Iterable, Sequence
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
from visual_search_client.senders import AsyncSender


class AsyncVisualSearch(AsyncSender):
    """Talks to a visual search service as `VisualSearch` does, in asyncio; close it, or use `async with`."""

    async def similar(self, product_id: str, **options: Unpack[SearchOptions]) -> SimilarPage:
        """Products that look like one; `product_id` may be a SKU."""
        return await self._send(calls.similar(product_id, options))

    async def search(self, query: Query, **options: Unpack[PhotoOptions]) -> SimilarPage:
        """Products that look like what `query` names, say `{"positive": ["p1", "p2"], "negative": ["p3"]}`."""
        return await self._send(calls.search(query, options))

    async def search_photo(self, photo: Photo, **options: Unpack[PhotoOptions]) -> SimilarPage:
        """Products that look like a photo: its path, its bytes, or a file opened for reading bytes."""
        return await self._send(calls.search_photo(photo, options))

    async def batch(self, searches: Sequence[Search]) -> list[SimilarPage | ApiError]:
        """Several searches in one request; one that fails is an ApiError in its place and is not raised."""
        return await self._send(calls.batch(searches))

    async def browse(self, q: str | None = None, **options: Unpack[BrowseOptions]) -> BrowsePage:
        """A page of the catalogue; `q` are words of the title."""
        return await self._send(calls.browse(q, options))

    async def product(self, product_id: str, fields: Sequence[str] = ()) -> Product:
        """One product; raises NotFoundError where there is none."""
        return await self._send(calls.product(product_id, fields))

    def iter_similar(
        self, product_id: str, *, page_size: int = PAGE_SIZE, **options: Unpack[SearchOptions]
    ) -> AsyncIterator[Hit]:
        """Hits of `similar`, page by page: `limit` of them, at most 1,000."""
        cursor = Cursor(options.get("limit"), page_size)
        return self._iterate(lambda page: calls.similar(product_id, {**options, **page}), cursor)

    def iter_search(
        self, query: Query, *, page_size: int = PAGE_SIZE, **options: Unpack[PhotoOptions]
    ) -> AsyncIterator[Hit]:
        """Hits of `search`, page by page. A photo is sent again for every page."""
        cursor = Cursor(options.get("limit"), page_size)
        return self._iterate(lambda page: calls.search(query, {**options, **page}), cursor)

    def iter_browse(
        self, q: str | None = None, *, page_size: int = PAGE_SIZE, **options: Unpack[BrowseOptions]
    ) -> AsyncIterator[Hit]:
        """Hits of `browse`, page by page; raises PagesEndError where all are wanted and more than 1,000 pass."""
        cursor = Cursor(options.get("limit"), page_size)
        return self._iterate(lambda page: calls.browse(q, {**options, **page}), cursor)

    async def put_product(self, product_id: str, fields: ProductData) -> WriteResult:
        """Writes a whole product: what `fields` do not say is gone from it."""
        return await self._send(calls.put_product(product_id, fields))

    async def patch_product(self, product_id: str, changes: ProductData) -> WriteResult:
        """Changes fields of a product; None takes one away, `attributes` are merged, lists are replaced."""
        return await self._send(calls.patch_product(product_id, changes))

    async def delete_product(self, product_id: str) -> WriteResult:
        """Deletes a product; raises NotFoundError where there is none, also where a first attempt has deleted it."""
        return await self._send(calls.delete_product(product_id))

    async def bulk(self, lines: Iterable[ProductData]) -> BulkResult:
        """Writes many products: each line has an `id`, and `op` where it is "patch" or "delete" instead of a put."""
        return await self._send(calls.bulk(lines))

    async def rules(self) -> list[Rule]:
        """All merchandising rules."""
        return await self._send(calls.rules())

    async def put_rule(self, rule_id: str, rule: Rule) -> Rule:
        """Keeps a rule in the place of the one with its id."""
        return await self._send(calls.put_rule(rule_id, rule))

    async def delete_rule(self, rule_id: str) -> None:
        """Deletes a rule; raises NotFoundError where there is none."""
        await self._send(calls.delete_rule(rule_id))
