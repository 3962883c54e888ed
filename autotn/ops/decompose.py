"""Linear algebra on batches of matrices: solving, factorising, eigenvalues, norms.

The rules are those of Giles 2008, "An extended collection of matrix derivative results", and for complex
decompositions of Walter & Lehmann 2012; written with ops, so they can be differentiated again. Names carry the
prefix ``linalg_``; the door ``tn.linalg`` drops it.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from autotn.core.op import Arr, composite, op
from autotn.core.tensor import Tensor, check_dim, wrap
from autotn.errors import LinAlgError, ShapeError
from autotn.ops.matmul import matmul, swap

__all__ = [
    "cholesky", "cholesky_inverse", "cholesky_solve", "det", "inverse", "linalg_cholesky", "linalg_cond",
    "linalg_cross", "linalg_det", "linalg_eigh", "linalg_eigvalsh", "linalg_inv", "linalg_lstsq",
    "linalg_matrix_exp", "linalg_matrix_norm", "linalg_matrix_power", "linalg_matrix_rank", "linalg_multi_dot",
    "linalg_norm", "linalg_pinv", "linalg_qr", "linalg_slogdet", "linalg_solve", "linalg_solve_triangular",
    "linalg_svd", "linalg_svdvals", "linalg_vecdot", "linalg_vector_norm", "logdet", "matrix_exp", "matrix_power",
    "pinverse", "qr", "slogdet", "svd", "triangular_solve",
]  # fmt: skip


def _square(name: str, x: Any) -> None:
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise ShapeError(f"{name}: A must be batches of square matrices, got shape {tuple(x.shape)}")
    if x.dtype.kind not in "fc":
        raise RuntimeError(f"{name}: Expected a floating point or complex tensor as input. Got {x.dtype}")


def _matrix(name: str, x: Any) -> None:
    if x.ndim < 2:
        raise ShapeError(f"{name}: The input tensor A must have at least 2 dimensions, got shape {tuple(x.shape)}")
    if x.dtype.kind not in "fc":
        raise RuntimeError(f"{name}: Expected a floating point or complex tensor as input. Got {x.dtype}")


def _data(x: Any) -> Any:
    return x._data if isinstance(x, Tensor) else x


def _h(x: Any) -> Any:
    """The conjugate transpose of the last two dimensions."""
    turned = swap(x)
    if _data(x).dtype.kind != "c":
        return turned
    return turned.conj() if isinstance(turned, Tensor) else np.conj(turned)


def _run(name: str, function: Any, *args: Any, **kwargs: Any) -> Any:
    try:
        return function(*args, **kwargs)
    except np.linalg.LinAlgError as error:
        raise LinAlgError(f"{name}: {error}") from None


def _like(x: Any, array: Any) -> Any:
    """`array` as a Tensor where `x` is one."""
    return wrap(np.asarray(array)) if isinstance(x, Tensor) else array


# -- solving ---------------------------------------------------------------------------------------------


@op()
def linalg_inv(A: Arr) -> Arr:
    r"""Inverse of each square matrix: :math:`A^{-1}`.

    >>> tn.linalg.inv(tn.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    _square("linalg.inv", A)
    return _run("linalg.inv: the diagonal element is zero, the inversion could not be completed because the input "
                "matrix is singular", np.linalg.inv, A)  # fmt: skip


linalg_inv.grad(A=lambda g, out: -matmul(matmul(swap(out), g), swap(out)))


@composite(method="inverse", out=True)
def inverse(input: Any) -> Any:
    """Inverse of each square matrix.

    >>> tn.inverse(tn.tensor([[2.0]]))
    tensor([[0.5000]])
    """
    return linalg_inv(input)


@op()
def _solve(A: Arr, B: Arr) -> Arr:
    """The solution of ``A X = B``.

    >>> tn.linalg.solve(tn.tensor([[2.0]]), tn.tensor([4.0]))
    tensor([2.])
    """
    _square("linalg.solve", A)
    return _run("linalg.solve: The solver failed because the input matrix is singular", np.linalg.solve, A, B)


def _solve_A(g: Any, A: Any, out: Any, A_shape: tuple[int, ...]) -> Any:
    from autotn.core.call import sum_to

    gb = _solve(swap(A), g)
    return sum_to(-matmul(gb, swap(out)), tuple(A_shape))


def _solve_B(g: Any, A: Any, B_shape: tuple[int, ...]) -> Any:
    from autotn.core.call import sum_to

    return sum_to(_solve(swap(A), g), tuple(B_shape))


_solve.grad(A=_solve_A, B=_solve_B)


@composite(out=True)
def linalg_solve(A: Any, B: Any, *, left: bool = True) -> Any:
    r"""The solution of :math:`A X = B` (of :math:`X A = B` with ``left=False``).

    >>> tn.linalg.solve(tn.tensor([[2.0, 0.0], [0.0, 4.0]]), tn.tensor([2.0, 2.0]))
    tensor([1.0000, 0.5000])
    """
    vector = B.ndim == 1 or (A.ndim - 1 == B.ndim and tuple(B.shape) == tuple(A.shape[:-1]))
    if vector:
        return _solve(A if left else swap(A), B.reshape((*B.shape, 1))).reshape(tuple(B.shape))
    if left:
        if A.shape[-1] != B.shape[-2]:
            raise ShapeError(
                f"linalg.solve: Incompatible shapes of A and B for the equation AX = B: {tuple(A.shape)} and "
                f"{tuple(B.shape)}"
            )
        return _solve(A, B)
    return swap(_solve(swap(A), swap(B)))


@composite(out=True)
def linalg_solve_triangular(
    A: Any, B: Any, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Any:
    """The solution of ``A X = B`` with a triangular `A`; the other triangle is not looked at.

    >>> tn.linalg.solve_triangular(tn.tensor([[2.0, 9.0], [0.0, 4.0]]), tn.tensor([[2.0], [4.0]]), upper=True)
    tensor([[-3.5000],
            [ 1.0000]])
    """
    from autotn.ops.arrange import tril, triu

    used = triu(A) if upper else tril(A)
    if unitriangular:
        eye = np.eye(A.shape[-1], dtype=_data(A).dtype)
        used = (triu(A, 1) if upper else tril(A, -1)) + _like(A, eye)
    return linalg_solve(used, B, left=left)


class TriangularSolveResult(NamedTuple):
    """The results of `triangular_solve`."""

    solution: Any
    cloned_coefficient: Any


@composite(method="triangular_solve")
def triangular_solve(
    b: Any, A: Any, upper: bool = True, transpose: bool = False, unitriangular: bool = False
) -> Any:
    """The old form of `linalg_solve_triangular`.

    >>> tn.triangular_solve(tn.tensor([[4.0]]), tn.tensor([[2.0]])).solution
    tensor([[2.]])
    """
    from autotn.ops.arrange import tril, triu

    used = swap(triu(A) if upper else tril(A)) if transpose else A
    found = linalg_solve_triangular(used, b, upper=upper != transpose, unitriangular=unitriangular)
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
    _square("linalg.slogdet", A)
    sign, size = np.linalg.slogdet(A)
    return SlogdetResult(np.asarray(sign), np.asarray(size))


@_slogdet.grad
def _(g: Any, A: Any) -> Any:
    size = g[1]
    return size.reshape((*size.shape, 1, 1)) * _h(linalg_inv(A))


@composite(out=True)
def linalg_slogdet(A: Any) -> Any:
    """Sign and logarithm of the size of each determinant.

    >>> tn.linalg.slogdet(tn.tensor([[-2.0]])).sign
    tensor(-1.)
    """
    return _slogdet(A)


@composite(method="slogdet")
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
    return where(_data(sign) < 0, _like(size, np.full(tuple(size.shape), math.nan, _data(size).dtype)), size)


@op()
def linalg_det(A: Arr) -> Arr:
    """Determinant of each square matrix.

    >>> tn.linalg.det(tn.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor(8.)
    """
    _square("linalg.det", A)
    return np.asarray(np.linalg.det(A)).astype(A.dtype)


def _det_rule(g: Any, A: Any, out: Any) -> Any:
    """``det(A) A^-T`` where that is safe; the cofactors where a matrix is (nearly) singular."""
    data, values = _data(A), _data(out)
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
            minor = A[..., [k for k in range(count) if k != i], :][..., [k for k in range(count) if k != j]]
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


# -- factorisations --------------------------------------------------------------------------------------


def _lower_half(x: Any) -> Any:
    """The lower triangle with half of the diagonal: Phi in Murray 2016, "Differentiation of the Cholesky"."""
    count = x.shape[-1]
    weight = np.tril(np.ones((count, count))) - 0.5 * np.eye(count)
    return x * _like(x, weight.astype(_data(x).real.dtype))


@op()
def _cholesky(A: Arr) -> Arr:
    """The lower Cholesky factor.

    >>> tn.linalg.cholesky(tn.tensor([[4.0]]))
    tensor([[2.]])
    """
    _square("linalg.cholesky", A)
    full = np.tril(A) + np.conj(np.tril(A, -1).swapaxes(-1, -2))
    return _run("linalg.cholesky: The factorization could not be completed because the input is not "
                "positive-definite", np.linalg.cholesky, full)  # fmt: skip


def _cholesky_rule(g: Any, out: Any) -> Any:
    inverse_ = linalg_inv(out)
    inner = _lower_half(matmul(_h(out), g))
    found = matmul(matmul(_h(inverse_), inner), inverse_)
    return (found + _h(found)) * 0.5


_cholesky.wirtinger(A=_cholesky_rule)
_cholesky.grad(A=_cholesky_rule)


@composite(out=True)
def linalg_cholesky(A: Any, *, upper: bool = False) -> Any:
    r"""The lower triangular :math:`L` of :math:`A = L L^H`, for positive definite matrices.

    >>> tn.linalg.cholesky(tn.tensor([[4.0]]))
    tensor([[2.]])
    """
    found = _cholesky(A)
    return _h(found) if upper else found


@composite(method="cholesky", out=True)
def cholesky(input: Any, upper: bool = False) -> Any:
    """The Cholesky factor of a positive definite matrix.

    >>> tn.cholesky(tn.tensor([[4.0]]))
    tensor([[2.]])
    """
    return linalg_cholesky(input, upper=upper)


@composite(method="cholesky_solve", out=True)
def cholesky_solve(B: Any, L: Any, upper: bool = False) -> Any:
    """The solution of ``A X = B`` from the Cholesky factor of A.

    >>> tn.cholesky_solve(tn.tensor([[4.0]]), tn.tensor([[2.0]]))
    tensor([[1.]])
    """
    lower = _h(L) if upper else L
    return linalg_solve_triangular(_h(lower), linalg_solve_triangular(lower, B, upper=False), upper=True)


@composite(method="cholesky_inverse", out=True)
def cholesky_inverse(L: Any, upper: bool = False) -> Any:
    """The inverse of A from its Cholesky factor.

    >>> tn.cholesky_inverse(tn.tensor([[2.0]]))
    tensor([[0.2500]])
    """
    return cholesky_solve(_like(L, np.eye(L.shape[-1], dtype=_data(L).dtype)), L, upper)


class QRResult(NamedTuple):
    """The results of `linalg_qr`."""

    Q: Any
    R: Any


@op()
def _qr(A: Arr) -> tuple[Arr, Arr]:
    """Orthogonal and triangular factor, reduced.

    >>> [x.shape for x in tn.linalg.qr(tn.ones(3, 2))]
    [tn.Size([3, 2]), tn.Size([2, 2])]
    """
    _matrix("linalg.qr", A)
    return QRResult(*np.linalg.qr(A))


@_qr.grad
def _(g: Any, out: Any) -> Any:
    q, r = out
    gq, gr = g
    if r.shape[-1] > r.shape[-2]:
        raise NotImplementedError("linalg.qr: the gradient for matrices with more columns than rows is not there")
    m = matmul(r, swap(gr)) - matmul(swap(gq), q)
    count = r.shape[-1]
    strict = np.tril(np.ones((count, count), _data(r).dtype), -1)
    symmetric = m * _like(m, strict + np.eye(count, dtype=strict.dtype)) + swap(m * _like(m, strict))
    return matmul(gq + matmul(q, symmetric), swap(linalg_inv(r)))


@composite(out=True)
def linalg_qr(A: Any, mode: str = "reduced") -> Any:
    """Orthogonal Q and triangular R with ``A = Q R``.

    >>> [x.shape for x in tn.linalg.qr(tn.ones(3, 2))]
    [tn.Size([3, 2]), tn.Size([2, 2])]
    """
    if mode == "reduced":
        return _qr(A)
    if mode == "r":
        return QRResult(A.new_empty((0,)), _qr(A)[1])
    if mode != "complete":
        raise RuntimeError(f"linalg.qr: received unrecognized mode {mode!r} but expected one of 'reduced', 'r', or "
                           "'complete'")  # fmt: skip
    if isinstance(A, Tensor) and A.requires_grad and A.shape[-2] != A.shape[-1]:
        raise NotImplementedError("linalg.qr: mode 'complete' has no gradient for matrices that are not square")
    return QRResult(*(_like(A, x) for x in np.linalg.qr(_data(A), "complete")))


@composite(method="qr")
def qr(input: Any, some: bool = True) -> Any:
    """The old form of `linalg_qr`.

    >>> [x.shape for x in tn.qr(tn.ones(3, 2))]
    [tn.Size([3, 2]), tn.Size([2, 2])]
    """
    return linalg_qr(input, "reduced" if some else "complete")


class EighResult(NamedTuple):
    """The results of `linalg_eigh`."""

    eigenvalues: Any
    eigenvectors: Any


@op()
def _eigh(A: Arr, UPLO: str = "L") -> tuple[Arr, Arr]:
    """Eigenvalues and eigenvectors of symmetric matrices.

    >>> tn.linalg.eigh(tn.tensor([[2.0, 0.0], [0.0, 1.0]])).eigenvalues
    tensor([1., 2.])
    """
    _square("linalg.eigh", A)
    return EighResult(*_run("linalg.eigh", np.linalg.eigh, A, UPLO))


def _inverse_gaps(values: Any) -> Any:
    """``1 / (w_j - w_i)``, 0 on the diagonal."""
    gaps = values.reshape((*values.shape[:-1], 1, values.shape[-1])) - values.reshape((*values.shape, 1))
    eye = np.eye(values.shape[-1], dtype=_data(values).dtype)
    return _like(gaps, 1 - eye) / (gaps + _like(gaps, eye))


@_eigh.grad
def _(g: Any, out: Any) -> Any:
    values, vectors = out
    g_values, g_vectors = g
    count = values.shape[-1]
    diagonal = g_values.reshape((*g_values.shape, 1)) * _like(values, np.eye(count, dtype=_data(values).dtype))
    inner = diagonal + matmul(_h(vectors), g_vectors) * _inverse_gaps(values)
    found = matmul(matmul(vectors, inner), _h(vectors))
    return (found + _h(found)) * 0.5


@composite(out=True)
def linalg_eigh(A: Any, UPLO: str = "L") -> Any:
    """Eigenvalues, ascending, and eigenvectors of symmetric (Hermitian) matrices.

    >>> tn.linalg.eigh(tn.tensor([[2.0, 0.0], [0.0, 1.0]])).eigenvalues
    tensor([1., 2.])
    """
    return _eigh(A, UPLO)


@composite(out=True)
def linalg_eigvalsh(A: Any, UPLO: str = "L") -> Any:
    """Eigenvalues, ascending, of symmetric (Hermitian) matrices.

    >>> tn.linalg.eigvalsh(tn.tensor([[2.0, 0.0], [0.0, 1.0]]))
    tensor([1., 2.])
    """
    return _eigh(A, UPLO)[0]


class SVDResult(NamedTuple):
    """The results of `linalg_svd`."""

    U: Any
    S: Any
    Vh: Any


class OldSVDResult(NamedTuple):
    """The results of `svd`."""

    U: Any
    S: Any
    V: Any


@op()
def _svd(A: Arr) -> tuple[Arr, Arr, Arr]:
    """Singular values and vectors, reduced.

    >>> tn.linalg.svd(tn.tensor([[3.0, 0.0], [0.0, 4.0]])).S
    tensor([4., 3.])
    """
    _matrix("linalg.svd", A)
    return SVDResult(*_run("linalg.svd", np.linalg.svd, A, full_matrices=False))


@_svd.grad
def _(g: Any, out: Any) -> Any:
    u, s, vh = out
    gu, gs, gvh = g
    v, gv = swap(vh), swap(gvh)
    count = s.shape[-1]
    eye = np.eye(count, dtype=_data(s).dtype)
    column, row = s.reshape((*s.shape, 1)), s.reshape((*s.shape[:-1], 1, count))
    squares = row * row - column * column
    f = _like(s, 1 - eye) / (squares + _like(s, eye))
    ug, vg = matmul(swap(u), gu), matmul(swap(v), gv)
    inner = (f * (ug - swap(ug))) * row + column * (f * (vg - swap(vg)))
    inner = inner + gs.reshape((*gs.shape, 1)) * _like(s, eye)
    found = matmul(matmul(u, inner), vh)
    if u.shape[-2] > count:  # what gu has outside the span of u
        found = found + matmul((gu - matmul(u, ug)) / row, vh)
    if v.shape[-2] > count:
        found = found + matmul(u, swap((gv - matmul(v, vg)) / row))
    return found


@composite(out=True)
def linalg_svd(A: Any, full_matrices: bool = True, *, driver: Any = None) -> Any:
    """Singular value decomposition ``A = U diag(S) Vh``.

    >>> tn.linalg.svd(tn.tensor([[3.0, 0.0], [0.0, 4.0]])).S
    tensor([4., 3.])
    """
    if not full_matrices or A.shape[-1] == A.shape[-2]:
        return _svd(A)
    if isinstance(A, Tensor) and A.requires_grad:
        raise NotImplementedError(
            "linalg.svd: full_matrices=True has no gradient for matrices that are not square; use "
            "full_matrices=False"
        )
    return SVDResult(*(_like(A, x) for x in np.linalg.svd(_data(A), full_matrices=True)))


@composite(out=True)
def linalg_svdvals(A: Any, *, driver: Any = None) -> Any:
    """Singular values, descending.

    >>> tn.linalg.svdvals(tn.tensor([[3.0, 0.0], [0.0, 4.0]]))
    tensor([4., 3.])
    """
    return _svd(A)[1]


@composite(method="svd")
def svd(input: Any, some: bool = True, compute_uv: bool = True) -> Any:
    """The old form of `linalg_svd`: the third result is V, not its conjugate transpose.

    >>> tn.svd(tn.tensor([[3.0, 0.0], [0.0, 4.0]])).S
    tensor([4., 3.])
    """
    u, s, vh = linalg_svd(input, full_matrices=not some)
    return OldSVDResult(u, s, _h(vh))


# -- norms and functions of matrices ---------------------------------------------------------------------


@composite(out=True)
def linalg_vector_norm(
    x: Any, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None  # noqa: A002
) -> Any:
    """The p-norm of all elements, or along `dim`.

    >>> tn.linalg.vector_norm(tn.tensor([3.0, 4.0]))
    tensor(5.)
    """
    from autotn.ops.products import norm

    return norm(x, float(ord), dim, keepdim, dtype)


@composite(out=True)
def linalg_matrix_norm(
    A: Any, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Any = None  # noqa: A002
) -> Any:
    """Norms of matrices: fro, nuc, 1, -1, inf, -inf, 2, -2.

    >>> tn.linalg.matrix_norm(tn.tensor([[3.0, 4.0]]))
    tensor(5.)
    """
    from autotn.ops.products import norm
    from autotn.ops.shape import movedim, unsqueeze

    if dtype is not None:
        A = A.to(dtype)
    if len(dim) != 2:
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {dim}")
    row, column = (check_dim("linalg.matrix_norm", d, A.ndim) for d in dim)
    if row == column:
        raise RuntimeError(f"linalg.matrix_norm: dims must be different. Got ({row}, {column})")
    moved = movedim(A, (row, column), (-2, -1))
    if ord == "fro":
        found = norm(moved, 2.0, (-2, -1))
    elif ord == "nuc":
        found = _svd(moved)[1].sum(-1)
    elif ord in (2, -2):
        values = _svd(moved)[1]
        found = values.amax(-1) if ord > 0 else values.amin(-1)
    elif ord in (1, -1, math.inf, -math.inf):
        sums = abs(moved).sum(-2 if ord in (1, -1) else -1)
        found = sums.amax(-1) if ord > 0 else sums.amin(-1)
    else:
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
    if keepdim:
        for d in sorted((row, column)):
            found = unsqueeze(found, d)
    return found


@composite(out=True)
def linalg_norm(
    A: Any, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None  # noqa: A002
) -> Any:
    """`linalg_vector_norm` or `linalg_matrix_norm`, as the arguments say.

    >>> tn.linalg.norm(tn.tensor([[3.0, 4.0]]))
    tensor(5.)
    """
    if ord is None:
        return linalg_vector_norm(A, 2, dim, keepdim, dtype=dtype)
    if dim is not None:
        dims = tuple(dim) if isinstance(dim, (tuple, list)) else (dim,)
        if len(dims) == 2:
            return linalg_matrix_norm(A, ord, dims, keepdim, dtype=dtype)
        return linalg_vector_norm(A, ord, dims, keepdim, dtype=dtype)
    if A.ndim == 1:
        return linalg_vector_norm(A, ord, None, keepdim, dtype=dtype)
    if A.ndim != 2:
        raise RuntimeError("linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got "
                           f"{A.ndim}D.")  # fmt: skip
    return linalg_matrix_norm(A, ord, (-2, -1), keepdim, dtype=dtype)


@composite(out=True)
def linalg_cond(A: Any, p: Any = None) -> Any:
    """Condition number.

    >>> tn.linalg.cond(tn.tensor([[2.0, 0.0], [0.0, 1.0]]))
    tensor(2.)
    """
    if p in (None, 2, -2):
        values = _svd(A)[1]
        ratio = values.amax(-1) / values.amin(-1)
        return ratio if p != -2 else 1 / ratio
    return linalg_matrix_norm(A, p) * linalg_matrix_norm(linalg_inv(A), p)


@composite(out=True)
def linalg_matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None) -> Any:
    """How many singular values are above a threshold.

    >>> tn.linalg.matrix_rank(tn.eye(3))
    tensor(3)
    """
    values = np.linalg.svd(_data(A), compute_uv=False)
    eps = float(np.finfo(values.dtype).eps)
    absolute = _data(tol if tol is not None else 0.0 if atol is None else atol)
    given = tol is not None or atol is not None
    relative = (0.0 if given else max(A.shape[-2:]) * eps) if rtol is None else _data(rtol)
    most = values.max(-1, initial=0)
    level = np.maximum(np.asarray(absolute), np.asarray(relative) * most)
    return _like(A, (values > level[..., None]).sum(-1))


@composite(method="pinverse")
def pinverse(input: Any, rcond: float = 1e-15) -> Any:
    """Pseudo-inverse (Moore & Penrose).

    >>> tn.pinverse(tn.tensor([[2.0]]))
    tensor([[0.5000]])
    """
    return linalg_pinv(input, rtol=rcond)


@composite(out=True)
def linalg_pinv(A: Any, rcond: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None) -> Any:
    """Pseudo-inverse (Moore & Penrose), from the singular values above a threshold.

    >>> tn.linalg.pinv(tn.tensor([[2.0, 0.0]]))
    tensor([[0.5000],
            [0.0000]])
    """
    u, s, vh = _svd(A)
    values = _data(s)
    eps = float(np.finfo(values.dtype).eps)
    relative = rtol if rtol is not None else rcond
    share = max(A.shape[-2:]) * eps if relative is None and atol is None else (relative or 0.0)
    level = np.maximum(values.max(-1, initial=0) * share, atol or 0.0)
    keep = (values > level[..., None]).astype(values.dtype)
    inverse_values = _like(s, keep) / (s + _like(s, 1 - keep))
    return matmul(_h(vh) * inverse_values.reshape((*s.shape[:-1], 1, s.shape[-1])), _h(u))


class LstsqResult(NamedTuple):
    """The results of `linalg_lstsq`."""

    solution: Any
    residuals: Any
    rank: Any
    singular_values: Any


def linalg_lstsq(A: Any, B: Any, rcond: Any = None, *, driver: Any = None) -> LstsqResult:
    """The X for which ``A X`` comes nearest to B.

    >>> tn.linalg.lstsq(tn.tensor([[1.0], [1.0]]), tn.tensor([[1.0], [3.0]])).solution
    tensor([[2.]])
    """
    vector = B.ndim == A.ndim - 1
    right = B.reshape((*B.shape, 1)) if vector else B
    found = matmul(linalg_pinv(A, rcond), right)
    rank = linalg_matrix_rank(A)
    rows, columns = A.shape[-2:]
    full = rows > columns and bool((_data(rank) == columns).all())
    off = matmul(A, found) - right
    residuals = (off * off).sum(-2) if full else A.new_empty((0,))
    solution = found.reshape(tuple(found.shape[:-1])) if vector else found
    return LstsqResult(solution, residuals, rank, A.new_empty((0,)))


@composite(method="matrix_power", out=True)
def matrix_power(input: Any, n: int) -> Any:
    """Each square matrix multiplied by itself `n` times; negative `n`: its inverse.

    >>> tn.matrix_power(tn.tensor([[2.0]]), 3)
    tensor([[8.]])
    """
    if input.ndim < 2 or input.shape[-1] != input.shape[-2]:
        raise ShapeError(f"matrix_power: A must be batches of square matrices, got shape {tuple(input.shape)}")
    base = linalg_inv(input) if n < 0 else input
    power, result = abs(int(n)), None
    while power:
        if power & 1:
            result = base if result is None else matmul(result, base)
        power >>= 1
        base = matmul(base, base) if power else base
    if result is None:
        eye = np.broadcast_to(np.eye(input.shape[-1], dtype=_data(input).dtype), tuple(input.shape))
        return _like(input, eye.copy())
    return result


def linalg_matrix_power(A: Any, n: int, *, out: Any = None) -> Any:
    """`matrix_power` under the name it has in ``linalg``."""
    return matrix_power(A, n) if out is None else matrix_power(A, n, out=out)  # type: ignore[call-arg]


@composite(method="matrix_exp")
def matrix_exp(input: Any) -> Any:
    r"""Matrix exponential: :math:`\sum_k A^k / k!`, by scaling, a Taylor polynomial and squaring.

    The scaling brings the norm under 1/2, where 18 terms are exact to double precision (Moler & Van Loan 2003).

    >>> tn.matrix_exp(tn.zeros(1, 1))
    tensor([[1.]])
    """
    data = _data(input)
    _square("matrix_exp", data)
    size = float(np.abs(data).sum(-1).max(initial=0))
    halvings = max(0, math.ceil(math.log2(size)) + 1) if size > 0 and math.isfinite(size) else 0
    scaled = input / 2.0**halvings
    eye = _like(input, np.eye(data.shape[-1], dtype=data.dtype))
    result = eye + scaled * (1 / 18)
    for k in range(17, 0, -1):  # Horner's scheme
        result = eye + matmul(scaled, result) * (1 / k)
    for _ in range(halvings):
        result = matmul(result, result)
    return result


def linalg_matrix_exp(A: Any) -> Any:
    """`matrix_exp` under the name it has in ``linalg``."""
    return matrix_exp(A)


def linalg_multi_dot(tensors: Any, *, out: Any = None) -> Any:
    """The product of several matrices, in the order that takes the fewest multiplications.

    >>> tn.linalg.multi_dot([tn.ones(2, 3), tn.ones(3, 4), tn.ones(4)]).shape
    tn.Size([2])
    """
    from autotn.ops.products import chain_matmul

    listed = list(tensors)
    if len(listed) < 2:
        raise RuntimeError(f"linalg.multi_dot: expected at least 2 tensors but got {len(listed)}")
    row, column = listed[0].ndim == 1, listed[-1].ndim == 1
    if row:
        listed[0] = listed[0].reshape((1, -1))
    if column:
        listed[-1] = listed[-1].reshape((-1, 1))
    found = chain_matmul(*listed)
    shape = tuple(found.shape)
    return found.reshape(shape[int(row) : 2 - int(column)])


@composite(out=True)
def linalg_vecdot(x: Any, y: Any, *, dim: int = -1) -> Any:
    """Products of vectors along a dimension, the first conjugated.

    >>> tn.linalg.vecdot(tn.tensor([1.0, 2.0]), tn.tensor([3.0, 4.0]))
    tensor(11.)
    """
    left = x.conj() if _data(x).dtype.kind == "c" else x
    return (left * y).sum(dim)


def linalg_cross(input: Any, other: Any, *, dim: int = -1, out: Any = None) -> Any:
    """Cross products of 3-vectors along `dim`.

    >>> tn.linalg.cross(tn.tensor([1.0, 0.0, 0.0]), tn.tensor([0.0, 1.0, 0.0]))
    tensor([0., 0., 1.])
    """
    from autotn.ops.products import cross

    return cross(input, other, dim)
