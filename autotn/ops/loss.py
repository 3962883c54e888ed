"""Losses."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core.op import Arr, Fixed, op
from autotn.ops.softmax import log_softmax

__all__ = ["cross_entropy_indices"]

FUNCTIONAL = ("cross_entropy", "mse_loss")


def _reduced(values: Any, reduction: str) -> Any:
    if reduction == "mean":
        return values.mean()
    if reduction == "sum":
        return values.sum()
    if reduction == "none":
        return values
    raise ValueError(f"{reduction} is not a valid value for reduction")


@op(broadcasts=True)
def _mse_loss(input: Arr, target: Arr) -> Arr:
    """Squared difference, element by element.

    >>> F.mse_loss(tn.tensor([1.0]), tn.tensor([3.0]))
    tensor(4.)
    """
    d = input - target
    return d * d


_mse_loss.grad(
    input=lambda g, input, target: g * (2 * (input - target)),
    target=lambda g, input, target: g * (2 * (target - input)),
)


def mse_loss(
    input: Any,
    target: Any,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    weight: Any = None,
) -> Any:
    """Mean of the squared differences."""
    return _reduced(_mse_loss(input, target), reduction)


@op(aux=("p",))
def cross_entropy_indices(input: Arr, target: Fixed, reduction: str = "mean") -> Arr:
    """Cross-entropy of rows of logits with class numbers, fused.

    >>> tn.ops.loss.cross_entropy_indices(tn.zeros(1, 2), tn.tensor([0]))
    tensor(0.6931)
    """
    shifted = input - input.max(1, keepdims=True)
    p = np.exp(shifted)
    total = p.sum(1, keepdims=True)
    rows = np.arange(len(target))
    losses = np.log(total[:, 0]) - shifted[rows, target]
    p /= total
    return _reduced(losses, reduction), (p,)


@cross_entropy_indices.grad
def _(g: Any, p: Any, target: Any, reduction: str) -> Any:
    gx = p.copy()
    gx[np.arange(len(target)), target] -= 1
    if reduction == "none":
        g = g[:, None]
    elif reduction == "mean":
        g = g / len(target)
    gx *= g
    return gx


@cross_entropy_indices.reference
def _(input: Any, target: Any, reduction: str = "mean") -> Any:
    rows = np.arange(len(target))
    labels = target._data if hasattr(target, "_data") else target
    return _reduced(-log_softmax(input, 1)[rows, labels], reduction)


def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: Any = None,
    ignore_index: int = -100,
    reduce: Any = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """Cross-entropy of logits with class numbers."""
    return cross_entropy_indices(input, target, reduction)
