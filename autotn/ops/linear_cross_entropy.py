"""A linear map to class scores and their cross-entropy in one call."""

from __future__ import annotations

from typing import Any

from autotn.core.op import composite
from autotn.ops.classify import cross_entropy
from autotn.ops.matmul import linear

__all__: list[str] = []

FUNCTIONAL = ("linear_cross_entropy",)


@composite()
def linear_cross_entropy(
    input: Any,
    linear_weight: Any,
    target: Any,
    *,
    linear_bias: Any = None,
    weight: Any = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: Any = None,
) -> Any:
    r"""Cross-entropy of the scores :math:`x W^T + b`.

    Parameters
    ----------
    linear_weight : Tensor
        Of shape (classes, …, features); the dimensions between are those of the target.
    linear_bias : Tensor, optional
        Of shape (classes, …).
    options
        How PyTorch saves memory; without effect here.

    >>> F.linear_cross_entropy(tn.zeros(2, 3), tn.ones(5, 3), tn.tensor([0, 4]))
    tensor(1.6094)
    """
    classes = tuple(linear_weight.shape[:-1])
    bias = None if linear_bias is None else linear_bias.reshape(-1)
    scores = linear(input, linear_weight.reshape(-1, linear_weight.shape[-1]), bias)
    return cross_entropy(
        scores.reshape(*input.shape[:-1], *classes),
        target,
        weight=weight,
        ignore_index=-100 if ignore_index is None else ignore_index,
        reduction=reduction,
        label_smoothing=label_smoothing,
    )
