"""Describes what every operation may answer, errors and headers."""

from http import HTTPStatus
from typing import Any

MEANING = {
    "302": "The shop shows this photo itself, at `Location`",
    "304": "The photo is the one that `If-None-Match` names",
    "400": "The body is unreadable, the Host is not answered, the photo cannot be had (`invalid_image`, "
    "`blocked_address`; `detail.reason` says why), or the question makes no sense for this catalogue",
    "401": "A key is needed here (`key_required`), or the one sent allows nothing (`invalid_key`; `detail.reason`)",
    "403": "The key lacks the scope that this needs (`scope_lacking`), or the health port serves this (`not_public`)",
    "404": "No such product, model, rule or photo; the code says which",
    "409": "The product has no embedding yet, or the model that would embed the photo is not here (`bundle_missing`)",
    "408": "The request did not arrive within REQUEST_TIMEOUT",
    "412": "The product is not what `If-Match` names any more, or is there against `If-None-Match`",
    "413": "The body is larger than MAX_CONTENT_LENGTH, with a photo than MAX_UPLOAD_LENGTH",
    "414": "The address is longer than 8190 bytes: send the question as POST /v1/search",
    "415": "The body is not of the media type that this endpoint takes",
    "422": "Parameters or body do not fit the schema; `detail.problems` lists what and where",
    "429": "The key is used more often than its rate (`rate_limited`), or as many photos as MAX_UPLOADS allows are "
    "being worked on (`too_many_uploads`); ask again after `Retry-After` seconds",
    "431": "The headers are too many or too long",
    "503": "Elasticsearch does not answer (`unavailable`), or no thread is free to answer (`overloaded`); "
    "ask again after `Retry-After` seconds",
}
ALWAYS = (400, 408, 413, 414, 431, 500, 503)  # answered before the application knows what is asked, or by mistake
HEADERS = {
    "X-Query-Id": {"description": "id of this request", "schema": {"type": "string"}},
    "Server-Timing": {
        "description": "milliseconds: es (the search itself), index (all calls to Elasticsearch), photo (fetching, "
        "decoding, embedding), total",
        "schema": {"type": "string"},
    },
}
WITHOUT_CONTENT = ("302", "304")
WRITTEN = {"text/plain": {"type": "string"}, "image/jpeg": {"type": "string", "format": "binary"}}
RETRY_AFTER = {"Retry-After": {"description": "seconds", "schema": {"type": "integer", "minimum": 1}}}


def describe_responses(path: str, operation: dict[str, Any]) -> None:
    """Adds the statuses that every operation at `path` may answer with, and the headers and texts of all."""
    for status in ALWAYS:
        operation["responses"].setdefault(str(status), _error(status))
    for status, response in operation["responses"].items():
        response.setdefault("headers", {}).update(HEADERS)
        if status in MEANING:
            response["description"] = MEANING[status]
        if status in ("429", "503"):
            response["headers"].update(RETRY_AFTER)
        if status in WITHOUT_CONTENT:
            response.pop("content", None)
        for kind, content in response.get("content", {}).items():
            if kind in WRITTEN:
                content["schema"] = WRITTEN[kind]
    operation["responses"] = dict(sorted(operation["responses"].items()))


def _error(status: int) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/HTTPError"}}}
    return {"description": HTTPStatus(status).phrase, "content": content}
