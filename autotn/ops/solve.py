"""Linear algebra on batches of matrices: solving, factorising, eigenvalues, norms.

The rules are those of Giles 2008, "An extended collection of matrix derivative results", and for complex
decompositions of Walter & Lehmann 2012; written with ops, so they can be differentiated again. Names carry the
prefix ``linalg_``; the door ``tn.linalg`` drops it.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from autotn.core.call import as_array
from autotn.core.op import Arr, composite, op
from autotn.core.tensor import Tensor, wrap
from autotn.errors import DTypeError, LinAlgError, ShapeError
from autotn.ops.matmul import matmul, swap

__all__ = [
    "det",
    "inverse",
    "linalg_det",
    "linalg_inv",
    "linalg_inv_ex",
    "linalg_slogdet",
    "linalg_solve",
    "linalg_solve_ex",
    "linalg_solve_triangular",
    "logdet",
    "slogdet",
    "triangular_solve",
]


def _need_precision(name: str, x: Any) -> None:
    if x.dtype.kind not in "fcV":
        raise DTypeError(
            f"{name}: Expected a floating point or complex tensor as input. Got {x.dtype}"
        )
    if x.dtype == np.float16:
        raise DTypeError(f"{name}: Low precision dtypes not supported. Got {x.dtype}")


def need_square(name: str, x: Any) -> None:
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise ShapeError(
            f"{name}: A must be batches of square matrices, got shape {tuple(x.shape)}"
        )
    _need_precision(name, x)


def need_matrix(name: str, x: Any) -> None:
    if x.ndim < 2:
        raise ShapeError(
            f"{name}: The input tensor A must have at least 2 dimensions, got shape {tuple(x.shape)}"
        )
    _need_precision(name, x)


def array_of(x: Any) -> Any:
    return x._data if isinstance(x, Tensor) else x


def adjoint_of(x: Any) -> Any:
    """The conjugate transpose of the last two dimensions."""
    turned = swap(x)
    if array_of(x).dtype.kind != "c":
        return turned
    return turned.conj() if isinstance(turned, Tensor) else np.conj(turned)


def run_lapack(name: str, function: Any, *args: Any, **kwargs: Any) -> Any:
    try:
        return function(*args, **kwargs)
    except np.linalg.LinAlgError as error:
        raise LinAlgError(f"{name}: {error}") from None


def like(x: Any, array: Any) -> Any:
    """`array` as a Tensor where `x` is one."""
    return wrap(as_array(array)) if isinstance(x, Tensor) else array


# -- solving ---------------------------------------------------------------------------------------------


@op(out=True)
def linalg_inv(A: Arr) -> Arr:
    r"""Inverse of each square matrix: :math:`A^{-1}`.

    >>> tn.linalg.inv(tn.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    need_square("linalg.inv", A)
    failure = (
        "linalg.inv: the inversion could not be completed because the input matrix is singular"
    )
    return run_lapack(failure, np.linalg.inv, A)


linalg_inv.grad(A=lambda g, out: -matmul(matmul(swap(out), g), swap(out)))
linalg_inv.tangent(A=lambda t, out: -matmul(matmul(out, t), out))


@composite(method="inverse", out=True)
def inverse(input: Any) -> Any:
    """Inverse of each square matrix.

    >>> tn.inverse(tn.tensor([[2.0]]))
    tensor([[0.5000]])
    """
    return linalg_inv(input)


class InvExResult(NamedTuple):
    """The results of `linalg_inv_ex`."""

    inverse: Any
    info: Any


class SolveExResult(NamedTuple):
    """The results of `linalg_solve_ex`."""

    result: Any
    info: Any


def _singular(A: Any) -> Any:
    """For each matrix the number of its first pivot that is 0, or 0."""
    from scipy.linalg.lapack import get_lapack_funcs

    info = np.zeros(A.shape[:-2], np.int32)
    for place in np.ndindex(info.shape):
        if A[place].size:
            info[place] = get_lapack_funcs(("getrf",), (A,))[0](A[place])[2]
    return info


def _with_stand_in(name: str, A: Any, check_errors: bool) -> tuple[Any, Any]:
    """Singular matrices replaced by the identity, so that the others keep their results."""
    from autotn.ops.compare import where

    data = array_of(A)
    need_square(name, data)
    info = _singular(data)
    if not info.any():
        return A, like(A, info)
    if check_errors:
        raise LinAlgError(f"{name}: the input matrix is singular (pivot {int(info.max())} is 0)")
    eye = like(A, np.eye(data.shape[-1], dtype=data.dtype))
    return where(like(A, (info > 0)[..., None, None]), eye, A), like(A, info)


@composite(out=True)
def linalg_inv_ex(A: Any, *, check_errors: bool = False) -> Any:
    """`linalg_inv` that reports a singular matrix in `info` instead of raising.

    >>> tn.linalg.inv_ex(tn.zeros(1, 1)).info
    tensor(1, dtype=tn.int32)
    """
    good, info = _with_stand_in("linalg.inv_ex", A, check_errors)
    return InvExResult(linalg_inv(good), info)


@composite(out=True)
def linalg_solve_ex(A: Any, B: Any, *, left: bool = True, check_errors: bool = False) -> Any:
    """`linalg_solve` that reports a singular matrix in `info` instead of raising.

    >>> tn.linalg.solve_ex(tn.zeros(1, 1), tn.ones(1, 1)).info
    tensor(1, dtype=tn.int32)
    """
    good, info = _with_stand_in("linalg.solve_ex", A, check_errors)
    return SolveExResult(linalg_solve(good, B, left=left), info)


@op()
def _solve(A: Arr, B: Arr) -> Arr:
    """The solution of ``A X = B``.

    >>> tn.linalg.solve(tn.tensor([[2.0]]), tn.tensor([4.0]))
    tensor([2.])
    """
    need_square("linalg.solve", A)
    return run_lapack(
        "linalg.solve: The solver failed because the input matrix is singular",
        np.linalg.solve,
        A,
        B,
    )


def _solve_A(g: Any, A: Any, out: Any, A_shape: tuple[int, ...]) -> Any:
    from autotn.core.call import sum_to

    gb = _solve(swap(A), g)
    return sum_to(-matmul(gb, swap(out)), tuple(A_shape))


def _solve_B(g: Any, A: Any, B_shape: tuple[int, ...]) -> Any:
    from autotn.core.call import sum_to

    return sum_to(_solve(swap(A), g), tuple(B_shape))


_solve.grad(A=_solve_A, B=_solve_B)
_solve.tangent(A=lambda t, A, out: -_solve(A, matmul(t, out)), B=lambda t, A: _solve(A, t))


@composite(out=True)
def linalg_solve(A: Any, B: Any, *, left: bool = True) -> Any:
    r"""The solution of :math:`A X = B` (of :math:`X A = B` with ``left=False``).

    >>> tn.linalg.solve(tn.tensor([[2.0, 0.0], [0.0, 4.0]]), tn.tensor([2.0, 2.0]))
    tensor([1.0000, 0.5000])
    """
    vector = B.ndim == 1 or (A.ndim - 1 == B.ndim and tuple(B.shape) == tuple(A.shape[:-1]))
    if vector:
        found = _solve(A if left else swap(A), B.reshape((*B.shape, 1)))
        return found.reshape(tuple(found.shape[:-1]))
    if left:
        if A.shape[-1] != B.shape[-2]:
            raise ShapeError(
                f"linalg.solve: Incompatible shapes of A and B for the equation AX = B: {tuple(A.shape)} and "
                f"{tuple(B.shape)}"
            )
        return _solve(A, B)
    return swap(_solve(swap(A), swap(B)))


@op()
def _solve_triangular(A: Arr, B: Arr, upper: bool, unit: bool) -> Arr:
    """The solution of ``A X = B`` by substitution; a 0 on the diagonal gives infinities.

    >>> tn.linalg.solve_triangular(tn.tensor([[2.0]]), tn.tensor([[4.0]]), upper=True)
    tensor([[2.]])
    """
    from scipy.linalg.blas import get_blas_funcs

    need_square("linalg.solve_triangular", A)
    need_matrix("linalg.solve_triangular", B)
    if A.shape[-1] != B.shape[-2]:
        raise ShapeError(
            f"linalg.solve_triangular: Incompatible shapes of A and B for the equation AX = B: {A.shape} "
            f"and {B.shape}"
        )
    batch = np.broadcast_shapes(A.shape[:-2], B.shape[:-2])
    found = np.empty((*batch, *B.shape[-2:]), B.dtype)
    if not found.size:
        return found
    A, B = (np.broadcast_to(x, (*batch, *x.shape[-2:])) for x in (A, B))
    (solve,) = get_blas_funcs(("trsm",), (A, B))
    for place in np.ndindex(batch):  # the transpose is what Fortran takes as it is: X^T A^T = B^T
        found[place] = solve(1.0, A[place].T, B[place].T, side=1, lower=upper, diag=unit).T
    return found


def _triangle(x: Any, upper: bool, unit: bool) -> Any:
    """The elements that are looked at."""
    count = x.shape[-1]
    ones = np.ones((count, count), array_of(x).real.dtype)
    mask = np.triu(ones, int(unit)) if upper else np.tril(ones, -int(unit))
    return x * like(x, mask)


@_solve_triangular.grad
def _(g: Any, A: Any, out: Any, A_shape: Any, B_shape: Any, upper: bool, unit: bool) -> Any:
    from autotn.core.call import sum_to

    gb = _solve_triangular(swap(A), g, not upper, unit)
    ga = sum_to(-matmul(gb, swap(out)), tuple(A_shape))
    return _triangle(ga, upper, unit), sum_to(gb, tuple(B_shape))


_solve_triangular.tangent(
    A=lambda t, A, out, upper, unit: (
        -_solve_triangular(A, matmul(_triangle(t, upper, unit), out), upper, unit)
    ),
    B=lambda t, A, upper, unit: _solve_triangular(A, t, upper, unit),
)


@composite(out=True)
def linalg_solve_triangular(
    input: Any, B: Any, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Any:
    """The solution of ``A X = B`` with a triangular `A`; the other triangle is not looked at.

    >>> tn.linalg.solve_triangular(tn.tensor([[2.0, 9.0], [0.0, 4.0]]), tn.tensor([[2.0], [4.0]]), upper=True)
    tensor([[-3.5000],
            [ 1.0000]])
    """
    if left:
        return _solve_triangular(input, B, upper, unitriangular)
    return swap(_solve_triangular(swap(input), swap(B), not upper, unitriangular))


class TriangularSolveResult(NamedTuple):
    """The results of `triangular_solve`."""

    solution: Any
    cloned_coefficient: Any


@composite(method="triangular_solve")
def triangular_solve(
    input: Any, A: Any, upper: bool = True, transpose: bool = False, unitriangular: bool = False
) -> Any:
    """The old form of `linalg_solve_triangular`.

    >>> tn.triangular_solve(tn.tensor([[4.0]]), tn.tensor([[2.0]])).solution
    tensor([[2.]])
    """
    from autotn.ops.diagonal import tril, triu

    used = swap(triu(A) if upper else tril(A)) if transpose else A
    found = linalg_solve_triangular(
        used, input, upper=upper != transpose, unitriangular=unitriangular
    )
    return TriangularSolveResult(found, A.clone())


# -- determinants ----------------------------------------------------------------------------------------


class SlogdetResult(NamedTuple):
    """The results of `linalg_slogdet`."""

    sign: Any
    logabsdet: Any


@op()
def _slogdet(A: Arr) -> tuple[Arr, Arr]:
    """Sign and logarithm of the size of the determinant.

    >>> tn.linalg.slogdet(tn.tensor([[2.0]])).logabsdet
    tensor(0.6931)
    """
    need_square("linalg.slogdet", A)
    sign, size = np.linalg.slogdet(A)
    return SlogdetResult(np.asarray(sign), np.asarray(size))


def _slogdet_rule(g: Any, A: Any, out: Any) -> Any:
    """``A^-H`` times what the size gets; of complex numbers the sign turns with the determinant."""
    along = g[1]
    if array_of(A).dtype.kind == "c":
        along = along - 1j * (g[0].conj() * out[0]).imag
    return along.reshape((*along.shape, 1, 1)) * adjoint_of(linalg_inv(A))


_slogdet.grad(A=_slogdet_rule)
_slogdet.wirtinger(A=_slogdet_rule)


@composite(out=True)
def linalg_slogdet(A: Any) -> Any:
    """Sign and logarithm of the size of each determinant.

    >>> tn.linalg.slogdet(tn.tensor([[-2.0]])).sign
    tensor(-1.)
    """
    return _slogdet(A)


@composite(method="slogdet", out=True)
def slogdet(input: Any) -> Any:
    """Sign and logarithm of the size of each determinant.

    >>> tn.slogdet(tn.tensor([[-2.0]])).sign
    tensor(-1.)
    """
    return _slogdet(input)


@composite(method="logdet")
def logdet(input: Any) -> Any:
    """Logarithm of each determinant; nan where it is negative.

    >>> tn.logdet(tn.tensor([[1.0]]))
    tensor(0.)
    """
    from autotn.ops.compare import where

    sign, size = _slogdet(input)
    if array_of(sign).dtype.kind == "c":
        return sign.log() + size if isinstance(sign, Tensor) else np.log(sign) + size
    return where(
        array_of(sign) < 0,
        like(size, np.full(tuple(size.shape), math.nan, array_of(size).dtype)),
        size,
    )


@op(out=True)
def linalg_det(A: Arr) -> Arr:
    """Determinant of each square matrix.

    >>> tn.linalg.det(tn.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor(8.)
    """
    need_square("linalg.det", A)
    return np.asarray(np.linalg.det(A)).astype(A.dtype)


def _det_rule(g: Any, A: Any, out: Any) -> Any:
    """``det(A) A^-T`` where that is safe; the cofactors where a matrix is (nearly) singular."""
    data, values = array_of(A), array_of(out)
    size = np.abs(data).max((-1, -2), initial=0)
    flat = g.reshape((*g.shape, 1, 1))
    if data.shape[-1] == 0:
        return A * 0
    if (np.abs(values) > 1e-8 * np.maximum(size, 1e-30) ** data.shape[-1]).all():
        return flat * out.reshape((*out.shape, 1, 1)) * swap(linalg_inv(A))
    return flat * _cofactors(A)


def _cofactors(A: Any) -> Any:
    """Determinants of the minors, with their signs."""
    from autotn.ops.join import stack

    count = A.shape[-1]
    if count == 1:
        return A * 0 + 1
    rows = []
    for i in range(count):
        row = []
        for j in range(count):
            minor = A[..., [k for k in range(count) if k != i], :][
                ..., [k for k in range(count) if k != j]
            ]
            row.append(linalg_det(minor) * (-1.0 if (i + j) % 2 else 1.0))
        rows.append(stack(row, -1))
    return stack(rows, -2)


linalg_det.grad(A=_det_rule)


@composite(method="det")
def det(input: Any) -> Any:
    """Determinant of each square matrix.

    >>> tn.det(tn.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor(8.)
    """
    return linalg_det(input)
