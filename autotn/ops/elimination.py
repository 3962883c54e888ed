"""Triangular factors by elimination: LU with row exchanges, and LDL of symmetric matrices."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from autotn.core.op import Arr, composite, op
from autotn.core.tensor import Tensor, wrap
from autotn.core.traced import watched
from autotn.errors import LinAlgError, ShapeError
from autotn.ops.diagonal import tril, triu
from autotn.ops.matmul import matmul, swap
from autotn.ops.solve import (
    adjoint_of,
    array_of,
    like,
    linalg_inv,
    linalg_solve_triangular,
    need_matrix,
    need_square,
)

__all__ = [
    "linalg_ldl_factor",
    "linalg_ldl_factor_ex",
    "linalg_ldl_solve",
    "linalg_lu",
    "linalg_lu_factor",
    "linalg_lu_factor_ex",
    "linalg_lu_solve",
    "lu",
    "lu_solve",
    "lu_unpack",
]


def per_matrix(function: Any, *batches: Any) -> list[Any]:
    """`function` of each matrix (or vector) of batches, its results stacked again."""
    lead = batches[0].shape[:-2]
    count = math.prod(lead)
    flat = [b.reshape((count, *b.shape[len(lead) :])) for b in batches]
    found = [function(*one) for one in zip(*flat, strict=True)]
    if not found:  # an empty batch: the shapes of a matrix of ones say the rest
        found = [function(*(np.ones(b.shape[len(lead) :], b.dtype) for b in batches))]
        return [np.zeros((*lead, *np.shape(r)), np.asarray(r).dtype) for r in found[0]]
    return [np.stack(r).reshape((*lead, *np.shape(r[0]))) for r in zip(*found, strict=True)]


def lapack(name: str, like_array: Any) -> Any:
    """SciPy's LAPACK routine for a dtype."""
    from scipy.linalg.lapack import get_lapack_funcs

    return get_lapack_funcs((name,), (like_array,))[0]


# -- LU --------------------------------------------------------------------------------------------------


class LUFactorResult(NamedTuple):
    """The results of `linalg_lu_factor`."""

    LU: Any
    pivots: Any


class LUFactorExResult(NamedTuple):
    """The results of `linalg_lu_factor_ex`."""

    LU: Any
    pivots: Any
    info: Any


class LUResult(NamedTuple):
    """The results of `linalg_lu`."""

    P: Any
    L: Any
    U: Any


@op()
def _lu(A: Arr) -> tuple[Arr, ...]:
    """Both factors in one matrix, the rows exchanged (counted from 1), and whether a pivot was 0.

    >>> tn.linalg.lu_factor(tn.tensor([[1.0, 2.0], [4.0, 4.0]])).pivots
    tensor([2, 2], dtype=tn.int32)
    """
    need_matrix("linalg.lu_factor", A)

    def one(a: Any) -> Any:
        if not a.size:
            return a, np.arange(1, min(a.shape) + 1, dtype=np.int32), np.int32(0)
        packed, rows, info = lapack("getrf", a)(a)
        return packed, (rows + 1).astype(np.int32), np.int32(info)

    return LUFactorExResult(*per_matrix(one, A))


def _halves(packed: Any) -> tuple[Any, Any]:
    """The unit lower and the upper factor that stand in one matrix."""
    data = array_of(packed)
    rows, columns = data.shape[-2:]
    k = min(rows, columns)
    lower = tril(packed[..., :, :k], -1) + like(packed, np.eye(rows, k, dtype=data.dtype))
    return lower, triu(packed[..., :k, :])


def _permutation(pivots: Any, rows: int, kind: Any) -> Any:
    """The matrix P of ``A = P L U`` for the row exchanges."""

    def one(exchanged: Any) -> Any:
        order = np.arange(rows)
        for k, other in enumerate(exchanged[0] - 1):
            order[[k, other]] = order[[other, k]]
        return (np.eye(rows, dtype=kind)[:, order],)

    return per_matrix(one, array_of(pivots)[..., None, :])[0]


@_lu.grad
def _(g: Any, out: Any) -> Any:
    """Murray 2016: what the factors' gradients mean for A; for more rows or columns, block by block."""
    packed, pivots, _ = out
    lower, upper = _halves(packed)
    rows, columns = array_of(packed).shape[-2:]
    k = min(rows, columns)
    g_lower, g_upper = tril(g[0][..., :, :k], -1), triu(g[0][..., :k, :])
    square_lower, square_upper = lower[..., :k, :], upper[..., :, :k]
    up, low = linalg_inv(swap(square_upper)), linalg_inv(swap(square_lower))
    parts: list[Any] = []
    top_lower, top_upper = g_lower[..., :k, :], g_upper[..., :, :k]
    if rows > k:
        below = matmul(g_lower[..., k:, :], up)
        top_upper = top_upper - triu(matmul(swap(lower[..., k:, :]), below))
        parts = [below]
    if columns > k:
        right = matmul(low, g_upper[..., :, k:])
        top_lower = top_lower - tril(matmul(right, swap(upper[..., :, k:])), -1)
        parts = [right]
    inner = tril(matmul(swap(square_lower), top_lower), -1) + triu(
        matmul(top_upper, swap(square_upper))
    )
    found = matmul(matmul(low, inner), up)
    if parts:
        from autotn.ops.join import cat

        found = cat([found, *parts], -2 if rows > k else -1)
    return matmul(like(found, _permutation(pivots, rows, array_of(found).dtype)), found)


