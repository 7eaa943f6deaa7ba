"""Products: browsing and reading them."""

from collections.abc import Mapping, Sequence
from typing import Any

from apiflask import APIBlueprint
from flask import Response

from app.context import context
from app.http.jsons import respond
from app.schemas.answers import BrowseAnswer, ProductAnswer
from app.schemas.params import BrowseParams, FieldParams
from catalog.errors import ProductNotFound
from catalog.search import browsing
from catalog.search.queries import PUBLIC_FIELDS

bp = APIBlueprint("products", __name__, url_prefix="/v1", tag="products")


def select_fields(source: Mapping[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    """Returns the fields of a product that answers may show, in one order."""
    return {name: source[name] for name in fields if name in source}


@bp.get("/products")
@bp.input(BrowseParams, location="query")
@bp.output(BrowseAnswer)
@bp.doc(operation_id="browseProducts", responses=[400, 422, 503])
def browse(query_data: BrowseParams) -> Response:
    """Browse the catalogue"""
    query = query_data.query()
    page = browsing.browse(context().index, query)
    fields = query.page.fields or PUBLIC_FIELDS
    return respond(
        {
            "hits": [{"id": product["id"], "product": select_fields(product, fields)} for product in page.products],
            "facets": page.facets,
            "limit": query.page.limit,
            "offset": query.page.offset,
            "total": page.total,
            "warnings": page.warnings,
        }
    )


@bp.get("/products/<product_id>")
@bp.input(FieldParams, location="query")
@bp.output(ProductAnswer)
@bp.doc(operation_id="getProduct", responses=[404, 422, 503])
def product(product_id: str, query_data: FieldParams) -> Response:
    """One product"""
    found = context().index.products.read(product_id)
    if found is None:
        raise ProductNotFound(f"there is no product '{product_id}'", id=product_id)
    return respond(select_fields(found.source, query_data.fields or PUBLIC_FIELDS))
