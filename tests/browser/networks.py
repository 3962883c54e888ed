"""Training steps of the four kinds of network that the film is tested on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import autotn as tn
from autotn import nn
from autotn.ir import Graph


class Block(nn.Module):
    """A residual block: two convolutions and the way around them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm = nn.GroupNorm(2, channels)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: tn.Tensor) -> tn.Tensor:
        return (x + self.second(self.norm(self.first(x)).relu())).relu()


def cnn() -> Graph:
    tn.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), Block(4), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 3)
    )
    optimizer = tn.optim.SGD(model.parameters(), lr=0.1)

    def step(images: tn.Tensor, labels: tn.Tensor) -> tn.Tensor:
        loss = nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        return loss

    return tn.graph(step, tn.randn(2, 1, 8, 8), tn.tensor([0, 2]))


def lstm() -> Graph:
    tn.manual_seed(0)
    cell, head = nn.LSTMCell(3, 4), nn.Linear(4, 1)

    def step(sequence: tn.Tensor) -> tn.Tensor:
        h, c = tn.zeros(2, 4), tn.zeros(2, 4)
        for x in sequence:
            h, c = cell(x, (h, c))
        loss = head(h).square().mean()
        loss.backward()
        return loss

    return tn.graph(step, tn.randn(5, 2, 3))


def transformer() -> Graph:
    tn.manual_seed(0)
    layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, batch_first=True)
    model = nn.TransformerEncoder(layer, 2)

    def step(words: tn.Tensor) -> tn.Tensor:
        loss = model(words).square().mean()
        loss.backward()
        return loss

    return tn.graph(step, tn.randn(2, 5, 16))


def system() -> Graph:
    tn.manual_seed(0)
    inputs = tn.Input((6, 6))()
    hidden = tn.Dense((4, 4), activation=tn.Tanh())(inputs)
    letter = tn.Dense(3, activation=tn.Sigmoid())(hidden)
    reader = tn.System(inputs=[inputs], outputs=[letter])

    def step(image: np.ndarray, truth: np.ndarray) -> None:
        _, state = reader.guess([image], return_state=True)
        reader.learn(state, [truth])

    return tn.graph(step, np.ones((6, 6)), np.eye(3)[1])


NETWORKS: dict[str, Callable[[], Graph]] = {
    "cnn": cnn,
    "lstm": lstm,
    "transformer": transformer,
    "system": system,
}
