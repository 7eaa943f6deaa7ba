"""/openapi.json: what APIFlask cannot know by itself is added here, once for all endpoints."""

from http import HTTPStatus
from typing import Any

from apiflask import APIFlask

from app.http.openapi_security import add_security
from app.schemas.answers import ErrorAnswer
from app.schemas.bodies import BatchBody
from app.schemas.models import PredictBody, PredictForm
from app.schemas.params import ImageForm
from app.settings import ApiSettings

DESCRIPTION = """Products that look alike, filtered like a shop: similar items by photo embeddings on Elasticsearch.

Every error is `{code, message, detail}`; `detail.hint` is for whoever runs this. The body of an answer is the same
for the same question; what differs from request to request is in the headers `X-Query-Id` and `Server-Timing`."""
CONFIG: dict[str, Any] = {
    "OPENAPI_VERSION": "3.1.0",
    "DESCRIPTION": DESCRIPTION,
    "LICENSE": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    "SERVERS": [{"url": "/"}],  # not the Host that happened to ask first
    "AUTO_OPERATION_ID": True,
    "AUTO_404_RESPONSE": False,
    "AUTO_VALIDATION_ERROR_RESPONSE": False,
    "HTTP_ERROR_SCHEMA": ErrorAnswer.model_json_schema(),
}
MEANING = {
    "400": "The body is unreadable, the Host is not answered, the photo cannot be had (`invalid_image`, "
    "`blocked_address`; `detail.reason` says why), or the question makes no sense for this catalogue",
    "401": "A key is needed here (`key_required`), or the one sent allows nothing (`invalid_key`; `detail.reason`)",
    "403": "The key lacks the scope that this needs (`scope_lacking`), or the health port serves this (`not_public`)",
    "404": "No such product, model or rule",
    "409": "The product has no embedding yet, or the model that would embed the photo is not here (`bundle_missing`)",
    "408": "The request did not arrive within REQUEST_TIMEOUT",
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
RETRY_AFTER = {"Retry-After": {"description": "seconds", "schema": {"type": "integer", "minimum": 1}}}


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Removes null from a query parameter: one that may be None may be left out."""
    kinds = [kind for kind in schema.get("anyOf", []) if kind != {"type": "null"}]
    rest = {key: value for key, value in schema.items() if key not in ("anyOf", "title")}
    if len(kinds) == 1:
        rest = {**kinds[0], **rest}
    elif kinds:
        rest["anyOf"] = kinds
    return rest


def _parameter(parameter: dict[str, Any]) -> None:
    schema = _without_null(parameter["schema"])
    if description := schema.pop("description", None):
        parameter["description"] = description
    if parameter["name"] == "attributes":
        values = schema.pop("additionalProperties")
        schema |= {"patternProperties": {r"^attributes\..+$": values}, "additionalProperties": False}
        parameter |= {"style": "form", "explode": True}
    if parameter["name"] == "price_band":
        parameter |= {"style": "form", "explode": False, "example": [0.5, 1.5]}
    if parameter["name"] == "models":
        parameter |= {"style": "form", "explode": False, "example": ["color:1"]}
    if parameter["in"] == "path":
        schema |= {"minLength": 1}
    parameter["schema"] = schema


def _form(schema: dict[str, Any]) -> None:
    """Removes null and nesting from a form, which has neither."""
    fields = {name: _without_null(field) for name, field in schema["properties"].items()}
    values = fields.pop("attributes")["additionalProperties"]
    schema |= {"properties": fields, "patternProperties": {r"^attributes\..+$": values}}


def _operation(operation: dict[str, Any]) -> None:
    for parameter in operation.get("parameters", []):
        _parameter(parameter)
    if "requestBody" in operation:
        operation["requestBody"]["required"] = True
    for status, response in operation["responses"].items():
        response.setdefault("headers", {}).update(HEADERS)
        if status in MEANING:
            response["description"] = MEANING[status]
        if status in ("429", "503"):
            response["headers"].update(RETRY_AFTER)


def _tidy(node: Any) -> None:
    """Rewrites what pydantic writes and JSON Schema means otherwise, anywhere in the document."""
    if isinstance(node, dict):
        if "default" in node and node["default"] is None:
            del node["default"]  # it contradicts a schema without null; left out means the same
        if node.get("type") == "array" and "maxLength" in node:
            node["maxItems"] = node.pop("maxLength")  # a length checked behind a validator
        for each in node.values():
            _tidy(each)
    elif isinstance(node, list):
        for each in node:
            _tidy(each)


def complete(spec: dict[str, Any]) -> dict[str, Any]:
    """Returns the specification, completed."""
    for path in spec["paths"].values():
        for operation in path.values():
            for status in ALWAYS:
                operation["responses"].setdefault(str(status), _error(status))
            _operation(operation)
    _either_form(spec)
    _form(spec["components"]["schemas"][ImageForm.__name__])
    _each_by_itself(spec["components"]["schemas"][BatchBody.__name__])
    _tidy(spec)
    return spec


def _either_form(spec: dict[str, Any]) -> None:
    """Describes a body that is taken as JSON or as a form."""
    schema = PredictForm.model_json_schema()
    schema["properties"] = {name: _without_null(field) for name, field in schema["properties"].items()}
    spec["components"]["schemas"][PredictForm.__name__] = schema
    reference = f"#/components/schemas/{PredictBody.__name__}"
    for path in spec["paths"].values():
        content = path.get("post", {}).get("requestBody", {}).get("content", {})
        if content.get("application/json", {}).get("schema", {}).get("$ref") == reference:
            content["multipart/form-data"] = {"schema": {"$ref": f"#/components/schemas/{PredictForm.__name__}"}}


def _error(status: int) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/HTTPError"}}}
    return {"description": HTTPStatus(status).phrase, "content": content}


def _each_by_itself(batch: dict[str, Any]) -> None:
    """Lets a batch take any object as a search: a wrong one is answered by its own error."""
    searches = batch["properties"]["searches"]
    searches["items"] = {"anyOf": [searches["items"], {"type": "object"}]}


def install(app: APIFlask, settings: ApiSettings) -> None:
    """Configure the specification; APIFlask makes it when it is first asked for."""
    app.config.update(CONFIG)
    app.spec_processor(lambda spec: complete(add_security(spec, app, settings)))  # type: ignore[arg-type]
