"""Keep gradients from growing too large."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from autotn.core.inplace import mark_written_many
from autotn.core.node import here
from autotn.core.tensor import Tensor, wrap

__all__ = [
    "clip_grad_norm",
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "get_total_norm",
]


def _gradients(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    listed = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    return [p.grad for p in listed if p.grad is not None]


def _norm(array: np.ndarray[Any, Any], p: float) -> Any:
    flat = array.ravel()
    if array.dtype.itemsize < 4:
        flat = flat.astype(np.float32)  # squares leave float16's range early
    if p == 2.0 and flat.dtype.kind != "c":
        return np.sqrt(flat.dot(flat))
    if math.isinf(p):
        sizes = np.abs(flat)
        return sizes.max(initial=0) if p > 0 else sizes.min(initial=math.inf)
    return np.linalg.norm(flat, p)


def get_total_norm(
    tensors: Tensor | Iterable[Tensor],
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The norm of all tensors, as if they were one vector.

    >>> nn.utils.get_total_norm([tn.tensor([3.0]), tn.tensor([4.0])])
    tensor(5.)
    """
    listed = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    p = float(norm_type)
    if not listed:
        return wrap(np.zeros((), np.float32))
    norms = np.array([_norm(t._data, p) for t in listed])
    total = np.asarray(_norm(norms, p)).astype(listed[0]._data.real.dtype)
    if error_if_nonfinite and not np.isfinite(total):
        raise RuntimeError(
            f"The total norm of order {p} for gradients from `parameters` is non-finite ({total}), "
            "so it cannot be clipped. To clip anyway, set `error_if_nonfinite=False`"
        )
    return wrap(total)


def clip_grads_with_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    total_norm: Tensor,
    foreach: bool | None = None,
) -> None:
    """Scale the gradients, whose norm is known already, down to `max_norm`, in place.

    >>> w = nn.Parameter(tn.zeros(1)); w.grad = tn.tensor([5.0])
    >>> nn.utils.clip_grads_with_norm_([w], 1.0, tn.tensor(5.0)); w.grad
    tensor([1.0000])
    """
    factor = min(float(max_norm) / (float(total_norm) + 1e-6), 1.0)
    if factor != 1.0:
        _write(_gradients(parameters), lambda array: np.multiply(array, factor, out=array))


def _write(gradients: list[Tensor], write: Any) -> None:
    unique = {id(g._data): g for g in gradients}
    for gradient in unique.values():
        write(gradient._data)
    mark_written_many(unique.values(), here())


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    r"""Scale all gradients by :math:`\min(1, m / \|g\|)`, in place, and return their norm before.

    Pascanu et al., "On the difficulty of training recurrent neural networks", 2013.

    >>> w = nn.Parameter(tn.zeros(2)); w.grad = tn.tensor([3.0, 4.0])
    >>> nn.utils.clip_grad_norm_([w], 1.0), w.grad
    (tensor(5.), tensor([0.6000, 0.8000]))
    """
    listed = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    total = get_total_norm(_gradients(listed), norm_type, error_if_nonfinite)
    clip_grads_with_norm_(listed, max_norm, total)
    return total


def clip_grad_norm(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Old name of `clip_grad_norm_`."""
    warnings.warn(
        "`nn.utils.clip_grad_norm` is now deprecated in favor of `nn.utils.clip_grad_norm_`.",
        FutureWarning,
        stacklevel=2,
    )
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)


def clip_grad_value_(
    parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None
) -> None:
    """Cut all gradients to the range from ``-clip_value`` to ``clip_value``, in place.

    >>> w = nn.Parameter(tn.zeros(2)); w.grad = tn.tensor([3.0, 0.5])
    >>> nn.utils.clip_grad_value_([w], 1.0); w.grad
    tensor([1.0000, 0.5000])
    """
    limit = float(clip_value)
    _write(_gradients(parameters), lambda array: np.clip(array, -limit, limit, out=array))
