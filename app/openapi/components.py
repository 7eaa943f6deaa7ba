"""Makes components that programs can be generated from: each once, with a plain name.

Generators make a class of every component, and of every object and list of words inside of one. So what means one
thing is one component (APIFlask writes one per place), enumerations have names, and a body that names exactly one of
several things is one component per thing: `oneOf` beside `properties` is more than they understand.
"""

from typing import Any

import orjson

from app.schemas.answers import ProductAnswer
from app.schemas.types import COMPONENT
from catalog.domain.merchandising_rules import Some

PREFIX = "#/components/schemas/"
NAMES = {  # of classes that the code calls otherwise
    "HTTPError": "Error",
    ProductAnswer.__name__: "Product",
    Some.__name__: "SomeProducts",
}
Schema = dict[str, Any]


def share_components(spec: Schema) -> None:
    """Rewrites all schemas of a specification; raises ValueError where two different ones have one name."""
    schemas: dict[str, Schema] = {}
    for name, schema in spec["components"]["schemas"].items():
        _tidy(schema)
        _say_defaults(schema)
        _rename_references(schema)
        plain = _plain_name(name)
        if schemas.setdefault(plain, schema) != schema:
            raise ValueError(f"two components are called {plain}: {schema} and {schemas[plain]}")
    _tidy(spec["paths"])
    _rename_references(spec["paths"])
    for name in list(schemas):
        _split_choice(name, schemas)
    _share_named([spec["paths"], list(schemas.values())], schemas)
    spec["components"]["schemas"] = dict(sorted(schemas.items()))


def _plain_name(name: str) -> str:
    """Returns the name of a component that APIFlask calls `Parent.Child`."""
    last = name.rpartition(".")[2]
    return NAMES.get(last, last)


def _rename_references(node: Any) -> None:
    for each in _walk(node):
        reference = each.get("$ref")
        if isinstance(reference, str) and reference.startswith(PREFIX):
            each["$ref"] = PREFIX + _plain_name(reference.removeprefix(PREFIX))


def _walk(node: Any) -> list[Schema]:
    """Returns all objects below `node`, itself first; examples are no schemas."""
    if isinstance(node, dict):
        inner = [each for key, each in node.items() if key not in ("example", "examples")]
        return [node, *(found for each in inner for found in _walk(each))]
    return [found for each in node for found in _walk(each)] if isinstance(node, list) else []


def _tidy(node: Any) -> None:
    """Rewrites what pydantic writes and JSON Schema means otherwise, and leaves out what says nothing."""
    for each in _walk(node):
        if isinstance(each.get("title"), str):
            del each["title"]  # it says the name again, and generators would call classes by it
        if "default" in each and each["default"] in (None, [], {}):
            del each["default"]  # left out means the same
        if each.get("type") == "array" and "maxLength" in each:
            each["maxItems"] = each.pop("maxLength")  # a length checked behind a validator


def _say_defaults(node: Any) -> None:
    """Moves defaults into descriptions: generators take a property that has one for one that has to be given."""
    for each in _walk(node):
        if "default" in each:
            said = f"default {orjson.dumps(each.pop('default')).decode()}"
            description = each.get("description")
            each["description"] = f"{description}; {said}" if description else said


def _split_choice(name: str, schemas: dict[str, Schema]) -> None:
    """Makes a component that requires exactly one of several properties a union of components with one each.

    The others go along with all, or, where `dependentRequired` says so, with the one that they need.
    """
    schema = schemas[name]
    choices = [each["required"][0] for each in schema.get("oneOf", []) if "required" in each]
    if not choices:
        return
    needs = schema.get("dependentRequired", {})
    references = []
    for chosen in choices:
        fields = {
            field: each
            for field, each in schema["properties"].items()
            if field == chosen or (field not in choices and needs.get(field, [chosen]) == [chosen])
        }
        fields[chosen] = _require_some(fields[chosen])
        part = f"{name}By{''.join(map(str.capitalize, chosen.split('_')))}"
        schemas[part] = {
            "type": "object",
            "properties": fields,
            "required": [chosen],
            "additionalProperties": False,
        }
        references.append({"$ref": PREFIX + part})
    schemas[name] = {"description": schema["description"], "oneOf": references}


def _require_some(schema: Schema) -> Schema:
    """Returns the schema of a property that is neither null nor empty."""
    (kind,) = [each for each in schema["anyOf"] if each != {"type": "null"}]
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    return {**kind, **rest} | ({"minItems": 1} if kind.get("type") == "array" else {})


def _share_named(node: Any, schemas: dict[str, Schema]) -> None:
    """Moves each schema that has a name of its own into `schemas`, and puts a reference in its place."""
    for each in _walk(node):
        name = each.pop(COMPONENT, None)
        if name is not None:
            described = {"description": each.pop("description")} if "description" in each else {}
            schemas[name] = dict(each)
            each.clear()
            each.update({"$ref": PREFIX + name, **described})
