"""Merchandising rules and the fallback on a real Elasticsearch, held against the index in memory."""

import logging
from typing import Any

import numpy as np
import pytest
import requests
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app import create_app
from app.settings import ApiSettings
from catalog import similarity
from catalog.domain import merchandising_rules
from catalog.domain.embedding_space import Space
from catalog.domain.filters import Filters
from catalog.domain.matching import Matcher
from catalog.domain.product import document, parse
from catalog.domain.records import Change, Outcome
from catalog.elastic import Catalogue, connect, ttl_cache
from catalog.errors import InvalidInput, InvalidRule
from catalog.search.planning.plan_cost import Breadth, Facts
from catalog.search.planning.planner import Choice, Planner
from catalog.search.planning.prices import Costs
from catalog.search.search_types import IN_STOCK_NEWEST
from catalog.settings import CatalogSettings
from catalog.similar import similar_to
from tests.asking import browse_query, similar_query, similar_request
from tests.fakes import FakeCatalogue

SPACE = Space("color", "v1", 8)
COUNT, EMBEDDED = 260, 250  # more than are reordered, some without an embedding
COLORS = ("red", "blue", "green")
FEW = hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def make(number: int) -> dict[str, Any]:
    return document(
        parse(
            {
                "id": f"p{number:03d}",
                "title": "x",
                "image_url": f"file:///{number}.jpg",
                "price": number,
                "color": COLORS[number % 3],
                "category": ["clothing", "dress" if number % 2 else "shirt"],
                "available": number % 5 != 0,
                "item_group_id": f"g{number // 2}" if number % 7 else None,
                "attributes": {"washable": number % 2 == 0, "length": number % 4},
                "updated_at": f"2027-01-{number % 28 + 1:02d}T00:00:00Z",
            }
        )
    )


def fill(index: Any) -> Any:
    index.layout.create()
    index.products.write([Change(f"p{n:03d}", make(n)) for n in range(COUNT)])
    index.spaces.ensure(SPACE)
    index.products.refresh()
    vectors = similarity.normalize(np.random.default_rng(5).normal(size=(EMBEDDED, SPACE.dims)))
    index.embeddings.write_outcomes(
        SPACE, [Outcome(f"p{n:03d}", f"file:///{n}.jpg", "done", vector=v) for n, v in enumerate(vectors)]
    )
    index.products.refresh()
    return index


@pytest.fixture
def real(catalogue: Catalogue) -> Catalogue:
    found: Catalogue = fill(catalogue)
    return found


@pytest.fixture(scope="module")
def fake() -> Any:
    return fill(FakeCatalogue())


def put(index: Any, rule_id: str, **content: Any) -> None:
    index.rules.put(merchandising_rules.parse({"id": rule_id, **content}))


def clear(*indices: Any) -> None:
    for index in indices:
        for rule in index.rules.read_all():
            assert index.rules.delete(rule.id)


filters = st.sampled_from(
    [
        {"color": "red"},
        {"available": False},
        {"price": {"gte": 40, "lte": 120}},
        {"category": ["dress"], "color": ["blue", "green"]},
        {"attributes": {"washable": "true"}},
        {"attributes": {"length": ["1", "3"]}},
        {"item_group_id": ["g3", "g50"]},
    ]
)
names = st.lists(st.sampled_from([f"p{n:03d}" for n in range(0, COUNT, 6)]), min_size=1, max_size=3)
targets = st.one_of(st.fixed_dictionaries({"ids": names}), st.fixed_dictionaries({"filter": filters}))
some_rules = st.lists(
    st.one_of(
        st.builds(lambda target: {"action": "hide", "target": target}, targets),
        st.builds(
            lambda ids, at: {"action": "pin", "target": {"ids": ids}, "position": at}, names, st.integers(1, 9)
        ),
        st.builds(
            lambda target, by: {"action": "boost", "target": target, "amount": by},
            targets,
            st.sampled_from([-0.4, 0.3]),
        ),
    ),
    min_size=1,
    max_size=4,
)


@FEW
@given(some_rules, filters, st.sampled_from([0, 5, 195, 203]), st.sampled_from([0, 2]))
def test_rules_do_on_elasticsearch_what_they_do_in_memory(
    real: Catalogue, fake: Any, given_rules: list[dict[str, Any]], filter_: dict[str, Any], offset: int, groups: int
) -> None:
    clear(real, fake)
    for number, rule in enumerate(given_rules):
        put(real, f"r{number}", **rule)
        put(fake, f"r{number}", **rule)
    wanted = Filters.model_validate(filter_) if offset == 5 else Filters()
    request = similar_request(
        "p001", wanted, limit=10, offset=offset, group_size=groups, total=True, facets=("color",), explain=True
    )
    found, expected = similar_to(real, request), similar_to(fake, request)
    assert [hit.id for hit in found.hits] == [hit.id for hit in expected.hits]
    assert [hit.score for hit in found.hits] == pytest.approx([hit.score for hit in expected.hits], abs=1e-6)
    assert [[each.id for each in hit.group or ()] for hit in found.hits] == [
        [each.id for each in hit.group or ()] for hit in expected.hits
    ]
    assert (found.total, found.facets, found.warnings) == (expected.total, expected.facets, expected.warnings)
    assert found.explanations is not None and expected.explanations is not None
    assert {i: (e["rank_before"], e["rank_after"], e["rules"]) for i, e in found.explanations.items()} == {
        i: (e["rank_before"], e["rank_after"], e["rules"]) for i, e in expected.explanations.items()
    }


