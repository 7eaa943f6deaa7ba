"""Puts the demo's questions and answers beside the operations that they are of."""

from functools import cache
from pathlib import Path
from typing import Any

import orjson

FILE = Path(__file__).with_name("examples.json")  # written by `python -m demo record-examples`


@cache
def read_examples() -> dict[str, dict[str, Any]]:
    """Returns, by operation id, `path` parameters and named `bodies` of a question, and its `answer`."""
    found: dict[str, dict[str, Any]] = orjson.loads(FILE.read_bytes())
    return found


def add_examples(spec: dict[str, Any]) -> None:
    """Adds what is asked to parameters and bodies, and what is answered to the answers.

    Optional parameters stay empty: whoever tries an operation out shall see its plain answer first.
    """
    examples = read_examples()
    for operations in spec["paths"].values():
        for operation in operations.values():
            example = examples.get(operation["operationId"])
            if example is not None:
                _add_question(operation, example)
            if example is not None and "answer" in example:
                _add_answer(operation, example["answer"])


def _add_question(operation: dict[str, Any], example: dict[str, Any]) -> None:
    for parameter in operation.get("parameters", []):
        if parameter["name"] in example.get("path", {}):
            parameter["example"] = example["path"][parameter["name"]]
    bodies = {name: {"value": body} for name, body in example.get("bodies", {}).items()}
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        if bodies and media_type.endswith("json"):
            content["examples"] = bodies | content.get("examples", {})


def _add_answer(operation: dict[str, Any], answer: Any) -> None:
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            for content in response.get("content", {}).values():
                content["example"] = answer
