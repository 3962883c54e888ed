"""``grad(is_grads_batched=True)`` by vmap: one backward for all rows. It stands in when ``autograd`` is loaded."""

from __future__ import annotations

from typing import Any

from autotn.core import engine
from autotn.core.modes import transforming
from autotn.transforms.batch import Batch

__all__: list[str] = []


def batched_grad(
    outs: list[Any], ins: list[Any], rows: list[Any], retain_graph: bool | None, create_graph: bool,
    unused: bool, materialize: bool,
) -> tuple[Any, ...]:  # fmt: skip
    """The gradients for each row of gradients of the outputs, stacked."""
    level = Batch(next(len(r) for r in rows if r is not None))
    level.lower_grad = create_graph
    seeds = [None if r is None else level.batched(r) for r in rows]
    with transforming(level):
        found = engine.grad(
            outs, ins, seeds, create_graph if retain_graph is None else retain_graph, create_graph, unused,
            False, materialize,
        )  # fmt: skip
    return tuple(None if g is None else level.whole_batch(g) for g in found)


engine.batched_grad = batched_grad
