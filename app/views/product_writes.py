"""Writes to products: one by one and in bulk. What is written can be read at once, and found within a second."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from apiflask import APIBlueprint
from flask import Response, request, url_for
from werkzeug.exceptions import UnsupportedMediaType

from app.context import context
from app.http import errors
from app.http.access import needs
from app.http.jsons import respond
from app.http.preconditions import guard
from app.schemas.params import NoParams
from app.schemas.product_writes import (
    JSON_LINES,
    PATCH_EXAMPLES,
    PUT_EXAMPLES,
    BulkAnswer,
    ProductBody,
    ProductPatch,
    ProductWritten,
    check_patch,
    plan_line,
    read_line,
    split_lines,
    to_product,
)
from catalog import deadline
from catalog.domain.product import Product
from catalog.domain.records import Change, StoredProduct
from catalog.errors import InvalidProduct, ProductNotFound, Unavailable, VisualSearchError
from catalog.importing.writes import (
    PlannedWrite,
    ProductWrite,
    carry_out,
    carry_out_all,
    plan_patch,
    plan_put,
    plan_removal,
)

bp = APIBlueprint("product_writes", __name__, url_prefix="/v1", tag="products")
RESULTS = ("created", "updated", "unchanged", "deleted")


@bp.put("/products/<product_id>")
@needs("catalog")
@bp.input(ProductBody, location="json", examples=PUT_EXAMPLES)
@bp.output(ProductWritten)
@bp.doc(operation_id="putProduct", responses=[400, 409, 412, 413, 415, 422, 503])
def put_product(product_id: str, json_data: Product) -> Response:
    """Write a whole product

    What the body does not say is gone from the product. Its embeddings stay unless `image_url` changes, and
    `updated_at` moves only where something changed. With `If-Match` (an ETag of the product) it is written only over
    what was read, with `If-None-Match: *` only where there is none.
    """
    done = _write(_refuse_sku(plan_put(to_product(json_data, product_id))))
    response = respond({"id": product_id, "result": done.status}, 201 if done.status == "created" else 200)
    if done.status == "created":
        response.headers["Location"] = url_for("products.product", product_id=product_id)
    return response


@bp.patch("/products/<product_id>")
@needs("catalog")
@bp.input(ProductPatch, location="json", examples=PATCH_EXAMPLES)
@bp.output(ProductWritten)
@bp.doc(operation_id="patchProduct", responses=[400, 404, 409, 412, 413, 415, 422, 503])
def patch_product(product_id: str, json_data: ProductPatch) -> Response:
    """Change fields of a product

    A merge patch (RFC 7396, `application/merge-patch+json`): null takes a field away, objects (`attributes`) are
    merged, lists (`variants`) are replaced. Two patches of different fields at the same moment both take effect.
    """
    done = _write(plan_patch(product_id, check_patch(json_data.root)))
    return respond({"id": product_id, "result": done.status})


@bp.delete("/products/<product_id>")
@needs("catalog")
@bp.input(NoParams, location="query")
@bp.output(ProductWritten)
@bp.doc(operation_id="deleteProduct", responses=[404, 409, 412, 422, 503])
def delete_product(product_id: str, query_data: NoParams) -> Response:
    """Delete a product and its embeddings"""
    done = _write(plan_removal(product_id))
    return respond({"id": product_id, "result": done.status})


@bp.post("/products/bulk")
@needs("catalog")
@bp.input(NoParams, location="query")
@bp.output(BulkAnswer)
@bp.doc(operation_id="writeProducts", responses=[400, 413, 415, 422, 503])
def write_products(query_data: NoParams) -> Response:
    """Write many products

    JSON Lines: each line is a whole product with its `id`. With `"op": "patch"` a line is a merge patch of the
    product it names, with `"op": "delete"` it deletes it. Each line succeeds or fails by itself, and the answer is
    200 with an item for each, in order; 503 only where Elasticsearch took none.
    """
    if request.mimetype not in JSON_LINES or request.content_encoding not in (None, "", "identity"):
        raise UnsupportedMediaType("send the lines as application/x-ndjson, not compressed")
    lines = split_lines(request.get_data(cache=False))
    here = context()
    deadline.start(here.settings.request_timeout)  # thousands of products take longer than one question
    items, planned = _plan_lines(lines)
    outcomes = carry_out_all(here.index.products, list(planned.values()))
    distinct = {id(each): each for each in outcomes.values()}  # what hundreds of lines share is logged once
    presented = {key: _present(each) for key, each in distinct.items()}
    for number, each in planned.items():
        items[number] |= presented[id(outcomes[each.product_id])]
    failures = [outcome for outcome in outcomes.values() if isinstance(outcome, Unavailable)]
    if len(failures) == len(lines):
        raise failures[0]
    counted = Counter(item.get("result", "failed") for item in items.values())
    return respond({**{name: counted[name] for name in (*RESULTS, "failed")}, "items": list(items.values())})


def _write(planned: PlannedWrite) -> ProductWrite:
    products = context().index.products
    try:
        return carry_out(products, guard(planned))
    except ProductNotFound as error:
        owner = products.find_by_sku([planned.product_id]).get(planned.product_id)
        if owner is None:
            raise
        message = f"{error.message}, but product '{owner}' has this SKU: write that product, its sizes are `variants`"
        raise ProductNotFound(message, id=planned.product_id, product_id=owner) from error


def _refuse_sku(planned: PlannedWrite) -> PlannedWrite:
    """Returns the write that creates no product called like a size of another: it would take that name from it.

    SKUs are looked up only where there is no product of that id; then it may raise InvalidProduct.
    """
    products, name = context().index.products, planned.product_id

    def decide(stored: StoredProduct | None) -> Change | None:
        if stored is None and (owner := products.find_by_sku([name]).get(name)):
            message = f"id: '{name}' is a SKU of product '{owner}': write that product, or choose another id"
            raise InvalidProduct(message, field="id", product_id=owner)
        return planned.decide(stored)

    return PlannedWrite(name, decide)


def _plan_lines(lines: list[tuple[int, bytes]]) -> tuple[dict[int, dict[str, Any]], dict[int, PlannedWrite]]:
    """Returns by line what is known of each, and the writes of those that ask for one."""
    items: dict[int, dict[str, Any]] = {}
    planned: dict[int, PlannedWrite] = {}
    seen: dict[str, int] = {}
    for number, line in lines:
        content: Mapping[str, Any] = {}
        try:
            content = read_line(line)
            write = plan_line(dict(content))
            if (first := seen.setdefault(write.product_id, number)) != number:
                message = f"id: line {first} has it already; send a second write of a product in another bulk"
                raise InvalidProduct(message, field="id", line=first)
            planned[number] = write
            items[number] = {"line": number, "id": write.product_id}
        except VisualSearchError as error:
            known = content.get("id") if isinstance(content.get("id"), str) else None
            items[number] = {"line": number, "id": known} | _present(error)
    return items, planned


def _present(outcome: ProductWrite | VisualSearchError) -> dict[str, Any]:
    if isinstance(outcome, VisualSearchError):
        return {"status": errors.status_of(outcome), **errors.domain_body(outcome)}
    return {"status": 201 if outcome.status == "created" else 200, "result": outcome.status}
