"""The leading singular values and eigenvalues of matrices of which only a few matter."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core.op import composite
from autotn.core.random import numpy_generator
from autotn.errors import ShapeError
from autotn.ops.decompose import OldSVDResult, linalg_eigh, linalg_qr, linalg_svd
from autotn.ops.matmul import matmul
from autotn.ops.solve import adjoint_of, array_of, like, need_matrix

__all__ = ["lobpcg", "pca_lowrank", "svd_lowrank"]


def _range_of(A: Any, q: int, niter: int) -> Any:
    """An orthonormal basis of nearly the range of A: Halko et al. 2009, algorithm 4.4."""
    data = array_of(A)
    drawn = numpy_generator(None).standard_normal((A.shape[-1], q)).astype(data.real.dtype)
    basis = linalg_qr(matmul(A, like(A, drawn.astype(data.dtype))))[0]
    for _ in range(niter):
        other = linalg_qr(matmul(adjoint_of(A), basis))[0]
        basis = linalg_qr(matmul(A, other))[0]
    return basis


@composite(method="")
def svd_lowrank(A: Any, q: int | None = 6, niter: int | None = 2, M: Any = None) -> Any:
    """The `q` leading singular values and vectors, found with random projections; of ``A - M``.

    >>> tn.svd_lowrank(tn.ones(3, 2), q=1).S
    tensor([2.4495])
    """
    need_matrix("svd_lowrank", array_of(A))
    count = 6 if q is None else q
    if not 0 <= count <= min(A.shape[-2:]):
        raise ValueError(
            f"svd_lowrank: q(={count}) must be non-negative integer and not greater than min(m, n)="
            f"{min(A.shape[-2:])}"
        )
    if M is not None:
        A = A - M
    if A.shape[-2] < A.shape[-1]:
        u, s, v = svd_lowrank(adjoint_of(A), count, niter)
        return OldSVDResult(v, s, u)
    basis = _range_of(A, count, 2 if niter is None else niter)
    u, s, vh = linalg_svd(matmul(adjoint_of(basis), A), full_matrices=False)
    return OldSVDResult(matmul(basis, u), s, adjoint_of(vh))


@composite(method="")
def pca_lowrank(A: Any, q: int | None = None, center: bool = True, niter: int = 2) -> Any:
    """Principal components of rows of data: `svd_lowrank` of what their mean leaves.

    >>> tn.pca_lowrank(tn.tensor([[1.0, 0.0], [3.0, 0.0]]), q=1).S
    tensor([1.4142])
    """
    need_matrix("pca_lowrank", array_of(A))
    count = min(6, *A.shape[-2:]) if q is None else q
    return svd_lowrank(A - A.mean(-2, True) if center else A, count, niter)


@composite(method="")
def lobpcg(
    A: Any, k: Any = None, B: Any = None, X: Any = None, n: Any = None, iK: Any = None,
    niter: Any = None, tol: Any = None, largest: Any = None, method: Any = None, tracker: Any = None,
    ortho_iparams: Any = None, ortho_fparams: Any = None, ortho_bparams: Any = None,
) -> Any:  # fmt: skip
    """The `k` largest (or smallest) eigenvalues of ``A x = w B x`` and their vectors, as columns.

    The matrices are dense, so all eigenvalues are found directly and nothing is iterated.

    >>> tn.lobpcg(tn.tensor([[2.0, 0.0], [0.0, 5.0]]), k=1)[0]
    tensor([5.])
    """
    need_matrix("lobpcg", array_of(A))
    count = (1 if X is None else X.shape[-1]) if k is None else int(k)
    if not 1 <= count <= A.shape[-1]:
        raise ShapeError(f"lobpcg: k={count} must be between 1 and the size of A, {A.shape[-1]}")
    if B is None:
        values, vectors = linalg_eigh(A)
    else:  # A x = w B x  with  B = L L^H  is  (L^-1 A L^-H) (L^H x) = w (L^H x)
        from autotn.ops.decompose import linalg_cholesky
        from autotn.ops.solve import linalg_inv

        inverse = linalg_inv(linalg_cholesky(B))
        values, turned = linalg_eigh(matmul(matmul(inverse, A), adjoint_of(inverse)))
        vectors = matmul(adjoint_of(inverse), turned)
    size = A.shape[-1]
    chosen = slice(0, count) if largest is False else np.arange(size - 1, size - 1 - count, -1)
    return values[..., chosen], vectors[..., :, chosen]
