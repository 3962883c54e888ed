"""A graph as deep as a million ops: built, run backward and freed."""

from __future__ import annotations

from typing import Any

from benchmarks.row import Case, row

NODES = 1_000_000
#: PyTorch takes a tenth: its time per node is the same, and nobody has to wait.
NODES_FOR_TORCH = 100_000


@row("chain of 1e6 nodes: build, backward, free; per node", goal=0.3)
def chain(torch: Any) -> Case:
    nodes = NODES_FOR_TORCH if torch.__name__ == "torch" else NODES
    start = torch.tensor(1.0, requires_grad=True)
    factor = torch.tensor(1.0 - 1e-6)

    def run(count: int) -> list[float]:
        x = start
        for _ in range(count):
            x = x * factor
        start.grad = None
        x.backward()
        return [x.item(), start.grad.item()]

    return Case(lambda: run(nodes), units=nodes, check=lambda: run(1000))
