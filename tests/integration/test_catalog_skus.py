"""SKUs address products on a real Elasticsearch, held against the index in memory."""

from typing import Any

import numpy as np
import pytest

from catalog import similarity
from catalog.domain import merchandising_rules
from catalog.domain.embedding_space import Space
from catalog.domain.product import document, parse
from catalog.domain.records import Change, Outcome
from catalog.elastic import Catalogue
from catalog.elastic.stores import products as product_store
from catalog.similar import similar_to
from tests.asking import similar_request
from tests.fakes import FakeCatalogue

SPACE = Space("color", "v1", 4)
COUNT = 30


def make(number: int) -> dict[str, Any]:
    sizes = [{"sku": f"s{number}-{size}", "size": size} for size in "ML"] + [{"sku": "one"}]  # not all are unique
    return {"id": f"p{number:02d}", "title": "x", "image_url": f"https://a.example/{number}.jpg", "variants": sizes}


def fill(index: Any) -> Any:
    index.layout.create()
    index.spaces.ensure(SPACE)
    index.products.write([Change(one["id"], document(parse(one))) for one in map(make, range(COUNT))])
    vectors = np.random.default_rng(2).normal(size=(COUNT, 4))
    index.embeddings.write_outcomes(
        SPACE,
        [
            Outcome(make(n)["id"], make(n)["image_url"], "done", vector=similarity.normalize(vectors[n]))
            for n in range(COUNT)
        ],
    )
    index.products.refresh()
    return index


def test_products_are_found_by_id_first_and_then_by_sku(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(catalogue)
    monkeypatch.setattr(product_store, "SKUS_ASKED", 7)
    asked = ["p03", "s4-M", "s4-L", "one", "nope", *(f"s{n}-L" for n in range(COUNT))]
    found = catalogue.products.read_vectors(asked, [SPACE])
    expected = {"p03": "p03", "s4-M": "p04", "s4-L": "p04", "one": "p00"} | {
        f"s{n}-L": f"p{n:02d}" for n in range(COUNT)
    }
    assert {name: stored.id for name, (stored, _) in found.items()} == expected
    assert all(SPACE.name in vectors for _, vectors in found.values())
    stored = catalogue.products.read("s7-M")
    assert stored is not None and stored.id == "p07" and catalogue.products.read("nope") is None
    assert catalogue.products.find_by_sku([]) == {} == catalogue.products.find_by_sku(["p03"])


def test_a_sku_that_very_many_products_share_hides_no_other(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    from catalog.search import queries

    fill(catalogue)
    monkeypatch.setattr(queries, "SKU_PAGE", 5)
    assert catalogue.products.find_by_sku(["s29-M", "one", "s17-L"]) == {"one": "p00", "s29-M": "p29", "s17-L": "p17"}


def test_questions_by_sku_are_answered_as_in_memory(catalogue: Catalogue) -> None:
    real, fake = fill(catalogue), fill(FakeCatalogue())
    rules = [
        {"id": "a", "action": "hide", "target": {"ids": ["s9-M"]}},
        {"id": "b", "action": "pin", "target": {"ids": ["s8-L", "p07"]}, "position": 2, "when": {"ids": ["s2-M"]}},
        {"id": "c", "action": "boost", "target": {"ids": ["s6-L"]}, "amount": 0.4},
    ]
    requests = [
        similar_request("s2-L", limit=40, exclude_ids=("s3-M", "p04"), total=True),
        similar_request("p02", limit=4, offset=3, group_size=1, total=True),
        similar_request(None, positive=("s1-M", "p05", "s1-L"), negative=("s0-L",), limit=40, exclude_ids=("one?",)),
    ]
    for chosen in ([], rules):
        for index in (real, fake):
            for rule in chosen:
                index.rules.put(merchandising_rules.parse(rule))
        for request in requests:
            ours, told = similar_to(fake, request), similar_to(real, request)
            assert [hit.id for hit in told.hits] == [hit.id for hit in ours.hits]
            assert (told.total, told.missing_ids, told.warnings) == (ours.total, ours.missing_ids, ours.warnings)
    assert [hit.id for hit in similar_to(real, requests[0]).hits][1:3] == ["p08", "p07"]
