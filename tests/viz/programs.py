"""Programs whose pictures are compared with golden files: their lines are part of the pictures."""

from __future__ import annotations

import autotn as tn
from autotn import nn


class Block(nn.Module):
    """A residual block."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inner = nn.Linear(width, width)
        self.outer = nn.Linear(width, width)

    def forward(self, x):
        return x + self.outer(tn.tanh(self.inner(x)))


def exact_network() -> nn.Module:
    """A network whose numbers are the same on every machine."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 2), nn.ReLU(), nn.Linear(2, 1))
    with tn.no_grad():
        for k, p in enumerate(model.parameters()):
            p.copy_(tn.arange(p.numel()).reshape(p.shape) / 4 + [0.5, 0.25, 2.0, -1.0][k])
    return model


def exact_step():
    model = exact_network()
    optimizer = tn.optim.SGD(model.parameters(), lr=0.5)

    def step(x, y):
        out = model(x)
        loss = ((out - y) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss

    return tn.graph(step, tn.tensor([[[1.0, 2.0], [0.0, -1.0]]]), tn.zeros(1, 1))


def loop(x, w, u):
    h = tn.zeros(4)
    for t in range(20):
        h = tn.tanh(x[t] @ w + h @ u)
    return h


def loop_graph():
    return tn.graph(loop, tn.ones(20, 3), tn.ones(3, 4), tn.ones(4, 4))
