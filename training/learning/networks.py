"""Builds networks: a body, one linear head per block of the embedding, one classifier per task on its block."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.making.zoo.backbones import ZOO
from models.making.zoo.torch_networks import load_network
from models.making.zoo.torch_weights import load_weights
from training.errors import InvalidRecipe
from training.recipe import Recipe
from training.recipe_parts import Network

FIRST_SCALE = 12.0  # of the cosine classifiers; learnt from there (about 1/0.08, as in NormFace)

Channels = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class NetworkOutput:
    """Holds unit rows [B,d] by block and logits [B,C] by task."""

    blocks: dict[str, Tensor]
    logits: dict[str, Tensor]


def get_pixel_scale(network: Network) -> tuple[Channels, Channels]:
    """Returns mean and deviation of the pixels a network wants: a published one's own, else about a photo's."""
    if network.kind == "torchvision" and network.base is not None and network.base in ZOO:
        recipe = ZOO[network.base].preprocessing
        return recipe.mean, recipe.std
    return (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)


class ResidualBlock(nn.Module):
    """ResNet's basic block (He et al. 2016): two 3 × 3 convolutions and a shortcut."""

    def __init__(self, inside: int, outside: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(outside)
        self.second = nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(outside)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inside != outside:
            self.shortcut = nn.Sequential(nn.Conv2d(inside, outside, 1, stride, bias=False), nn.BatchNorm2d(outside))
        nn.init.zeros_(self.second_norm.weight)  # starts as the identity (Goyal et al. 2017)

    def forward(self, value: Tensor) -> Tensor:
        inner = functional.relu(self.first_norm(self.first(value)))
        return functional.relu(self.second_norm(self.second(inner)) + self.shortcut(value))


def build_resnet(width: int, depth: tuple[int, ...]) -> tuple[nn.Module, int]:
    """Returns a ResNet from scratch, `width` channels after the stem, doubled per stage; and its feature count."""
    layers: list[nn.Module] = [nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
    layers.append(nn.MaxPool2d(3, 2, 1))
    inside = width
    for stage, blocks in enumerate(depth):
        outside = width * 2**stage
        for block in range(blocks):
            layers.append(ResidualBlock(inside, outside, 2 if stage and not block else 1))
            inside = outside
    body = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    for module in body.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return body, inside


class Learner(nn.Module):
    """`body` (pixels or features in, [B,features] out) with heads and classifiers."""

    def __init__(self, body: nn.Module, features: int, recipe: Recipe, classes: dict[str, int]) -> None:
        super().__init__()
        self.body = body
        self.heads = nn.ModuleDict({name: nn.Linear(features, block.dims) for name, block in recipe.blocks.items()})
        part = recipe.class_part
        share = part.share if part else 0.0
        blocks = sum(block.share for block in recipe.blocks.values())
        self.shares = {name: block.share / blocks * (1 - share) for name, block in recipe.blocks.items()}
        self.dims_shown = {name: block.dims_shown for name, block in recipe.blocks.items()}
        self.class_part = part
        self.dims = recipe.dims + (classes[part.task] if part else 0)
        self.block_of: dict[str, str] = {name: recipe.tasks[name].block for name in classes}
        self.classifiers = nn.ModuleDict(
            {name: nn.Linear(recipe.blocks[self.block_of[name]].dims, many) for name, many in classes.items()}
        )
        self.scales = nn.ParameterDict({name: nn.Parameter(torch.tensor(FIRST_SCALE)) for name in classes})

    def forward(self, inputs: Tensor) -> NetworkOutput:
        features = self.body(inputs)
        blocks = {name: functional.normalize(head(features)) for name, head in self.heads.items()}
        return NetworkOutput(blocks, {name: self.compute_logits(name, blocks) for name in self.classifiers})

    def compute_logits(self, task: str, blocks: dict[str, Tensor]) -> Tensor:
        """Returns logits [B,C] of a task, from the unit rows of its block."""
        logits: Tensor = self.classifiers[task](blocks[self.block_of[task]]) * self.scales[task]
        return logits

    def join_blocks(self, answer: NetworkOutput) -> Tensor:
        """Returns the embedding [B,dims]: parts scaled by the root of their share, so cosines add up by share."""
        parts = [
            functional.normalize(rows[:, : self.dims_shown[name]]) * self.shares[name] ** 0.5
            for name, rows in answer.blocks.items()
        ]
        if self.class_part:
            roots = (0.5 * functional.log_softmax(answer.logits[self.class_part.task].float(), dim=1)).exp()
            parts.append(roots * self.class_part.share**0.5)
        return torch.cat(parts, dim=1)


class ExportedNetwork(nn.Module):
    """Computes what a bundle gives: pixels → embedding, and the logits of one task if it tells classes."""

    def __init__(self, learner: Learner, task: str | None) -> None:
        super().__init__()
        self.learner = learner
        self.task = task

    def forward(self, pixels: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        answer = self.learner(pixels)
        embedding = self.learner.join_blocks(answer)
        return embedding if self.task is None else (embedding, answer.logits[self.task])


def check_names(recipe: Recipe) -> None:
    """Raises InvalidRecipe where a block or task is called like something that torch's containers have already."""
    taken = nn.ModuleDict(), nn.ParameterDict()
    for name in (*recipe.blocks, *recipe.tasks):
        if any(hasattr(one, name) for one in taken):
            raise InvalidRecipe(f"a block or task cannot be called '{name}', torch uses that word: name it otherwise")


def build_learner(
    recipe: Recipe, classes: dict[str, int], weights_folder: Path, features: int | None = None
) -> Learner:
    """Returns the untrained network of a recipe, the same for the same torch seed; `classes` counts labels by task.

    `features` [of the frozen base] is for projections. Raises InvalidRecipe, WeightsUnavailable.
    """
    kind = recipe.network.kind
    if kind == "projection":
        if features is None:
            raise InvalidRecipe("a projection needs the features of its base")
        return Learner(nn.Identity(), features, recipe, classes)
    body, many = (
        _load_published(recipe.network, weights_folder)
        if kind == "torchvision"
        else build_resnet(recipe.network.width, recipe.network.depth)
    )
    return Learner(body, many, recipe, classes)


def _load_published(network: Network, folder: Path) -> tuple[nn.Module, int]:
    known = [name for name in ZOO if name.startswith("resnet")]
    if network.base not in known:
        raise InvalidRecipe(f"network.base: '{network.base}' cannot be fine-tuned, choose of {', '.join(known)}")
    model = ZOO[network.base]
    weights, source = load_weights(model, folder)
    return load_network(model, weights, str(source)), model.dims
