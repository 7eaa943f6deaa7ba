"""The dataclasses and options of client/ have what the specification says, no more and no less."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, get_type_hints

import pytest

import visual_search_client as client
from tests.unit import documented_facts as facts
from visual_search_client.answers import BulkLine, BulkResult, Explanation, WriteResult
from visual_search_client.questions import Filter, PhotoOptions, Rule, RuleScope, SearchOptions

ANSWERS = {
    "Product": client.Product,
    "Variant": client.Variant,
    "SimilarHit": client.Hit,
    "SimilarAnswer": client.SimilarPage,
    "BrowseAnswer": client.BrowsePage,
    "FacetValue": client.FacetValue,
    "PriceFacet": client.PriceFacet,
    "Explanation": Explanation,
    "ModelAnswer": client.ModelVersion,
    "PlanAnswer": client.Plan,
    "WarningAnswer": client.AnswerNote,
    "ProductWritten": WriteResult,
    "BulkItem": BulkLine,
    "BulkAnswer": BulkResult,
}


@pytest.fixture(scope="module")
def schemas() -> dict[str, Any]:
    found: dict[str, Any] = facts.specification()["components"]["schemas"]
    return found


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_has_the_fields_of_its_schema(schemas: dict[str, Any], name: str) -> None:
    assert {each.name for each in fields(ANSWERS[name])} - {"extra"} == set(schemas[name]["properties"])


def test_questions_have_the_options_of_their_schemas(schemas: dict[str, Any]) -> None:
    body = set(schemas["SearchBody"]["properties"]) - {"query"}
    assert set(get_type_hints(PhotoOptions)) == body
    assert set(get_type_hints(SearchOptions)) == body - {"bounding_box"}
    assert set(get_type_hints(Filter)) == set(schemas["Filters"]["properties"])
    assert set(get_type_hints(Rule)) == set(schemas["RuleBody"]["properties"])
    assert set(get_type_hints(RuleScope)) == set(schemas["SomeProducts"]["properties"])
    queries = [each["$ref"].rpartition("/")[2] for each in schemas["SearchSource"]["oneOf"]]
    assert set(get_type_hints(client.Query)) == {key for each in queries for key in schemas[each]["properties"]}
