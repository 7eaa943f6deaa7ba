"""A drawn shop of a few photos, and recipes small enough to train in a second."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.settings import ModelSettings
from training.data.batches import Batches
from training.data.crops import prepare_crops
from training.data.photos import read_photos
from training.data.targets import fit_projections, prepare_targets
from training.data.views import CropSettings
from training.learning.networks import build_learner
from training.learning.trainer import Trainer
from training.recipe import Recipe, parse_recipe
from training.settings import TrainingSettings

BUNDLES = Path(__file__).parents[2] / "bundles"


def recipe(shop: Path, **changes: Any) -> Recipe:
    content: dict[str, Any] = {
        "name": "tiny",
        "side": 32,
        "resize": 36,
        "crops": 1,
        "network": {"width": 4, "depth": [1, 1]},
        "sources": [
            {
                "name": "drawn",
                "folder": str(shop),
                "rows": "feed.jsonl",
                "group": "item_group_id",
                "labels": {"category": "product_type", "color": "color_family"},
            }
        ],
        "blocks": {"shape": {"dims": 8, "share": 0.7, "teacher": "color"}, "color": {"dims": 4, "share": 0.3}},
        "tasks": {
            "category": {"block": "shape", "probe": 1.0, "contrast": 0.1},
            "color": {"block": "color", "contrast": 0.1},
        },
        "classes": "category",
        "schedule": {"steps": 6, "batch": 8, "small_side": 24, "small_until": 0.5},
    }
    return parse_recipe(json.dumps(content | changes), "the test")


def projection(shop: Path, **changes: Any) -> Recipe:
    return recipe(shop, network={"kind": "projection", "base": "color"}, **changes)


@dataclass(frozen=True)
class Rooms:
    """Folders of one test, and the settings that name them."""

    folder: Path

    @property
    def training(self) -> TrainingSettings:
        return TrainingSettings(training_folder=self.folder / "training")

    @property
    def models(self) -> ModelSettings:
        return ModelSettings(bundles=self.folder / "bundles")


def trainer(learnt: Recipe, folder: Path, crops: Path) -> Trainer:
    """A Trainer as `Training` puts it together, without tracker and export."""
    import torch

    from models.bundles.registry import find_bundle

    photos = read_photos(learnt.sources)
    cut = CropSettings(learnt.side, learnt.resize, learnt.crops, learnt.crop_scale, learnt.seed)
    known = {"color": find_bundle("color", ModelSettings(bundles=BUNDLES))}
    cache, everything = prepare_crops(photos, cut, known, crops), np.arange(len(photos))
    wanted = prepare_targets(photos, cache, everything, learnt, fit_projections(cache, everything, learnt))
    torch.manual_seed(learnt.seed)
    classes = {task: len(words) for task, words in wanted.classes.items()}
    network = build_learner(learnt, classes, folder, known["color"].dims)
    return Trainer(network, Batches(photos, cache, wanted, everything, learnt), learnt, folder, "the same")
