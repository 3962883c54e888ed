"""Softmax and its logarithm."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core import dtypes
from autotn.core.node import warn_here
from autotn.core.op import Arr, op
from autotn.core.tensor import check_dim
from autotn.kernels import softmax as kernel
from autotn.kernels.onednn import rows as onednn

__all__ = ["log_softmax", "softmax"]


def implicit_dim(name: str, ndim: int) -> int:
    """The dimension PyTorch chooses, with a warning, when `dim` is left out."""
    warn_here(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X."
    )
    return _usual(ndim)


def _usual(ndim: int) -> int:
    return 0 if ndim in (0, 1, 3) else 1


@op(method="softmax", out=True)
def softmax(input: Arr, dim: int | None = None, dtype: Any = None) -> Arr:
    r"""Normalised exponentials: :math:`e^{x_i} / \sum_j e^{x_j}` along `dim`.

    >>> tn.softmax(tn.tensor([0.0, 0.0]), dim=0)
    tensor([0.5000, 0.5000])
    """
    if dim is None:
        dim = implicit_dim("softmax", input.ndim)
    axis: int | None = check_dim("softmax", dim, input.ndim)
    if not input.ndim:
        axis = None
    if dtype is not None:
        input = input.astype(dtypes.as_numpy(dtype))
    if not input.size:
        return input.copy()
    if axis == input.ndim - 1:
        found = onednn.softmax(input)
        if found is not None:
            return found
    return kernel.softmax(input, axis)


def _softmax_rule(g: Any, out: Any, dim: int | None) -> Any:
    if not out.ndim:
        return g * 0
    dim = _usual(out.ndim) if dim is None else dim
    if dim in (-1, out.ndim - 1):
        found = onednn.softmax_gradient(g, out)
        if found is not None:
            return found
    if isinstance(g, np.ndarray):
        return kernel.gradient(g, out, dim)
    gs = g * out
    return gs - out * gs.sum(dim, True)


softmax.grad(input=_softmax_rule)
softmax.tangent(input=_softmax_rule)  # its Jacobian is symmetric


@op(method="log_softmax", out=True)
def log_softmax(input: Arr, dim: int | None = None, dtype: Any = None) -> Arr:
    r"""Logarithm of softmax: :math:`x_i - \log \sum_j e^{x_j}` along `dim`, without overflow.

    >>> tn.log_softmax(tn.tensor([0.0, 1000.0]), dim=0)
    tensor([-1000.,     0.])
    """
    if dim is None:
        dim = implicit_dim("log_softmax", input.ndim)
    axis: int | None = check_dim("log_softmax", dim, input.ndim)
    if not input.ndim:
        axis = None
    if dtype is not None:
        input = input.astype(dtypes.as_numpy(dtype))
    if not input.size:
        return input.copy()
    if axis == input.ndim - 1:
        found = onednn.softmax(input, log=True)
        if found is not None:
            return found
    shifted = input - input.max(axis, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis, keepdims=True))
    return shifted


def _log_softmax_rule(g: Any, out: Any, dim: int | None) -> Any:
    if not out.ndim:
        return g * 0
    dim = _usual(out.ndim) if dim is None else dim
    if dim in (-1, out.ndim - 1):
        found = onednn.softmax_gradient(g, out, log=True)
        if found is not None:
            return found
    total = g.sum(dim, keepdims=True) if isinstance(g, np.ndarray) else g.sum(dim, True)
    return g - np.exp(out) * total


log_softmax.grad(input=_log_softmax_rule)
log_softmax.tangent(
    input=lambda t, out, dim: t - (t * np.exp(out)).sum(dim, True) if out.ndim else t * 0
)

for _normalised in (softmax, log_softmax):
    _normalised.takes("f", "Integers: give dtype=, or use .float()")
