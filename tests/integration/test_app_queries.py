"""Every query kind, page, group and facet of the API on random catalogues, held against numpy."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app import create_app
from app.settings import ApiSettings
from catalog.elastic import Catalogue
from catalog.search.planning.plan_cost import Breadth
from catalog.search.planning.planner import Planner
from catalog.search.planning.prices import Costs, SearchPrice
from tests.integration.numpy_shop import BRANDS, COLORS, NARROW, SIZES, WIDE, NumpyShop

CLOSE = 3e-6  # float32 in Elasticsearch, float64 here; two products nearer than this may swap places
PLANS = {
    "exact": Planner(Costs(), Breadth()),
    "knn": Planner(
        Costs(small_ms=0, script=SearchPrice(base=1e6), bulk=None),
        Breadth(pool=40, num_candidates=300),
    ),  # flat: finds them all
}
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "color_family": st.lists(st.sampled_from(COLORS), min_size=1, max_size=2),
        "size": st.lists(st.sampled_from(SIZES), min_size=1, max_size=2),
        "brand": st.lists(st.sampled_from(BRANDS), min_size=1, max_size=3),
        "gender": st.lists(st.sampled_from(["female", "male", "unisex"]), min_size=1),
        "category": st.lists(st.sampled_from(["clothing", "dress", "shirt", "shoes"]), min_size=1, max_size=2),
        "price": st.fixed_dictionaries({}, optional={"gte": st.integers(0, 40), "lte": st.integers(40, 110)}),
    },
)


@dataclass(frozen=True)
class Expected:
    """`rows` are groups of product numbers, best first; a group of one where products were asked for."""

    scores: Any
    rows: list[list[int]]
    total: int
    facets: dict[str, Any]
    missing: list[str]
    implied: dict[str, list[str]]
    contradictory: bool  # a price band and an asked price that leave nothing between them


class Reference:
    """What numpy says to a body of `POST /v1/search`; None where the API has to refuse with 404 or 409."""

    def __init__(self, shop: NumpyShop) -> None:
        self.shop = shop

    def answer(self, body: dict[str, Any]) -> Expected | None:
        shop, weights = self.shop, body.get("models") or {body["model"]: 1.0}
        found = self._source(body["query"], list(weights))
        if found is None:
            return None
        queries, examples, missing = found
        filters, implied = {**body["filter"]}, {}
        if "product_id" in body["query"]:
            implied = self._inherit(shop.products[examples[0]], filters, body.get("price_band"))
        hidden = examples if body["exclude_source"] else []
        pool = shop.pool(
            list(weights),
            {*body["exclude_ids"], *(shop.ids[n] for n in hidden)},
            {shop.group_of(n) for n in hidden},
        )
        scores = shop.scores(queries, weights)
        passing = [n for n in pool if shop.passes(n, filters)]
        ranked = sorted(passing, key=lambda n: (-scores[n], shop.ids[n]))
        ranked = [n for n in ranked if scores[n] >= body.get("score_threshold", -2)]
        grouped = "group_by" in body
        rows: dict[Any, list[int]] = {}
        for n in ranked:
            rows.setdefault(shop.group_of(n) if grouped else n, []).append(n)
        facets = {name: shop.facet(name, pool, filters) for name in body["facets"]}
        price = filters.get("price", {})
        contradictory = price.get("gte", 0) > price.get("lte", 1e9)
        return Expected(scores, list(rows.values()), len(rows), facets, missing, implied, contradictory)

    def _inherit(self, source: dict[str, Any], filters: dict[str, Any], band: Any) -> dict[str, list[str]]:
        implied = {}
        if "gender" not in filters and source.get("gender", "unisex") != "unisex":
            filters["gender"] = implied["gender"] = [source["gender"], "unisex"]
        if band:
            low, high = round(source["price"] * band[0], 2), round(source["price"] * band[1], 2)
            asked = filters.get("price", {})
            filters["price"] = {"gte": max(low, asked.get("gte", 0)), "lte": min(high, asked.get("lte", 1e9))}
        return implied

    def _source(self, query: dict[str, Any], models: list[str]) -> tuple[dict[str, Any], list[int], list[str]] | None:
        shop = self.shop
        if "vector" in query:
            return {models[0]: query["vector"]}, [], []

        def usable(name: str) -> bool:
            return name in shop.ids and all(shop.embedded[model][shop.ids.index(name)] for model in models)

        def mean(names: list[str], model: str) -> Any:
            return np.mean([shop.vectors[model][shop.ids.index(name)] for name in names], axis=0)

        good = query.get("positive", [query.get("product_id")])
        bad = query.get("negative", [])
        missing = [name for name in (*good, *bad) if not usable(name)]
        good, bad = [name for name in good if usable(name)], [name for name in bad if usable(name)]
        if not good:
            return None
        queries = {m: 2 * mean(good, m) - mean(bad, m) if bad else mean(good, m) for m in models}
        return queries, [shop.ids.index(name) for name in (*good, *bad)], missing


@st.composite
def bodies(draw: st.DrawFn, ids: list[str]) -> dict[str, Any]:
    names = st.sampled_from([*ids, "nobody"])
    kind = draw(st.sampled_from(["product_id", "vector", "examples"]))
    weight = st.floats(0.05, 5)
    models = draw(st.sampled_from([("wide",), ("narrow",), ("wide", "narrow")]))
    body: dict[str, Any] = {}
    if kind == "vector":
        models = models[:1]
        rng = np.random.default_rng(draw(st.integers(0, 10_000)))
        dims = {"wide": WIDE, "narrow": NARROW}[models[0]].dims
        body["query"] = {"vector": rng.normal(size=dims).astype(np.float32).tolist()}
    elif kind == "examples":
        body["query"] = {
            "positive": draw(st.lists(names, min_size=1, max_size=4, unique=True)),
            "negative": draw(st.lists(names, max_size=2, unique=True)),
        }
    else:
        body["query"] = {"product_id": draw(names)}
        if draw(st.booleans()):
            body["price_band"] = draw(st.sampled_from([[0, 1], [0.5, 2], [1, 1]]))
    body |= {"models": {name: draw(weight) for name in models}} if len(models) > 1 else {"model": models[0]}
    if draw(st.booleans()):
        body |= {"group_by": "item_group_id", "group_size": draw(st.integers(1, 4))}
    if draw(st.booleans()):
        body["score_threshold"] = draw(st.floats(-1, 1))
    return body | {
        "filter": draw(FILTERS),
        "limit": draw(st.integers(1, 60)),
        "offset": draw(st.sampled_from([0, 0, 0, 3, 25, 100])),
        "exclude_ids": draw(st.lists(names, max_size=3)),
        "exclude_source": draw(st.booleans()),
        "facets": draw(
            st.lists(
                st.sampled_from(["color_family", "size", "brand", "gender", "category", "price"]),
                max_size=3,
                unique=True,
            )
        ),
        "total": True,
        "explain": draw(st.booleans()),
        "exact": draw(st.booleans()),
    }


def compare(client: FlaskClient, shop: NumpyShop, body: dict[str, Any]) -> str:
    """Hold an answer against numpy's; returns the strategy that found it, `refused` where there was none to find."""
    answer, expected = client.post("/v1/search", json=body), Reference(shop).answer(body)
    if expected is None:
        assert answer.status_code in (404, 409), answer.get_json()
        return "refused"
    assert answer.status_code == 200, answer.get_json()
    if "score_threshold" in body:  # on which side of it a score falls must not be a matter of rounding
        assume(np.min(np.abs(np.asarray(expected.scores) - body["score_threshold"])) > CLOSE)
    found = answer.get_json()
    if found["plan"]["strategy"] == "knn" and len(body.get("models", {})) > 1:
        return compare_mix(shop, expected, found, body)
    window = expected.rows[body["offset"] : body["offset"] + body["limit"]]
    assert len(found["hits"]) == len(window)
    assert len({hit["id"] for hit in found["hits"]}) == len(window)
    for rank, (hit, row) in enumerate(zip(found["hits"], window, strict=True), start=body["offset"] + 1):
        assert_same(shop, expected, hit, row[0])
        if "group_by" in body:
            members = row[: body["group_size"]]
            assert len(hit["group"]) == len(members)
            assert len({shop.group_of(shop.ids.index(each["id"])) for each in hit["group"]}) == 1
            for each, number in zip(hit["group"], members, strict=True):
                assert_same(shop, expected, each, number)
        if body["explain"]:
            explained, weights = hit["explain"], hit["explain"]["weights"]
            mean = sum(weights[s] * explained["cosines"][s] for s in weights) / sum(weights.values())
            assert mean == pytest.approx(hit["score"], abs=CLOSE)
            assert explained["rank_after"] == explained["rank_before"] == rank
    assert_counted(expected, found, body)
    return str(found["plan"]["strategy"])


