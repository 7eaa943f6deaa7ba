"""Similar products: to a product of the path, to what a body asks for, to a photo, and many questions at once."""

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

from apiflask import APIBlueprint
from flask import Response, g

from app.context import context
from app.http import errors
from app.http.errors import InvalidRequest
from app.http.jsons import respond
from app.presenters import batch_entry, similar_response
from app.schemas.answers import BatchAnswer, SimilarAnswer
from app.schemas.bodies import BatchBody, SearchBody
from app.schemas.params import ImageForm, NoParams, SimilarParams
from app.search_service import SearchService
from catalog.errors import Unavailable
from catalog.similar import SimilarResult

bp = APIBlueprint("search", __name__, url_prefix="/v1", tag="search")
AT_A_TIME = 4  # searches of a batch: Elasticsearch and the models work side by side, one client takes not all of them


def _respond(result: SimilarResult) -> Response:
    g.server_ms = result.server_ms
    return respond(similar_response(result))


@bp.get("/products/<product_id>/similar")
@bp.input(SimilarParams, location="query")
@bp.output(SimilarAnswer)
@bp.doc(operation_id="similarProducts", responses=[400, 404, 409, 422, 503])
def similar(product_id: str, query_data: SimilarParams) -> Response:
    """Products that look like one

    Filters are repeated keys (`color=red&color=blue` is any of, different keys are all of). The source's gender and
    age group are kept unless a filter names them; the source and its group are left out unless asked for.
    """
    return _respond(SearchService(context()).find_similar(query_data.request(product_id)))


@bp.post("/search")
@bp.input(SearchBody, location="json")
@bp.output(SimilarAnswer)
@bp.doc(operation_id="searchProducts", responses=[400, 404, 409, 413, 415, 422, 429, 503])
def search(json_data: SearchBody) -> Response:
    """Similar products by a JSON question

    `query` names exactly one of a product, a photo (at an address or in base64), a vector, or good (and bad)
    examples. Examples that are not there or not embedded are listed in `missing_ids`.
    """
    here = context()
    if json_data.query.is_photo:
        here.admission.acquire()
    return _respond(SearchService(here).search(json_data))


@bp.post("/search/image")
@bp.input(NoParams, location="query")
@bp.input(ImageForm, location="files")
@bp.output(SimilarAnswer)
@bp.doc(operation_id="searchByPhoto", responses=[400, 404, 409, 413, 415, 422, 429, 503])
def search_image(query_data: NoParams, files_data: ImageForm) -> Response:
    """Products that look like an uploaded photo

    The photo is the file `image` of a multipart form; filters and everything else are fields of the same form, as in
    the query string of `GET /v1/products/{id}/similar`. The photo is not stored.
    """
    service = SearchService(context())
    return _respond(service.search_photo(files_data.request(), lambda: files_data.image, files_data.bounding_box))


@bp.post("/search/batch")
@bp.input(BatchBody, location="json")
@bp.output(BatchAnswer)
@bp.doc(operation_id="searchBatch", responses=[400, 413, 415, 422, 429, 503])
def search_batch(json_data: BatchBody) -> Response:
    """Several searches in one request

    `results` has, in the order of `searches`, the body that `POST /v1/search` would have answered, or the error with
    its `status`: a search that fails does not touch the others. Where some are 503 there is a `Retry-After`; where
    all are, the whole answer is that 503.
    """
    here = context()
    if any(isinstance(each, SearchBody) and each.query.is_photo for each in json_data.searches):
        here.admission.acquire()  # once: its photos are decoded two at a time, like everybody's
    service = SearchService(here)
    # The copies carry the request's deadline along.
    searches = [(copy_context(), each) for each in json_data.searches]
    with ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="batch") as pool:
        found = list(pool.map(lambda one: one[0].run(_search_one, service, one[1]), searches))
    unavailable = [one for one in found if isinstance(one, Unavailable)]
    if unavailable and len(unavailable) == len(found):
        raise unavailable[0]
    response = respond({"results": [batch_entry(one) for one in found]})
    if unavailable:
        response.headers["Retry-After"] = max(map(errors.retry_after, unavailable), key=int)
    return response


def _search_one(service: SearchService, each: SearchBody | InvalidRequest) -> SimilarResult | Exception:
    if isinstance(each, InvalidRequest):
        return each
    try:
        return service.search(each)
    except Exception as error:
        return error
