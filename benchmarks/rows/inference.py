"""Answers without a tape."""

from __future__ import annotations

from typing import Any

from benchmarks.row import OPENBLAS, Case, array, row
from benchmarks.rows.mlp import network


def answers(torch: Any, sizes: tuple[int, ...], batch: int) -> Case:
    model = network(torch, sizes, "ReLU").eval()
    x = torch.from_numpy(array(batch, sizes[0], seed=1))

    def step() -> Any:
        with torch.no_grad():
            return model(x)

    return Case(step, check=lambda: step().flatten().tolist())


@row("inference, MLP 4-32-32-2, batch 1", goal=0.3)
def inference_tiny(torch: Any) -> Case:
    return answers(torch, (4, 32, 32, 2), 1)


@row("inference, MLP 784-128-128-10, batch 1", goal=0.3)
def inference_1(torch: Any) -> Case:
    return answers(torch, (784, 128, 128, 10), 1)


@row(
    "inference, MLP 784-128-128-10, batch 64",
    slow_because=f"{OPENBLAS}; with the extra it is level: four fifths of the time are the same products, and "
    "the rest is what handing arrays to a library costs in Python",
)
def inference_64(torch: Any) -> Case:
    return answers(torch, (784, 128, 128, 10), 64)