def _need_pivot(name: str, pivot: bool) -> None:
    if not pivot:
        raise RuntimeError(f"{name}: LU without pivoting is not implemented on the CPU")


@composite(out=True)
def linalg_lu_factor(A: Any, *, pivot: bool = True) -> Any:
    """The factors of ``A = P L U`` in one matrix, and the rows exchanged, counted from 1.

    >>> tn.linalg.lu_factor(tn.tensor([[1.0, 2.0], [4.0, 4.0]]))
    LUFactorResult(LU=tensor([[4.0000, 4.0000],
            [0.2500, 1.0000]]), pivots=tensor([2, 2], dtype=tn.int32))
    """
    _need_pivot("linalg.lu_factor", pivot)
    packed, pivots, info = _lu(A)
    if (array_of(info) > 0).any():
        raise LinAlgError(
            f"linalg.lu_factor: U[{int(array_of(info).max())},{int(array_of(info).max())}] is zero and "
            "using it on lu_solve would result in a division by zero. If you still want to perform the "
            "factorization, consider calling linalg.lu(A, pivot) or linalg.lu_factor_ex(A, pivot)"
        )
    return LUFactorResult(packed, pivots)


@composite(out=True)
def linalg_lu_factor_ex(A: Any, *, pivot: bool = True, check_errors: bool = False) -> Any:
    """`linalg_lu_factor` that reports a pivot of 0 by its number in `info` instead of raising.

    >>> tn.linalg.lu_factor_ex(tn.zeros(2, 2)).info
    tensor(1, dtype=tn.int32)
    """
    _need_pivot("linalg.lu_factor_ex", pivot)
    if check_errors:
        linalg_lu_factor(A)
    return _lu(A)


@composite(out=True)
def linalg_lu(A: Any, *, pivot: bool = True) -> Any:
    """Factors of ``A = P L U``: row exchanges, unit lower triangular, upper triangular.

    >>> tn.linalg.lu(tn.tensor([[1.0, 2.0], [4.0, 4.0]])).U
    tensor([[4., 4.],
            [0., 1.]])
    """
    _need_pivot("linalg.lu", pivot)
    packed, pivots, _ = _lu(A)
    return lu_unpack(packed, pivots)


@composite(out=True)
def lu_unpack(
    LU_data: Any, LU_pivots: Any, unpack_data: bool = True, unpack_pivots: bool = True
) -> Any:
    """P, L and U from what `linalg_lu_factor` returns.

    >>> tn.lu_unpack(*tn.linalg.lu_factor(tn.tensor([[1.0, 2.0], [4.0, 4.0]]))).P
    tensor([[0., 1.],
            [1., 0.]])
    """
    if array_of(LU_pivots).dtype != np.int32:
        raise RuntimeError(
            "lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 dtype, got "
            f"{LU_pivots.dtype}"
        )
    data = array_of(LU_data)
    nothing = like(LU_data, np.zeros(0, data.dtype))
    lower, upper = _halves(LU_data) if unpack_data else (nothing, nothing)
    if not unpack_pivots:
        return LUResult(nothing, lower, upper)
    return LUResult(
        like(LU_data, _permutation(LU_pivots, data.shape[-2], data.dtype)), lower, upper
    )


@composite(out=True)
def linalg_lu_solve(
    LU: Any, pivots: Any, B: Any, *, left: bool = True, adjoint: bool = False
) -> Any:
    """The solution of ``A X = B`` from the factors of A; of ``X A = B``, or with A's adjoint.

    >>> A, B = tn.tensor([[1.0, 2.0], [4.0, 4.0]]), tn.tensor([[3.0], [8.0]])
    >>> tn.linalg.lu_solve(*tn.linalg.lu_factor(A), B)
    tensor([[1.],
            [1.]])
    """
    need_square("linalg.lu_solve", array_of(LU))
    if not left:  # X A = B  is  A^H X^H = B^H
        return adjoint_of(linalg_lu_solve(LU, pivots, adjoint_of(B), adjoint=not adjoint))
    if B.ndim < 2 or B.shape[-2] != LU.shape[-1]:
        raise ShapeError(
            f"linalg.lu_solve: Incompatible shapes of A and B for the equation AX = B "
            f"({tuple(LU.shape)} and {tuple(B.shape)})"
        )
    order, lower, upper = lu_unpack(LU, pivots)
    if adjoint:
        inner = linalg_solve_triangular(adjoint_of(upper), B, upper=False)
        return matmul(order, linalg_solve_triangular(adjoint_of(lower), inner, upper=True))
    inner = linalg_solve_triangular(lower, matmul(swap(order), B), upper=False)
    return linalg_solve_triangular(upper, inner, upper=True)


