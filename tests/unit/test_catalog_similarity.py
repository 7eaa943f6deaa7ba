"""The one similarity: every form of it agrees with every other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import similarity
from catalog.domain.embedding_space import Space
from catalog.errors import InvalidInput, InvalidVector


@pytest.mark.parametrize("bad", [[0.0, 0.0], [1.0, np.nan], [np.inf, 1.0], [], [[[1.0]]]])
def test_vectors_without_a_direction_are_refused(bad: list[float]) -> None:
    with pytest.raises(InvalidVector):
        similarity.normalize(bad)


def test_a_wrong_length_is_refused_with_the_right_one() -> None:
    with pytest.raises(InvalidVector, match="expected a vector of 3 values"):
        similarity.check_vector([1.0, 2.0], 3)


@given(st.integers(0, 2**32 - 1))
def test_normalised_vectors_have_length_one_and_the_same_cosine(seed: int) -> None:
    rng = np.random.default_rng(seed)
    left, right = rng.normal(size=(3, 8)) * 100, rng.normal(size=(5, 8))
    unit = similarity.normalize(left)
    assert unit.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(similarity.cosine(unit, right), similarity.cosine(left, right), atol=1e-6)


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 5), st.floats(0.1, 5))
def test_a_mix_is_the_cosine_of_blocks_scaled_by_the_root_of_their_weight(seed: int, a: float, b: float) -> None:
    rng = np.random.default_rng(seed)
    blocks = {"a": similarity.normalize(rng.normal(size=(6, 4))), "b": similarity.normalize(rng.normal(size=(6, 9)))}
    weights = {"a": a, "b": b}
    mixed = similarity.mix({k: similarity.cosine(v[0], v) for k, v in blocks.items()}, weights)
    joined = np.concatenate([np.sqrt(weights[k]) * blocks[k] for k in blocks], axis=1)
    np.testing.assert_allclose(mixed, similarity.cosine(joined[0], joined), atol=1e-6)


def test_scores_turn_back_into_the_cosine() -> None:
    for cosine in (-1.0, -0.25, 0.0, 0.5, 1.0):
        assert similarity.script_to_cosine(similarity.cosine_to_script(cosine)) == pytest.approx(cosine, abs=1e-7)
        assert similarity.knn_to_cosine((1 + cosine) / 2) == pytest.approx(cosine, abs=1e-7)


def test_a_space_names_its_field_and_reads_its_name() -> None:
    space = Space("resnet18_pca40", "0123456789ab", 40)
    assert space.field == "embedding.resnet18_pca40__0123456789ab.vector"
    assert Space.parse(space.name, 40) == space


@pytest.mark.parametrize("model", ["", "ResNet", "a__b", "_a", "a-b"])
def test_names_that_the_index_cannot_carry_are_refused(model: str) -> None:
    with pytest.raises(InvalidInput, match="space name"):
        Space(model, "1", 4)


def test_what_is_wrong_with_a_vector_is_said() -> None:
    for bad, said in (
        ([[0.0, 0.0], [1.0, 0.0]], "a vector is zero"),
        ([[1.0, np.nan], [1.0, 0.0]], "NaN or infinite"),
        ([[[1.0]]], r"one vector or a matrix of them, got shape \(1, 1, 1\)"),
        ([[], []], r"got shape \(2, 0\)"),
    ):
        with pytest.raises(InvalidVector, match=said):
            similarity.normalize(bad)
    for wrong, shape in (([1.0, 2.0], r"\[2\]"), ([[1.0, 2.0, 3.0]], r"\[1, 3\]")):
        with pytest.raises(InvalidVector, match=f"expected a vector of 3 values, got shape {shape}") as caught:
            similarity.check_vector(wrong, 3)
        assert caught.value.detail == {"dims": 3}
    with pytest.raises(InvalidVector, match="zero"):
        similarity.check_vector([0, 0, 0], 3)


def test_a_short_vector_has_a_direction_as_long_as_its_length_can_be_told() -> None:
    np.testing.assert_allclose(similarity.normalize([3e-9, 4e-9]), [0.6, 0.8], atol=1e-6)
    np.testing.assert_allclose(similarity.normalize([similarity.MIN_NORM, 0]), [1, 0])
    with pytest.raises(InvalidVector, match="zero"):
        similarity.normalize([1e-13, 0])
    checked = similarity.check_vector([0, 5, 0], 3)
    assert checked.tolist() == [0, 1, 0] and checked.dtype == np.float32


def test_cosines_have_a_row_per_query_and_double_precision() -> None:
    queries, vectors = [[2, 0], [0, 3]], [[1, 0], [1, 1], [0, -5]]
    found = similarity.cosine(queries, vectors)
    np.testing.assert_allclose(found, [[1, 0.5**0.5, 0], [0, 0.5**0.5, -1]])
    assert found.dtype == np.float64
    np.testing.assert_allclose(similarity.cosine(queries[0], vectors), found[0])
    mixed = similarity.mix({"a": found[0], "b": found[1]}, {"a": 3, "b": 1})
    np.testing.assert_allclose(mixed, [0.75, 0.5**0.5, -0.25])


def test_scores_are_cosines_to_seven_decimals() -> None:
    assert similarity.script_to_cosine(1.123456789) == 0.1234568
    assert similarity.knn_to_cosine(0.6123456789) == 0.2246914
    assert similarity.knn_to_cosine(similarity.cosine_to_knn(-0.25)) == -0.25
    assert (similarity.cosine_to_script(-1.0), similarity.cosine_to_knn(-1.0)) == (0.0, 0.0)


def test_scripts_name_their_fields_and_parameters() -> None:
    one, other = np.asarray([1, 0], dtype=np.float32), np.asarray([0, 1], dtype=np.float32)
    assert similarity.script("f", one) == {
        "source": "cosineSimilarity(params.query_vector, 'f') + 1.0",
        "params": {"query_vector": one},
    }
    mixed = similarity.mix_script(["f", "g"], [one, other], [3, 0.5])
    assert mixed == {
        "source": "(params.w0 * cosineSimilarity(params.q0, 'f') + params.w1 * cosineSimilarity(params.q1, 'g'))"
        " / params.total + 1.0",
        "params": {"total": 3.5, "w0": 3.0, "q0": one, "w1": 0.5, "q1": other},
    }
    with pytest.raises(ValueError, match="shorter"):
        similarity.mix_script(["f", "g"], [one, other], [3])


def test_lengths_that_single_precision_cannot_hold_are_none_the_less_right() -> None:
    long = np.asarray([3e30, 4e30], dtype=np.float32)
    np.testing.assert_allclose(similarity.normalize(long), [0.6, 0.8], atol=1e-6)
    np.testing.assert_allclose(similarity.cosine(long, [[3.0, 4.0]]), [1])
    np.testing.assert_allclose(similarity.cosine([3.0, 4.0], long[None]), [1])
