"""Products: browsing and reading them."""

from apiflask import APIBlueprint
from flask import Response

from app.context import context
from app.http.caching import note_version
from app.http.jsons import respond
from app.presenters import present_product
from app.schemas.answers import BrowseAnswer, ProductAnswer
from app.schemas.params import BrowseParams, FieldParams
from app.schemas.types import choose_fields
from catalog.errors import ProductNotFound
from catalog.importing.writes import describe_version
from catalog.search import browsing
from catalog.search.product_fields import find_photo_hash

bp = APIBlueprint("products", __name__, url_prefix="/v1", tag="products")


@bp.get("/products")
@bp.input(BrowseParams, location="query")
@bp.output(BrowseAnswer)
@bp.doc(operation_id="browseProducts", responses=[400, 422, 503])
def browse(query_data: BrowseParams) -> Response:
    """Browse the catalogue"""
    query = query_data.query()
    page = browsing.browse(context().index, query)
    fields = query.page.fields
    return respond(
        {
            "hits": [
                {"id": each["id"], "product": present_product(each["id"], each, find_photo_hash(each), fields)}
                for each in page.products
            ],
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
    note_version(describe_version(found.source))
    fields = choose_fields(query_data.fields) if query_data.fields else None
    return respond(present_product(found.id, found.source, found.photo_hash, fields))
