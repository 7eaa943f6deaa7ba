"""Finds similar products: resolves spaces and source, completes the filters, searches, reranks, collects warnings."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from catalog.domain.embedding_space import Space
from catalog.domain.filters import Filters
from catalog.domain.merchandising_rulebook import ActiveRules
from catalog.domain.warnings import AnswerWarning
from catalog.errors import InvalidInput, ProductNotEmbedded
from catalog.limits import MAX_WINDOW
from catalog.ports import SearchIndex
from catalog.search import filter_warnings
from catalog.search.search_types import Counts, Exclusions, SimilarPage, SimilarQuery
from catalog.similar.fallback import browse_category, find_fillers
from catalog.similar.floor import Floors, choose_floor, cut_hits, warn_of_floor
from catalog.similar.implied_filters import CompletedFilters, complete_filters, drop_filter
from catalog.similar.request import SimilarRequest, SimilarResult
from catalog.similar.reranking import search_ranked
from catalog.similar.sources import Source, find_source
from catalog.similar.spaces import resolve_spaces

NO_FLOORS: Floors = {}


def similar_to(index: SearchIndex, request: SimilarRequest, floors: Floors = NO_FLOORS) -> SimilarResult:
    """Returns products that look like what `request` names; `floors` act where it names no threshold.

    Raises ProductNotFound, ProductNotEmbedded, SpaceNotFound, InvalidVector or InvalidInput.
    """
    if request.page.end > MAX_WINDOW:
        raise InvalidInput(f"offset + limit is {request.page.end}; pages end at {MAX_WINDOW}")
    spaces = resolve_spaces(index, request.model, request.models)
    space = next(iter(spaces))
    try:
        source = find_source(index, request, spaces)
    except ProductNotEmbedded as error:
        if request.fallback is None or request.product_id is None:
            raise
        return browse_category(index, request, space, error)
    return _search(index, request, space, source, choose_floor(request, spaces, source, floors))


def _search(
    index: SearchIndex, request: SimilarRequest, space: Space, source: Source, floor: float | None
) -> SimilarResult:
    product = source.product.source if source.product else None
    rulebook = index.rules.get_rulebook()
    rules = rulebook.in_force(product, datetime.now(UTC))
    filters = complete_filters(index, request, product or {})
    query, dropped = _relax(index, request, _build_query(request, source, filters, rules, floor), floor)
    ranked = search_ranked(index, request, query, rules, floor)
    page, found, wanted = ranked.page, len(ranked.page.hits), request.page.limit
    warnings = (
        *filters.warn_of_implied(query.filters),
        *_warn_of_relaxing(dropped),
        *rulebook.warnings,
        *ranked.warnings,
        *filter_warnings.warn_of_few_hits(index, request.filters, found, wanted, relaxed=bool(dropped)),
        *_warn_of_total(request, page, floor),
        *warn_of_floor(page, request.page.offset, floor),
    )
    if request.fill and found < wanted:
        fillers = find_fillers(index, request, query, source, rules, floor)
        page = replace(page, hits=[*page.hits, *fillers[: wanted - found]])
    return SimilarResult.of_page(request, space, page, warnings, source.missing_ids, ranked.explanations, floor)


def _warn_of_relaxing(dropped: Sequence[str]) -> list[AnswerWarning]:
    if not dropped:
        return []
    message = f"too few products passed, so these filters were dropped: {', '.join(dropped)}"
    return [AnswerWarning("relaxed_filters", message, {"filters": list(dropped)})]


def _warn_of_total(request: SimilarRequest, page: SimilarPage, floor: float | None) -> list[AnswerWarning]:
    least = request.score_threshold if floor is None else floor
    if not request.counts.total or page.total is not None:
        return []
    message = (
        f"total is null: an approximate search does not know how many products reach a cosine of {least}; "
        "exact=true counts them"
    )
    return [AnswerWarning("total_unknown", message, {"score_threshold": least})]


def _relax(
    index: SearchIndex, request: SimilarRequest, query: SimilarQuery, floor: float | None
) -> tuple[SimilarQuery, list[str]]:
    """Drops filters that leave less than one page, and names them; all pages of a question drop the same ones."""
    dropped = []
    for key in request.relax:
        relaxed = replace(query, filters=_drop_key(query.filters, key, request))
        if relaxed.filters == query.filters:
            continue
        first_page = replace(query.page, offset=0, fields=("id",))
        first = index.similar.search(replace(query, page=first_page, counts=Counts()))
        if len(cut_hits(first.hits, floor)) >= request.page.limit:
            break
        query = relaxed
        dropped.append(key)
    return query, dropped


def _drop_key(filters: Filters, key: str, request: SimilarRequest) -> Filters:
    """Drops `key`, and with the price a currency that was only there for it."""
    left = drop_filter(filters, key)
    return drop_filter(left, "currency") if key == "price" and not request.filters.currency else left


def _build_query(
    request: SimilarRequest, source: Source, filters: CompletedFilters, rules: ActiveRules, floor: float | None
) -> SimilarQuery:
    examples = source.examples if request.exclude_source else ()
    keys = {str(example.source["group_key"]) for example in examples if example.source.get("group_key")}
    exclusions = Exclusions(
        names=(*request.exclude_ids, *rules.hidden_ids),
        filters=rules.hidden_filters,
        source_ids=tuple(example.id for example in examples),
        source_groups=tuple(sorted(keys)),
    )
    return SimilarQuery(
        source.parts,
        filters.filters,
        exclusions,
        request.page,
        replace(request.counts, price_currencies=filters.price_currencies, floor=floor),
        None if request.score_threshold == "none" else request.score_threshold,
        request.exact,
    )
