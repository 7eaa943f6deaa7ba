"""Checks of answers: a fast wrong answer is a failure. Each check returns what is wrong, or None."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import orjson

from loadtest.questions import WORD_FIELDS, Filter, to_list

SLACK = 1e-6  # scores are float32


def parse_object(content: bytes | None) -> dict[str, Any] | None:
    """Returns the JSON object of an answer; None for anything else, NaN included, which JSON does not have."""
    try:
        body = orjson.loads(content or b"")
    except orjson.JSONDecodeError:
        return None
    return body if isinstance(body, dict) else None


def check_similar(body: Mapping[str, Any] | None, limit: int, filter_: Filter, source_id: str) -> str | None:
    """Checks similar products: at most `limit`, descending cosines, the filter kept, the source left out."""
    if body is None:
        return "the body is no JSON object"
    try:
        hits = body["hits"]
        scores = [hit["score"] for hit in hits]
        found = _check_ids([hit["id"] for hit in hits], limit) or _check_scores(scores)
        if found is None and source_id in {hit["id"] for hit in hits}:
            found = "the source product is among its own similar products"
        return found or _check_filter([hit["product"] for hit in hits], filter_)
    except (KeyError, TypeError) as error:
        return f"the body has not the agreed shape: {error!r}"


def check_page(body: Mapping[str, Any] | None, limit: int, filter_: Filter, sort: str) -> str | None:
    """Checks a page of the catalogue: at most `limit`, in order, the filter kept, a total that covers the page."""
    if body is None:
        return "the body is no JSON object"
    try:
        products = [hit["product"] for hit in body["hits"]]
        found = _check_ids([hit["id"] for hit in body["hits"]], limit) or _check_filter(products, filter_)
        if found is None and body["total"] < len(products):
            found = f"total is {body['total']} with {len(products)} hits"
        return found or _check_order(products, sort)
    except (KeyError, TypeError) as error:
        return f"the body has not the agreed shape: {error!r}"


def _check_ids(ids: Sequence[str], limit: int) -> str | None:
    if len(ids) > limit:
        return f"{len(ids)} hits with limit {limit}"
    if len(set(ids)) != len(ids):
        return "a product comes twice"
    return None


def _check_scores(scores: Sequence[Any]) -> str | None:
    for score in scores:
        if isinstance(score, bool) or not isinstance(score, int | float) or not math.isfinite(score):
            return f"a score is {score!r}"
        if abs(score) > 1 + SLACK:
            return f"a cosine of {score}"
    if any(left < right for left, right in pairwise(scores)):
        return "scores are not descending"
    return None


def _check_filter(products: Sequence[Mapping[str, Any]], filter_: Filter) -> str | None:
    for product in products:
        for key, wanted in filter_.items():
            if not _passes_filter(product, key, wanted):
                return f"the filter {key} was not kept"
        if "price" in filter_ and not any(
            filter_["price"]["gte"] <= price <= filter_["price"]["lte"]
            for price in _list_prices(product, filter_.get("size"))
        ):
            return "the filter price was not kept"
    return None


def _passes_filter(product: Mapping[str, Any], key: str, wanted: Any) -> bool:
    if key == "available":
        return bool(product["available"] == wanted)
    if key == "price":
        return True  # with the size, of one and the same variant
    found = {str(value).lower() for value in to_list(product.get(WORD_FIELDS[key]))}
    return not found.isdisjoint(str(value).lower() for value in wanted)


def _list_prices(product: Mapping[str, Any], sizes: Sequence[str] | None) -> list[float]:
    """Lists the prices of `sizes` in stock; without sizes of all that is in stock, or of all where nothing is."""
    own = product.get("sale_price", product.get("price"))
    offers = product.get("variants") or []
    in_stock = [offer for offer in offers if offer["available"]]
    if not offers:
        return [product["effective_price"]]
    small = {size.lower() for size in sizes or ()}
    chosen = [offer for offer in in_stock if offer.get("size", "").lower() in small] if small else in_stock or offers
    prices = [offer.get("sale_price", offer.get("price", own)) for offer in chosen]
    return [price for price in prices if price is not None]


def _check_order(products: Sequence[Mapping[str, Any]], sort: str) -> str | None:
    name = {"id": "id", "price": "effective_price", "title": "title"}[sort.removeprefix("-")]
    values = [product[name] for product in products if product.get(name) is not None]
    return None if values == sorted(values, reverse=sort.startswith("-")) else f"the page is not sorted by {sort}"
