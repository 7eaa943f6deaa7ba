"""What the specification says about API keys: where this server wants one, and what it answers without."""

import re
from typing import Any

from apiflask import APIFlask

from app.http.access import scope_of
from app.settings import ApiSettings

SCHEMES = {
    "key": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "vs_…",
        "description": "An API key, made by `visual-search keys create`",
    },
    "keyHeader": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The same key"},
}
EITHER: list[dict[str, list[str]]] = [{"key": []}, {"keyHeader": []}]
ERROR = {"application/json": {"schema": {"$ref": "#/components/schemas/HTTPError"}}}
CHALLENGE = {"WWW-Authenticate": {"description": "RFC 6750, section 3", "schema": {"type": "string"}}}


def _refusal() -> dict[str, Any]:
    return {"description": "", "content": ERROR, "headers": dict(CHALLENGE)}


def add_security(spec: dict[str, Any], app: APIFlask, settings: ApiSettings) -> dict[str, Any]:
    """Adds the schemes, and to each operation what its key needs and how it is refused."""
    spec["components"]["securitySchemes"] = SCHEMES
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        scope = scope_of(rule.endpoint, app)
        if scope is None:
            continue
        open_to_all = settings.public_search if scope == "search" else settings.allow_anonymous_writes
        for method, operation in spec["paths"].get(path, {}).items():
            if method.upper() not in (rule.methods or ()):
                continue
            operation["responses"].setdefault("401", _refusal())
            operation["responses"].setdefault("429", {"description": "", "content": ERROR})
            if scope != "search" or not open_to_all:
                operation["responses"].setdefault("403", _refusal())
            if not open_to_all:
                operation |= {"security": EITHER, "x-scope": scope}
    return spec