@composite(method="lu", out=True)
def lu(A: Any, pivot: bool = True, get_infos: bool = False) -> Any:
    """The old form of `linalg_lu_factor`: ``(LU, pivots)``, and whether it failed if asked.

    >>> tn.lu(tn.tensor([[1.0, 2.0], [4.0, 4.0]]))[1]
    tensor([2, 2], dtype=tn.int32)
    """
    _need_pivot("lu", pivot)
    packed, pivots, info = _lu(A)
    return (packed, pivots, info) if get_infos else (packed, pivots)


@composite(method="lu_solve", out=True)
def lu_solve(input: Any, LU_data: Any, LU_pivots: Any) -> Any:
    """The old form of `linalg_lu_solve`.

    >>> A, B = tn.tensor([[1.0, 2.0], [4.0, 4.0]]), tn.tensor([[3.0], [8.0]])
    >>> tn.lu_solve(B, *tn.lu(A))
    tensor([[1.],
            [1.]])
    """
    return linalg_lu_solve(LU_data, LU_pivots, input)


# -- LDL -------------------------------------------------------------------------------------------------


class LDLFactorResult(NamedTuple):
    """The results of `linalg_ldl_factor`."""

    LD: Any
    pivots: Any


class LDLFactorExResult(NamedTuple):
    """The results of `linalg_ldl_factor_ex`."""

    LD: Any
    pivots: Any
    info: Any


def _symmetric(name: str, A: Any, hermitian: bool) -> Any:
    data = array_of(A)
    need_square(name, data)
    if hermitian and data.dtype.kind == "c":
        raise NotImplementedError(
            f"{name}: hermitian=True of complex matrices is not there; use linalg.eigh or linalg.cholesky"
        )
    return data


def linalg_ldl_factor_ex(
    input: Any, *, hermitian: bool = False, check_errors: bool = False, out: Any = None
) -> Any:
    """`linalg_ldl_factor` that reports a block of zeros in `info` instead of raising.

    >>> tn.linalg.ldl_factor_ex(tn.eye(2)).info
    tensor(0, dtype=tn.int32)
    """
    data = _symmetric("linalg.ldl_factor", input, hermitian)

    def one(a: Any) -> Any:
        packed, pivots, info = lapack("sytrf", a)(a, lower=True)
        return np.tril(packed), pivots.astype(np.int32), np.int32(info)

    packed, pivots, info = per_matrix(one, data)
    if check_errors and (info > 0).any():
        raise LinAlgError(
            f"linalg.ldl_factor: the block {int(info.max())} of D is exactly singular"
        )
    return LDLFactorExResult(wrap(packed), wrap(pivots), wrap(info))


def linalg_ldl_factor(input: Any, *, hermitian: bool = False, out: Any = None) -> Any:
    """Factors of a symmetric ``A = P L D L^T P^T`` in one matrix; only the lower triangle is read.

    >>> tn.linalg.ldl_factor(tn.tensor([[2.0, 1.0], [1.0, 2.0]])).LD
    tensor([[2.0000, 0.0000],
            [0.5000, 1.5000]])
    """
    return LDLFactorResult(*linalg_ldl_factor_ex(input, hermitian=hermitian, check_errors=True)[:2])


def linalg_ldl_solve(
    LD: Any, pivots: Any, B: Any, *, hermitian: bool = False, out: Any = None
) -> Any:
    """The solution of ``A X = B`` from the factors of a symmetric A.

    >>> A = tn.tensor([[2.0, 1.0], [1.0, 2.0]])
    >>> tn.linalg.ldl_solve(*tn.linalg.ldl_factor(A), tn.tensor([[3.0], [3.0]]))
    tensor([[1.],
            [1.]])
    """
    data = _symmetric("linalg.ldl_solve", LD, hermitian)
    if isinstance(B, Tensor) and watched(B):
        raise NotImplementedError("linalg.ldl_solve has no gradient; use linalg.solve")

    def one(factors: Any, exchanged: Any, b: Any) -> Any:
        return (lapack("sytrs", factors)(factors, exchanged[0], b, lower=True)[0],)

    return wrap(per_matrix(one, data, array_of(pivots)[..., None, :], array_of(B))[0])
