"""Draws pictures to run a network on before it is trusted: noise, stripes, gradients, blobs, always the same."""

import numpy as np

from models.runtime.preprocessing import Pixels

SEED = 20190521


def draw_synthetic_pixels(side: int, count: int = 6) -> Pixels:
    """Returns `count` pictures [count,3,side,side] float32, each channel of deviation 1 about a mean near 0."""
    random = np.random.default_rng(SEED)
    down, across = np.mgrid[0:side, 0:side] / side
    pictures = []
    for index in range(count):
        tint = random.normal(size=(3, 1, 1))
        waves = np.sin(2 * np.pi * (across * random.uniform(0.5, 9) + down * random.uniform(0.5, 9)))
        x, y = random.uniform(0.2, 0.8, 2)
        blob = np.exp(-((across - x) ** 2 + (down - y) ** 2) * random.uniform(5, 50))
        noise = random.normal(size=(3, side, side))
        pictures.append(tint * waves + (1 + index) * tint[::-1] * blob + 0.5 * noise)
    stack = np.stack(pictures)
    centred = stack - stack.mean(axis=(2, 3), keepdims=True)
    brightness = random.normal(scale=0.5, size=(count, 3, 1, 1))  # or a network of channel means would see nothing
    return np.asarray(centred / stack.std(axis=(2, 3), keepdims=True) + brightness, dtype=np.float32)
