"""Ops that run under vmap as a function of other ops, which have batching rules."""

from __future__ import annotations

from typing import Any

from autotn.ops.compare import where
from autotn.ops.gather import gather, index_select
from autotn.transforms.batched_call import as_tensor


def _nll(input: Any, target: Any, weight: Any, ignore_index: int, reduction: str) -> Any:
    target = as_tensor(target)
    counts = target != ignore_index
    safe = where(counts, target, 0)
    losses = -gather(input, 1, safe.unsqueeze(1)).squeeze(1)
    if weight is not None:
        weight = as_tensor(weight).detach()
        shares = where(counts, index_select(weight, 0, safe), 0)
        losses = losses * shares
    else:
        shares = counts.to(input.dtype)
    losses = where(counts, losses, 0)
    if reduction == "none":
        return losses
    return losses.sum() if reduction == "sum" else losses.sum() / shares.sum()


#: Op name -> the same function made of other ops.
WHOLES: dict[str, Any] = {"nll": _nll}
