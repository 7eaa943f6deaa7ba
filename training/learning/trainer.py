"""Trains a network step by step and writes checkpoints from which a training continues bit by bit."""

from __future__ import annotations

import copy
import logging
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel

from catalog.atomic_write import replace_file
from training.data.batches import Batches
from training.errors import CannotResume
from training.learning.losses import weigh_losses
from training.learning.networks import Learner
from training.recipe import Recipe
from training.recipe_parts import Schedule

log = logging.getLogger(__name__)

CHECKPOINT = "checkpoint.pt"
CHECKPOINT_FORMAT = 2  # 1: before torch's AveragedModel and LambdaLR
SAVE_SECONDS = 60.0
Report = Callable[[int, dict[str, float]], None]


def ignore_report(step: int, parts: dict[str, float]) -> None:
    """Stands in as a Report where nobody wants to know."""


class Trainer:
    """Trains `learner`; `key` names recipe and photos, so that a checkpoint of others is not continued."""

    def __init__(self, learner: Learner, batches: Batches, recipe: Recipe, folder: Path, key: str) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.learner = learner.to(self.device).to(memory_format=torch.channels_last)
        self.step = 0
        self._batches, self._recipe, self._folder, self._key = batches, recipe, folder, key
        schedule = recipe.schedule
        self._average = AveragedModel(self.learner, multi_avg_fn=ema_update(schedule.ema), use_buffers=True)
        self._average.n_averaged.fill_(1)  # the first weights count, or the first step would replace them
        self._optimizer = torch.optim.AdamW(_parameter_groups(learner, schedule.weight_decay), lr=schedule.lr)
        self._rates = LambdaLR(self._optimizer, lambda step: rate_at(step, schedule))

    def run(self, report: Report = ignore_report, until: int | None = None) -> Learner:
        """Trains up to step `until` (all of them by default); returns the network with the averaged weights."""
        self.train_until(until or self._recipe.schedule.steps, report)
        return self.ema_snapshot()

    def train_until(self, until: int, report: Report = ignore_report) -> None:
        """Trains up to step `until` and saves."""
        self.learner.train()
        saved = time.monotonic()
        for step in range(self.step, until):
            report(step + 1, self._train_step(step))
            self.step = step + 1
            if time.monotonic() - saved > SAVE_SECONDS:
                self.save()
                saved = time.monotonic()
        self.save()

    def ema_snapshot(self) -> Learner:
        """Returns a copy of the network with the moving average of its weights, in eval mode."""
        learner = copy.deepcopy(self._average.module)
        assert isinstance(learner, Learner)
        return learner.eval()

    def save(self) -> None:
        """Writes the checkpoint, whole or not at all."""
        state = {
            "format": CHECKPOINT_FORMAT,
            "key": self._key,
            "step": self.step,
            "learner": self.learner.state_dict(),
            "average": self._average.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "rates": self._rates.state_dict(),
        }
        with replace_file(self._folder / CHECKPOINT) as aside:
            torch.save(state, aside)

    def resume(self) -> bool:
        """Continues from the checkpoint if there is one; raises CannotResume where it belongs to something else."""
        file = self._folder / CHECKPOINT
        if not file.is_file():
            return False
        state = self._load(file, "remove it to start anew")
        if state["key"] != self._key:
            raise CannotResume(f"{file} is of another recipe or other photos: remove it, or start without --resume")
        self.learner.load_state_dict(state["learner"])
        self._average.load_state_dict(state["average"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._rates.load_state_dict(state["rates"])
        self.step = state["step"]
        log.info("continuing after step %d", self.step)
        return True

    def start_from(self, folder: Path) -> None:
        """Begins with the averaged weights of a finished training; raises CannotResume where they do not fit."""
        file = folder / CHECKPOINT
        state = self._load(file, "train what it was made by again, with --hold")
        try:
            self._average.load_state_dict(state["average"])
        except (KeyError, RuntimeError) as error:
            raise CannotResume(f"{file} does not fit this network ({error})") from error
        self._average.n_averaged.fill_(1)
        self.learner.load_state_dict(self._average.module.state_dict())

    def _load(self, file: Path, remedy: str) -> dict[str, Any]:
        try:
            state: dict[str, Any] = torch.load(file, map_location=self.device, weights_only=True)
        except Exception as error:  # torch raises half a dozen kinds for a damaged file
            raise CannotResume(f"{file} cannot be read: {remedy} ({error})") from error
        if state.get("format") != CHECKPOINT_FORMAT:
            raise CannotResume(f"{file} was written by another version of the training: {remedy}")
        return state

    def _train_step(self, step: int) -> dict[str, float]:
        batch = self._batches.make_batch(step)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            output = self.learner(batch.inputs.to(self.device))
        parts = weigh_losses(output, batch, self._recipe)
        loss = torch.stack(list(parts.values())).sum()
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.learner.parameters(), self._recipe.schedule.clip)
        rate = float(self._rates.get_last_lr()[0])
        self._optimizer.step()
        self._rates.step()
        self._average.update_parameters(self.learner)
        return {"loss": loss.item(), "rate": rate} | {name: part.item() for name, part in parts.items()}


def ema_update(most: float) -> Callable[[Sequence[Tensor], Sequence[Tensor], Tensor | int], None]:
    """Returns the update of an exponential moving average for AveragedModel, whose decay rises up to `most`.

    Counters such as BatchNorm's number of batches are copied.
    """

    @torch.no_grad()
    def update(averages: Sequence[Tensor], values: Sequence[Tensor], count: Tensor | int) -> None:
        number = int(count)
        decay = min(most, number / (9 + number))
        for average, value in zip(averages, values, strict=True):
            if average.is_floating_point():
                average.lerp_(value, 1 - decay)
            else:
                average.copy_(value)

    return update


def rate_at(step: int, schedule: Schedule) -> float:
    """Returns the share of the highest learning rate: up, half a cosine down to the horizon, straight at the end."""
    horizon = schedule.horizon or schedule.steps
    first = max(1, round(schedule.warmup * horizon))
    if step < first:
        return (step + 1) / first
    last = schedule.cooldown * schedule.steps
    cooled = min(1.0, (schedule.steps - step) / last) if last else 1.0
    return cooled * 0.5 * (1 + math.cos(math.pi * (step - first) / max(1, horizon - first)))


def _parameter_groups(learner: Learner, decay: float) -> list[dict[str, object]]:
    """Returns AdamW's groups: weights decay; biases, norms and scales, which are vectors or numbers, do not."""
    weights = [one for one in learner.parameters() if one.dim() > 1]
    rest = [one for one in learner.parameters() if one.dim() <= 1]
    return [{"params": weights, "weight_decay": decay}, {"params": rest, "weight_decay": 0.0}]
