"""The examples of the specification: every operation has them, and they are what its schemas say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from app.openapi.examples import read_examples
from demo.examples import list_questions
from tests.unit import documented_facts as facts


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    return facts.specification()


def operations(spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in spec["paths"].values():
        yield from path.values()


def find_faults(spec: dict[str, Any], schema: dict[str, Any], value: Any) -> list[str]:
    """Returns what is wrong with a value by a schema of the specification."""
    validator = Draft202012Validator({**schema, "components": spec["components"]})
    return [
        f"{'/'.join(map(str, each.absolute_path))}: {each.message[:200]}" for each in validator.iter_errors(value)
    ]


def test_every_operation_has_an_example_and_no_example_is_left_over(spec: dict[str, Any]) -> None:
    ids = {operation["operationId"] for operation in operations(spec)}
    assert ids == set(read_examples()) == set(list_questions("")), (
        "add the question to demo/examples.py, start the demo and run `python -m demo record-examples`"
    )


def test_answers_are_what_their_schemas_say(spec: dict[str, Any]) -> None:
    seen = 0
    for operation in operations(spec):
        for status, response in operation["responses"].items():
            content = response.get("content", {}) if status.startswith("2") else {}
            for media_type, each in content.items():
                if media_type.startswith("image/"):
                    continue
                faults = find_faults(spec, each["schema"], each["example"])
                assert faults == [], (operation["operationId"], "`python -m demo record-examples` records them anew")
                seen += 1
    assert seen >= len(read_examples()) - 1


def test_questions_are_what_their_schemas_say(spec: dict[str, Any]) -> None:
    seen = 0
    for operation in operations(spec):
        for media_type, each in operation.get("requestBody", {}).get("content", {}).items():
            if media_type.endswith("json") and "ndjson" not in media_type:
                bodies = [example["value"] for example in each["examples"].values()]
                assert bodies, operation["operationId"]
                for body in bodies:
                    assert find_faults(spec, each["schema"], body) == [], (operation["operationId"], body)
                    seen += 1
    assert seen > 5


def test_what_docs_fill_in_are_the_demos_products(spec: dict[str, Any]) -> None:
    for operation in operations(spec):
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "path" and operation["operationId"] != "deleteRule":
                assert parameter["example"] == read_examples()[operation["operationId"]]["path"][parameter["name"]]
            elif "example" in parameter:
                assert parameter["example"] == {}, "optional parameters stay empty"
