"""Samples of categories that gradients pass through."""

from __future__ import annotations

from typing import Any

from autotn.core.random import numpy_generator
from autotn.core.tensor import Tensor, wrap
from autotn.ops.extremes import argmax
from autotn.ops.softmax import softmax

__all__: list[str] = []

FUNCTIONAL = ("gumbel_softmax",)


def gumbel_softmax(
    logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1
) -> Any:
    r"""A random softmax: :math:`\mathrm{softmax}((x + g) / \tau)`, g from the Gumbel distribution.

    Its largest entry falls on each category with that category's probability. Jang et al.,
    "Categorical reparameterization with Gumbel-softmax", 2017.

    Parameters
    ----------
    tau : float
        The temperature: the smaller, the nearer to one-hot.
    hard : bool
        Give one-hot vectors; the gradient is that of the soft ones.

    >>> F.gumbel_softmax(tn.tensor([[0.0, 50.0]]), hard=True)
    tensor([[0., 1.]])
    """
    values = logits._data
    noise = wrap(numpy_generator(None).gumbel(size=values.shape).astype(values.dtype))
    soft = softmax((logits + noise) / tau, dim)
    if not hard:
        return soft
    chosen = argmax(soft.detach(), dim, keepdim=True)
    one_hot = soft.detach().new_zeros(*soft.shape).scatter_(dim, chosen, 1.0)
    return one_hot - soft.detach() + soft