def compare_mix(shop: NumpyShop, expected: Expected, found: dict[str, Any], body: dict[str, Any]) -> str:
    """An approximate mix may miss a product that is near in no single space, but every score is exact."""
    passing = {row[0] for row in expected.rows}
    assert len(found["hits"]) == len(expected.rows[body["offset"] : body["offset"] + body["limit"]])
    numbers = [shop.ids.index(hit["id"]) for hit in found["hits"]]
    assert len(set(numbers)) == len(numbers) and set(numbers) <= passing
    for hit, number in zip(found["hits"], numbers, strict=True):
        assert hit["score"] == pytest.approx(expected.scores[number], abs=CLOSE)
    assert_counted(expected, found, body)
    return "knn"


def assert_counted(expected: Expected, found: dict[str, Any], body: dict[str, Any]) -> None:
    """Totals agree with the hits of all pages; nobody knows them where an approximate search meets a threshold."""
    unknown = found["plan"]["strategy"] == "knn" and "score_threshold" in body
    warnings = {warning["code"]: warning["detail"] for warning in found["warnings"]}
    assert ("total_unknown" in warnings) == unknown
    assert warnings.get("implied_filters", {}) == expected.implied
    assert ("contradictory_filters" in warnings) == expected.contradictory
    assert warnings.keys() <= {"total_unknown", "implied_filters", "contradictory_filters"}
    assert found["total"] == (None if unknown else expected.total)
    assert found["missing_ids"] == expected.missing
    assert (found["facets"] or {}) == expected.facets


