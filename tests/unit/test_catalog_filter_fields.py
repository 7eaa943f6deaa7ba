"""One table of filter fields: what follows from it, and that a new field takes the table and the product model."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.schemas.params import BrowseParams, FilterParams, ImageForm, SimilarParams
from catalog import index_mapping
from catalog.domain.filter_fields import FIELD_BY_KEY, FILTER_FIELDS, format_table
from catalog.domain.filters import Filters
from catalog.domain.product import Product
from catalog.feeds.column_mapping import WORDS
from catalog.search.queries import BROWSE_SORTS
from catalog.search.search_types import FACETS, SORTS
from catalog.settings import CatalogSettings

ROOT = Path(__file__).parents[2]
KEYS = [each.key for each in FILTER_FIELDS]


def test_filters_have_the_keys_of_the_table_in_its_order() -> None:
    assert list(Filters.model_fields) == KEYS


@pytest.mark.parametrize("model", [FilterParams, SimilarParams, ImageForm, BrowseParams])
def test_parameters_and_forms_have_those_of_the_table(model: type[FilterParams]) -> None:
    described = {name: text for each in FILTER_FIELDS for name, text in each.api_parameters.items()}
    assert {name: model.model_fields[name].description for name in described} == described


def test_facets_sorts_mapping_and_columns_are_those_of_the_table() -> None:
    assert list(FACETS) == [each.key for each in FILTER_FIELDS if each.facet]
    assert {each.key for each in FILTER_FIELDS if each.sort} == {"price"} < set(SORTS)
    assert BROWSE_SORTS["-price"] == [{"effective_price": {"order": "desc", "missing": "_last"}}]
    for each in FILTER_FIELDS:
        assert {name: index_mapping.PRODUCT_PROPERTIES[name] for name in each.mappings} == each.mappings
        assert not each.is_text_column or (each.key in WORDS and each.key in Product.model_fields)
        if each.index_sort:
            assert CatalogSettings(index_sort=(each.key,)).index_sort == (each.key,)


def test_the_documentation_has_a_line_per_field() -> None:
    lines = list(format_table())[2:]
    assert [line.split("`")[1] for line in lines] == KEYS
    assert "`price_min`, `price_max`" in lines[KEYS.index("price")]
    assert "`attributes.<name>`" in lines[KEYS.index("attributes")]
    assert FIELD_BY_KEY["size"].index_field == "sizes_available"
    table = "\n".join(format_table())
    assert table in (ROOT / "docs" / "api.md").read_text(), f"write this table into docs/api.md:\n{table}"


NEW_FIELD = '    FilterField("season", description="when it is worn", index_sort=True),\n'
USE = """
import json
from app import create_app
from catalog import index_mapping
from catalog.domain.filter_fields import WORD
from catalog.domain.embedding_space import Space
from catalog.feeds import column_mapping
from catalog.settings import CatalogSettings
from catalog.similar.merchandising import RULE_FIELDS
from datetime import UTC, datetime
from tests.fakes import FakeCatalogue

assert index_mapping.PRODUCT_PROPERTIES["season"] == WORD and "season" in RULE_FIELDS
assert CatalogSettings(index_sort=("season",)).index_sort == ("season",)
row = {"id": "p3", "title": "x", "season": "Winter"}
assert column_mapping.map_columns(row, column_mapping.RowContext("", datetime.now(UTC)))["season"] == "Winter"
space = Space("color", "v1", 2)
products = [{"id": f"p{n}", "title": "x", "image_url": f"file:///{n}.jpg", "season": s}
            for n, s in enumerate(("Summer", "Winter", "Winter"))]
index = FakeCatalogue(products, [space])
for n in range(3):
    index.embed(f"p{n}", space, [1, n])
client = create_app(index).test_client()
def get(path):
    return client.get(path).get_json()
found = get("/v1/products/p0/similar?season=winter&facets=season")
assert [hit["id"] for hit in found["hits"]] == ["p1", "p2"], found
assert found["facets"]["season"] == [{"value": "Winter", "count": 2}]
body = {"query": {"product_id": "p1"}, "filter": {"season": ["summer"]}}
assert [hit["id"] for hit in client.post("/v1/search", json=body).get_json()["hits"]] == ["p0"]
assert [hit["product"]["season"] for hit in get("/v1/products?season=summer&fields=season")["hits"]] == ["Summer"]
assert "did you mean season?" in get("/v1/products?seson=x")["message"]
spec = get("/openapi.json")
parameters = spec["paths"]["/v1/products/{product_id}/similar"]["get"]["parameters"]
assert [each["description"] for each in parameters if each["name"] == "season"] == ["when it is worn"]
assert "season" in spec["components"]["schemas"]["Filters"]["properties"]
assert "season" in spec["components"]["schemas"]["ImageForm"]["properties"]

print("works")
"""


def test_a_new_filter_field_takes_two_files(tmp_path: Path) -> None:
    """Adds a field to a copy of the house: one line in the table, one in the product model."""
    for room in ("app", "catalog", "models", "tests"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__", "integration"))
    for file, before, added in (
        ("filter_fields.py", '    FilterField("gender"', NEW_FIELD),
        ("product.py", "    gender: Word | None = None\n", "    season: Word | None = None\n"),
    ):
        path = tmp_path / "catalog" / "domain" / file
        text = path.read_text()
        assert text.count(before) == 1
        path.write_text(text.replace(before, added + before))
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", USE], cwd=tmp_path, capture_output=True, text=True, env=environment, check=False
    )
    assert done.stdout.strip() == "works", done.stderr[-3000:]
