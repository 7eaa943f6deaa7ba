"""Browses a category in place of a similarity search, for callers who prefer that to the error ProductNotEmbedded."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from catalog.domain.embedding_space import Space
from catalog.domain.filters import Filters
from catalog.domain.merchandising_rulebook import ActiveRules
from catalog.domain.warnings import AnswerWarning
from catalog.errors import ProductNotEmbedded, ProductNotFound
from catalog.ports import SearchIndex
from catalog.search import filter_warnings
from catalog.search.search_types import IN_STOCK_NEWEST, BrowseQuery, Exclusions, Hit, Plan, SimilarPage
from catalog.similar.implied_filters import CompletedFilters, complete_filters
from catalog.similar.request import SimilarRequest, SimilarResult

BEST = "available ones first, then the most recently updated, as the catalogue has no sales figures"


def browse_category(
    index: SearchIndex, request: SimilarRequest, space: Space, why: ProductNotEmbedded
) -> SimilarResult:
    """Returns the first products of the source's most specific category that pass the filters; none has a score.

    Hidden products stay hidden; pins and boosts are about similar products and do not act.
    """
    stored = index.products.read(request.product_id or "")
    if stored is None:  # deleted a moment ago
        raise ProductNotFound(f"there is no product '{request.product_id}'", id=request.product_id)
    source = stored.source
    category = (source.get("category") or [None])[-1]
    filters, book = complete_filters(index, request, source), index.rules.get_rulebook()
    page = index.browsing.search(
        _build_query(request, source, filters, category, book.in_force(source, datetime.now(UTC)))
    )
    few = filter_warnings.warn_of_few_hits(index, request.filters, len(page.products), request.page.limit)
    what = f"products of category '{category}'" if category else "products of any category, as the source has none"
    hits = [Hit(str(each["id"]), None, request.page.select_fields(each)) for each in page.products]
    plan = Plan("fallback", f"{why.message}; {what}: {BEST}", page.total)
    total = page.total if request.counts.total else None
    warnings = (
        _warn_of_fallback(source["id"], space, what, category, why),
        *filters.warn_of_implied(filters.filters),
        *book.warnings,
        *few,
    )
    return SimilarResult.of_page(request, space, SimilarPage(hits, plan, total, page.facets), warnings)


def _warn_of_fallback(
    product_id: str, space: Space, what: str, category: str | None, why: ProductNotEmbedded
) -> AnswerWarning:
    message = f"product '{product_id}' has no embedding yet; instead of similar products these are {what}: {BEST}"
    detail = {"product_id": product_id, "space": space.name, "category": category, "hint": why.detail.get("hint")}
    return AnswerWarning("not_similar", message, detail)


def _build_query(
    request: SimilarRequest,
    source: Mapping[str, Any],
    filters: CompletedFilters,
    category: str | None,
    rules: ActiveRules,
) -> BrowseQuery:
    own = request.exclude_source
    return BrowseQuery(
        filters=filters.filters,
        sort=IN_STOCK_NEWEST,
        within=Filters(category=(category,)) if category else Filters(),
        exclusions=Exclusions(
            ids=(str(source["id"]),) if own else (),
            names=(*request.exclude_ids, *rules.hidden_ids),
            groups=(str(source["group_key"]),) if own and source.get("group_key") else (),
            filters=rules.hidden_filters,
        ),
        page=request.page,
        counts=replace(request.counts, price_currencies=filters.price_currencies),
    )
