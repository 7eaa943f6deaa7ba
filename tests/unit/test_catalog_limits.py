"""Page sizes and limits stand once: OpenAPI and the documentation say what `catalog.limits` says."""

from pathlib import Path
from typing import Any

from app.schemas.bodies import BatchBody, SearchBody
from app.schemas.params import BrowseParams, SimilarParams
from catalog import limits
from catalog.search.diversity import NEAR_DUPLICATE
from catalog.search.search_types import BrowseQuery, Page

API = (Path(__file__).parents[2] / "docs" / "api.md").read_text()


def test_a_page_has_the_size_of_the_limits_wherever_it_is_asked_for() -> None:
    for model, size in (
        (SimilarParams, limits.SIMILAR_PAGE_SIZE),
        (SearchBody, limits.SIMILAR_PAGE_SIZE),
        (BrowseParams, limits.BROWSE_PAGE_SIZE),
    ):
        limit: dict[str, Any] = model.model_json_schema()["properties"]["limit"]
        assert (limit["default"], limit["maximum"]) == (size, limits.MAX_PAGE_SIZE)
    assert (Page().limit, BrowseQuery().page.limit) == (limits.SIMILAR_PAGE_SIZE, limits.BROWSE_PAGE_SIZE)


def test_a_batch_has_as_many_searches_as_the_limits_allow() -> None:
    assert BatchBody.model_json_schema()["properties"]["searches"]["maxItems"] == limits.MAX_SEARCHES


def test_the_documentation_names_the_limits() -> None:
    assert f"page size (default {limits.SIMILAR_PAGE_SIZE}, at most {limits.MAX_PAGE_SIZE})" in API
    assert f"`offset` + `limit` is at most {limits.MAX_WINDOW:,}" in API
    assert f"over the {limits.RERANK_POOL} best hits" in API
    assert f"cosine to a better one is {NEAR_DUPLICATE} or more" in API
    assert f"up to {limits.MAX_SEARCHES} searches" in API and f"up to {limits.MAX_EXAMPLES} products" in API
