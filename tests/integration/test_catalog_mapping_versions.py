"""An index of an older mapping: answered as before, with a warning, until a reindex brings today's filters."""

from collections.abc import Iterator
from typing import Any

import pytest

from catalog import index_mapping
from catalog.commands.reindex_state import format_reindex_state
from catalog.domain import filters
from catalog.domain.embedding_space import Space
from catalog.domain.product import ADDED_FIELDS, document, parse
from catalog.domain.records import Change, Outcome
from catalog.elastic import Catalogue, connect
from catalog.elastic.reindexing import reindex
from catalog.search.browsing import browse
from catalog.settings import CatalogSettings
from catalog.similar import similar_to
from tests.asking import browse_query, similar_request

SPACE = Space("color", "v1", 2)
DRESS = {
    "id": "dress",
    "title": "A dress",
    "image_url": "https://shop.example/dress.jpg",
    "brand": "Alder",
    "currency": "EUR",
    "attributes": {"Fit": "Slim"},
    "variants": [{"sku": "s", "size": "S", "price": 50}, {"sku": "m", "size": "M", "price": 100}],
}
SHIRT = {**DRESS, "id": "shirt", "image_url": "https://shop.example/shirt.jpg", "currency": "JPY"}


def old_mapping() -> dict[str, Any]:
    """The mapping of version 1, as it was before filters looked at offers and folded words."""
    today = index_mapping.products()
    fields = {name: field for name, field in today["properties"].items() if name not in ADDED_FIELDS}
    plain = {name: {k: v for k, v in field.items() if k != "fields"} for name, field in fields.items()}
    return {"dynamic": "strict", "properties": {**plain, "title": fields["title"]}}


@pytest.fixture
def old(settings: CatalogSettings) -> Iterator[Catalogue]:
    found = connect(settings)
    found.client.indices.create(index=found.names.first, mappings=old_mapping(), aliases={found.names.products: {}})
    stored = [document(parse(each)) for each in (DRESS, SHIRT)]
    for source in stored:
        for name in ADDED_FIELDS:
            source.pop(name, None)
    assert [result.status for result in found.products.write([Change(s["id"], s) for s in stored])] == ["created"] * 2
    found.spaces.ensure(SPACE)
    found.embeddings.write_outcomes(
        SPACE, [Outcome(s["id"], s["image_url"], "done", vector=[1.0, 0.0]) for s in stored]
    )  # type: ignore[arg-type]
    found.products.refresh()
    yield found
    found.client.close()


def passing(index: Catalogue, **asked: Any) -> list[str]:
    return sorted(str(each["id"]) for each in browse(index, browse_query(filters=filters.parse(asked))).products)


def test_an_older_index_answers_as_before_and_says_what_to_do(old: Catalogue) -> None:
    page = browse(old, browse_query(filters=filters.parse({"size": "M", "price": {"lte": 60}}), sort="price"))
    assert [each["id"] for each in page.products] == ["dress", "shirt"]
    assert [warning.code for warning in page.warnings] == ["old_index"]
    assert page.warnings[0].detail and "python -m catalog reindex" in page.warnings[0].detail["hint"]
    assert passing(old, brand=["alder"]) == [] and passing(old, attributes={"Fit": ["Slim"]}) == ["dress", "shirt"]
    answer = similar_to(old, similar_request("dress", filters.parse({"size": "M", "price": {"lte": 60}})))
    assert [hit.id for hit in answer.hits] == ["shirt"]
    assert [warning.code for warning in answer.warnings] == ["old_index"]


def test_an_older_index_takes_what_is_written_today_and_still_answers_as_before(old: Catalogue) -> None:
    assert old.layout.create() == old.names.first
    assert old.products.write([Change("new", document(parse({**DRESS, "id": "new"})))])[0].status == "created"
    old.products.refresh()
    assert old.spaces.get_mapping_version() == 1
    assert any("python -m catalog reindex" in line for line in format_reindex_state(old.status.read()))
    assert passing(old, size=["M"], price={"lte": 60}) == ["dress", "new", "shirt"]


def test_a_reindex_derives_what_todays_filters_look_at_and_keeps_the_vectors(old: Catalogue) -> None:
    reindex.reindex(old)
    old.spaces.shape.forget()
    assert old.spaces.get_mapping_version() == index_mapping.VERSION
    assert passing(old, currency=["eur"], size=["M"], price={"lte": 60}) == []
    assert passing(old, currency=["eur"], size=["s"], price={"lte": 60}) == ["dress"]
    assert passing(old, currency=["eur"], price={"gte": 90}) == ["dress"]
    assert passing(old, brand=["ALDER"], attributes={"Fit": ["SLIM"]}) == ["dress", "shirt"]
    assert passing(old, attributes={"Fit": []}) == ["dress", "shirt"]
    answer = similar_to(old, similar_request("dress", facets=("brand",)))
    assert [(hit.id, hit.score) for hit in answer.hits] == [("shirt", pytest.approx(1.0))]
    assert answer.facets == {"brand": [{"value": "Alder", "count": 1}]} and answer.warnings == ()