class KnnUnlessNeeded(Planner):
    def choose(self, facts: Facts, counter: Any) -> Choice:
        return Choice("exact", facts.exact_needed) if facts.exact_needed else Choice("knn", "for this test")


@pytest.mark.parametrize("kind", ["int8_flat", "hnsw"])
def test_rules_work_on_an_approximate_plan_too(settings: CatalogSettings, fake: Any, kind: str) -> None:
    planner = KnnUnlessNeeded(Costs(), Breadth(pool=200, num_candidates=300, oversample=6))
    index = fill(connect(settings.model_copy(update={"vector_index": kind}), planner))
    clear(fake)
    for each in (index, fake):
        put(each, "hide", action="hide", target={"filter": {"color": "red"}})
        put(each, "pin", action="pin", target={"ids": ["p200", "p003"]}, position=3)
    for offset in (0, 150):
        request = similar_request("p001", limit=20, offset=offset, total=True)
        found, expected = similar_to(index, request), similar_to(fake, request)
        assert found.plan.strategy == "knn"
        assert [hit.id for hit in found.hits] == [hit.id for hit in expected.hits]
        assert found.total == expected.total
    index.client.close()


def test_rules_are_kept_once_listed_by_id_and_seen_at_once_by_who_wrote_them(catalogue: Catalogue) -> None:
    assert catalogue.rules.get_rulebook().rules == ()
    put(catalogue, "b", action="hide", target={"ids": ["p001"]}, note="one")
    put(catalogue, "a", action="boost", target={"filter": {"attributes": {"fit": ["slim"]}}}, amount=0.25)
    put(catalogue, "b", action="pin", target={"ids": ["p002"]}, position=4, valid_until="2027-05-01T00:00:00Z")
    kept = list(catalogue.rules.get_rulebook().rules)
    assert [(rule.id, rule.action) for rule in kept] == [("a", "boost"), ("b", "pin")]
    assert kept == list(catalogue.rules.read_all()) and kept[1].note is None
    assert kept[0].target.filter.attributes == {"fit": ("slim",)}
    assert catalogue.rules.delete("a") and not catalogue.rules.delete("a")
    assert [rule.id for rule in catalogue.rules.get_rulebook().rules] == ["b"]


