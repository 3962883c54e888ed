"""Factorisations of matrices: Cholesky, QR, eigenvalues, singular values; rules as in `solve`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from autotn.core.op import Arr, composite, op
from autotn.core.tensor import Tensor
from autotn.core.traced import readable, watched
from autotn.ops.matmul import matmul
from autotn.ops.solve import (
    adjoint_of,
    array_of,
    like,
    linalg_inv,
    linalg_solve_triangular,
    need_matrix,
    need_square,
    run_lapack,
)

__all__ = [
    "cholesky",
    "cholesky_inverse",
    "cholesky_solve",
    "linalg_cholesky",
    "linalg_cholesky_ex",
    "linalg_eigh",
    "linalg_eigvalsh",
    "linalg_qr",
    "linalg_svd",
    "linalg_svdvals",
    "qr",
    "svd",
]


# -- factorisations --------------------------------------------------------------------------------------


def _lower_half(x: Any) -> Any:
    """The lower triangle with half of the diagonal: Phi in Murray 2016, "Differentiation of the Cholesky"."""
    count = x.shape[-1]
    weight = np.tril(np.ones((count, count))) - 0.5 * np.eye(count)
    return x * like(x, weight.astype(array_of(x).real.dtype))


@op()
def _cholesky(A: Arr) -> Arr:
    """The lower Cholesky factor.

    >>> tn.linalg.cholesky(tn.tensor([[4.0]]))
    tensor([[2.]])
    """
    need_square("linalg.cholesky", A)
    full = np.tril(A) + np.conj(np.tril(A, -1).swapaxes(-1, -2))
    return run_lapack("linalg.cholesky: The factorization could not be completed because the input is not "
                "positive-definite", np.linalg.cholesky, full)  # fmt: skip


def _cholesky_rule(g: Any, out: Any) -> Any:
    inverse_ = linalg_inv(out)
    inner = _lower_half(matmul(adjoint_of(out), g))
    found = matmul(matmul(adjoint_of(inverse_), inner), inverse_)
    return (found + adjoint_of(found)) * 0.5


_cholesky.wirtinger(A=_cholesky_rule)
_cholesky.grad(A=_cholesky_rule)


@composite(out=True)
def linalg_cholesky(input: Any, *, upper: bool = False) -> Any:
    r"""The lower triangular :math:`L` of :math:`A = L L^H`, for positive definite matrices.

    >>> tn.linalg.cholesky(tn.tensor([[4.0]]))
    tensor([[2.]])
    """
    if upper:  # the upper triangle is read, then
        return adjoint_of(_cholesky(adjoint_of(input)))
    return _cholesky(input)


class CholeskyExResult(NamedTuple):
    """The results of `linalg_cholesky_ex`."""

    L: Any
    info: Any


@composite(out=True)
def linalg_cholesky_ex(input: Any, *, upper: bool = False, check_errors: bool = False) -> Any:
    """`linalg_cholesky`, and instead of an error the number of the first minor that is not positive.

    >>> tn.linalg.cholesky_ex(tn.tensor([[-1.0]])).info
    tensor(1, dtype=tn.int32)
    """
    if check_errors:
        return CholeskyExResult(linalg_cholesky(input, upper=upper), _zeros_of(input))
    data = readable(array_of(input))
    need_square("linalg.cholesky_ex", data)
    data = adjoint_of(data) if upper else data
    info = np.zeros(data.shape[:-2], np.int32)
    for place in np.ndindex(info.shape):
        info[place] = _first_not_positive(data[place])
    if not info.any():
        return CholeskyExResult(linalg_cholesky(input, upper=upper), like(input, info))
    # What failed is factored as the identity, so that the others keep their gradients.
    from autotn.ops.compare import where

    stand_in = like(input, np.eye(data.shape[-1], dtype=data.dtype))
    good = where(like(input, (info > 0)[..., None, None]), stand_in, input)
    return CholeskyExResult(linalg_cholesky(good, upper=upper), like(input, info))


def _first_not_positive(matrix: Any) -> int:
    for k in range(1, len(matrix) + 1):
        try:
            np.linalg.cholesky(matrix[:k, :k])
        except np.linalg.LinAlgError:
            return k
    return 0


def _zeros_of(A: Any) -> Any:
    return like(A, np.zeros(tuple(A.shape[:-2]), np.int32))


@composite(method="cholesky", out=True)
def cholesky(input: Any, upper: bool = False) -> Any:
    """The Cholesky factor of a positive definite matrix.

    >>> tn.cholesky(tn.tensor([[4.0]]))
    tensor([[2.]])
    """
    return linalg_cholesky(input, upper=upper)


@composite(method="cholesky_solve", out=True)
def cholesky_solve(input: Any, input2: Any, upper: bool = False) -> Any:
    """The solution of ``A X = B`` from the Cholesky factor of A.

    >>> tn.cholesky_solve(tn.tensor([[4.0]]), tn.tensor([[2.0]]))
    tensor([[1.]])
    """
    lower = adjoint_of(input2) if upper else input2
    return linalg_solve_triangular(
        adjoint_of(lower), linalg_solve_triangular(lower, input, upper=False), upper=True
    )


@composite(method="cholesky_inverse", out=True)
def cholesky_inverse(input: Any, upper: bool = False) -> Any:
    """The inverse of A from its Cholesky factor.

    >>> tn.cholesky_inverse(tn.tensor([[2.0]]))
    tensor([[0.2500]])
    """
    return cholesky_solve(
        like(input, np.eye(input.shape[-1], dtype=array_of(input).dtype)), input, upper
    )


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
    need_matrix("linalg.qr", A)
    return QRResult(*np.linalg.qr(A))


def _qr_rule(g: Any, out: Any) -> Any:
    """Walter & Lehmann 2012; further columns are ``Q R2 = A2``, so they are solved for first."""
    q, r = out
    gq, gr = g
    count = q.shape[-1]
    further = r.shape[-1] > count
    beside: Any = None
    if further:
        right, g_right = r[..., :, count:], gr[..., :, count:]
        beside = matmul(q, g_right)
        gq = gq + matmul(matmul(q, right), adjoint_of(g_right))
        r, gr = r[..., :, :count], gr[..., :, :count]
    m = matmul(r, adjoint_of(gr)) - matmul(adjoint_of(gq), q)
    kept = _lower_half(m)
    found = matmul(gq + matmul(q, kept + adjoint_of(kept)), adjoint_of(linalg_inv(r)))
    if further:
        from autotn.ops.join import cat

        return cat([found, beside], -1)
    return found


_qr.grad(A=_qr_rule)
_qr.wirtinger(A=_qr_rule)


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
    if A.shape[-2] <= A.shape[-1]:
        return _qr(A)
    if isinstance(A, Tensor) and watched(A):
        raise NotImplementedError(
            "linalg.qr: mode 'complete' has no gradient for matrices with more rows than columns"
        )
    return QRResult(*(like(A, x) for x in np.linalg.qr(array_of(A), "complete")))


@composite(method="qr", out=True)
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
    need_square("linalg.eigh", A)
    return EighResult(*run_lapack("linalg.eigh", np.linalg.eigh, A, UPLO))


def inverse_gaps(values: Any) -> Any:
    """``1 / (w_j - w_i)``, 0 on the diagonal."""
    gaps = values.reshape((*values.shape[:-1], 1, values.shape[-1])) - values.reshape(
        (*values.shape, 1)
    )
    eye = np.eye(values.shape[-1], dtype=array_of(values).dtype)
    return like(gaps, 1 - eye) / (gaps + like(gaps, eye))


def _eigh_rule(g: Any, out: Any) -> Any:
    values, vectors = out
    g_values, g_vectors = g
    count = values.shape[-1]
    diagonal = g_values.reshape((*g_values.shape, 1)) * like(
        values, np.eye(count, dtype=array_of(values).dtype)
    )
    inner = diagonal + matmul(adjoint_of(vectors), g_vectors) * inverse_gaps(values)
    found = matmul(matmul(vectors, inner), adjoint_of(vectors))
    return (found + adjoint_of(found)) * 0.5


_eigh.grad(A=_eigh_rule)
_eigh.wirtinger(A=_eigh_rule)


@composite(out=True)
def linalg_eigh(input: Any, UPLO: str = "L") -> Any:
    """Eigenvalues, ascending, and eigenvectors of symmetric (Hermitian) matrices.

    >>> tn.linalg.eigh(tn.tensor([[2.0, 0.0], [0.0, 1.0]])).eigenvalues
    tensor([1., 2.])
    """
    return _eigh(input, UPLO)


@composite(out=True)
def linalg_eigvalsh(input: Any, UPLO: str = "L") -> Any:
    """Eigenvalues, ascending, of symmetric (Hermitian) matrices.

    >>> tn.linalg.eigvalsh(tn.tensor([[2.0, 0.0], [0.0, 1.0]]))
    tensor([1., 2.])
    """
    return _eigh(input, UPLO)[0]


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
    need_matrix("linalg.svd", A)
    return SVDResult(*run_lapack("linalg.svd", np.linalg.svd, A, full_matrices=False))


def _svd_rule(g: Any, out: Any) -> Any:
    """Townsend 2016; for complex matrices the freedom of a phase per pair adds the last term."""
    u, s, vh = out
    gu, gs, gvh = g
    v, gv = adjoint_of(vh), adjoint_of(gvh)
    count = s.shape[-1]
    eye = np.eye(count, dtype=array_of(s).dtype)
    column, row = s.reshape((*s.shape, 1)), s.reshape((*s.shape[:-1], 1, count))
    squares = row * row - column * column
    f = like(s, 1 - eye) / (squares + like(s, eye))
    ug, vg = matmul(adjoint_of(u), gu), matmul(adjoint_of(v), gv)
    turn = ug - adjoint_of(ug)
    inner = (f * turn) * row + column * (f * (vg - adjoint_of(vg)))
    inner = inner + gs.reshape((*gs.shape, 1)) * like(s, eye)
    if array_of(u).dtype.kind == "c":
        inner = inner + turn * (like(s, eye) / (row * 2))
    found = matmul(matmul(u, inner), vh)
    if u.shape[-2] > count:  # what gu has outside the span of u
        found = found + matmul((gu - matmul(u, ug)) / row, vh)
    if v.shape[-2] > count:
        found = found + matmul(u, adjoint_of((gv - matmul(v, vg)) / row))
    return found


_svd.grad(A=_svd_rule)
_svd.wirtinger(A=_svd_rule)


@composite(out=True)
def linalg_svd(A: Any, full_matrices: bool = True, *, driver: Any = None) -> Any:
    """Singular value decomposition ``A = U diag(S) Vh``.

    >>> tn.linalg.svd(tn.tensor([[3.0, 0.0], [0.0, 4.0]])).S
    tensor([4., 3.])
    """
    if not full_matrices or A.shape[-1] == A.shape[-2]:
        return _svd(A)
    need_matrix("linalg.svd", array_of(A))
    whole = run_lapack("linalg.svd", np.linalg.svd, array_of(A), full_matrices=True)
    if not isinstance(A, Tensor) or not watched(A):
        return SVDResult(*(like(A, x) for x in whole))
    # The further columns only complete a basis: they are constants.
    from autotn.ops.join import cat

    u, s, vh = _svd(A)
    count = s.shape[-1]
    return SVDResult(
        cat([u, like(A, whole[0][..., :, count:])], -1),
        s,
        cat([vh, like(A, whole[2][..., count:, :])], -2),
    )


@composite(out=True)
def linalg_svdvals(A: Any, *, driver: Any = None) -> Any:
    """Singular values, descending.

    >>> tn.linalg.svdvals(tn.tensor([[3.0, 0.0], [0.0, 4.0]]))
    tensor([4., 3.])
    """
    return _svdvals(A)


@op()
def _svdvals(A: Arr) -> Arr:
    """Singular values.

    >>> tn.linalg.svdvals(tn.tensor([[3.0, 0.0], [0.0, 4.0]]))
    tensor([4., 3.])
    """
    need_matrix("linalg.svdvals", A)
    return run_lapack("linalg.svdvals", np.linalg.svd, A, compute_uv=False)


def _svdvals_rule(g: Any, A: Any) -> Any:
    u, _, vh = _svd(A)
    return matmul(u * g.reshape((*g.shape[:-1], 1, g.shape[-1])), vh)


_svdvals.grad(A=_svdvals_rule)
_svdvals.wirtinger(A=_svdvals_rule)


@composite(method="svd")
def svd(input: Any, some: bool = True, compute_uv: bool = True) -> Any:
    """The old form of `linalg_svd`: the third result is V, not its conjugate transpose.

    >>> tn.svd(tn.tensor([[3.0, 0.0], [0.0, 4.0]])).S
    tensor([4., 3.])
    """
    u, s, vh = linalg_svd(input, full_matrices=not some)
    return OldSVDResult(u, s, adjoint_of(vh))
