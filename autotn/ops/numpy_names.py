"""NumPy's functions that mean one of ours under another signature, or one that is made of ops.

What a declaration says by ``numpy=`` is not repeated here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core.methods import NUMPY, stand_for
from autotn.ops.create import empty_like, full_like, ones_like, zeros_like
from autotn.ops.decompose import (
    linalg_cholesky,
    linalg_eigh,
    linalg_eigvalsh,
    linalg_qr,
    linalg_svd,
    linalg_svdvals,
)
from autotn.ops.extremes import amax, amin
from autotn.ops.gather import index_select, take
from autotn.ops.matmul import matmul
from autotn.ops.matrix import (
    linalg_cond,
    linalg_cross,
    linalg_matrix_power,
    linalg_multi_dot,
    linalg_pinv,
)
from autotn.ops.products import einsum, tensordot
from autotn.ops.reduce import prod, sum as sum_
from autotn.ops.shape import transpose
from autotn.ops.solve import linalg_det, linalg_inv, linalg_slogdet, linalg_solve

__all__: list[str] = []

_SAME = {
    np.einsum: einsum,
    np.empty_like: empty_like,
    np.full_like: full_like,
    np.linalg.cholesky: linalg_cholesky,
    np.linalg.cond: linalg_cond,
    np.linalg.det: linalg_det,
    np.linalg.eigh: linalg_eigh,
    np.linalg.eigvalsh: linalg_eigvalsh,
    np.linalg.inv: linalg_inv,
    np.linalg.matrix_power: linalg_matrix_power,
    np.linalg.multi_dot: linalg_multi_dot,
    np.linalg.pinv: linalg_pinv,
    np.linalg.qr: linalg_qr,
    np.linalg.slogdet: linalg_slogdet,
    np.linalg.solve: linalg_solve,
    np.linalg.svd: linalg_svd,
    np.ones_like: ones_like,
    np.swapaxes: transpose,
    np.zeros_like: zeros_like,
}
for _numpy, _ours in _SAME.items():
    stand_for(_numpy, _ours)
if hasattr(np.linalg, "svdvals"):
    stand_for(np.linalg.svdvals, linalg_svdvals)


def _dot(a: Any, b: Any) -> Any:
    """NumPy's dot: a matrix product up to two dimensions, then the last axis with the one before the last."""
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return a * b
    if b.ndim <= 2:
        return matmul(a, b)
    return tensordot(a, b, ([a.ndim - 1], [b.ndim - 2]))


def _take(input: Any, indices: Any, dim: int | None = None) -> Any:
    if dim is None:
        return take(input, indices)
    where = np.asarray(indices)
    picked = index_select(input, dim, where.reshape(-1))
    shape = tuple(input.shape)
    dim %= len(shape)
    return picked.reshape((*shape[:dim], *where.shape, *shape[dim + 1 :]))


stand_for(np.ndim, lambda a: a.ndim)
stand_for(np.shape, lambda a: tuple(a.shape))
stand_for(np.dot, _dot)
stand_for(np.take, _take)
stand_for(np.cross, lambda a, b, dim=-1: linalg_cross(a, b, dim=dim))


def _along(function: Any) -> Any:
    """``ufunc.reduce``, which unlike the functions of these names runs over the first axis if none is given."""

    def reduce(input: Any, dim: Any = 0, dtype: Any = None, keepdim: bool = False) -> Any:
        if dtype is not None:
            input = input.to(dtype)
        return function(input, keepdim=keepdim) if dim is None else function(input, dim, keepdim)

    return reduce


def _product(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    return prod(input) if dim is None else prod(input, dim, keepdim)


for _ufunc, _function in (
    (np.add, sum_),
    (np.multiply, _product),
    (np.maximum, amax),
    (np.minimum, amin),
):
    NUMPY[_ufunc, "reduce"] = _along(_function)
