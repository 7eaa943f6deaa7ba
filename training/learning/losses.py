"""The losses: mimicry of teachers, smoothed cross-entropy on mixed labels, supervised contrast."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

CONTRAST_TEMPERATURE = 0.1  # Khosla et al. 2020, Supervised Contrastive Learning


def mimicry(rows: Tensor, target: Tensor) -> Tensor:
    """1 - cosine to the teacher's rows [B,d]; both need not be of norm 1."""
    return (1 - functional.cosine_similarity(rows, target)).mean()


def relations(rows: Tensor, target: Tensor) -> Tensor:
    """Squared difference between the cosines within the batch and the teacher's (Park et al. 2019, in spirit)."""
    return functional.mse_loss(rows @ rows.T, functional.normalize(target) @ functional.normalize(target).T)


def cross_entropy(logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """Over soft labels [B,C]; a row of zeros has no label and does not count."""
    known = labels.sum(dim=1) > 0
    if not known.any():
        return logits.sum() * 0
    smooth = labels[known] * (1 - smoothing) + smoothing / labels.shape[1]
    return -(smooth * functional.log_softmax(logits[known], dim=1)).sum(dim=1).mean()


def distilled(logits: Tensor, probabilities: Tensor, temperature: float) -> Tensor:
    """KL to a teacher's softened probabilities, times T² as in Hinton et al. 2015."""
    told = functional.log_softmax(logits / temperature, dim=1)
    return functional.kl_div(told, probabilities, reduction="batchmean") * temperature**2


def contrast(rows: Tensor, labels: Tensor) -> Tensor:
    """Supervised contrast of unit rows [B,d]; label -1 takes no part. Zero where no two share a label."""
    rows, labels = rows[labels >= 0], labels[labels >= 0]
    itself = torch.eye(len(rows), dtype=torch.bool, device=rows.device)
    same = (labels[:, None] == labels[None, :]) & ~itself
    have = same.any(dim=1)
    if not have.any():
        return rows.sum() * 0
    cosines = (rows @ rows.T / CONTRAST_TEMPERATURE).masked_fill(itself, float("-inf"))
    log_share = (cosines - cosines.logsumexp(dim=1, keepdim=True)).masked_fill(itself, 0)
    return -((log_share * same).sum(dim=1)[have] / same.sum(dim=1)[have]).mean()
