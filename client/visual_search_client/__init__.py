"""Client of the visual search service: `VisualSearch` for ordinary programs, `AsyncVisualSearch` for asyncio.

from visual_search_client import VisualSearch

with VisualSearch("https://search.shop.example") as shop:
    for hit in shop.similar("p000014", filter={"available": True}, limit=5).hits:
        print(hit.id, hit.score, hit.product.title)
"""

from visual_search_client.answers import (
    AnswerNote,
    BrowsePage,
    BulkLine,
    BulkResult,
    Explanation,
    FacetValue,
    Hit,
    ModelVersion,
    Plan,
    PriceFacet,
    Product,
    SimilarPage,
    Variant,
    WriteResult,
)
from visual_search_client.async_client import AsyncVisualSearch
from visual_search_client.errors import (
    ApiError,
    AuthenticationError,
    ConflictError,
    InvalidRequestError,
    NoAnswerError,
    NotFoundError,
    PagesEndError,
    PermissionDeniedError,
    RateLimitError,
    UnavailableError,
    UnreadableAnswerError,
    VisualSearchError,
)
from visual_search_client.questions import Filter, PriceRange, ProductData, Query, Rule, RuleScope, Search
from visual_search_client.sync_client import VisualSearch
from visual_search_client.transport import VERSION, Retries

__version__ = VERSION

__all__ = [
    "AnswerNote",
    "ApiError",
    "AsyncVisualSearch",
    "AuthenticationError",
    "BrowsePage",
    "BulkLine",
    "BulkResult",
    "ConflictError",
    "Explanation",
    "FacetValue",
    "Filter",
    "Hit",
    "InvalidRequestError",
    "ModelVersion",
    "NoAnswerError",
    "NotFoundError",
    "PagesEndError",
    "PermissionDeniedError",
    "Plan",
    "PriceFacet",
    "PriceRange",
    "Product",
    "ProductData",
    "Query",
    "RateLimitError",
    "Retries",
    "Rule",
    "RuleScope",
    "Search",
    "SimilarPage",
    "UnavailableError",
    "UnreadableAnswerError",
    "Variant",
    "VisualSearch",
    "VisualSearchError",
    "WriteResult",
    "__version__",
]
