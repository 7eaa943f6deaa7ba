"""The training loop: a step, the moving average, checkpoints that continue as if nothing had happened."""

from __future__ import annotations

import copy
import logging
import math
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from training.data.batches import Batch, Batches
from training.errors import CannotResume
from training.learning import losses
from training.learning.networks import Learner
from training.recipe import Recipe, Schedule

log = logging.getLogger(__name__)

CHECKPOINT = "checkpoint.pt"
SAVE_SECONDS = 60.0
Report = Callable[[int, dict[str, float]], None]


def nothing_to_report(step: int, parts: dict[str, float]) -> None:
    """A Report that tells nobody."""


class Trainer:
    """Trains `learner`; `key` names recipe and photos, so that a checkpoint of others is not continued."""

    def __init__(self, learner: Learner, batches: Batches, recipe: Recipe, folder: Path, key: str) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.learner = learner.to(self.device).to(memory_format=torch.channels_last)
        self.average = {name: value.detach().clone() for name, value in learner.state_dict().items()}
        self.step = 0
        self._batches, self._recipe, self._folder, self._key = batches, recipe, folder, key
        self._optimizer = torch.optim.AdamW(_groups(learner, recipe.schedule.weight_decay), lr=recipe.schedule.lr)

    def run(self, report: Report = nothing_to_report, until: int | None = None) -> Learner:
        """Train up to step `until` (all of them by default); returns the learner with the averaged weights."""
        self.go(report, until or self._recipe.schedule.steps)
        return self.averaged()

    def go(self, report: Report, until: int) -> None:
        """Train up to step `until` and save."""
        self.learner.train()
        saved = time.monotonic()
        for step in range(self.step, until):
            report(step + 1, self._one(step))
            self.step = step + 1
            if time.monotonic() - saved > SAVE_SECONDS:
                self.save()
                saved = time.monotonic()
        self.save()

    def glimpse(self) -> Learner:
        """A copy of the learner with the averaged weights, in eval mode, while the training goes on."""
        other = copy.deepcopy(self.learner)
        other.load_state_dict(self.average)
        return other.eval()

    def averaged(self) -> Learner:
        """The learner in eval mode with the moving average of its weights, which is the result."""
        self.learner.load_state_dict(self.average)
        return self.learner.eval()

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        self._folder.mkdir(parents=True, exist_ok=True)
        state = {
            "key": self._key,
            "step": self.step,
            "learner": self.learner.state_dict(),
            "average": self.average,
            "optimizer": self._optimizer.state_dict(),
        }
        part = self._folder / f"{CHECKPOINT}.part"
        torch.save(state, part)
        part.replace(self._folder / CHECKPOINT)

    def resume(self) -> bool:
        """Continue from the checkpoint if there is one; raises CannotResume where it belongs to something else."""
        file = self._folder / CHECKPOINT
        if not file.is_file():
            return False
        try:
            state = torch.load(file, map_location=self.device, weights_only=True)
        except Exception as error:  # torch raises half a dozen kinds for a damaged file
            raise CannotResume(f"{file} cannot be read: remove it to start anew ({error})") from error
        if state["key"] != self._key:
            raise CannotResume(f"{file} is of another recipe or other photos: remove it, or start without --resume")
        self.learner.load_state_dict(state["learner"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.average, self.step = state["average"], state["step"]
        log.info("continuing after step %d", self.step)
        return True

    def start_from(self, folder: Path) -> None:
        """Begin with the averaged weights of a finished training; raises CannotResume where they do not fit."""
        file = folder / CHECKPOINT
        try:
            weights = torch.load(file, map_location=self.device, weights_only=True)["average"]
            self.learner.load_state_dict(weights)
        except Exception as error:  # as above, or another network
            raise CannotResume(f"{file} does not fit this network ({error})") from error
        self.average = {name: value.detach().clone() for name, value in self.learner.state_dict().items()}

    def _one(self, step: int) -> dict[str, float]:
        schedule = self._recipe.schedule
        rate = schedule.lr * rate_at(step, schedule)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        batch = self._batches.of(step)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            answer = self.learner(batch.given.to(self.device))
        parts = loss_parts(answer.blocks, answer.logits, batch, self._recipe)
        loss = torch.stack(list(parts.values())).sum()
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.learner.parameters(), schedule.clip)
        self._optimizer.step()
        self._follow(min(schedule.ema, (1 + step) / (10 + step)))
        return {"loss": loss.item(), "rate": rate} | {name: part.item() for name, part in parts.items()}

    @torch.no_grad()
    def _follow(self, decay: float) -> None:
        for name, value in self.learner.state_dict().items():
            if value.dtype.is_floating_point:
                self.average[name].lerp_(value, 1 - decay)
            else:
                self.average[name].copy_(value)


def loss_parts(
    blocks: dict[str, Tensor], logits: dict[str, Tensor], batch: Batch, recipe: Recipe
) -> dict[str, Tensor]:
    """Every loss with its weight, by name; those of weight 0 are left out."""
    parts: dict[str, Tensor] = {}
    for name, target in batch.rows.items():
        rows, wanted = blocks[name].float(), target.to(blocks[name].device)
        parts[f"{name} teacher"] = recipe.blocks[name].teacher_weight * losses.mimicry(rows, wanted)
        if recipe.blocks[name].relation_weight:
            parts[f"{name} relations"] = recipe.blocks[name].relation_weight * losses.relations(rows, wanted)
    for name, task in recipe.tasks.items():
        told, rows = logits[name].float(), blocks[task.block].float()
        if task.weight:
            labels = batch.labels[name].to(told.device)
            parts[name] = task.weight * losses.cross_entropy(told, labels, recipe.schedule.smoothing)
        if task.probe:
            wanted = batch.probes[name].to(told.device)
            parts[f"{name} probe"] = task.probe * losses.distilled(told, wanted, recipe.schedule.temperature)
        if task.contrast:
            parts[f"{name} contrast"] = task.contrast * losses.contrast(rows, batch.numbers[name].to(told.device))
    return parts


def rate_at(step: int, schedule: Schedule) -> float:
    """Share of the highest learning rate: up, half a cosine down to the horizon, straight down at the end."""
    horizon = schedule.horizon or schedule.steps
    first = max(1, round(schedule.warmup * horizon))
    if step < first:
        return (step + 1) / first
    last = schedule.cooldown * schedule.steps
    cooled = min(1.0, (schedule.steps - step) / last) if last else 1.0
    return cooled * 0.5 * (1 + math.cos(math.pi * (step - first) / max(1, horizon - first)))


def _groups(learner: Learner, decay: float) -> list[dict[str, object]]:
    """Weights decay; biases, norms and scales, which are vectors or numbers, do not."""
    weights = [one for one in learner.parameters() if one.dim() > 1]
    rest = [one for one in learner.parameters() if one.dim() <= 1]
    return [{"params": weights, "weight_decay": decay}, {"params": rest, "weight_decay": 0.0}]
