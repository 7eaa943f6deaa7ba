"""Losses of a training: mimicry of teachers, smoothed cross-entropy on mixed labels, supervised contrast."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from training.data.batches import Batch
from training.learning.networks import NetworkOutput
from training.recipe import Recipe

CONTRAST_TEMPERATURE = 0.1  # Khosla et al. 2020, Supervised Contrastive Learning


def weigh_losses(output: NetworkOutput, batch: Batch, recipe: Recipe) -> dict[str, Tensor]:
    """Returns every loss of a batch times its weight in the recipe, by name; those of weight 0 are left out."""
    parts: dict[str, Tensor] = {}
    for name, target in batch.rows.items():
        rows, wanted = output.blocks[name].float(), target.to(output.blocks[name].device)
        parts[f"{name} teacher"] = recipe.blocks[name].teacher_weight * mimicry(rows, wanted)
        if recipe.blocks[name].relation_weight:
            parts[f"{name} relations"] = recipe.blocks[name].relation_weight * relations(rows, wanted)
    for name, task in recipe.tasks.items():
        logits, rows = output.logits[name].float(), output.blocks[task.block].float()
        if task.weight:
            labels = batch.labels[name].to(logits.device)
            parts[name] = task.weight * cross_entropy(logits, labels, recipe.schedule.smoothing)
        if task.probe:
            wanted = batch.probes[name].to(logits.device)
            parts[f"{name} probe"] = task.probe * distillation(logits, wanted, recipe.schedule.temperature)
        if task.contrast:
            parts[f"{name} contrast"] = task.contrast * contrast(rows, batch.numbers[name].to(logits.device))
    return parts


def mimicry(rows: Tensor, target: Tensor) -> Tensor:
    """Returns 1 - cosine to the teacher's rows [B,d], averaged; both need not be of norm 1."""
    return (1 - functional.cosine_similarity(rows, target)).mean()


def relations(rows: Tensor, target: Tensor) -> Tensor:
    """Returns the squared difference of the cosines within a batch from the teacher's (after Park et al. 2019)."""
    return functional.mse_loss(rows @ rows.T, functional.normalize(target) @ functional.normalize(target).T)


def cross_entropy(logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """Returns the cross-entropy over soft labels [B,C]; a row of zeros has no label and does not count."""
    known = labels.sum(dim=1) > 0
    if not known.any():
        return logits.sum() * 0
    smooth = labels[known] * (1 - smoothing) + smoothing / labels.shape[1]
    return -(smooth * functional.log_softmax(logits[known], dim=1)).sum(dim=1).mean()


def distillation(logits: Tensor, probabilities: Tensor, temperature: float) -> Tensor:
    """Returns the KL divergence from a teacher's softened probabilities, times T² as in Hinton et al. 2015."""
    softened = functional.log_softmax(logits / temperature, dim=1)
    return functional.kl_div(softened, probabilities, reduction="batchmean") * temperature**2


def contrast(rows: Tensor, labels: Tensor) -> Tensor:
    """Returns the supervised contrast of unit rows [B,d]; label -1 takes no part. Zero where no two share a label."""
    rows, labels = rows[labels >= 0], labels[labels >= 0]
    itself = torch.eye(len(rows), dtype=torch.bool, device=rows.device)
    same = (labels[:, None] == labels[None, :]) & ~itself
    have = same.any(dim=1)
    if not have.any():
        return rows.sum() * 0
    cosines = (rows @ rows.T / CONTRAST_TEMPERATURE).masked_fill(itself, float("-inf"))
    log_share = (cosines - cosines.logsumexp(dim=1, keepdim=True)).masked_fill(itself, 0)
    return -((log_share * same).sum(dim=1)[have] / same.sum(dim=1)[have]).mean()
