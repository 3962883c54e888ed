"""Triangles and diagonals of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core.op import Arr, acts, composite, op
from autotn.core.tensor import Tensor, check_dim
from autotn.errors import DTypeError

__all__ = [
    "diag",
    "diag_embed",
    "diagflat",
    "diagonal",
    "trace",
    "tril",
    "tril_indices",
    "triu",
    "triu_indices",
]


# -- triangles and diagonals -----------------------------------------------------------------------------


@op(method="tril", inplace=True, out=True, numpy=np.tril)
def tril(input: Arr, diagonal: int = 0) -> Arr:
    """The lower triangle of each matrix; zeros above.

    >>> tn.tril(tn.ones(2, 2))
    tensor([[1., 0.],
            [1., 1.]])
    """
    _matrices("tril", input)
    return np.tril(input, diagonal)


@op(method="triu", inplace=True, out=True, numpy=np.triu)
def triu(input: Arr, diagonal: int = 0) -> Arr:
    """The upper triangle of each matrix; zeros below.

    >>> tn.triu(tn.ones(2, 2))
    tensor([[1., 1.],
            [0., 1.]])
    """
    _matrices("triu", input)
    return np.triu(input, diagonal)


def _matrices(name: str, input: Any) -> None:
    if input.ndim < 2:
        raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions")


tril.grad(input=lambda g, diagonal: tril(g, diagonal))
triu.grad(input=lambda g, diagonal: triu(g, diagonal))


def _triangle_indices(
    name: str, find: Any, row: int, col: int, offset: int, dtype: Any, device: Any
) -> Tensor:
    from autotn.core import dtypes
    from autotn.core.device import check_device
    from autotn.core.tensor import wrap

    check_device(device)
    if row < 0 or col < 0:
        raise RuntimeError(f"{name}: row and col must be non-negative, got {row} and {col}")
    kind = np.dtype(np.int64) if dtype is None else dtypes.as_numpy(dtype)
    return wrap(np.stack(find(row, offset, col)).astype(kind))


def tril_indices(
    row: int,
    col: int,
    offset: int = 0,
    *,
    dtype: Any = None,
    device: Any = None,
    layout: Any = None,
) -> Tensor:
    """The rows and columns of the lower triangle.

    >>> tn.tril_indices(2, 2)
    tensor([[0, 1, 1],
            [0, 0, 1]])
    """
    return _triangle_indices("tril_indices", np.tril_indices, row, col, offset, dtype, device)


def triu_indices(
    row: int,
    col: int,
    offset: int = 0,
    *,
    dtype: Any = None,
    device: Any = None,
    layout: Any = None,
) -> Tensor:
    """The rows and columns of the upper triangle.

    >>> tn.triu_indices(2, 2)
    tensor([[0, 0, 1],
            [0, 1, 1]])
    """
    return _triangle_indices("triu_indices", np.triu_indices, row, col, offset, dtype, device)


@op(view=True)
def _diagonal(input: Arr, offset: int, dim1: int, dim2: int) -> Arr:
    """The diagonal of a plane, as the last dimension, as a view.

    >>> tn.diagonal(tn.tensor([[1, 2], [3, 4]]))
    tensor([1, 4])
    """
    return _diagonal_window(input, offset, dim1, dim2)


def _diagonal_window(input: Any, offset: int, dim1: int, dim2: int) -> Any:
    """The diagonal as a view that can be written (NumPy's own is read-only)."""
    rows, columns = input.shape[dim1], input.shape[dim2]
    down, right = max(-offset, 0), max(offset, 0)
    count = max(min(rows - down, columns - right), 0)
    index = [slice(None)] * input.ndim
    index[dim1], index[dim2] = slice(min(down, rows), None), slice(min(right, columns), None)
    start = input[tuple(index)]
    keep = [k for k in range(input.ndim) if k not in (dim1, dim2)]
    shape = (*(input.shape[k] for k in keep), count)
    strides = (*(input.strides[k] for k in keep), input.strides[dim1] + input.strides[dim2])
    writable = bool(input.flags.writeable)
    return np.lib.stride_tricks.as_strided(start, shape, strides, writeable=writable)


@op()
def put_on_diagonal(input: Arr, shape: tuple[int, ...], offset: int, dim1: int, dim2: int) -> Arr:
    """Zeros of `shape` with `input` on a diagonal: the transpose of taking one.

    >>> from autotn.ops.diagonal import put_on_diagonal
    >>> put_on_diagonal(tn.tensor([1, 2]), (2, 2), 0, 0, 1)
    tensor([[1, 0],
            [0, 2]])
    """
    result = np.zeros(shape, input.dtype)
    _diagonal_window(result, offset, dim1, dim2)[...] = input
    return result


put_on_diagonal.grad(input=lambda g, offset, dim1, dim2: _diagonal(g, offset, dim1, dim2))
_diagonal.grad(
    input=lambda g, input_shape, offset, dim1, dim2: put_on_diagonal(
        g, tuple(input_shape), offset, dim1, dim2
    )
)


@composite(method="diagonal", numpy=np.diagonal)
def diagonal(input: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """The diagonal of the plane of two dimensions, as the last dimension, as a view.

    >>> tn.diagonal(tn.tensor([[1, 2], [3, 4]]), 1)
    tensor([2])
    """
    first, second = check_dim("diagonal", dim1, input.ndim), check_dim("diagonal", dim2, input.ndim)
    if first == second:
        raise RuntimeError(f"diagonal: dimensions cannot be identical {dim1}, {dim2}")
    return _diagonal(input, int(offset), first, second)


@composite(method="diag_embed")
def diag_embed(input: Any, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """Matrices of zeros with the last dimension of `input` on their diagonals.

    >>> tn.diag_embed(tn.tensor([1, 2]))
    tensor([[1, 0],
            [0, 2]])
    """
    ndim = input.ndim + 1
    first, second = check_dim("diag_embed", dim1, ndim), check_dim("diag_embed", dim2, ndim)
    if first == second:
        raise RuntimeError(f"diag_embed: diagonal dimensions cannot be identical {dim1}, {dim2}")
    size = input.shape[-1] + abs(offset)
    shape = list(input.shape[:-1])
    for k in sorted((first, second)):
        shape.insert(k, size)
    return put_on_diagonal(input, tuple(shape), offset, first, second)


@composite(method="diag", out=True, numpy=np.diag)
def diag(input: Any, diagonal: int = 0) -> Any:
    """The diagonal of a matrix, or the matrix with a vector on its diagonal.

    >>> tn.diag(tn.tensor([1, 2]))
    tensor([[1, 0],
            [0, 2]])
    """
    if input.ndim == 1:
        return diag_embed(input, diagonal)
    if input.ndim == 2:
        found = _diagonal(input, diagonal, 0, 1)
        return found.clone() if isinstance(found, Tensor) else found.copy()
    raise RuntimeError(f"diag: Supports 1D or 2D tensors. Got {input.ndim}D")


@composite(method="diagflat", numpy=np.diagflat)
def diagflat(input: Any, offset: int = 0) -> Any:
    """The matrix with all elements of `input` on its diagonal.

    >>> tn.diagflat(tn.tensor([[1], [2]]))
    tensor([[1, 0],
            [0, 2]])
    """
    return diag_embed(input.reshape((-1,)), offset)


@composite(method="trace", numpy=np.trace)
def trace(input: Any) -> Any:
    """The sum of a matrix's diagonal.

    >>> tn.trace(tn.tensor([[1, 2], [3, 4]]))
    tensor(5)
    """
    if input.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {input.ndim}")
    if input.dtype == np.bool_:
        raise DTypeError("trace: not implemented for bool; use .int()")
    return _diagonal(input, 0, 0, 1).sum()


acts("linear", tril, triu, _diagonal, put_on_diagonal)
