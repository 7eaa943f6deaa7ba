"""An answer of a part of the catalogue is an error, and says whether another query would fare better."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from catalog import elastic
from catalog.elastic.completeness import Incomplete, require_all_shards
from catalog.errors import Unavailable


def answer(failed: int = 0, successful: int = 2, *types: str, **more: Any) -> dict[str, Any]:
    failures = [{"shard": 0, "reason": {"type": kind, "reason": None}} for kind in types]
    return {"_shards": {"total": 2, "successful": successful, "failed": failed, "failures": failures}, **more}


def test_an_answer_of_every_shard_passes() -> None:
    good = answer(timed_out=False, hits={"total": 3})
    assert require_all_shards(good) is good


@pytest.mark.parametrize(
    "partial",
    [
        answer(1, 1, "node_not_connected_exception"),
        answer(0, 1),
        answer(0, 2, timed_out=True),
    ],
)
def test_a_part_of_an_answer_is_unavailable(partial: dict[str, Any]) -> None:
    with pytest.raises(Unavailable, match="of 2 parts of the catalogue answered") as raised:
        require_all_shards(partial)
    assert raised.value.code == "unavailable" and raised.value.detail == {}


@pytest.mark.parametrize(
    ("types", "outage", "lost_context"),
    [
        ((), True, False),
        (("no_shard_available_action_exception",), True, False),
        (("search_context_missing_exception",), True, True),
        (("search_context_missing_exception", "node_disconnected_exception"), True, False),
        (("illegal_argument_exception",), False, False),
        (("illegal_argument_exception", "node_disconnected_exception"), False, False),
    ],
)
def test_a_query_that_a_node_does_not_know_is_no_outage(types: Any, outage: bool, lost_context: bool) -> None:
    error = Incomplete(answer(1, 1, *types))
    assert (error.is_outage, error.lost_context) == (outage, lost_context)


def test_every_search_and_count_of_the_gateway_is_held_to_all_shards() -> None:
    """A search added tomorrow must not answer with half a catalogue either."""
    found = {}
    for path in sorted(Path(elastic.__file__).parent.rglob("*.py")):
        text = path.read_text()
        for function in ast.walk(ast.parse(text)):
            if isinstance(function, ast.FunctionDef):
                body = ast.get_source_segment(text, function) or ""
                if re.search(r"\bclient\.(search|msearch|count)\(", body):
                    found[f"{path.stem}.{function.name}"] = "require_all_shards(" in body
    assert len(found) >= 6
    # Readiness is about this instance and its Elasticsearch, not about every product.
    assert [name for name, held in found.items() if not held] == ["status.ping"]
