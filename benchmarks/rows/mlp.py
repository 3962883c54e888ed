"""Training steps of plain networks with Adam: zero_grad, forward, loss, backward, step."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.row import OPENBLAS, Case, array, fill, row


def network(torch: Any, sizes: tuple[int, ...], activation: str) -> Any:
    layers: list[Any] = []
    for inputs, outputs in itertools.pairwise(sizes):
        layers += [torch.nn.Linear(inputs, outputs), getattr(torch.nn, activation)()]
    return fill(torch, torch.nn.Sequential(*layers[:-1]))


def training(
    torch: Any, model: Any, loss_of: Callable[[Any, Any], Any], batches: list[tuple[Any, Any]]
) -> Case:
    """Go round the batches; there are enough of them that the loss does not run dry."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    data = itertools.cycle(batches)

    def step() -> Any:
        x, y = next(data)
        optimizer.zero_grad()
        loss = loss_of(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return Case(step)


def classes(torch: Any, batch: int, inputs: int, outputs: int) -> list[tuple[Any, Any]]:
    labels = np.random.default_rng(batch).integers(0, outputs, size=(8, batch))
    images = array(8, batch, inputs, seed=1)
    return [(torch.from_numpy(x), torch.from_numpy(y)) for x, y in zip(images, labels)]


@row("MLP 4-32-32-2, batch 1", goal=0.15, training=True)
def mlp_1(torch: Any) -> Case:
    x, y = array(64, 1, 4, seed=1), array(64, 1, 2, seed=2)
    batches = [(torch.from_numpy(a), torch.from_numpy(b)) for a, b in zip(x, y)]
    return training(torch, network(torch, (4, 32, 32, 2), "Tanh"), torch.nn.MSELoss(), batches)


@row("MLP 784-128-128-10, batch 32", goal=0.35, training=True)
def mlp_32(torch: Any) -> Case:
    model = network(torch, (784, 128, 128, 10), "ReLU")
    return training(torch, model, torch.nn.CrossEntropyLoss(), classes(torch, 32, 784, 10))


@row("MLP 784-512-512-10, batch 128", goal=0.9, training=True, slow_because=OPENBLAS)
def mlp_128(torch: Any) -> Case:
    model = network(torch, (784, 512, 512, 10), "ReLU")
    return training(torch, model, torch.nn.CrossEntropyLoss(), classes(torch, 128, 784, 10))
