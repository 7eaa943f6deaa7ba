"""Reading and writing `bundle.json`: which schema versions are understood, and what is said about the others."""

import json
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from catalog.errors import InvalidInput
from models.bundles.manifest import SCHEMA_VERSION, Manifest
from models.errors import InvalidBundle, UnsupportedSchema


def parse_manifest(text: bytes, source: str) -> Manifest:
    """Returns the manifest in `text` (read from `source`); raises InvalidBundle or UnsupportedSchema."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:  # the latter for thousands of brackets
        raise InvalidBundle(f"{source} is not JSON ({error}): fetch or make the bundle again") from error
    _check_schema_version(content, source)
    try:
        manifest = Manifest.model_validate_json(text)
        _ = manifest.space
    except ValidationError as error:
        raise InvalidBundle(f"{source}: {describe_problem(error)}") from error
    except InvalidInput as error:
        raise InvalidBundle(f"{source}: {error.message}") from error
    return manifest


def _check_schema_version(content: Any, source: str) -> None:
    found = content.get("schema_version") if isinstance(content, dict) else None
    if not isinstance(found, int) or isinstance(found, bool):
        raise InvalidBundle(f"{source} states no schema_version: it is not a model bundle")
    if found > SCHEMA_VERSION:
        raise UnsupportedSchema(
            f"{source} has schema version {found}, newer than {SCHEMA_VERSION}: upgrade this installation",
            found=found,
        )
    if found < SCHEMA_VERSION:
        raise UnsupportedSchema(
            f"{source} has schema version {found}, older than {SCHEMA_VERSION}: make it again (python -m models)",
            found=found,
        )


def describe_problem(error: ValidationError) -> str:
    """Returns pydantic's first complaint as `field.path: message`."""
    problem = error.errors()[0]
    where = ".".join(str(part) for part in problem["loc"])
    return f"{where}: {problem['msg']}" if where else str(problem["msg"])


def to_manifest_json(manifest: Manifest) -> bytes:
    """Returns the bytes of `bundle.json`."""
    return (json.dumps(manifest.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n").encode()


def get_utc_now() -> datetime:
    """Returns this moment in UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)
