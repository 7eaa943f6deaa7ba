"""Browses a category for callers who prefer that to the error ProductNotEmbedded, or to a page that is not full."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
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
from catalog.search.search_types import (
    IN_STOCK_NEWEST,
    BrowseQuery,
    Counts,
    Exclusions,
    Hit,
    Page,
    Plan,
    SimilarPage,
    SimilarQuery,
)
from catalog.similar.implied_filters import CompletedFilters, complete_filters
from catalog.similar.request import SimilarRequest, SimilarResult
from catalog.similar.reranking import search_ranked
from catalog.similar.sources import Source

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
    category = _choose_category([source])
    filters, book = complete_filters(index, request, source), index.rules.get_rulebook()
    page = index.browsing.search(
        _build_query(request, source, filters, category, book.in_force(source, datetime.now(UTC)))
    )
    few = filter_warnings.warn_of_few_hits(index, request.filters, len(page.products), request.page.limit)
    what = f"products of category '{category}'" if category else "products of any category, as the source has none"
    plan = Plan("fallback", f"{why.message}; {what}: {BEST}", page.total)
    total = page.total if request.counts.total else None
    warnings = (
        _warn_of_fallback(source["id"], space, what, category, why),
        *filters.warn_of_implied(filters.filters),
        *book.warnings,
        *few,
    )
    hits = _make_hits(page.products, request.page)
    return SimilarResult.of_page(request, space, SimilarPage(hits, plan, total, page.facets), warnings)


def find_fillers(
    index: SearchIndex,
    request: SimilarRequest,
    query: SimilarQuery,
    source: Source,
    rules: ActiveRules,
    floor: float | None,
) -> Sequence[Hit]:
    """Finds what completes a page that its similar products do not fill; none has a score.

    It comes from the most specific category of what is looked for, else the most frequent one of the similar products
    (of those asked for, where a filter names some), and passes the same filters; where no category is known there is
    nothing. All similar products are known here, as the page is the last one that has any or lies behind it.
    """
    first = replace(
        query.page, limit=request.page.end, offset=0, fields=("category", "group_key"), with_vectors=False
    )
    everything = replace(query, page=first, counts=Counts())
    ranked = search_ranked(index, replace(request, explain=False), everything, rules, floor)
    alike, left_out, named = ranked.page.hits, query.exclusions, bool(query.filters.category)
    good = [each.source for each in source.examples if each.id not in source.wrong_ids]
    category = None if named else _choose_category(good) or _choose_category(hit.product for hit in alike)
    if category is None and not named:
        return []
    groups = {str(hit.product["group_key"]) for hit in alike} if query.page.group_size else set()
    page = replace(query.page, limit=request.page.limit, offset=max(0, request.page.offset - len(alike)))
    browsed = index.browsing.search(
        BrowseQuery(
            filters=query.filters,
            sort=IN_STOCK_NEWEST,
            within=_match_category(category),
            exclusions=replace(
                left_out,
                ids=(*left_out.source_ids, *left_out.ids, *(hit.id for hit in alike), *ranked.repeated_ids),
                groups=(*left_out.source_groups, *left_out.groups, *sorted(groups)),
            ),
            page=page,
        )
    )
    return _make_hits(browsed.products, page)


def _make_hits(products: Iterable[Mapping[str, Any]], page: Page) -> list[Hit]:
    found = []
    for product in products:
        hit = Hit(str(product["id"]), None, page.select_fields(product), fill="category")
        found.append(replace(hit, group=[replace(hit, fill=None)]) if page.group_size else hit)
    return found


def _choose_category(products: Iterable[Mapping[str, Any]]) -> str | None:
    """Returns the most frequent of the most specific categories, of equal ones the first; None without any."""
    counts = Counter(str(each["category"][-1]) for each in products if each.get("category"))
    return counts.most_common(1)[0][0] if counts else None


def _match_category(category: str | None) -> Filters:
    return Filters(category=(category,)) if category else Filters()


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
        within=_match_category(category),
        exclusions=Exclusions(
            ids=(str(source["id"]),) if own else (),
            names=(*request.exclude_ids, *rules.hidden_ids),
            groups=(str(source["group_key"]),) if own and source.get("group_key") else (),
            filters=rules.hidden_filters,
        ),
        page=request.page,
        counts=replace(request.counts, price_currencies=filters.price_currencies),
    )
