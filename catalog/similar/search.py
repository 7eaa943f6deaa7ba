"""The use case: resolve the spaces and the source, complete the filters, search, shape, answer."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from catalog.domain.filters import Filters
from catalog.domain.rulebook import ActiveRules
from catalog.domain.warnings import AnswerWarning
from catalog.errors import InvalidInput, ProductNotEmbedded
from catalog.limits import MAX_WINDOW
from catalog.ports import SearchIndex
from catalog.search import filter_warnings
from catalog.search.search_types import Counts, Exclusions, SimilarPage, SimilarQuery
from catalog.similar import fallback, reranking
from catalog.similar.implied_filters import Narrowed, narrowed, without
from catalog.similar.request import Answer, SimilarRequest
from catalog.similar.reranking import Shaped
from catalog.similar.sources import Source, find_source
from catalog.similar.spaces import resolve_spaces


def similar_to(index: SearchIndex, request: SimilarRequest) -> Answer:
    """Products that look like what `request` names.

    Raises ProductNotFound, ProductNotEmbedded, SpaceNotFound, InvalidVector or InvalidInput.
    """
    if request.page.end > MAX_WINDOW:
        raise InvalidInput(f"offset + limit is {request.page.end}; pages end at {MAX_WINDOW}")
    spaces = resolve_spaces(index, request.model, request.models)
    try:
        source = find_source(index, request, spaces)
    except ProductNotEmbedded as error:
        if request.fallback is None or request.product_id is None:
            raise
        return fallback.of_category(index, request, next(iter(spaces)), error)
    found, warnings = _found(index, request, source)
    page = found.page
    return Answer(
        hits=page.hits,
        facets=page.facets,
        total=page.total,
        page=request.page,
        space=next(iter(spaces)),
        plan=page.plan,
        missing_ids=source.missing_ids,
        warnings=(*warnings, *_of_counting(request, page)),
        server_ms=page.server_ms,
        explanations=found.explanations,
    )


def _found(index: SearchIndex, request: SimilarRequest, source: Source) -> tuple[Shaped, tuple[AnswerWarning, ...]]:
    """What the filters leave, and warnings about filters that nobody named, were dropped or name nothing."""
    known = source.product.source if source.product else None
    book = index.rules.get_rulebook()
    rules = book.in_force(known, datetime.now(UTC))
    filters = narrowed(index, request, known or {})
    query, dropped = _relaxed(index, request, _query(request, source, filters, rules))
    found = _search(index, request, query, rules)
    few = filter_warnings.warn_of_few_hits(
        index, request.filters, len(found.page.hits), request.page.limit, relaxed=bool(dropped)
    )
    return found, (*filters.told(query.filters), *_of_relaxing(dropped), *book.warnings, *found.warnings, *few)


def _of_relaxing(dropped: Sequence[str]) -> list[AnswerWarning]:
    if not dropped:
        return []
    message = f"too few products passed, so these filters were dropped: {', '.join(dropped)}"
    return [AnswerWarning("relaxed_filters", message, {"filters": list(dropped)})]


def _of_counting(request: SimilarRequest, page: SimilarPage) -> list[AnswerWarning]:
    if not request.counts.total or page.total is not None:
        return []
    message = (
        "total is null: an approximate search does not know how many products reach score_threshold; "
        "exact=true counts them"
    )
    return [AnswerWarning("total_unknown", message, {"score_threshold": request.score_threshold})]


def _relaxed(index: SearchIndex, request: SimilarRequest, query: SimilarQuery) -> tuple[SimilarQuery, list[str]]:
    """The query without the filters that leave less than one page; all pages of a question drop the same ones."""
    dropped = []
    for key in request.relax:
        relaxed = replace(query, filters=_without(query.filters, key, request))
        if relaxed.filters == query.filters:
            continue
        first_page = replace(query.page, offset=0, fields=("id",))
        first = index.similar.search(replace(query, page=first_page, counts=Counts()))
        if len(first.hits) >= request.page.limit:
            break
        query = relaxed
        dropped.append(key)
    return query, dropped


def _without(filters: Filters, key: str, request: SimilarRequest) -> Filters:
    """The filters without `key`; a currency that was only there for the price goes with it."""
    left = without(filters, key)
    return without(left, "currency") if key == "price" and not request.filters.currency else left


def _search(index: SearchIndex, request: SimilarRequest, query: SimilarQuery, rules: ActiveRules) -> Shaped:
    if reranking.wanted(request) or rules.reorder:
        return reranking.shaped(index, request, query, rules)
    return Shaped(index.similar.search(query))


def _query(request: SimilarRequest, source: Source, filters: Narrowed, rules: ActiveRules) -> SimilarQuery:
    examples = source.examples if request.exclude_source else ()
    keys = {str(example.source["group_key"]) for example in examples if example.source.get("group_key")}
    exclusions = Exclusions(
        ids=(*request.exclude_ids, *rules.hidden_ids),
        filters=rules.hidden_filters,
        source_ids=tuple(example.id for example in examples),
        source_groups=tuple(sorted(keys)),
    )
    return SimilarQuery(
        source.parts,
        filters.filters,
        exclusions,
        request.page,
        replace(request.counts, price_currencies=filters.price_currencies),
        request.score_threshold,
        request.exact,
    )
