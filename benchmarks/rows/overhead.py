"""What one op costs when the arrays are so small that only the bookkeeping counts."""

from __future__ import annotations

from typing import Any

from benchmarks.row import Case, array, row

BLOCKS = 40
OPS = 5 * BLOCKS


def blocks(torch: Any) -> tuple[Any, list[tuple[Any, Any, Any]]]:
    """An 8×8 input, and for each block a matrix, a bias and a gain that want gradients."""

    def leaf(seed: int) -> Any:
        return torch.from_numpy(0.3 * array(8, 8, seed=seed)).requires_grad_()

    weights = [(leaf(3 * i), leaf(3 * i + 1), leaf(3 * i + 2)) for i in range(BLOCKS)]
    return torch.from_numpy(array(8, 8, seed=1000)), weights


def forward(torch: Any, x: Any, weights: list[tuple[Any, Any, Any]]) -> Any:
    for matrix, bias, gain in weights:
        x = x + torch.tanh((x @ matrix + bias) * gain)
    return x.sum()


@row("per op, forward (200 ops, 8×8)", goal=0.45)
def op_forward(torch: Any) -> Case:
    x, weights = blocks(torch)
    return Case(lambda: forward(torch, x, weights), units=OPS)


@row("per op, forward + backward", goal=0.4, tolerance=1e-3)
def op_backward(torch: Any) -> Case:
    x, weights = blocks(torch)
    leaves = [leaf for block in weights for leaf in block]

    def step() -> Any:
        for leaf in leaves:
            leaf.grad = None
        loss = forward(torch, x, weights)
        loss.backward()
        return loss

    def check() -> list[float]:
        return [step().item(), *(leaf.grad.abs().sum().item() for leaf in leaves[-15:])]

    return Case(step, units=OPS, check=check)


@row("per op, forward without recording")
def op_no_grad(torch: Any) -> Case:
    x, weights = blocks(torch)

    def step() -> Any:
        with torch.no_grad():
            return forward(torch, x, weights)

    return Case(step, units=OPS)
