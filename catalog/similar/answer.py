"""The use case: resolve the spaces and the source, complete the filters, search, shape, answer."""

from collections.abc import Mapping
from typing import Any

from catalog.errors import InvalidInput
from catalog.filters import Filters
from catalog.ports import MAX_WINDOW, SearchPort, SimilarPage, SimilarQuery
from catalog.similar import shaping
from catalog.similar.narrowing import implied_filters, without
from catalog.similar.request import Answer, SimilarRequest
from catalog.similar.sources import Source, find_source
from catalog.similar.spaces import resolve_spaces


def similar_to(index: SearchPort, request: SimilarRequest) -> Answer:
    """Products that look like what `request` names.

    Raises ProductNotFound, ProductNotEmbedded, SpaceNotFound, InvalidVector or InvalidInput.
    """
    if request.offset + request.limit > MAX_WINDOW:
        raise InvalidInput(f"offset + limit is {request.offset + request.limit}; pages end at {MAX_WINDOW}")
    spaces = resolve_spaces(index, request.model, request.models)
    source = find_source(index, request, spaces)
    known: Mapping[str, Any] = source.product.source if source.product else {}
    filters = implied_filters(request.filters, known, request.price_band)
    page, explanations = _search(index, request, source, filters)
    warnings = []
    for key in request.relax:
        relaxed = without(filters, key)
        if len(page.hits) >= request.limit or relaxed == filters:
            continue
        filters = relaxed
        page, explanations = _search(index, request, source, filters)
        warnings.append(f"relaxed {key}: too few products passed")
    return Answer(
        hits=page.hits,
        facets=page.facets,
        total=page.total,
        limit=request.limit,
        offset=request.offset,
        space=next(iter(spaces)),
        plan=page.plan,
        missing_ids=source.missing_ids,
        warnings=tuple(warnings),
        server_ms=page.server_ms,
        explanations=explanations,
    )


def _search(
    index: SearchPort, request: SimilarRequest, source: Source, filters: Filters
) -> tuple[SimilarPage, shaping.Explanations | None]:
    query = _query(request, source, filters)
    return shaping.shaped(index, request, query) if shaping.wanted(request) else (index.similar(query), None)


def _query(request: SimilarRequest, source: Source, filters: Filters) -> SimilarQuery:
    first, *more = source.parts
    examples = source.examples if request.exclude_source else ()
    keys = {str(example.source["group_key"]) for example in examples if example.source.get("group_key")}
    return SimilarQuery(
        space=first.space,
        vector=first.vector,
        filters=filters,
        limit=request.limit,
        offset=request.offset,
        exclude_ids=(*request.exclude_ids, *(example.id for example in examples)),
        exclude_groups=tuple(sorted(keys)),
        score_threshold=request.score_threshold,
        fields=request.fields,
        facets=request.facets,
        total=request.total,
        weight=first.weight,
        more=tuple(more),
        exact=request.exact,
        group_size=request.group_size,
    )