def test_others_see_a_rule_within_seconds(
    catalogue: Catalogue, settings: CatalogSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = connect(settings)
    assert other.rules.get_rulebook().rules == ()
    put(catalogue, "a", action="hide", target={"ids": ["p001"]})
    assert other.rules.get_rulebook().rules == ()  # remembered
    assert ttl_cache.FRESH <= 2
    monkeypatch.setattr(ttl_cache, "FRESH", 0)
    assert [rule.id for rule in other.rules.get_rulebook().rules] == ["a"]
    other.client.close()


def test_rules_are_parsed_and_made_ready_when_they_change_not_when_somebody_asks(
    real: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = {"parsed": 0, "made ready": 0}

    def counting(name: str, act: Any) -> Any:
        def counted(*args: Any) -> Any:
            counts[name] += 1
            return act(*args)

        return counted

    clear(real)
    for number in range(3):
        put(real, f"boost{number}", action="boost", target={"filter": {"color": "red"}}, amount=0.1)
    monkeypatch.setattr("catalog.elastic.stores.rules.parse", counting("parsed", merchandising_rules.parse))
    monkeypatch.setattr("catalog.domain.merchandising_rules.Matcher", counting("made ready", Matcher))
    monkeypatch.setattr(ttl_cache, "FRESH", 0)  # every question reads them again
    for name in ("p001", "p002", "p003", "p004"):
        assert similar_to(real, similar_request(name)).hits
    assert counts == {"parsed": 3, "made ready": 3}
    other = connect(real.settings)
    put(other, "boost0", action="boost", target={"filter": {"color": "blue"}}, amount=0.1)
    other.client.close()
    counts.update({"parsed": 0, "made ready": 0})
    for name in ("p001", "p002"):
        assert similar_to(real, similar_request(name)).hits
    assert counts == {"parsed": 3, "made ready": 3}


def test_a_catalogue_from_before_there_were_rules_gets_their_index_with_the_first(
    real: Catalogue, elasticsearch_url: str
) -> None:
    real.client.indices.delete(index=real.names.rules)
    assert len(similar_to(real, similar_request("p001")).hits) == 10
    assert real.rules.read_all() == () and not real.rules.delete("a")
    put(real, "a", action="hide", target={"ids": ["p001"]})
    put(real, "a", action="hide", target={"ids": ["p002"]})
    mapping = requests.get(f"{elasticsearch_url}/{real.names.rules}/_mapping", timeout=10).json()
    assert mapping[real.names.rules]["mappings"]["dynamic"] == "strict"
    assert real.names.rules in real.layout.drop()


def test_a_rule_that_cannot_be_read_does_not_stop_the_others(
    real: Catalogue, caplog: pytest.LogCaptureFixture
) -> None:
    put(real, "good", action="hide", target={"ids": ["p002"]})
    real.client.index(index=real.names.rules, id="odd", document={"id": "odd", "action": "burn"}, refresh=True)
    with caplog.at_level(logging.WARNING):
        assert [rule.id for rule in real.rules.read_all()] == ["good"]
    assert "odd" in caplog.text


def test_there_are_only_so_many_rules(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalog.domain.merchandising_rulebook.MAX_RULES", 2)
    for name in ("a", "b", "b"):
        put(catalogue, name, action="hide", target={"ids": ["p001"]})
    with pytest.raises(InvalidRule, match="there are 2 rules, and no more than 2"):
        put(catalogue, "c", action="hide", target={"ids": ["p001"]})
    with pytest.raises(InvalidInput):
        catalogue.rules.put(merchandising_rules.parse({"id": "c", "action": "burn", "target": {"ids": ["p001"]}}))


@FEW
@given(filters, st.sampled_from([0, 7]), st.booleans())
def test_a_fallback_is_the_same_as_in_memory(
    real: Catalogue, fake: Any, filter_: dict[str, Any], offset: int, hide: bool
) -> None:
    clear(real, fake)
    for index in (real, fake) if hide else ():
        put(index, "hide", action="hide", target={"filter": {"color": "blue"}})
    request = similar_request(
        "p255",
        Filters.model_validate(filter_),
        limit=10,
        offset=offset,
        total=True,
        facets=("color",),
        fallback="category",
    )
    found, expected = similar_to(real, request), similar_to(fake, request)
    assert [(hit.id, hit.score, hit.product) for hit in found.hits] == [
        (hit.id, None, hit.product) for hit in expected.hits
    ]
    assert (found.total, found.facets, found.plan, found.warnings) == (
        expected.total,
        expected.facets,
        expected.plan,
        expected.warnings,
    )


def test_browsing_in_the_order_of_the_fallback_leaves_out_what_it_is_told_to(real: Catalogue, fake: Any) -> None:
    query = browse_query(
        q="x",
        sort=IN_STOCK_NEWEST,
        limit=COUNT,
        within=Filters(category=("dress",)),
        exclude_ids=("p003",),
        exclude_groups=("g10",),
        exclude_filters=(Filters(color=("red",)),),
        fields=("id",),
    )
    found, expected = real.browsing.search(query), fake.browsing.search(query)
    assert list(found.products) == list(expected.products) and found.total == expected.total


def test_a_query_for_named_products_compares_with_nothing_else(real: Catalogue, fake: Any) -> None:
    vector = similarity.normalize(np.ones(SPACE.dims))
    for narrow in ({"only_names": ("p004", "p250", "nope")}, {"only_groups": ("g8", "g1")}, {"only_names": ()}):
        query = similar_query(SPACE, vector, **narrow)  # type: ignore[arg-type]
        assert [hit.id for hit in real.similar.search(query).hits] == [
            hit.id for hit in fake.similar.search(query).hits
        ]


def test_over_http(real: Catalogue) -> None:
    client: FlaskClient = create_app(real, ApiSettings(allow_anonymous_writes=True)).test_client()
    before = [hit["id"] for hit in client.get("/v1/products/p001/similar").get_json()["hits"]]
    pin = {"action": "pin", "target": {"ids": ["p100"]}, "position": 1, "when": {"ids": ["p001"]}}
    assert client.put("/v1/rules/first", json=pin).status_code == 200
    hide = {"action": "hide", "target": {"ids": [before[0]]}, "valid_from": "2020-01-01T00:00:00Z"}
    assert client.put("/v1/rules/second", json=hide).status_code == 200
    after = [hit["id"] for hit in client.get("/v1/products/p001/similar").get_json()["hits"]]
    assert after == ["p100", *before[1:10]]
    assert [rule["id"] for rule in client.get("/v1/rules").get_json()["rules"]] == ["first", "second"]
    for name in ("first", "second"):
        assert client.delete(f"/v1/rules/{name}").status_code == 200
    assert [hit["id"] for hit in client.get("/v1/products/p001/similar").get_json()["hits"]] == before
    fallen = client.get("/v1/products/p255/similar?fallback=category").get_json()
    assert fallen["plan"]["strategy"] == "fallback" and len(fallen["hits"]) == 10
