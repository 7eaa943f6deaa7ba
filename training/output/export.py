"""Exports a trained network as a bundle: graph, proof that it equals torch, record and model card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from pydantic import JsonValue

from catalog.similarity import cosine
from models.bundles.bundle import Bundle
from models.bundles.manifest import (
    LOGITS,
    MODEL_FILE,
    Licenses,
    Limits,
    ModelDescription,
    Preprocessing,
    Tensor,
    Training,
)
from models.bundles.writer import StoredBundle, write_bundle
from models.errors import ExportFailed
from models.making.zoo.torch_export import MIN_PARITY, export_onnx, measure_parity
from models.runtime.embedder import normalize_rows
from models.runtime.onnx_embedder import OnnxEmbedder, open_session
from models.runtime.synthetic_inputs import draw_synthetic_pixels
from training.learning.networks import ExportedNetwork, Learner, get_pixel_scale
from training.learning.stages import TrainingJob
from training.output.model_card import PARITY, RECIPE_FILE, render_card
from training.output.projection_graph import append_heads
from training.output.provenance import Provenance
from training.recipe import Recipe

CARD_FILE = "README.md"


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """Holds a trained network, its `metrics` and what the manifest says of how it was made.

    `recipe` is what was learnt last, `job` has the whole recipe; `known` are teachers and base by name.
    """

    learner: Learner
    recipe: Recipe
    job: TrainingJob
    known: Mapping[str, Bundle]
    classes: tuple[str, ...] | None
    provenance: Provenance
    owner: str
    metrics: dict[str, JsonValue] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)


def export_bundle(result: TrainedModel, root: Path, base: Bundle | None = None) -> StoredBundle:
    """Writes the bundle below `root`; `base` is the frozen bundle of a projection. Raises ExportFailed."""
    learner = result.learner.cpu().eval()
    task = result.recipe.classes if result.classes else None
    if base is None:
        shipped = ExportedNetwork(learner, task).eval()
        graph = export_onnx(shipped, result.recipe.side, ("embedding", LOGITS)[: 1 if task is None else 2])
        parity = measure_parity(shipped, graph, result.recipe.name, result.recipe.side, learner.dims)
    else:
        graph = append_heads(base, learner, task)
        parity = _measure_projection_parity(base, learner, graph, task)
    record = _make_record(result, base, parity)
    card = render_card(record, result.recipe, result.job, result.known, base)
    whole = result.job.recipe.model_dump_json(indent=1, exclude_defaults=True) + "\n"
    contents = {MODEL_FILE: graph, CARD_FILE: card.encode(), RECIPE_FILE: whole.encode()}
    return write_bundle(root, record, contents)


def _measure_projection_parity(base: Bundle, learner: Learner, graph: bytes, task: str | None) -> float:
    pixels = draw_synthetic_pixels(base.preprocessing.center_crop)
    with torch.inference_mode():
        output = learner(torch.from_numpy(OnnxEmbedder(base, 1).embed(pixels)))
        expected = [learner.join_blocks(output).numpy()] + ([output.logits[task].numpy()] if task else [])
    names = ["embedding", LOGITS][: len(expected)]
    found = open_session(graph, 1).run(names, {base.manifest.inputs[0].name: pixels})
    lowest = min(
        float(np.diagonal(cosine(normalize_rows(left), normalize_rows(np.asarray(right)))).min())
        for left, right in zip(expected, found, strict=True)
    )
    if not lowest >= MIN_PARITY:  # `not` also catches NaN
        raise ExportFailed(f"the graph and torch agree only to a cosine of {lowest:.6f}: nothing was written")
    return lowest


def _make_record(result: TrainedModel, base: Bundle | None, parity: float) -> ModelDescription:
    recipe = result.recipe
    pixels = _make_preprocessing(recipe) if base is None else base.preprocessing
    side = pixels.center_crop
    name = "pixels" if base is None else base.manifest.inputs[0].name
    outputs = [Tensor(name="embedding", shape=("N", result.learner.dims), dtype="float32")]
    if result.classes:
        outputs.append(Tensor(name=LOGITS, shape=("N", len(result.classes)), dtype="float32"))
    return ModelDescription(
        name=recipe.name,
        origin="trained",
        owner=result.owner,
        architecture=_describe_architecture(recipe, base),
        inputs=(Tensor(name=name, shape=("N", 3, side, side), dtype="float32"),),
        outputs=tuple(outputs),
        dims=result.learner.dims,
        preprocessing=pixels,
        classes=result.classes,
        training=_describe_training(result),
        metrics={PARITY: round(parity, 8)} | result.metrics,
        limits=result.limits,
        licenses=_make_licenses(recipe, base),
    )


def _describe_training(result: TrainedModel) -> Training:
    provenance = result.provenance
    return Training(
        data_fingerprint=provenance.data_fingerprint,
        commit=provenance.commit,
        diff_sha256=provenance.diff_sha256,
        command=" && ".join([*result.job.list_commands(RECIPE_FILE)[:-1], provenance.command]),
        seed=result.recipe.seed,
        environment=provenance.environment,
    )


def _make_preprocessing(recipe: Recipe) -> Preprocessing:
    mean, std = get_pixel_scale(recipe.network)
    return Preprocessing(
        resize_shorter_side=recipe.resize,
        interpolation="bilinear",
        center_crop=recipe.side,
        mean=mean,
        std=std,
        color="RGB",
    )


def _describe_architecture(recipe: Recipe, base: Bundle | None) -> str:
    if base is not None:
        return f"{base.manifest.architecture} + trained linear heads on {base.space.name}"
    if recipe.network.kind == "torchvision":
        return f"{recipe.network.base}, fine-tuned, with linear heads"
    return (
        f"ResNet, basic blocks {'-'.join(map(str, recipe.network.depth))}, {recipe.network.width} channels at first"
    )


def _make_licenses(recipe: Recipe, base: Bundle | None) -> Licenses:
    """Returns the licences; a projection carries the weights of its base, and so their terms."""
    weights = recipe.weights_license
    if base is not None:
        weights = f"{base.manifest.licenses.weights} ({base.name}); {weights} (heads)"
    return Licenses(code="Apache-2.0", weights=weights, data=recipe.data_license, scripts="Apache-2.0")
