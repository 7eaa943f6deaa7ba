"""Puts the specification together, from what APIFlask says of the views and what holds for all of them."""

import copy
from typing import Any

from apiflask import APIFlask

from app.openapi.components import share_components
from app.openapi.examples import add_examples
from app.openapi.parameters import describe_parameter, flatten_form
from app.openapi.responses import describe_responses
from app.openapi.security import add_security
from app.openapi.writes import describe_writes
from app.schemas.answers import ErrorAnswer
from app.schemas.models import PredictBody, PredictForm
from app.schemas.params import ImageForm
from app.settings import ApiSettings

DESCRIPTION = """Products that look alike, filtered like a shop: similar items by photo embeddings on Elasticsearch.

Lists are repeated keys in query strings and forms (`size=M&size=L`), and lists in JSON. Every error and every warning
is `{code, message, detail}`; `detail.hint` is for whoever runs this. The body of an answer is the same for the same
question; what differs from request to request is in the headers `X-Query-Id` and `Server-Timing`.
The examples are the demo's (`make demo`): there they work as they stand."""
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


def complete(spec: dict[str, Any]) -> dict[str, Any]:
    """Returns the specification, completed; what is handed in stays as it is."""
    spec = copy.deepcopy(spec)  # its parts are constants of modules, some of them in many places
    describe_writes(spec)
    for path, operations in spec["paths"].items():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                describe_parameter(parameter)
            if "requestBody" in operation:
                operation["requestBody"]["required"] = True
            describe_responses(path, operation)
    _add_predict_form(spec)
    flatten_form(spec["components"]["schemas"][ImageForm.__name__])
    share_components(spec)
    add_examples(spec)
    return spec


def _add_predict_form(spec: dict[str, Any]) -> None:
    """Describes a body that is taken as JSON or as a form."""
    schema = PredictForm.model_json_schema()
    flatten_form(schema)
    spec["components"]["schemas"][PredictForm.__name__] = schema
    reference = f"#/components/schemas/{PredictBody.__name__}"
    for path in spec["paths"].values():
        content = path.get("post", {}).get("requestBody", {}).get("content", {})
        if content.get("application/json", {}).get("schema", {}).get("$ref") == reference:
            content["multipart/form-data"] = {"schema": {"$ref": f"#/components/schemas/{PredictForm.__name__}"}}


def install(app: APIFlask, settings: ApiSettings) -> None:
    """Configure the specification; APIFlask makes it when it is first asked for."""
    app.config.update(CONFIG)
    app.spec_processor(lambda spec: complete(add_security(spec, app, settings)))  # type: ignore[arg-type]
