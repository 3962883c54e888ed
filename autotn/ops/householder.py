"""Products of reflections, the form in which LAPACK keeps orthogonal matrices."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from autotn.core.op import composite
from autotn.core.tensor import Tensor, wrap
from autotn.core.traced import watched
from autotn.errors import ShapeError
from autotn.ops.diagonal import tril
from autotn.ops.elimination import lapack, per_matrix
from autotn.ops.matmul import matmul
from autotn.ops.solve import adjoint_of, array_of, like, need_matrix

__all__ = ["geqrf", "linalg_householder_product", "orgqr", "ormqr"]


class GeqrfResult(NamedTuple):
    """The results of `geqrf`."""

    a: Any
    tau: Any


@composite(method="geqrf", out=True)
def geqrf(input: Any) -> Any:
    """QR factors as LAPACK keeps them: R, below it the reflections, and their lengths `tau`.

    It has no gradient; `linalg.qr` has.

    >>> tn.geqrf(tn.tensor([[3.0], [4.0]])).a[0]
    tensor([-5.])
    """
    data = array_of(input)
    need_matrix("geqrf", data)
    if isinstance(input, Tensor) and watched(input):
        raise NotImplementedError("geqrf has no gradient; use linalg.qr")
    return GeqrfResult(*map(wrap, per_matrix(lambda a: lapack("geqrf", a)(a)[:2], data)))


def _reflections(name: str, A: Any, tau: Any) -> list[tuple[Any, Any]]:
    """Each reflection's direction (a column) and length."""
    if tuple(tau.shape[:-1]) != tuple(A.shape[:-2]) or tau.ndim != A.ndim - 1:
        raise ShapeError(
            f"{name}: Expected batch dimensions of tau to be equal to those of input, got tau of shape "
            f"{tuple(tau.shape)} and input of shape {tuple(A.shape)}"
        )
    rows, columns = A.shape[-2:]
    count = tau.shape[-1]
    if columns > rows or count > columns:
        raise ShapeError(
            f"{name}: input.shape[-2] must be greater than or equal to input.shape[-1], and that to "
            f"tau.shape[-1]; got {tuple(A.shape)} and {tuple(tau.shape)}"
        )
    below = tril(A, -1) + like(A, np.eye(rows, columns, dtype=array_of(A).dtype))
    lengths = tau.reshape((*tau.shape[:-1], 1, count))
    return [(below[..., :, k : k + 1], lengths[..., :, k : k + 1]) for k in range(count)]


@composite(out=True)
def linalg_householder_product(input: Any, tau: Any) -> Any:
    """The first columns of a product of reflections: Q from what `geqrf` returns.

    >>> tn.linalg.householder_product(*tn.geqrf(tn.tensor([[3.0], [4.0]])))
    tensor([[-0.6000],
            [-0.8000]])
    """
    need_matrix("linalg.householder_product", array_of(input))
    eye = np.eye(*input.shape[-2:], dtype=array_of(input).dtype)
    product = like(input, np.broadcast_to(eye, tuple(input.shape)))
    for direction, length in reversed(_reflections("linalg.householder_product", input, tau)):
        product = product - matmul(length * direction, matmul(adjoint_of(direction), product))
    return product


@composite(method="orgqr", out=True)
def orgqr(input: Any, input2: Any) -> Any:
    """Another name of `linalg_householder_product`.

    >>> tn.orgqr(*tn.geqrf(tn.tensor([[3.0], [4.0]])))
    tensor([[-0.6000],
            [-0.8000]])
    """
    return linalg_householder_product(input, input2)


@composite(method="ormqr", out=True)
def ormqr(input: Any, input2: Any, input3: Any, left: bool = True, transpose: bool = False) -> Any:
    """`other` multiplied by the whole product of reflections, from the left or the right.

    >>> tn.ormqr(*tn.geqrf(tn.tensor([[3.0], [4.0]])), tn.tensor([[3.0], [4.0]]), transpose=True)[0]
    tensor([-5.])
    """
    need_matrix("ormqr", array_of(input))
    if not left:  # B Q = (Q^H B^H)^H
        turned = ormqr(input, input2, adjoint_of(input3), transpose=not transpose)
        return adjoint_of(turned)
    if input3.shape[-2] != input.shape[-2]:
        raise ShapeError(
            f"ormqr: other.shape[-2] must be equal to input.shape[-2], got {tuple(input3.shape)} and "
            f"{tuple(input.shape)}"
        )
    steps = _reflections("ormqr", input, input2)
    for direction, length in steps if transpose else reversed(steps):
        scale = length.conj() if transpose and array_of(length).dtype.kind == "c" else length
        input3 = input3 - matmul(scale * direction, matmul(adjoint_of(direction), input3))
    return input3
