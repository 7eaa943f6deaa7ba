"""Describes parameters of queries and fields of forms, which have neither null nor nesting."""

from typing import Any

from app.schemas.types import remove_null

REPEATED = {"style": "form", "explode": True}  # every list: `size=M&size=L`
ATTRIBUTES = "attributes"


def describe_parameter(parameter: dict[str, Any]) -> None:
    """Rewrites a parameter as OpenAPI means it."""
    schema = remove_null(parameter["schema"])
    if description := schema.pop("description", None):
        parameter["description"] = description
    if parameter["name"] == ATTRIBUTES:
        parameter["example"] = {}
    if parameter["name"] == ATTRIBUTES or schema.get("type") == "array":
        parameter |= REPEATED
    if parameter["in"] == "path":
        schema |= {"minLength": 1}
    parameter["schema"] = schema


def flatten_form(schema: dict[str, Any]) -> None:
    """Removes null from the fields of a form, which takes `attributes.<name>` beside those that have a name."""
    schema["properties"] = {name: remove_null(field) for name, field in schema["properties"].items()}
    if schema["properties"].pop(ATTRIBUTES, None):
        schema["description"] += " Fields `attributes.<name>` filter by attributes."
        del schema["additionalProperties"]
