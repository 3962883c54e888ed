"""Embeddings, gather and scatter: memory read and written by index."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.row import Case, array, fill, row
from benchmarks.rows.mlp import training


def indices(torch: Any, below: int, *shape: int) -> Any:
    return torch.from_numpy(np.random.default_rng(0).integers(0, below, size=shape))


@row("embedding 10 000×64, mean of 64 tokens, batch 64", training=True)
def embedding(torch: Any) -> Case:
    nn = torch.nn
    Module: Any = nn.Module

    class Bag(Module):
        def __init__(self) -> None:
            super().__init__()
            self.words, self.head = nn.Embedding(10_000, 64), nn.Linear(64, 10)

        def forward(self, tokens: Any) -> Any:
            return self.head(self.words(tokens).mean(dim=1))

    batches = list(zip(indices(torch, 10_000, 4, 64, 64), indices(torch, 10, 4, 64)))
    return training(torch, fill(torch, Bag()), nn.CrossEntropyLoss(), batches)


@row(
    "gather and scatter-add, 1000×256",
    slow_because="NumPy makes an array of places first, as large as two of the numbers, and picks with one core: "
    "0.2 ms for each way, and 0.25 for the sums; compiled loops on two cores would take 0.03 and 0.05",
)
def gather_scatter(torch: Any) -> Case:
    x = torch.from_numpy(array(1000, 256)).requires_grad_()
    places = indices(torch, 256, 1000, 128)

    def step() -> Any:
        x.grad = None
        picked = x.gather(1, places)
        loss = torch.zeros(1000, 256).scatter_add(1, places, picked * picked).square().mean()
        loss.backward()
        return loss

    return Case(step)


@row(
    "rows by index, and added back, 10 000×32",
    slow_because="rows to add are brought together as a sparse matrix, in several passes on one core",
)
def index_add(torch: Any) -> Case:
    x = torch.from_numpy(array(10_000, 32)).requires_grad_()
    rows = indices(torch, 10_000, 5000)

    def step() -> Any:
        x.grad = None
        picked = x[rows]
        loss = x.index_add(0, rows, picked).square().mean()
        loss.backward()
        return loss

    return Case(step)
