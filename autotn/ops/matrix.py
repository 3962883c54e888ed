"""Norms, powers, exponentials and pseudo-inverses of matrices."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from autotn.core import dtypes
from autotn.core.op import Arr, composite, op
from autotn.core.tensor import check_dim
from autotn.errors import DTypeError, ShapeError
from autotn.ops.decompose import _svdvals
from autotn.ops.matmul import matmul
from autotn.ops.solve import (
    adjoint_of,
    array_of,
    like,
    linalg_inv,
    need_matrix,
    need_square,
    run_lapack,
)

__all__ = [
    "frobenius_norm",
    "linalg_cond",
    "linalg_cross",
    "linalg_diagonal",
    "linalg_lstsq",
    "linalg_matrix_exp",
    "linalg_matrix_norm",
    "linalg_matrix_power",
    "linalg_matrix_rank",
    "linalg_multi_dot",
    "linalg_norm",
    "linalg_pinv",
    "linalg_tensorinv",
    "linalg_tensorsolve",
    "linalg_vander",
    "linalg_vecdot",
    "linalg_vector_norm",
    "matrix_exp",
    "matrix_power",
    "norm_except_dim",
    "nuclear_norm",
    "pinverse",
    "vander",
]


# -- norms and functions of matrices ---------------------------------------------------------------------


@composite(out=True)
def linalg_vector_norm(
    input: Any, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Any:
    """The p-norm of all elements, or along `dim`.

    >>> tn.linalg.vector_norm(tn.tensor([3.0, 4.0]))
    tensor(5.)
    """
    from autotn.ops.products import norm

    return norm(input, float(ord), dim, keepdim, dtype)


@composite(out=True)
def linalg_matrix_norm(
    input: Any, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Any = None
) -> Any:
    """Norms of matrices: fro, nuc, 1, -1, inf, -inf, 2, -2.

    >>> tn.linalg.matrix_norm(tn.tensor([[3.0, 4.0]]))
    tensor(5.)
    """
    from autotn.ops.products import norm
    from autotn.ops.shape import movedim, unsqueeze

    if dtype is not None:
        input = input.to(dtype)
    if len(dim) != 2:
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {dim}")
    row, column = (check_dim("linalg.matrix_norm", d, input.ndim) for d in dim)
    if row == column:
        raise RuntimeError(f"linalg.matrix_norm: dims must be different. Got ({row}, {column})")
    moved = movedim(input, (row, column), (-2, -1))
    if ord == "fro":
        found = norm(moved, 2.0, (-2, -1))
    elif ord == "nuc":
        found = _svdvals(moved).sum(-1)
    elif ord in (2, -2):
        values = _svdvals(moved)
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
    input: Any, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Any:
    """`linalg_vector_norm` or `linalg_matrix_norm`, as the arguments say.

    >>> tn.linalg.norm(tn.tensor([[3.0, 4.0]]))
    tensor(5.)
    """
    if ord is None:
        return linalg_vector_norm(input, 2, dim, keepdim, dtype=dtype)
    if dim is not None:
        dims = tuple(dim) if isinstance(dim, (tuple, list)) else (dim,)
        if len(dims) == 2:
            return linalg_matrix_norm(input, ord, dims, keepdim, dtype=dtype)
        return linalg_vector_norm(input, ord, dims, keepdim, dtype=dtype)
    if input.ndim == 1:
        return linalg_vector_norm(input, ord, None, keepdim, dtype=dtype)
    if input.ndim != 2:
        raise RuntimeError("linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got "
                           f"{input.ndim}D.")  # fmt: skip
    return linalg_matrix_norm(input, ord, (-2, -1), keepdim, dtype=dtype)


@composite(out=True)
def linalg_cond(input: Any, p: Any = None) -> Any:
    """Condition number.

    >>> tn.linalg.cond(tn.tensor([[2.0, 0.0], [0.0, 1.0]]))
    tensor(2.)
    """
    if 0 in input.shape[-2:] and input.shape[-2] == input.shape[-1]:
        return abs(input).sum((-2, -1))
    if p in (None, 2, -2):
        values = _svdvals(input)
        ratio = values.amax(-1) / values.amin(-1)
        return ratio if p != -2 else 1 / ratio
    return linalg_matrix_norm(input, p) * linalg_matrix_norm(linalg_inv(input), p)


@composite(out=True)
def linalg_matrix_rank(
    input: Any, tol: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None
) -> Any:
    """How many singular values are above a threshold.

    >>> tn.linalg.matrix_rank(tn.eye(3))
    tensor(3)
    """
    need_matrix("linalg.matrix_rank", array_of(input))
    values = np.linalg.svd(array_of(input), compute_uv=False)
    eps = dtypes.finfo(values.dtype).eps
    absolute = array_of(tol if tol is not None else 0.0 if atol is None else atol)
    given = tol is not None or atol is not None
    relative = (0.0 if given else max(input.shape[-2:]) * eps) if rtol is None else array_of(rtol)
    most = values.max(-1, initial=0)
    level = np.maximum(np.asarray(absolute), np.asarray(relative) * most)
    return like(input, (values > level[..., None]).sum(-1))


@composite(method="pinverse")
def pinverse(input: Any, rcond: float = 1e-15) -> Any:
    """Pseudo-inverse (Moore & Penrose).

    >>> tn.pinverse(tn.tensor([[2.0]]))
    tensor([[0.5000]])
    """
    return linalg_pinv(input, rtol=rcond)


@composite(out=True)
def linalg_pinv(
    input: Any, rcond: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None
) -> Any:
    """Pseudo-inverse (Moore & Penrose), from the singular values above a threshold.

    >>> tn.linalg.pinv(tn.tensor([[2.0, 0.0]]))
    tensor([[0.5000],
            [0.0000]])
    """
    need_matrix("linalg.pinv", array_of(input))
    return _pinv(input, rtol if rtol is not None else rcond, atol)


@op()
def _pinv(A: Arr, rtol: Any, atol: Any) -> Arr:
    """The pseudo-inverse, by singular values.

    >>> tn.linalg.pinv(tn.tensor([[2.0, 0.0]]))
    tensor([[0.5000],
            [0.0000]])
    """
    u, s, vh = run_lapack("linalg.pinv", np.linalg.svd, A, full_matrices=False)
    rtol, atol = array_of(rtol), array_of(atol)
    share = max(A.shape[-2:]) * dtypes.finfo(s.dtype).eps if rtol is None and atol is None else rtol
    level = np.maximum(s.max(-1, initial=0) * (0.0 if share is None else share), atol or 0.0)
    keep = s > level[..., None]
    inverse_values = keep / np.where(keep, s, s.dtype.type(1))
    return matmul(adjoint_of(vh) * inverse_values[..., None, :], adjoint_of(u))


def _pinv_rule(g: Any, A: Any, out: Any) -> Any:
    """Golub & Pereyra 1973; where the rank stays, no singular value has to differ from another."""
    back, flat = adjoint_of(g), adjoint_of(out)
    left = matmul(matmul(back, out), flat)
    right = matmul(flat, matmul(out, back))
    found = -matmul(matmul(flat, g), flat)
    return found + left - matmul(A, matmul(out, left)) + right - matmul(matmul(right, out), A)


_pinv.grad(A=_pinv_rule)
_pinv.wirtinger(A=_pinv_rule)


class LstsqResult(NamedTuple):
    """The results of `linalg_lstsq`."""

    solution: Any
    residuals: Any
    rank: Any
    singular_values: Any


@composite()
def linalg_lstsq(input: Any, b: Any, rcond: Any = None, *, driver: Any = None) -> LstsqResult:
    """The X for which ``A X`` comes nearest to B.

    >>> tn.linalg.lstsq(tn.tensor([[1.0]]), tn.tensor([[3.0]])).solution
    tensor([[3.]])
    """
    vector = b.ndim == input.ndim - 1
    right = b.reshape((*b.shape, 1)) if vector else b
    found = matmul(linalg_pinv(input, rcond), right)
    rank = linalg_matrix_rank(input)
    rows, columns = input.shape[-2:]
    full = rows > columns and bool((array_of(rank) == columns).all())
    off = matmul(input, found) - right
    residuals = (off * off).sum(-2) if full else input.new_empty((0,))
    solution = found.reshape(tuple(found.shape[:-1])) if vector else found
    return LstsqResult(solution, residuals, rank, input.new_empty((0,)))


@composite(method="matrix_power", out=True)
def matrix_power(input: Any, n: int) -> Any:
    """Each square matrix multiplied by itself `n` times; negative `n`: its inverse.

    >>> tn.matrix_power(tn.tensor([[2.0]]), 3)
    tensor([[8.]])
    """
    if input.ndim < 2 or input.shape[-1] != input.shape[-2]:
        raise ShapeError(
            f"matrix_power: A must be batches of square matrices, got shape {tuple(input.shape)}"
        )
    base = linalg_inv(input) if n < 0 else input
    power, result = abs(int(n)), None
    while power:
        if power & 1:
            result = base if result is None else matmul(result, base)
        power >>= 1
        base = matmul(base, base) if power else base
    if result is None:
        eye = np.broadcast_to(
            np.eye(input.shape[-1], dtype=array_of(input).dtype), tuple(input.shape)
        )
        return like(input, eye.copy())
    return result


@composite()
def linalg_matrix_power(input: Any, n: int, *, out: Any = None) -> Any:
    """`matrix_power` under the name it has in ``linalg``.

    >>> tn.linalg.matrix_power(tn.tensor([[2.0]]), 3)
    tensor([[8.]])
    """
    return matrix_power(input, n) if out is None else matrix_power(input, n, out=out)  # type: ignore[call-arg]


@composite(method="matrix_exp")
def matrix_exp(input: Any) -> Any:
    r"""Matrix exponential: :math:`\sum_k A^k / k!`, by scaling, a Taylor polynomial and squaring.

    The scaling brings the norm under 1/2, where 18 terms are exact to double precision (Moler & Van Loan 2003).

    >>> tn.matrix_exp(tn.zeros(1, 1))
    tensor([[1.]])
    """
    data = array_of(input)
    need_square("matrix_exp", data)
    size = float(np.abs(data).sum(-1).max(initial=0))
    halvings = max(0, math.ceil(math.log2(size)) + 1) if size > 0 and math.isfinite(size) else 0
    scaled = input / 2.0**halvings
    eye = like(input, np.eye(data.shape[-1], dtype=data.dtype))
    result = eye + scaled * (1 / 18)
    for k in range(17, 0, -1):  # Horner's scheme
        result = eye + matmul(scaled, result) * (1 / k)
    for _ in range(halvings):
        result = matmul(result, result)
    return result


@composite()
def linalg_matrix_exp(input: Any) -> Any:
    """`matrix_exp` under the name it has in ``linalg``.

    >>> tn.linalg.matrix_exp(tn.zeros(1, 1))
    tensor([[1.]])
    """
    return matrix_exp(input)


@composite()
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
    kind = array_of(x).dtype.kind
    if kind not in "fcV":
        raise DTypeError(
            f"linalg.vecdot: Expected a floating point or complex tensor as input. Got {x.dtype}"
        )
    left = x.conj() if kind == "c" else x
    return (left * y).sum(dim)


@composite()
def linalg_cross(input: Any, other: Any, *, dim: int = -1, out: Any = None) -> Any:
    """Cross products of 3-vectors along `dim`.

    >>> tn.linalg.cross(tn.tensor([1.0, 0.0, 0.0]), tn.tensor([0.0, 1.0, 0.0]))
    tensor([0., 0., 1.])
    """
    from autotn.ops.products import cross

    return cross(input, other, dim)


@composite()
def linalg_diagonal(A: Any, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """The diagonals of matrices: `diagonal` of the last two dimensions.

    >>> tn.linalg.diagonal(tn.tensor([[1, 2], [3, 4]]))
    tensor([1, 4])
    """
    from autotn.ops.diagonal import diagonal

    return diagonal(A, offset, dim1, dim2)


@composite(out=True)
def linalg_tensorinv(input: Any, ind: int = 2) -> Any:
    """The inverse of `A` as a linear map from its last dimensions to its first `ind`.

    >>> tn.linalg.tensorinv(tn.eye(4).reshape(2, 2, 2, 2)).shape
    tn.Size([2, 2, 2, 2])
    """
    if ind <= 0:
        raise RuntimeError(
            f"linalg.tensorinv: Expected a strictly positive integer for 'ind', got {ind}"
        )
    shape = tuple(input.shape)
    rows, columns = math.prod(shape[:ind]), math.prod(shape[ind:])
    if rows != columns:
        raise ShapeError(
            f"linalg.tensorinv: Expected self to satisfy the requirement prod(A.shape[ind:]) == "
            f"prod(A.shape[:ind]), but got {columns} != {rows}"
        )
    return linalg_inv(input.reshape((rows, columns))).reshape((*shape[ind:], *shape[:ind]))


@composite(out=True)
def linalg_tensorsolve(input: Any, other: Any, dims: Any = None) -> Any:
    """The X for which ``tensordot(A, X, X.ndim)`` is B; `dims` of A are moved to its end first.

    >>> tn.linalg.tensorsolve(tn.eye(4).reshape(2, 2, 4), tn.ones(2, 2))
    tensor([1., 1., 1., 1.])
    """
    from autotn.ops.shape import movedim
    from autotn.ops.solve import linalg_solve

    if dims is not None:
        input = movedim(input, tuple(dims), tuple(range(input.ndim - len(dims), input.ndim)))
    shape = tuple(input.shape[other.ndim :])
    count = math.prod(shape)
    if math.prod(tuple(other.shape)) != count or math.prod(tuple(input.shape)) != count * count:
        raise ShapeError(
            f"linalg.tensorsolve: Expected self to satisfy the requirement prod(self.shape[other.ndim:]) "
            f"== prod(self.shape[:other.ndim]), but got input of shape {tuple(input.shape)} and other of shape "
            f"{tuple(other.shape)}"
        )
    return linalg_solve(input.reshape((count, count)), other.reshape((count,))).reshape(shape)


@composite(numpy=np.vander)
def vander(x: Any, N: Any = None, increasing: bool = False) -> Any:
    """Powers of each element in a row, the highest first unless `increasing`.

    >>> tn.vander(tn.tensor([2, 3]))
    tensor([[2, 1],
            [3, 1]])
    """
    from autotn.ops.arrange import flip

    if x.ndim != 1:
        raise ShapeError(f"vander: x must be a one-dimensional tensor, got {x.ndim} dimensions")
    powers = _powers("vander", x, N)
    return powers if increasing else flip(powers, (-1,))


@composite()
def linalg_vander(x: Any, *, N: Any = None) -> Any:
    """Powers 0, 1, 2 … of each element, along a new last dimension.

    >>> tn.linalg.vander(tn.tensor([2, 3]))
    tensor([[1, 2],
            [1, 3]])
    """
    if x.ndim < 1:
        raise ShapeError("linalg.vander: expected an input with at least one dimension")
    if x.dtype == np.bool_:
        raise DTypeError(
            "linalg.vander: supports floating point, complex and integer tensors, got bool"
        )
    return _powers("linalg.vander", x, N)


def _powers(name: str, x: Any, N: Any) -> Any:
    from autotn.ops.convert import cast
    from autotn.ops.join import stack

    count = x.shape[-1] if N is None else int(N)
    if count < 0 or (count < 1 and name == "linalg.vander"):
        raise RuntimeError(f"{name}: N must be greater than 0, got {count}")
    one = like(x, np.ones(tuple(x.shape), array_of(x).dtype))
    if array_of(one).dtype.kind in "biu":
        x, one = cast(x, np.int64), cast(one, np.int64)
    powers: list[Any] = []
    for _ in range(count):
        powers.append(powers[-1] * x if powers else one)
    return stack(powers, -1) if powers else one.reshape((*one.shape, 1))[..., :0]


@composite(out=True)
def frobenius_norm(input: Any, dim: Any = (), keepdim: bool = False) -> Any:
    """The square root of the sum of squares, of all elements or along `dim`.

    >>> tn.frobenius_norm(tn.tensor([3.0, 4.0]))
    tensor(5.)
    """
    dims = tuple(dim) if isinstance(dim, (tuple, list)) else (dim,)
    if len(dims) > 2:
        raise ShapeError(f"frobenius_norm: Expected at most 2 dimensions, but got {len(dims)}")
    return linalg_vector_norm(input, 2, dims or None, keepdim)


@composite(out=True)
def nuclear_norm(input: Any, dim: Any = (-2, -1), keepdim: bool = False) -> Any:
    """The sum of the singular values.

    >>> tn.nuclear_norm(tn.tensor([[3.0, 0.0], [0.0, 4.0]]))
    tensor(7.)
    """
    if isinstance(dim, bool):
        dim, keepdim = (-2, -1), dim
    return linalg_matrix_norm(input, "nuc", tuple(dim), keepdim)


@composite()
def norm_except_dim(v: Any, pow: int = 2, dim: int = 0) -> Any:
    """The norm of each slice along `dim`, in a shape that broadcasts against `v`.

    >>> tn.norm_except_dim(tn.tensor([[3.0, 4.0], [0.0, 1.0]]))
    tensor([[5.],
            [1.]])
    """
    if dim == -1:
        return linalg_vector_norm(v, pow)
    axis = check_dim("norm_except_dim", dim, v.ndim)
    if v.ndim == 1:
        return abs(v)
    others = tuple(k for k in range(v.ndim) if k != axis)
    return linalg_vector_norm(v, pow, others, True)
