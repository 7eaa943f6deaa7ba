"""Describes parameters of queries and fields of forms, which have neither null nor nesting."""

from typing import Any

from app.schemas.types import remove_null

COMMAS = {"style": "form", "explode": False}  # `price_band=0.5,1.5`
ATTRIBUTES = "attributes"


def describe_parameter(parameter: dict[str, Any]) -> None:
    """Rewrites a parameter as OpenAPI means it."""
    schema = remove_null(parameter["schema"])
    if description := schema.pop("description", None):
        parameter["description"] = description
    if parameter["name"] == ATTRIBUTES:
        parameter |= {"style": "form", "explode": True, "example": {}}
    if parameter["name"] in ("price_band", "models"):
        parameter |= COMMAS
    if parameter["in"] == "path":
        schema |= {"minLength": 1}
    parameter["schema"] = schema


def flatten_form(schema: dict[str, Any]) -> None:
    """Removes null from the fields of a form, and names attributes by the pattern that they follow."""
    fields = {name: remove_null(field) for name, field in schema["properties"].items()}
    if values := fields.pop(ATTRIBUTES, None):
        schema["patternProperties"] = {r"^attributes\..+$": values["additionalProperties"]}
    schema["properties"] = fields
