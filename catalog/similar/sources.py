"""Finds what a request wants to look like: a product, a vector (of a photo), or good and bad examples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from catalog import similarity
from catalog.domain.embedding_space import Space
from catalog.domain.records import StoredProduct
from catalog.errors import InvalidInput, ProductNotEmbedded, ProductNotFound
from catalog.ports import EmbeddedProducts, SearchIndex
from catalog.search.search_types import QueryPart
from catalog.similar.request import SimilarRequest
from catalog.similarity import Vectors


@dataclass(frozen=True, slots=True)
class Source:
    """Holds the vectors to look for.

    `product` is there where it is one product; `examples` are never hits of their own question, and `wrong_ids` are
    those of them that it turns away from.
    """

    parts: tuple[QueryPart, ...]
    product: StoredProduct | None = None
    examples: Sequence[StoredProduct] = ()
    missing_ids: tuple[str, ...] = ()
    wrong_ids: tuple[str, ...] = ()


def find_source(index: SearchIndex, request: SimilarRequest, spaces: Mapping[Space, float]) -> Source:
    """Finds the source of a request; raises ProductNotFound, ProductNotEmbedded, InvalidVector or InvalidInput."""
    kinds = [request.product_id is not None, bool(request.vectors), bool(request.positive)]
    if sum(kinds) != 1:
        raise InvalidInput("ask by exactly one of a product, a photo, a vector or positive examples")
    if request.negative and not request.positive:
        raise InvalidInput("negative examples need at least one positive one")
    if request.product_id is not None:
        return _read_product(index, request.product_id, spaces)
    if request.vectors:
        return _check_vectors(request.vectors, spaces)
    return _read_examples(index, request, spaces)


def _read_product(index: SearchIndex, product_id: str, spaces: Mapping[Space, float]) -> Source:
    found = index.products.read_vectors([product_id], list(spaces)).get(product_id)
    if found is None:
        raise ProductNotFound(f"there is no product '{product_id}'", id=product_id)
    stored, vectors = found
    for space in spaces:
        if space.name not in vectors:
            raise _explain_missing(product_id, space, has_photo=bool(stored.source.get("image_url")))
    return Source(_build_parts(vectors, spaces), stored, [stored])


def _explain_missing(product_id: str, space: Space, *, has_photo: bool) -> ProductNotEmbedded:
    message = f"product '{product_id}' has no embedding of {space.name}"
    if not has_photo:
        return ProductNotEmbedded(f"{message}: it has no photo", id=product_id, space=space.name)
    model = f"{space.model}/{space.version}"  # by its name alone the newest is meant
    again = f"if its photo failed, `python -m etl retry --model {model} --failed` lets it try again"
    hint = f"run `python -m etl run --model {model}`; {again}"
    return ProductNotEmbedded(f"{message} yet", id=product_id, space=space.name, hint=hint)


def _check_vectors(given: Mapping[str, Vectors], spaces: Mapping[Space, float]) -> Source:
    if missing := [space.name for space in spaces if space.name not in given]:
        raise InvalidInput(f"a vector for each model is needed; {', '.join(missing)} has none")
    return Source(_build_parts({s.name: similarity.check_vector(given[s.name], s.dims) for s in spaces}, spaces))


def _read_examples(index: SearchIndex, request: SimilarRequest, spaces: Mapping[Space, float]) -> Source:
    found = index.products.read_vectors([*request.positive, *request.negative], list(spaces))
    usable = {name: vectors for name, (_, vectors) in found.items() if all(s.name in vectors for s in spaces)}
    missing = tuple(name for name in (*request.positive, *request.negative) if name not in usable)
    positive = _take_once([name for name in request.positive if name in usable], found)
    if not positive:
        raise ProductNotEmbedded("none of the positive examples has an embedding", missing_ids=list(missing))
    negative = _take_once([name for name in request.negative if name in usable], found)
    vectors = {
        s.name: mix_examples([usable[n][s.name] for n in positive], [usable[n][s.name] for n in negative])
        for s in spaces
    }
    examples, wrong = [found[name][0] for name in (*positive, *negative)], tuple(found[n][0].id for n in negative)
    return Source(_build_parts(vectors, spaces), None, examples, missing, wrong)


def _take_once(names: Sequence[str], found: EmbeddedProducts) -> list[str]:
    """Returns one name of each product: several SKUs may mean the same."""
    return list({found[name][0].id: name for name in names}.values())


def _build_parts(vectors: Mapping[str, Vectors], spaces: Mapping[Space, float]) -> tuple[QueryPart, ...]:
    return tuple(QueryPart(space, vectors[space.name], weight) for space, weight in spaces.items())


def mix_examples(positive: Sequence[Vectors], negative: Sequence[Vectors]) -> Vectors:
    """Returns a unit vector [dims] near the positive and away from the negative examples: `p + (p - n)` of the means.

    Source: the strategy `average_vector` of Qdrant's recommendation API. Raises InvalidVector where they cancel out.
    """
    good = np.mean(positive, axis=0)
    return similarity.normalize(2 * good - np.mean(negative, axis=0) if negative else good)
