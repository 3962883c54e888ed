"""Activations."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core.op import Arr, op

__all__ = ["relu"]


@op(method="relu", inplace=True)
def relu(input: Arr) -> Arr:
    r"""Rectifier: :math:`\max(x, 0)`.

    >>> tn.relu(tn.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    return np.maximum(input, input.dtype.type(0))


relu.grad(input=lambda g, out: g * (out > 0))
