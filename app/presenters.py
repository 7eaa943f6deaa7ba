"""Turns results and errors of searches into the bodies of answers."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.http import errors
from app.photos.addresses import is_loadable, photo_address
from catalog.errors import VisualSearchError
from catalog.search.product_fields import PHOTO, PUBLIC_FIELDS, find_photo_hash
from catalog.search.search_types import Hit
from catalog.similar import SimilarResult


def present_product(
    product_id: str, source: Mapping[str, Any], photo_hash: str | None, fields: Sequence[str] | None
) -> dict[str, Any]:
    """Returns the `fields` of a stored product (None: all public ones) that it has, in their order.

    Addresses of photos are there where a browser can load them; `photo` always is one that it can.
    """
    shown: dict[str, Any] = {}
    for name in PUBLIC_FIELDS if fields is None else fields:
        value = source.get(name)
        if name == PHOTO and (url := source.get("image_url")):
            value = photo_address(product_id, url, photo_hash)
        elif name == "image_url" and value is not None and not is_loadable(value):
            value = None
        elif name == "additional_image_urls":
            value = [url for url in value or () if is_loadable(url)] or None
        if value is not None:
            shown[name] = value
    return shown


def similar_response(result: SimilarResult) -> dict[str, Any]:
    """Returns the body of an answer: the same for the same question, so no ids and no times."""
    return {
        "hits": [_present_hit(result, position) for position in range(len(result.hits))],
        "score_floor": result.score_floor,
        "facets": result.facets,
        "limit": result.page.limit,
        "offset": result.page.offset,
        "total": result.total,
        "model": {"name": result.space.model, "version": result.space.version},
        "plan": {
            "strategy": result.plan.strategy,
            "candidates": result.plan.candidates,
            "reason": result.plan.reason,
        },
        "missing_ids": result.missing_ids,
        "warnings": result.warnings,
    }


def batch_entry(result: SimilarResult | Exception) -> dict[str, Any]:
    """Returns the answer to one search of a batch, or its error with the status it would have had alone."""
    if isinstance(result, SimilarResult):
        return similar_response(result)
    if isinstance(result, VisualSearchError):
        return {"status": errors.status_of(result), **errors.domain_body(result)}
    return {"status": 500, **errors.unexpected_body(result)}


def _present_hit(result: SimilarResult, position: int) -> dict[str, Any]:
    hit, fields = result.hits[position], result.page.fields
    body = _present_scored(hit, fields)
    if hit.fill is not None:
        body["fill"] = hit.fill
    if hit.group is not None:
        body["group"] = [_present_scored(each, fields) for each in hit.group]
    if result.explanations is not None and hit.fill is None:
        body["explain"] = result.explanations[hit.id]
    return body


def _present_scored(hit: Hit, fields: Sequence[str] | None) -> dict[str, Any]:
    product = present_product(hit.id, hit.product, find_photo_hash(hit.product), fields)
    return {"id": hit.id, "score": hit.score, "product": product}
