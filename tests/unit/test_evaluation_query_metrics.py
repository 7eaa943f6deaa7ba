"""What figures say of models whose knowledge is known: a model of classes alone must look bad inside its classes."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from catalog.domain.embedding_space import Space
from catalog.domain.product import document
from evaluation.data.dataset import Dataset, LabelledItem
from evaluation.data.label_table import GROUP, OVERALL, WITHIN, EvaluationQuery, LabelTable, make_product
from evaluation.query_metrics import Measurements, QuerySelection, measure, measure_full_average_precision
from evaluation.rankers import IndexRanker, NumpyRanker, Ranking
from evaluation.reporting.summary import format_summary, summarize
from evaluation.scores import Scores
from tests.fakes import FakeCatalogue
from tests.unit.evaluation_making import knows, labelled

DATA = labelled()


def measured(vectors: np.ndarray, dataset: Dataset = DATA) -> tuple[LabelTable, Measurements]:
    table = LabelTable(dataset.items)
    asked = QuerySelection(range(len(table.items)), "m", 10, 50)
    return table, measure(table, NumpyRanker(table, vectors), asked)


def summary_of(vectors: np.ndarray) -> dict[str, object]:
    table, found = measured(vectors)
    clusters = np.array([item.cluster for item in table.items])
    scores = Scores("m__1", "d", 10, tuple(table.row), table.classes, clusters, found.values)
    summary = summarize(scores, 200)
    assert "headline" in format_summary(scores, summary)
    assert summary["figures"]["precision"]["micro"] == pytest.approx(found.values["precision"].mean(), abs=1e-4)
    return summary


def test_a_model_that_knows_only_its_classes_looks_bad() -> None:
    only_classes, more = summary_of(knows(DATA, "class")), summary_of(knows(DATA, "class", "color_family", "pattern"))
    assert only_classes["macro"]["mean"] == 1
    for key, found in only_classes["ability"].items():
        assert found["low"] <= 0 <= found["high"], key  # chance level, whatever is asked inside the class
        assert abs(found["mean"]) < 0.1, key
    assert only_classes["headline"]["mean"] < 0.3
    assert more["macro"]["mean"] > 0.95
    assert more["ability"]["within_color"]["low"] > 0.5
    assert more["ability"]["within_pattern"]["low"] > 0.5
    assert more["headline"]["mean"] > 0.7 > only_classes["headline"]["high"]


def test_a_class_collapsed_to_one_point_gains_nothing_from_ties() -> None:
    found = summary_of(knows(DATA, "class", noise=0))
    assert found["macro"]["mean"] == 1
    assert abs(found["within"]["mean"]) < 0.1


def test_a_model_that_knows_groups_finds_the_same_group_and_not_by_its_folds() -> None:
    found = summary_of(knows(DATA, "class", "group"))
    assert found["figures"]["within_group"]["mean"] > 0.99
    assert abs(found["ability"]["within_color"]["mean"]) < 0.15


def test_figures_against_counting_by_hand() -> None:
    vectors = knows(DATA, "color_family", "class", noise=0.8)
    table, found = measured(vectors)
    cosines = vectors @ vectors.T
    for row in range(0, len(table.items), 17):
        item = table.items[row]
        others = [n for n, one in enumerate(table.items) if one.fold != item.fold]
        order = sorted(others, key=lambda n: (-cosines[row, n], table.items[n].id))
        right = [table.items[n].class_name == item.class_name for n in order[:10]]
        assert found.values["precision"][row] == pytest.approx(sum(right) / 10)
        inside = [n for n in order if table.items[n].class_name == item.class_name]
        same = [table.items[n].labels["color_family"] == item.labels["color_family"] for n in inside]
        assert found.values["within_color"][row] == pytest.approx(sum(same[:10]) / 10)
        assert found.values["chance_within_color"][row] == pytest.approx(sum(same) / len(same))
        assert found.hits[row] == tuple(table.items[n].id for n in order[:10])


def test_average_precision_over_every_rank_is_scikit_learns() -> None:
    vectors = knows(DATA, "class", "color_family", noise=2)
    table = LabelTable(DATA.items)
    full = measure_full_average_precision(table, NumpyRanker(table, vectors), range(len(table.items)))
    for row in range(0, len(table.items), 29):
        others = np.flatnonzero(table.select_candidates(row, OVERALL))
        right = table.classes[others] == table.classes[row]
        expected = average_precision_score(right, vectors[others] @ vectors[row])
        assert full[row] == pytest.approx(expected, abs=1e-6)
    assert full.min() < 0.9  # or nothing would have been compared


def test_questions_are_narrowed_by_ordinary_filters() -> None:
    table = LabelTable(DATA.items)
    item = DATA.items[0]
    overall, within, group = (table.make_query(0, scope, 5, "m__1").request for scope in (OVERALL, WITHIN, GROUP))
    others = tuple(sorted({one.fold for one in DATA.items} - {item.fold}))
    assert overall.filters.attributes == within.filters.attributes == {"fold": others}
    assert (overall.filters.category, within.filters.category) == ((), ("coat",))
    assert group.filters.attributes == {}
    assert group.exclude_ids == (item.id,)
    assert not group.exclude_source


def test_candidates_are_what_such_a_question_may_find() -> None:
    genders = ("Female", "male", "unisex")
    inherited = {item.id: {"gender": genders[n % 3]} for n, item in enumerate(DATA.items)}
    table = LabelTable(DATA.items, inherited)
    for row, suited in ((0, {0, 2}), (7, {1, 2}), (8, {0, 1, 2})):  # its own and what suits everyone, as production
        for scope in (OVERALL, WITHIN, GROUP):
            allowed = set(np.flatnonzero(table.select_candidates(row, scope)).tolist())
            assert row not in allowed
            assert {n % 3 for n in allowed} <= suited
            assert scope != OVERALL or {n % 3 for n in allowed} == suited
            folds = {DATA.items[n].fold for n in allowed}
            assert (DATA.items[row].fold in folds) == (scope == GROUP)


def nested() -> LabelTable:
    """Shirts, some of them in `shirts > polo`, and hats, in groups of two."""
    paths = (("clothes", "shirts"), ("clothes", "shirts", "polo"), ("clothes", "hats"))
    items = []
    for number in range(48):
        group, labels = f"g{number // 6}.{number % 3}", {"color_family": ("red", "blue")[number // 3 % 2]}
        items.append(LabelledItem(f"n{number:02d}", paths[number % 3], group, group=group, labels=labels))
    return LabelTable(items)


def test_what_lies_in_a_class_is_asked_for_and_counted_alike() -> None:
    """A filter for `shirts` finds polo shirts too: the index and the figures have to mean the same by it."""
    table, space = nested(), Space("m", "1", 48)
    index = FakeCatalogue(spaces=[space])
    vectors = np.random.default_rng(1).normal(size=(48, 48))
    for item, vector in zip(table.items, vectors, strict=True):
        index.put(document(make_product(item)))
        index.embed(item.id, space, vector)
    for scope in (OVERALL, WITHIN, GROUP):
        for row in range(6):
            found = IndexRanker(index).rank(table.make_query(row, scope, 48, space.name)).ids
            allowed = {table.items[n].id for n in np.flatnonzero(table.select_candidates(row, scope))}
            assert set(found) == allowed, (scope, row)
    asked = QuerySelection(range(48), space.name, 10, 48)
    by_index, by_numpy = (
        measure(table, one, asked).values for one in (IndexRanker(index), NumpyRanker(table, vectors))
    )
    for key, values in by_numpy.items():
        np.testing.assert_allclose(by_index[key], values, err_msg=key)


def test_an_empty_answer_is_a_bad_one() -> None:
    class Nothing:
        def rank(self, question: EvaluationQuery) -> Ranking:
            return Ranking((), "none")

    table = LabelTable(DATA.items)
    found = measure(table, Nothing(), QuerySelection(range(10), "m", 10, 50)).values
    for key in ("precision", "ap", "ndcg_category", "within_color", "within_group"):
        assert found[key].tolist() == [0] * 10, key


def test_an_ability_without_a_figure_leaves_the_headline_to_the_others() -> None:
    table, found = measured(knows(DATA, "class", "color_family"))
    clusters = np.array([item.cluster for item in table.items])
    flat = found.values | {"chance_within_pattern": found.values["best_within_pattern"]}  # no room above chance
    scores = [Scores("m__1", "d", 10, tuple(table.row), table.classes, clusters, one) for one in (found.values, flat)]
    whole, lacking = (summarize(one, 100) for one in scores)
    assert lacking["ability"]["within_pattern"]["mean"] is None
    others = [one["mean"] for key, one in whole["ability"].items() if key != "within_pattern"]
    assert lacking["within"]["mean"] == pytest.approx(np.mean(others), abs=1e-3)
    assert lacking["headline"]["low"] <= lacking["headline"]["mean"] <= lacking["headline"]["high"]
    assert "headline" in format_summary(scores[1], lacking)
