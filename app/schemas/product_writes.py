"""Bodies of writes to products, and what is answered: what a product may say stands in `catalog.domain.product`."""

from typing import Any, Literal

import orjson
from pydantic import Field, RootModel, ValidationError, create_model

from app.http.errors import InvalidRequest, UnreadableBody
from app.http.inputs import refusal, unknown
from app.schemas.answers import Answer
from app.schemas.types import ProductId
from catalog.domain.product import Product, parse
from catalog.errors import InvalidProduct
from catalog.importing.writes import PlannedWrite, plan_patch, plan_put, plan_removal
from catalog.limits import MAX_BULK_LINES

Result = Literal["created", "updated", "unchanged", "deleted"]
MERGE_PATCH = "application/merge-patch+json"
JSON_LINES = ("application/x-ndjson", "application/jsonl", "application/x-jsonlines", "application/json-lines")
OP = "op"
OPERATIONS = ("put", "patch", "delete")
EXAMPLE = {
    "title": "Linen midi dress",
    "category": ["Clothing", "Dresses"],
    "currency": "EUR",
    "price": 79.9,
    "image_url": "https://shop.example/photos/linen-midi.jpg",
    "variants": [{"sku": "linen-midi-m", "size": "M"}, {"sku": "linen-midi-l", "size": "L", "available": False}],
}
PUT_EXAMPLES = {"product": {"summary": "All there is to say of a product", "value": EXAMPLE}}
PATCH_EXAMPLES = {
    "sale": {"summary": "A sale price", "value": {"sale_price": 59.9}},
    "sale over": {"summary": "null takes a field away", "value": {"sale_price": None}},
}

BULK_EXAMPLE = """{"id": "hat-1", "title": "Straw hat", "price": 19.9, "currency": "EUR"}
{"op": "patch", "id": "hat-2", "price": 17.9}
{"op": "delete", "id": "hat-3"}
"""

ProductBody: type[Product] = create_model(
    "ProductBody",
    __base__=Product,
    __doc__="A whole product: what it does not say is gone.",
    __module__=__name__,
    id=(ProductId | None, Field(None, description="that of the path; may be left out")),
)


class ProductPatch(RootModel[dict[str, Any]]):
    """Fields of a product to change (RFC 7396): null takes one away, objects are merged, lists are replaced."""


class ProductWritten(Answer):
    """What became of a product."""

    id: str
    result: Result


class BulkItem(Answer):
    """What became of one line: `result` where it was carried out, else `code`, `message` and `detail` of an error."""

    line: int = Field(ge=1, description="of the body, from 1")
    id: str | None = Field(description="null where the line does not say it")
    status: int = Field(ge=200, le=599, description="what this write alone would have been answered with")
    result: Result | None = Field(None, description="only without an error")
    code: str | None = Field(None, description="only with an error: stable, for programs")
    message: str | None = Field(None, description="only with an error: what to do, for people")
    detail: dict[str, Any] | None = Field(None, description="only with an error")


class BulkAnswer(Answer):
    """What became of each line, in the order of the lines, and how many of each."""

    created: int
    updated: int
    unchanged: int
    deleted: int
    failed: int
    items: list[BulkItem]


def to_product(body: Product, product_id: str) -> Product:
    """Returns the product of a body under the id of its path; raises InvalidProduct where they differ."""
    if body.id not in (None, product_id):
        raise InvalidProduct(f"id: the path says '{product_id}' and the body '{body.id}'", field="id")
    product = parse(body.model_dump(exclude_unset=True) | {"id": product_id})
    if product.id != product_id:
        raise InvalidProduct("id: it must not end with a space", field="id")
    return product


def check_patch(fields: dict[str, Any]) -> dict[str, Any]:
    """Returns a merge patch; raises InvalidRequest where it names a field that products do not have."""
    for name in fields:
        if name not in Product.model_fields:
            raise InvalidRequest(f"{name}: {unknown('field', name, list(Product.model_fields))}", field=name)
    return fields


def split_lines(data: bytes) -> list[tuple[int, bytes]]:
    """Returns the lines of a bulk that say something, with their numbers; raises InvalidRequest for too many."""
    lines = [(number, line) for number, line in enumerate(data.split(b"\n"), 1) if line.strip()]
    if not lines:
        raise InvalidRequest("a bulk has at least one line: a product as JSON", lines=0)
    if len(lines) > MAX_BULK_LINES:
        message = f"a bulk has at most {MAX_BULK_LINES:,} lines, this one has {len(lines):,}: send several"
        raise InvalidRequest(message, lines=len(lines), allowed=MAX_BULK_LINES)
    return lines


def read_line(line: bytes) -> dict[str, Any]:
    """Returns the object in one line of a bulk; raises UnreadableBody."""
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise UnreadableBody(f"the line is not JSON in UTF-8: {error.msg}") from None
    if not isinstance(found, dict):
        raise UnreadableBody("a line is a product, as a JSON object")
    return found


def plan_line(content: dict[str, Any]) -> PlannedWrite:
    """Returns the write that a line of a bulk asks for; raises InvalidRequest and InvalidProduct."""
    op, fields = content.get(OP, "put"), {name: value for name, value in content.items() if name != OP}
    if op not in OPERATIONS:
        raise InvalidRequest(f"{OP}: there are {', '.join(OPERATIONS)}; left out, it is put", field=OP)
    product_id = fields.get("id")
    if not isinstance(product_id, str) or not product_id:
        raise InvalidRequest("id: is required, as text", field="id")
    if op == "patch":
        return plan_patch(product_id, check_patch(fields))
    if op == "delete":
        if len(fields) > 1:
            raise InvalidRequest("a line that deletes has nothing but op and id", field=OP)
        return plan_removal(product_id)
    try:
        return plan_put(to_product(ProductBody.model_validate(fields), product_id))
    except ValidationError as error:
        raise refusal(error, ProductBody, "field") from None
