"""A deep autoencoder in double precision."""

from __future__ import annotations

from typing import Any

from benchmarks.row import OPENBLAS, Case, array, row
from benchmarks.rows.mlp import network, training


@row(
    "autoencoder 784-256-64-16-64-256-784 in float64, batch 32",
    goal=0.8,
    training=True,
    slow_because=f"{OPENBLAS}; half of the step is Adam, seven passes of NumPy on one core: the extra has no float64",
)
def autoencoder(torch: Any) -> Case:
    model = network(torch, (784, 256, 64, 16, 64, 256, 784), "Tanh").double()
    batches = [(x, x) for x in torch.from_numpy(array(8, 32, 784, seed=1)).double()]
    return training(torch, model, torch.nn.MSELoss(), batches)
