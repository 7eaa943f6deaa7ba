"""How often the gate is wrong: 200 comparisons of a model with itself, and 200 with one that hides a bad class."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from evaluation.gate.decision import judge_pairs
from evaluation.gate.pairs import PairedFigures
from evaluation.gate.rules import GateVerdict

RUNS, REPEATS = 200, 400
SIZES = {"dress": 300, "hat": 60, "pants": 500, "shirt": 400, "shoes": 250, "shorts": 120, "skirt": 90, "top": 700}
SENDERS = 300


@dataclass(frozen=True)
class World:
    """Queries of eight classes by 300 senders, and how likely one of ten answers to each is right."""

    classes: np.ndarray
    senders: np.ndarray
    quality: np.ndarray

    @classmethod
    def drawn(cls, seed: int) -> World:
        rng = np.random.default_rng(seed)
        classes = np.repeat(list(SIZES), list(SIZES.values()))
        share = rng.dirichlet(np.full(SENDERS, 0.5))  # a few senders have many photos, as in real life
        senders = rng.choice(SENDERS, len(classes), p=share)
        of_class = dict(zip(SIZES, rng.uniform(0.35, 0.75, len(SIZES)), strict=True))
        quality = np.array([of_class[str(name)] for name in classes]) + rng.normal(0, 0.1, SENDERS)[senders]
        return cls(classes, senders, quality)

    def measured(self, rng: np.random.Generator, shared: float) -> np.ndarray:
        """Precision at ten [q]: chance per query, and per sender of standard deviation `shared`."""
        chance = self.quality + rng.normal(0, shared, SENDERS)[self.senders]
        return rng.binomial(10, np.clip(chance, 0, 1)) / 10

    def compared(self, other: World, seed: int, shared: float) -> PairedFigures:
        rng = np.random.default_rng([11, seed])
        before, after = self.measured(rng, shared), other.measured(rng, shared)
        senders = [str(sender) for sender in self.senders]
        return PairedFigures(self.classes.tolist(), senders, {"precision": before}, {"precision": after})


def verdicts(before: World, after: World, shared: float) -> list[GateVerdict]:
    return [judge_pairs(before.compared(after, seed, shared), seed=seed, repeats=REPEATS) for seed in range(RUNS)]


def test_a_model_compared_with_itself_hardly_ever_fails() -> None:
    world = World.drawn(1)
    failed = [verdict for verdict in verdicts(world, world, shared=0.01) if not verdict.passed]
    assert len(failed) <= 0.07 * RUNS, [verdict.reasons for verdict in failed]


def test_what_senders_share_is_no_proof_against_a_class() -> None:
    """Differences that go by sender: the classes stand, and would not if every photo counted for itself."""
    clustered = alone = 0
    for seed in range(RUNS):
        pairs = by_sender(seed)
        by_photo = replace(pairs, clusters=[str(number) for number in range(len(pairs.classes))])
        clustered += wrong_about_a_class(judge_pairs(pairs, seed=seed, repeats=REPEATS))
        alone += wrong_about_a_class(judge_pairs(by_photo, seed=seed, repeats=REPEATS))
    assert clustered <= 0.07 * RUNS
    assert alone > 0.15 * RUNS


def by_sender(seed: int) -> PairedFigures:
    """Equal models on 120 senders with five photos each; chance shifts both models' figures sender by sender."""
    rng = np.random.default_rng([19, seed])
    senders = np.repeat(np.arange(120), 5)
    figures = (rng.binomial(10, np.clip(0.6 + rng.normal(0, 0.2, 120), 0, 1)[senders]) / 10 for _ in range(2))
    before, after = figures
    classes = [str(one % 3) for one in senders]
    return PairedFigures(classes, [str(one) for one in senders], {"precision": before}, {"precision": after})


def wrong_about_a_class(verdict: GateVerdict) -> bool:
    return any(one.state == "failed" for one in verdict.classes)


@pytest.mark.parametrize("hidden", ["hat", "top"])
def test_a_better_model_that_lost_one_class_is_caught(hidden: str) -> None:
    world = World.drawn(3)
    quality = np.where(world.classes == hidden, world.quality - 0.25, world.quality + 0.08)
    found = verdicts(world, replace(world, quality=quality), shared=0.03)
    caught = [one for verdict in found for one in verdict.classes if one.name == hidden and one.state == "failed"]
    assert len(caught) >= 0.9 * RUNS
    assert np.mean([verdict.macro.difference for verdict in found]) > 0, "the candidate is to be better on the whole"


def test_folds_drawn_anew_are_the_same_model() -> None:
    """Real answers: vectors in a space, five folds by sender, drawn twice with other seeds."""
    pairs = [folds_compared(seed) for seed in range(RUNS)]
    failed = [seed for seed, pair in enumerate(pairs) if not judge_pairs(pair, seed=seed, repeats=REPEATS).passed]
    assert len(failed) <= 0.07 * RUNS
    assert any((pair.baseline["precision"] != pair.candidate["precision"]).any() for pair in pairs)


def folds_compared(seed: int) -> PairedFigures:
    senders, of_class, nearest = NEIGHBOURS
    figures = []
    for side in (0, 1):
        fold = np.random.default_rng([13, seed, side]).integers(0, 5, SENDERS)[senders]
        other = fold[nearest] != fold[:, None]
        best = other & (np.cumsum(other, axis=1) <= 10)
        figures.append(((of_class[nearest] == of_class[:, None]) & best).sum(axis=1) / best.sum(axis=1))
    names = [str(name) for name in of_class]
    return PairedFigures(names, [str(one) for one in senders], {"precision": figures[0]}, {"precision": figures[1]})


def _neighbours(count: int = 1600) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Senders [n], classes [n], the 60 nearest of others [n, 60] of photos that lie around their class and sender."""
    rng = np.random.default_rng(17)
    senders, of_class = rng.integers(0, SENDERS, count), rng.integers(0, 8, count)
    spread = 0.6 * rng.normal(size=(SENDERS, 16))[senders] + 1.5 * rng.normal(size=(count, 16))
    vectors = rng.normal(size=(8, 16))[of_class] + spread
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = vectors @ vectors.T
    cosines[senders[:, None] == senders[None, :]] = -2
    return senders, of_class, np.argsort(-cosines, axis=1)[:, :60]


NEIGHBOURS = _neighbours()