def assert_same(shop: NumpyShop, expected: Expected, hit: dict[str, Any], number: int) -> None:
    """The product that belongs here, or one so near to it that its place is a matter of rounding."""
    assert hit["score"] == pytest.approx(expected.scores[number], abs=CLOSE)
    assert hit["score"] == pytest.approx(expected.scores[shop.ids.index(hit["id"])], abs=CLOSE)


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize(("seed", "count"), [(1, 30), (2, 120), (3, 300)])
def test_the_api_answers_like_numpy(catalogue: Catalogue, seed: int, count: int, plan: str) -> None:
    shop = NumpyShop(seed, count)
    shop.fill(catalogue)
    catalogue.similar.planner = PLANS[plan]
    client = create_app(catalogue, ApiSettings()).test_client()
    strategies: Counter[str] = Counter()

    @hypothesis_settings(
        max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
    )
    @given(bodies(shop.ids))
    def check(body: dict[str, Any]) -> None:
        strategies[compare(client, shop, body)] += 1

    check()
    assert strategies[plan] >= 5, strategies


def test_pages_of_groups_join_without_gap_or_overlap(catalogue: Catalogue) -> None:
    shop = NumpyShop(4, 150)
    shop.fill(catalogue)
    client = create_app(catalogue, ApiSettings()).test_client()
    source = next(n for n in range(150) if shop.embedded["wide"][n])
    body = {
        "query": {"product_id": shop.ids[source]},
        "model": "wide",
        "filter": {"gender": ["female", "male"]},
        "group_by": "item_group_id",
        "total": True,
    }
    seen: list[str] = []
    while True:
        page = client.post("/v1/search", json={**body, "limit": 7, "offset": len(seen)}).get_json()
        if not page["hits"]:
            break
        seen += [shop.group_of(shop.ids.index(hit["id"])) for hit in page["hits"]]
    assert len(seen) == len(set(seen)) == page["total"]


@pytest.mark.parametrize("plan", PLANS)
def test_varied_pages_hold_the_same_products_once(catalogue: Catalogue, plan: str) -> None:
    shop = NumpyShop(5, 300)
    shop.fill(catalogue)
    catalogue.similar.planner = PLANS[plan]
    client = create_app(catalogue, ApiSettings()).test_client()
    body = {"query": {"vector": [1.0, 2.0, 3.0, 4.0, 5.0]}, "model": "narrow"}
    plain = [
        hit["id"]
        for offset in (0, 150)
        for hit in client.post("/v1/search", json={**body, "limit": 150, "offset": offset}).get_json()["hits"]
    ]
    varied = [
        hit["id"]
        for offset in range(0, 300, 45)
        for hit in client.post(
            "/v1/search", json={**body, "limit": 45, "offset": offset, "diversity": 0.7}
        ).get_json()["hits"]
    ]
    assert len(plain) == int(shop.embedded["narrow"].sum())
    assert sorted(varied[:200]) == sorted(plain[:200]) and varied != plain
    assert varied[200:] == plain[200:]
