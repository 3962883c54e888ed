"""Draw the pictures of the pages: ``python docs/make_images.py [FOLDER]``.

They are made by running code and kept beside the pages, so that a change of the code shows in them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import autotn as tn
from autotn import nn

IMAGES = Path(__file__).parent / "images"


def readme_graph(folder: Path) -> None:
    """The network of the README's first lines, and its loss."""
    tn.manual_seed(0)
    x = tn.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = tn.tensor([[0.0], [1.0], [1.0], [0.0]])
    model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1), nn.Sigmoid())

    def loss(x: tn.Tensor, y: tn.Tensor) -> tn.Tensor:
        return ((model(x) - y) ** 2).mean()

    tn.graph(loss, x, y).save(folder / "graph.svg")


class Block(nn.Module):
    """A residual block."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inner, self.outer = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x: tn.Tensor) -> tn.Tensor:
        return x + self.outer(tn.relu(self.inner(x)))


def guide_graphs(folder: Path) -> None:
    """The pictures of the guide to seeing."""
    tn.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), *(Block(8) for _ in range(12)), nn.Linear(8, 3))
    optimizer = tn.optim.Adam(model.parameters())

    def step(x: tn.Tensor, target: tn.Tensor) -> tn.Tensor:
        loss = nn.functional.cross_entropy(model(x), target)
        loss.backward()
        optimizer.step()
        return loss

    g = tn.graph(step, tn.randn(5, 4), tn.tensor([0, 1, 2, 0, 1]))
    g.save(folder / "blocks.svg", level="module")

    def recurrence(x: tn.Tensor, w: tn.Tensor, u: tn.Tensor) -> tn.Tensor:
        h = tn.zeros(4)
        for t in range(len(x)):
            h = tn.tanh(x[t] @ w + h @ u)
        return h

    arguments = (tn.randn(20, 3), tn.randn(3, 4), tn.randn(4, 4))
    tn.graph(recurrence, *arguments).save(folder / "recurrence.svg")

    small = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    target = tn.tensor([0, 1, 2, 0, 1])

    def learn(x: tn.Tensor) -> None:
        loss = nn.functional.cross_entropy(small(x), target)
        loss.backward()

    g = tn.graph(learn, tn.randn(5, 4))
    g.save(folder / "both.svg", level="both")
    g.save(folder / "gradients.svg", color="grad_norm")

    a = tn.tensor(2.0, requires_grad=True)
    b = tn.tensor(-3.0, requires_grad=True)

    def scalars(a: tn.Tensor, b: tn.Tensor) -> None:
        d = a * b
        e = (d + b) ** 2
        e.backward()

    tn.graph(scalars, a, b).save(folder / "scalars.svg", level="scalar")


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES
    folder.mkdir(exist_ok=True)
    readme_graph(folder)
    guide_graphs(folder)
    for path in sorted(folder.iterdir()):
        print(path)


if __name__ == "__main__":
    main()
