"""Eigenvalues of matrices that need not be symmetric: the results are complex."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from autotn.core.op import Arr, composite, op
from autotn.ops.decompose import inverse_gaps
from autotn.ops.matmul import matmul
from autotn.ops.solve import (
    adjoint_of,
    array_of,
    like,
    linalg_inv,
    need_square,
    run_lapack,
)

__all__ = ["linalg_eig", "linalg_eigvals"]


class EigResult(NamedTuple):
    """The results of `linalg_eig`."""

    eigenvalues: Any
    eigenvectors: Any


@op(out=True)
def linalg_eig(input: Arr) -> tuple[Arr, Arr]:
    """Eigenvalues and eigenvectors (columns of length 1), complex for real matrices too.

    Eigenvectors are found up to a factor of size 1; only functions that do not depend on it have
    a gradient that means something.

    >>> tn.linalg.eig(tn.tensor([[0.0, 1.0], [-1.0, 0.0]])).eigenvalues
    tensor([0.+1.j, 0.-1.j])
    """
    need_square("linalg.eig", input)
    values, vectors = run_lapack("linalg.eig", np.linalg.eig, input)
    kind = np.dtype(
        np.complex64 if input.dtype.itemsize == 4 or input.dtype == np.complex64 else np.complex128
    )
    return EigResult(np.asarray(values).astype(kind), vectors.astype(kind))


def _rule(g: Any, out: Any) -> Any:
    """``V^-H (diag(gL) + (V^H gV - V^H V diag(Re V^H gV)) / conj(gaps)) V^H``."""
    values, vectors = out
    g_values, g_vectors = g
    eye = np.eye(values.shape[-1], dtype=array_of(values).dtype)
    turned = adjoint_of(vectors)
    slopes = matmul(turned, g_vectors)
    along = (slopes.real + 0j) * like(slopes, eye)  # growth, which the length of 1 forbids
    gaps = inverse_gaps(values)
    inner = (slopes - matmul(matmul(turned, vectors), along)) * gaps.conj()
    inner = inner + g_values.reshape((*g_values.shape, 1)) * like(g_values, eye)
    return matmul(matmul(linalg_inv(turned), inner), turned)


linalg_eig.grad(input=_rule)
linalg_eig.wirtinger(input=_rule)


@composite(out=True)
def linalg_eigvals(input: Any) -> Any:
    """Eigenvalues, complex for real matrices too.

    >>> tn.linalg.eigvals(tn.tensor([[0.0, 1.0], [-1.0, 0.0]]))
    tensor([0.+1.j, 0.-1.j])
    """
    return linalg_eig(input)[0]
