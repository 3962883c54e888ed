"""Ops that run under vmap as a function of other ops, which have batching rules."""

from __future__ import annotations

from typing import Any

from autotn.ops.compare import where
from autotn.ops.gather import gather, index_select
from autotn.ops.softmax import log_softmax
from autotn.transforms.batched_call import as_tensor


def _weighted(logs: Any, target: Any, weight: Any, ignore_index: int) -> tuple[Any, Any, Any]:
    """The loss of each row, its weight, and whether it counts."""
    target = as_tensor(target)
    counts = target != ignore_index
    safe = where(counts, target, 0)
    losses = -gather(logs, 1, safe.unsqueeze(1)).squeeze(1)
    if weight is None:
        shares = counts.to(logs.dtype)
    else:
        shares = where(counts, index_select(as_tensor(weight).detach(), 0, safe), 0)
        losses = losses * shares
    return where(counts, losses, 0), shares, counts


def _reduced(losses: Any, shares: Any, reduction: str) -> Any:
    if reduction == "none":
        return losses
    return losses.sum() if reduction == "sum" else losses.sum() / shares.sum()


def _nll(input: Any, target: Any, weight: Any, ignore_index: int, reduction: str) -> Any:
    losses, shares, _ = _weighted(input, target, weight, ignore_index)
    return _reduced(losses, shares, reduction)


def _cross_entropy(
    input: Any, target: Any, weight: Any, ignore_index: int, reduction: str, label_smoothing: float
) -> Any:
    logs = log_softmax(input, 1)
    losses, shares, counts = _weighted(logs, target, weight, ignore_index)
    if label_smoothing:
        spread = logs if weight is None else logs * as_tensor(weight).detach()
        smooth = where(counts, -spread.sum(1), 0)
        share = label_smoothing / input.shape[1]
        losses = losses * (1 - label_smoothing) + smooth * share
    return _reduced(losses, shares, reduction)


#: Op name -> the same function made of other ops.
WHOLES: dict[str, Any] = {"nll": _nll, "cross_entropy": _cross_entropy}
