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

    tn.viz.save(tn.graph(loss, x, y), folder / "graph.svg")


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES
    folder.mkdir(exist_ok=True)
    readme_graph(folder)
    for path in sorted(folder.iterdir()):
        print(path)


if __name__ == "__main__":
    main()
