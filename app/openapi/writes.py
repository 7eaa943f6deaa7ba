"""Describes bodies and answers of writes to products that APIFlask cannot know."""

from typing import Any

from app.schemas.product_writes import BULK_EXAMPLE, JSON_LINES, MERGE_PATCH


def describe_writes(spec: dict[str, Any]) -> None:
    """Adds that a product may be created, the media type of patches, and the lines of a bulk."""
    one, bulk = spec["paths"]["/v1/products/{product_id}"], spec["paths"]["/v1/products/bulk"]["post"]
    created = {"description": "There was none with this id; `Location` is its address"}
    one["put"]["responses"]["201"] = one["put"]["responses"]["200"] | created
    patch = one["patch"]["requestBody"]["content"]
    patch[MERGE_PATCH] = patch["application/json"]
    lines = {"schema": {"type": "string"}, "example": BULK_EXAMPLE}
    bulk["requestBody"] = {"required": True, "content": {JSON_LINES[0]: lines}}
    spec["tags"] = list({tag["name"]: tag for tag in spec["tags"]}.values())  # blueprints may share one
