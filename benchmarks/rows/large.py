"""Arrays so large that the bookkeeping vanishes: arithmetic and memory."""

from __future__ import annotations

from typing import Any

from benchmarks.row import OPENBLAS, Case, array, row


@row(
    "elementwise chain, 1e6 elements, forward + backward",
    goal=1.5,
    goal_fast=1.0,
    slow_because="without the extra, one core reads and writes memory half as fast as PyTorch's two",
)
def elementwise(torch: Any) -> Case:
    x, y = (torch.from_numpy(array(1_000_000, seed=s)).requires_grad_() for s in (1, 2))

    def step() -> Any:
        x.grad = y.grad = None
        h = torch.tanh(x * y + x)
        h = torch.sigmoid(h - y) * torch.exp(-h * h)
        h = torch.relu(h - 0.1) + torch.sqrt(h * h + 1.0)
        loss = (h / (1.0 + y * y)).mean()
        loss.backward()
        return loss

    return Case(step)


@row("matmul chain, six 256×256, forward + backward", goal=1.0, slow_because=OPENBLAS)
def matmul(torch: Any) -> Case:
    matrices = [torch.from_numpy(array(256, 256, seed=s) / 16).requires_grad_() for s in range(6)]

    def step() -> Any:
        for m in matrices:
            m.grad = None
        product = matrices[0]
        for m in matrices[1:]:
            product = product @ m
        loss = product.square().mean()
        loss.backward()
        return loss

    return Case(step)
