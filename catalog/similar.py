"""Similar products to a product: which space, which source, which filters follow from it, and the answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.errors import InvalidInput, ProductNotEmbedded, ProductNotFound, SpaceNotFound
from catalog.filters import Filters, PriceRange
from catalog.ports import MAX_WINDOW, Hit, Plan, SearchPort, SimilarQuery, StoredProduct
from catalog.similarity import Vectors
from catalog.space import Space

INHERITED = ("gender", "age_group")  # a women's dress asks for women's dresses unless told otherwise


@dataclass(frozen=True, slots=True)
class SimilarRequest:
    """A question for products that look like `product_id`; `price_band` is a pair of factors of its price."""

    product_id: str
    filters: Filters = Filters()
    limit: int = 10
    offset: int = 0
    price_band: tuple[float, float] | None = None
    score_threshold: float | None = None
    exclude_source: bool = True
    exclude_ids: tuple[str, ...] = ()
    fields: tuple[str, ...] | None = None
    facets: tuple[str, ...] = ()
    total: bool = False
    model: str | None = None
    exact: bool = False
    explain: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """Hits by descending cosine, and how they were found."""

    hits: Sequence[Hit]
    facets: Mapping[str, Any] | None
    total: int | None
    limit: int
    offset: int
    space: Space
    plan: Plan
    missing_ids: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    server_ms: float = 0.0


def resolve_space(index: SearchPort, model: str | None) -> Space:
    """The space a request means: a space's name, a model's name, or (None) the promoted one.

    Where nothing was promoted, or a model has several versions, the one with the most embeddings serves.
    Raises SpaceNotFound with the names there are.
    """
    spaces = {space.name: space for space in index.spaces()}
    promoted = index.promoted()
    if model is not None and model in spaces:
        return spaces[model]
    candidates = [space for space in spaces.values() if model in (None, space.model)]
    if not candidates:
        known = ", ".join(sorted({space.model for space in spaces.values()} | set(spaces))) or "none yet"
        hint = f"no embeddings of a model '{model}'" if model else "no product has been embedded"
        raise SpaceNotFound(f"{hint}; there are: {known}. Run `python -m etl run --model {model or 'color'}`")
    for space in candidates:
        if space.name == promoted:
            return space
    if len(candidates) == 1:
        return candidates[0]
    done = {status.space.name: status.done for status in index.status().spaces}
    return max(candidates, key=lambda space: (done.get(space.name, 0), space.name))


def similar_to(index: SearchPort, request: SimilarRequest) -> Answer:
    """Products that look like one; raises ProductNotFound, ProductNotEmbedded, SpaceNotFound or InvalidInput."""
    if request.offset + request.limit > MAX_WINDOW:
        raise InvalidInput(f"offset + limit is {request.offset + request.limit}; pages end at {MAX_WINDOW}")
    space = resolve_space(index, request.model)
    source, vector = _source(index, request.product_id, space)
    query = SimilarQuery(
        space=space,
        vector=vector,
        filters=implied_filters(request.filters, source.source, request.price_band),
        limit=request.limit,
        offset=request.offset,
        exclude_ids=(*request.exclude_ids, source.id) if request.exclude_source else request.exclude_ids,
        exclude_groups=_groups(source) if request.exclude_source else (),
        score_threshold=request.score_threshold,
        fields=request.fields,
        facets=request.facets,
        total=request.total,
    )
    page = index.similar(query)
    return Answer(
        hits=page.hits,
        facets=page.facets,
        total=page.total,
        limit=request.limit,
        offset=request.offset,
        space=space,
        plan=page.plan,
        server_ms=page.server_ms,
    )


def _source(index: SearchPort, product_id: str, space: Space) -> tuple[StoredProduct, Vectors]:
    found = index.get_with_vector(product_id, space)
    if found is None:
        raise ProductNotFound(f"there is no product '{product_id}'", id=product_id)
    source, vector = found
    if vector is None:
        todo = (
            f"run `python -m etl run --model {space.model}`" if source.source.get("image_url") else "give it a photo"
        )
        raise ProductNotEmbedded(
            f"product '{product_id}' has no embedding of {space.name} yet; {todo}", id=product_id, space=space.name
        )
    return source, vector


def _groups(source: StoredProduct) -> tuple[str, ...]:
    key = source.source.get("group_key")
    return (str(key),) if key else ()


def implied_filters(
    filters: Filters, source: Mapping[str, Any], price_band: tuple[float, float] | None = None
) -> Filters:
    """The filters, completed by the source's gender and age group where they name none, and by its price band."""
    changes: dict[str, Any] = {
        key: (source[key],) for key in INHERITED if not getattr(filters, key) and source.get(key)
    }
    if price_band is not None:
        changes["price"] = _banded(filters.price, source, price_band)
    return filters.model_copy(update=changes) if changes else filters


def _banded(asked: PriceRange | None, source: Mapping[str, Any], band: tuple[float, float]) -> PriceRange:
    price = source.get("effective_price")
    if price is None:
        raise InvalidInput("price_band: the source product has no price; use price_min and price_max")
    low, high = round(price * band[0], 2), round(price * band[1], 2)
    if asked is not None:
        low = low if asked.gte is None else max(low, asked.gte)
        high = high if asked.lte is None else min(high, asked.lte)
    return PriceRange(gte=low, lte=high)
