"""Reranking by itself: what the index is asked for, and how pins, boosts, variety and explanations make a page."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from catalog.domain import merchandising_rules
from catalog.domain.embedding_space import Space
from catalog.domain.filters import parse
from catalog.domain.merchandising_rulebook import ActiveRules
from catalog.search.search_types import Counts, Hit, QueryPart, SimilarQuery
from catalog.similar import reranking, similar_to
from catalog.similar.merchandising import RULE_FIELDS, Pin, boost_hits, insert_pins
from catalog.similar.reranking import join_vectors
from tests.asking import changed, similar_query, similar_request
from tests.fakes import FakeCatalogue

SPACE, OTHER = Space("color", "v1", 2), Space("shape", "v1", 2)
BRANDS = ("x", "y", "z")


def product(number: int, **fields: Any) -> dict[str, Any]:
    name = f"p{number}"
    return {"id": name, "title": name, "image_url": f"file:///{name}.jpg", "brand": BRANDS[number % 3], **fields}


def line(count: int = 6, **fields: Any) -> FakeCatalogue:
    """A source `s` and products p0, p1 … that look less and less like it."""
    index = FakeCatalogue([product(number, **fields) for number in range(count)], [SPACE])
    index.put({**index.docs["p0"], "id": "s", "group_key": "s"})
    index.embed("s", SPACE, [10, 0])
    for number in range(count):
        index.embed(f"p{number}", SPACE, [10, number])
    return index


def rule(**data: Any) -> Any:
    return merchandising_rules.parse({"id": "r", **data})


def boost(name: str, amount: float, **target: Any) -> Any:
    return rule(id=name, action="boost", target=target, amount=amount)


def pin(*ids: str, position: int = 1, name: str = "pins") -> Any:
    return rule(id=name, action="pin", target={"ids": list(ids)}, position=position)


def listen(index: FakeCatalogue, monkeypatch: pytest.MonkeyPatch) -> list[SimilarQuery]:
    """Returns the list of all questions to the index from now on; each takes the server 2 ms."""
    known = index.similar.search
    asked: list[SimilarQuery] = []

    def search(query: SimilarQuery) -> Any:
        asked.append(query)
        return replace(known(query), server_ms=2.0)

    monkeypatch.setattr(index.similar, "search", search)
    return asked


def ids(answer: Any) -> list[str]:
    return [hit.id for hit in answer.hits]


def hit(name: str, score: float | None = 0.5, **fields: Any) -> Hit:
    return Hit(name, score, {"id": name, **fields})


def test_boosts_add_up_and_equal_hits_stay_as_they_were() -> None:
    hits = [hit("a", 0.9, brand="x"), hit("b", 0.8, brand="y"), hit("c", 0.8, brand="y"), hit("d", None, brand="x")]
    rules = ActiveRules(boosts=(boost("r1", 0.3, filter={"brand": "Y"}), boost("r2", 0.2, ids=["c", "d"])))
    found = boost_hits(hits, rules)
    assert [each.hit.id for each in found] == ["c", "b", "a", "d"]
    assert [each.rules for each in found] == [("r1", "r2"), ("r1",), (), ("r2",)]
    assert [each.relevance for each in found] == pytest.approx([1.3, 1.1, 0.9, 0.2])
    level = boost_hits([hit("a", 0.5), hit("b", 0.7)], ActiveRules(boosts=(boost("r", 0.2, ids=["a"]),)))
    assert [each.hit.id for each in level] == ["a", "b"]


def test_pins_take_their_places_and_what_is_pinned_twice_there_moves_on() -> None:
    rest = [hit("a"), hit("b"), hit("c")]

    def merged(*pins: tuple[int, str, str]) -> list[str]:
        return [each.id for each in insert_pins(rest, [Pin(place, name, hit(i)) for place, name, i in pins])]

    assert merged((2, "r", "p")) == ["a", "p", "b", "c"]
    assert merged((2, "r2", "q"), (2, "r1", "p")) == ["a", "p", "q", "b", "c"]
    assert merged((3, "r", "q"), (1, "r", "p")) == ["p", "a", "q", "b", "c"]
    assert merged((1, "r1", "p"), (1, "r2", "q"), (3, "r3", "t")) == ["p", "q", "t", "a", "b", "c"]
    assert merged((9, "r", "p")) == ["a", "b", "c", "p"]
    assert merged() == ["a", "b", "c"]


def test_the_pool_is_asked_for_whole_and_what_lies_behind_it_without_what_was_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reranking, "RERANK_POOL", 3)
    index = line()
    asked = listen(index, monkeypatch)
    index.rules.put(boost("r", 0.5, ids=["p2"]))
    request = similar_request(
        "s", limit=2, offset=2, exclude_ids=("p5",), total=True, facets=("brand",), explain=True
    )
    answer = similar_to(index, request)
    assert ids(answer) == ["p1", "p3"]
    assert (answer.total, answer.server_ms) == (5, 4.0)
    assert answer.facets is not None
    pool, tail = asked
    assert (pool.page.limit, pool.page.offset, pool.page.with_vectors) == (3, 0, True)
    assert pool.counts == Counts(("brand",), total=True)
    assert (tail.page.limit, tail.page.offset, tail.page.with_vectors) == (1, 0, True)
    assert (tail.exclusions.names, tail.exclusions.ids) == (("p5",), ("p0", "p1", "p2"))
    assert tail.exclusions.groups == ()
    assert tail.counts == Counts()  # counted once is enough
    asked.clear()
    assert ids(similar_to(index, changed(request, offset=4))) == ["p4"]
    assert (asked[1].page.limit, asked[1].page.offset) == (2, 1)
    asked.clear()
    assert ids(similar_to(index, changed(request, offset=0))) == ["p2", "p0"]
    assert len(asked) == 1  # the page is full
    monkeypatch.setattr(reranking, "RERANK_POOL", 6)
    asked.clear()
    assert ids(similar_to(index, changed(request, offset=4))) == ["p4"]
    assert len(asked) == 1  # a pool that is not full has nothing behind it


def test_behind_the_pool_come_other_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reranking, "RERANK_POOL", 2)
    index = line()
    for number in range(6):
        index.put({**index.docs[f"p{number}"], "group_key": f"g{number // 2}"})
    index.rules.put(boost("r", 0.5, ids=["p2"]))
    asked = listen(index, monkeypatch)
    answer = similar_to(index, similar_request("s", group_size=2, limit=5, exclude_ids=("x",)))
    assert [[each.id for each in one.group or ()] for one in answer.hits] == [
        ["p2", "p3"],
        ["p0", "p1"],
        ["p4", "p5"],
    ]
    assert (asked[1].exclusions.ids, asked[1].exclusions.groups) == (("p0", "p2"), ("g0", "g1"))


def test_vectors_and_rule_fields_are_fetched_only_where_they_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    index = line()
    asked = listen(index, monkeypatch)

    def page(**request: Any) -> Any:
        asked.clear()
        answer = similar_to(index, similar_request("s", fields=("title",), **request))
        assert all(set(one.product) == {"title"} for one in answer.hits)
        return asked[0].page

    assert page() == changed(similar_request("s"), fields=("title",)).page
    for request in ({"diversity": 0.1}, {"near_duplicates": 0.9}, {"explain": True}):
        wide = page(**request)
        assert (wide.limit, wide.with_vectors, wide.fields) == (200, True, ("title",))
    index.rules.put(boost("r", 0.5, filter={"brand": "y"}))
    assert (page().with_vectors, page().fields) == (False, tuple(dict.fromkeys(("title", *RULE_FIELDS))))
    asked.clear()
    assert set(similar_to(index, similar_request("s")).hits[0].product) > {"title", "brand", "group_key"}
    assert asked[0].page.fields is None


def test_a_pin_from_behind_the_pool_is_asked_for_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reranking, "RERANK_POOL", 2)
    index = line()
    asked = listen(index, monkeypatch)
    index.rules.put(pin("p5", "p0", "p4", position=2))
    answer = similar_to(index, similar_request("s", limit=4, total=True))
    assert ids(answer) == ["p1", "p5", "p0", "p4"]
    assert answer.warnings == ()
    _, unseen = asked
    assert unseen.exclusions.only_names == ("p5", "p4")
    assert (unseen.page.limit, unseen.counts) == (2, Counts())
    asked.clear()
    index.rules.put(pin("p0", position=2))
    assert ids(similar_to(index, similar_request("s", limit=2))) == ["p1", "p0"]
    assert len(asked) == 1


def test_in_a_search_for_groups_the_group_of_a_pin_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reranking, "RERANK_POOL", 1)
    index = line()
    for number in range(6):
        index.put({**index.docs[f"p{number}"], "group_key": f"g{number // 2}"})
    index.rules.put(pin("p5", "p4", "p1"))
    asked = listen(index, monkeypatch)
    answer = similar_to(index, similar_request("s", group_size=2, limit=2))
    assert [[each.id for each in one.group or ()] for one in answer.hits] == [["p4", "p5"], ["p0", "p1"]]
    assert answer.warnings == ()
    _, named, unseen = asked
    assert (named.page.group_size, named.exclusions.only_names, named.page.limit) == (0, ("p5", "p4", "p1"), 3)
    assert (unseen.page.group_size, unseen.exclusions.only_groups, unseen.page.limit) == (2, ("g2",), 1)


def test_a_pin_that_lacks_a_vector_names_every_space_it_lacks() -> None:
    index = line()
    index.spaces.ensure(OTHER)
    index.put({**index.docs["p0"], "id": "new", "group_key": "new", "embedding": {}})
    index.rules.put(pin("p1", "new", "gone"))
    for name in ("s", "p0", "p2"):
        index.embed(name, OTHER, [1, 1])
    answer = similar_to(index, similar_request("s", models={"color": 1, "shape": 1}))
    assert [(each.code, each.detail) for each in answer.warnings] == [
        (
            "pin_not_shown",
            {"rule": "pins", "product_id": "p1", "reason": "product_not_embedded", "spaces": [OTHER.name]},
        ),
        (
            "pin_not_shown",
            {
                "rule": "pins",
                "product_id": "new",
                "reason": "product_not_embedded",
                "spaces": [SPACE.name, OTHER.name],
            },
        ),
        ("pin_not_shown", {"rule": "pins", "product_id": "gone", "reason": "product_not_found"}),
    ]
    assert "no embedding of color__v1, shape__v1 yet" in answer.warnings[1].message


def test_a_pin_that_the_caller_left_out_is_not_warned_about() -> None:
    index = line()
    index.rules.put(pin("gone", "p1"))
    assert [each.code for each in similar_to(index, similar_request("s")).warnings] == ["pin_not_shown"]
    answer = similar_to(index, similar_request("s", exclude_ids=("gone",)))
    assert (ids(answer)[0], answer.warnings) == ("p1", ())


def test_near_duplicates_go_those_of_pins_too_and_the_pin_stays() -> None:
    index = line(4)
    for number in (4, 5):  # look like p0 and p3
        index.put(index.docs["p0"] | {"id": f"p{number}", "group_key": f"p{number}", "embedding": {}})
        index.embed(f"p{number}", SPACE, [10, 0] if number == 4 else [10, 3])
    assert ids(similar_to(index, similar_request("s"))) == ["p0", "p4", "p1", "p2", "p3", "p5"]
    assert ids(similar_to(index, similar_request("s", near_duplicates=0.9999))) == ["p0", "p1", "p2", "p3"]
    index.rules.put(pin("p5", position=2))
    answer = similar_to(index, similar_request("s", near_duplicates=0.9999, explain=True))
    assert ids(answer) == ["p0", "p5", "p1", "p2"]  # p3 repeats the pin
    index.rules.put(pin("p5", "p3", "p0", "p4"))  # no pin repeats another
    assert ids(similar_to(index, similar_request("s", near_duplicates=0.9999))) == [
        "p5",
        "p3",
        "p0",
        "p4",
        "p1",
        "p2",
    ]


def test_variety_keeps_the_boosted_one_first_and_puts_a_repeat_last() -> None:
    index = line(2)
    for name, vector in (("p2", [10, 1.01]), ("p3", [6, 8])):
        index.put(index.docs["p0"] | {"id": name, "group_key": name, "embedding": {}})
        index.embed(name, SPACE, vector)
    assert ids(similar_to(index, similar_request("s"))) == ["p0", "p1", "p2", "p3"]
    assert ids(similar_to(index, similar_request("s", diversity=0.6))) == ["p0", "p3", "p2", "p1"]
    index.rules.put(boost("r", 0.5, ids=["p1"]))
    assert ids(similar_to(index, similar_request("s", diversity=0.6)))[:2] == ["p1", "p3"]
    both = similar_request("s", diversity=0.6, near_duplicates=0.9999)
    assert ids(similar_to(index, both)) == ["p1", "p3", "p0"]


def test_an_explanation_has_cosines_weights_and_ranks_on_every_page() -> None:
    index = line()
    index.spaces.ensure(OTHER)
    for number, name in enumerate(("s", "p0", "p1", "p2")):
        index.embed(name, OTHER, [1, number])
    answer = similar_to(index, similar_request("s", models={"color": 3, "shape": 1}, explain=True, offset=1, limit=1))
    assert answer.explanations == {
        "p1": {
            "cosines": {SPACE.name: 0.9950372, OTHER.name: 0.4472136},
            "weights": {SPACE.name: 3, OTHER.name: 1},
            "rank_before": 2,
            "rank_after": 2,
            "rules": [],
        }
    }
    assert similar_to(index, similar_request("s", diversity=0.3)).explanations is None
    assert similar_to(index, similar_request("s")).explanations is None


def test_what_comes_from_behind_the_pool_keeps_its_rank(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reranking, "RERANK_POOL", 2)
    found = similar_to(line(), similar_request("s", explain=True, offset=3, limit=2)).explanations
    assert all(each["rules"] == [] for each in (found or {}).values())
    assert {name: (each["rank_before"], each["rank_after"]) for name, each in (found or {}).items()} == {
        "p3": (4, 4),
        "p4": (5, 5),
    }


def test_joined_vectors_have_the_weighted_mean_as_their_cosine() -> None:
    query = replace(
        similar_query(SPACE, np.asarray([1, 0])),
        parts=(QueryPart(SPACE, np.asarray([1, 0]), 3), QueryPart(OTHER, np.asarray([1, 0]), 1)),
    )
    unit = {"a": ([1, 0], [0, 1]), "b": ([0, 1], [0, 1])}
    one, other = (
        join_vectors(query, Hit(name, 1, {}, vectors={SPACE.name: np.asarray(u), OTHER.name: np.asarray(v)}))
        for name, (u, v) in unit.items()
    )
    assert float(one @ other) == pytest.approx(0.25)
    assert float(one @ one) == pytest.approx(1)


def test_a_boost_finds_words_whatever_their_case_and_fields_that_are_not_shown() -> None:
    index = line(3, attributes={"Fit": "Slim"})
    index.rules.put(boost("r", 0.5, filter={"attributes": {"Fit": "SLIM"}, "brand": ["Z"]}))
    answer = similar_to(index, similar_request("s", parse({"brand": ["y", "z"]}), explain=True, fields=("id",)))
    assert ids(answer) == ["p2", "p1"]
    assert answer.explanations is not None
    assert [each["rules"] for each in answer.explanations.values()] == [["r"], []]


def test_where_all_repeat_a_pin_it_stands_alone() -> None:
    index = line(1)
    index.put(index.docs["p0"] | {"id": "p1", "group_key": "p1", "embedding": {}})
    index.embed("p1", SPACE, [10, 0])
    index.rules.put(pin("p1"))
    assert ids(similar_to(index, similar_request("s", near_duplicates=0.9999, diversity=0.5))) == ["p1"]
