"""Fits the classifier whose probabilities are part of the embedding, on the finished network."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from training.data.crops import CropCache
from training.data.targets import PROBE_CROPS, PROBE_SCALE, UNSEEN, Targets
from training.learning.metrics import run_network
from training.learning.networks import Learner
from training.recipe import Recipe


def fit_class_part(
    learner: Learner, cache: CropCache, targets: Targets, photos: NDArray[np.int64], recipe: Recipe
) -> Learner:
    """Returns the learner (eval mode) with the classifier of its class part fitted on `photos`, if it has that part.

    The network keeps class apart only as far as its teachers did; which directions tell classes is known best at the
    end, from the very rows that are shipped. A class that no photo has gets hardly any probability.
    """
    part = recipe.class_part
    if part is None:
        return learner
    labels = targets.labels[part.task]
    known = photos[labels[photos] >= 0]
    if len(np.unique(labels[known])) < 2:
        return learner
    from sklearn.linear_model import LogisticRegression

    block = recipe.tasks[part.task].block
    crops = range(min(PROBE_CROPS, cache.pixels.shape[1]))
    outputs = (one for crop in crops for one in run_network(learner, cache, known, recipe, crop))
    rows = np.concatenate([output.blocks[block].cpu().numpy() for output in outputs]) * PROBE_SCALE
    found = LogisticRegression(C=part.strength, max_iter=1000).fit(rows, np.tile(labels[known], len(crops)))
    weight, bias = found.coef_ * PROBE_SCALE, found.intercept_
    if len(weight) == 1:  # of two classes sklearn gives the difference of their logits
        weight, bias = np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
    _set_classifier(learner, part.task, found.classes_, weight, bias)
    return learner


def _set_classifier(
    learner: Learner, task: str, classes: NDArray[np.int64], weight: NDArray[np.float64], bias: NDArray[np.float64]
) -> None:
    """Puts weights [c,d] and biases [c] of `classes` into the classifier of a task; other classes get UNSEEN."""
    classifier = learner.classifiers[task]
    assert isinstance(classifier, nn.Linear)
    with torch.no_grad():
        classifier.weight.zero_()
        classifier.bias.fill_(UNSEEN)
        classifier.weight[classes] = torch.from_numpy(weight).to(classifier.weight)
        classifier.bias[classes] = torch.from_numpy(bias).to(classifier.bias)
        learner.scales[task].fill_(1.0)
