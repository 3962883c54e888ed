"""The letter reader the project began with, learning one image at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.row import Case, array, fill, row
from benchmarks.rows.mlp import training


def letters(torch: Any) -> list[tuple[Any, Any]]:
    """One image of noise for each of 26 letters, and its one-hot target."""
    images, targets = array(26, 1, 32, 32, seed=1), np.eye(26, dtype=np.float32)
    return [(torch.from_numpy(x), torch.from_numpy(y[None])) for x, y in zip(images, targets)]


def reader(torch: Any) -> Any:
    nn = torch.nn
    return fill(
        torch,
        nn.Sequential(
            nn.Flatten(),
            nn.Linear(1024, 225),
            nn.Tanh(),
            nn.Linear(225, 225),
            nn.Tanh(),
            nn.Linear(225, 26),
            nn.Sigmoid(),
        ),
    )


@row("letter reader 1024-225-225-26, one at a time", goal=0.3, training=True)
def article_eager(torch: Any) -> Case:
    def half_squared_error(guess: Any, truth: Any) -> Any:
        return 0.5 * ((guess - truth) ** 2).sum()

    return training(torch, reader(torch), half_squared_error, letters(torch))
