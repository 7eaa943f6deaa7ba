"""Augments a batch of crops, in torch and by a given generator, so that a step can be repeated exactly."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor
from torch.nn import functional

from training.recipe_parts import Augment

ERASED = (0.02, 0.2)  # share of the area (Zhong et al. 2020, the lower half of their range)


def augment_batch(pixels: Tensor, side: int, how: Augment, generator: Generator) -> Tensor:
    """Turns, flips, zooms, relights and partly erases pixels [B,3,S,S] in 0..1: [B,3,side,side] in 0..1."""
    return erase_boxes(relight(warp(pixels, side, how, generator), how, generator), how, generator)


def warp(pixels: Tensor, side: int, how: Augment, generator: Generator) -> Tensor:
    many = len(pixels)
    angle = _draw_uniform(many, math.radians(how.degrees), generator)
    size = 1 + _draw_uniform(many, how.zoom, generator)
    mirror = torch.where(torch.rand(many, generator=generator) < 0.5, -1.0, 1.0) if how.flip else torch.ones(many)
    cos, sin = size * angle.cos(), size * angle.sin()
    shift = _draw_uniform(many * 2, how.zoom, generator).view(2, many)
    first = torch.stack([cos * mirror, -sin, shift[0]], dim=1)
    second = torch.stack([sin * mirror, cos, shift[1]], dim=1)
    grid = functional.affine_grid(torch.stack([first, second], dim=1), [many, 3, side, side], align_corners=False)
    return functional.grid_sample(pixels, grid, padding_mode="reflection", align_corners=False)


def relight(pixels: Tensor, how: Augment, generator: Generator) -> Tensor:
    """Changes brightness and contrast; hardly the hue, which is something to learn."""
    many = len(pixels)
    gain = 1 + _draw_uniform(many, how.light, generator)
    offset = _draw_uniform(many, how.light / 2, generator)
    tint = 1 + _draw_uniform(many * 3, how.light / 4, generator).view(many, 3, 1, 1)
    return (((pixels - 0.5) * gain.view(-1, 1, 1, 1) + 0.5 + offset.view(-1, 1, 1, 1)) * tint).clamp(0, 1)


def erase_boxes(pixels: Tensor, how: Augment, generator: Generator) -> Tensor:
    """Puts a grey box over some of the pictures."""
    many, _, high, wide = pixels.shape
    chosen = torch.rand(many, generator=generator) < how.erase
    area = torch.empty(many).uniform_(*ERASED, generator=generator)
    ratio = torch.empty(many).uniform_(math.log(0.4), math.log(2.5), generator=generator).exp()
    tall, broad = (area * ratio).sqrt().clamp(max=1), (area / ratio).sqrt().clamp(max=1)
    top = torch.rand(many, generator=generator) * (1 - tall)
    left = torch.rand(many, generator=generator) * (1 - broad)
    down, across = (torch.arange(high) + 0.5) / high, (torch.arange(wide) + 0.5) / wide
    rows = (down >= top[:, None]) & (down < (top + tall)[:, None])
    columns = (across >= left[:, None]) & (across < (left + broad)[:, None])
    box = rows[:, :, None] & columns[:, None, :] & chosen[:, None, None]
    return pixels.masked_fill(box[:, None], 0.5)


def _draw_uniform(many: int, most: float, generator: Generator) -> Tensor:
    return torch.empty(many).uniform_(-most, most, generator=generator)
