"""Picking and putting along one dimension: gather, scatter, index_select and their kin."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core.op import Arr, Fixed, acts, composite, op
from autotn.core.tensor import Tensor, check_dim
from autotn.errors import DTypeError, ShapeError
from autotn.kernels import scatter as scatter_kernels

__all__ = [
    "gather", "index_add", "index_copy", "index_fill", "index_reduce", "index_select", "scatter", "scatter_add",
    "scatter_reduce", "take", "take_along_dim",
]  # fmt: skip


def check_index(name: str, index: Any, size: int, axis: int) -> None:
    """Refuse an index of another kind than integers, and one that points outside."""
    if index.dtype.kind not in "iu":
        raise DTypeError(f"{name}: Expected dtype int64 for index, got {index.dtype}; use .long()")
    if index.size and (index.min() < -0 or index.max() >= size):
        where = tuple(int(k) for k in np.argwhere((index < 0) | (index >= size))[0])
        raise IndexError(
            f"{name}: index {int(index[where])} (at position {where}) is out of bounds for dimension {axis} with "
            f"size {size}, numbered 0 to {size - 1}"
        )


def _check_gather(name: str, input: Any, axis: int, index: Any) -> None:
    if (
        index.ndim != max(input.ndim, 1)
        and index.size
        and not (index.ndim == 0 and input.ndim <= 1)
    ):
        raise ShapeError(
            f"{name}: Index tensor must have the same number of dimensions as input tensor, got index of shape "
            f"{index.shape} for input of shape {input.shape}"
        )
    for k in range(min(index.ndim, input.ndim)):
        if k != axis and index.shape[k] > input.shape[k]:
            raise ShapeError(
                f"{name}: Size does not match at dimension {k}: expected index {list(index.shape)} to be no larger "
                f"than self {list(input.shape)} apart from dimension {axis}"
            )


def _grid(index: Any, axis: int) -> tuple[Any, ...]:
    """The full advanced index of `index` along `axis`."""
    if not index.ndim:
        return (index,)
    parts = []
    for k, n in enumerate(index.shape):
        along = [1] * index.ndim
        along[k] = n
        parts.append(index if k == axis else np.arange(n).reshape(along))
    return tuple(parts)


@op(method="gather", out=True)
def gather(input: Arr, dim: int, index: Fixed, *, sparse_grad: bool = False) -> Arr:
    """From each line along `dim`, the elements `index` names.

    >>> tn.gather(tn.tensor([[1, 2], [3, 4]]), 1, tn.tensor([[0, 0], [1, 0]]))
    tensor([[1, 1],
            [4, 3]])
    """
    axis = check_dim("gather", dim, input.ndim)
    _check_gather("gather", input, axis, index)
    if not index.size:
        return np.zeros(index.shape, input.dtype)
    check_index("gather", index, input.shape[axis] if input.ndim else 1, axis)
    if input.ndim == 0:
        return np.broadcast_to(input, index.shape).copy()
    if index.ndim == 0:
        return input[int(index)].reshape(())
    return scatter_kernels.gather(input, axis, index)


@op(promote="same")
def scatter_into_zeros(input: Arr, shape: tuple[int, ...], dim: int, index: Fixed) -> Arr:
    """Zeros to which `input` is added where `index` says: the transpose of `gather`.

    >>> from autotn.ops.gather import scatter_into_zeros
    >>> scatter_into_zeros(tn.tensor([1.0, 2.0]), (3,), 0, tn.tensor([1, 1]))
    tensor([0., 3., 0.])
    """
    if not index.size or not shape or not index.ndim:
        return _added_along(np.zeros(shape, input.dtype), dim, index, input)
    return scatter_kernels.scatter_sum(shape, check_dim("scatter", dim, len(shape)), index, input)


def _added_along(base: Any, dim: int, index: Any, values: Any) -> Any:
    """``base[index] + values`` along `dim`, repeated indices included."""
    if not index.size:
        return base.copy()
    if base.ndim == 0:
        return np.asarray(base + values.sum())
    if not index.ndim:
        index, values = index.reshape(1), values.reshape(-1)[:1]
    return scatter_kernels.scatter_add(base, check_dim("scatter", dim, base.ndim), index, values)


gather.grad(input=lambda g, input_shape, dim, index: scatter_into_zeros(g, input_shape, dim, index))
scatter_into_zeros.grad(input=lambda g, dim, index: gather(g, dim, index))


def _check_scatter(name: str, input: Any, axis: int, index: Any, src_shape: Any) -> None:
    _check_gather(name, input, axis, index)
    check_index(name, index, input.shape[axis] if input.ndim else 1, axis)
    if src_shape is not None and index.size:
        for k, n in enumerate(index.shape):
            if k >= len(src_shape) or n > src_shape[k]:
                raise ShapeError(
                    f"{name}: Expected index {list(index.shape)} to be no larger than src {list(src_shape)}"
                )


def _window(x: Any, shape: tuple[int, ...]) -> Any:
    """The leading part of `x` that an index of `shape` reaches."""
    from autotn.ops.index import _getitem

    if tuple(x.shape) == tuple(shape):
        return x
    return _getitem(x, tuple(slice(0, n) for n in shape))


@op()
def _scatter(input: Arr, dim: int, index: Fixed, src: Arr) -> Arr:
    """A copy of `input` with elements of `src` where `index` says.

    >>> tn.scatter(tn.zeros(3), 0, tn.tensor([2, 0]), tn.tensor([1.0, 2.0]))
    tensor([2., 0., 1.])
    """
    axis = check_dim("scatter", dim, input.ndim)
    _check_scatter("scatter", input, axis, index, src.shape if src.ndim else None)
    result = input.copy()
    if not index.size:
        return result
    values = src[tuple(slice(0, n) for n in index.shape)] if src.ndim and index.ndim else src
    values = values if index.ndim else values.reshape(-1)[0]
    if input.ndim == 0:
        return np.asarray(values).reshape(-1)[-1].reshape(())
    result[_grid(index, axis)] = values
    return result


def _scatter_input(g: Any, dim: int, index: Any) -> Any:
    return _scatter(
        g, dim, index, g.dtype.type(0) if isinstance(g, np.ndarray) else g.new_zeros(())
    )


def _scatter_src(g: Any, dim: int, index: Any, src_shape: tuple[int, ...]) -> Any:
    found = gather(g, dim, index)
    if not src_shape:
        return found.sum()
    return _pad_to(found, src_shape)


def _pad_to(x: Any, shape: tuple[int, ...]) -> Any:
    """`x` in the leading corner of zeros of `shape`."""
    from autotn.ops.index import put_into_zeros

    if tuple(x.shape) == tuple(shape):
        return x
    return put_into_zeros(x, tuple(shape), tuple(slice(0, n) for n in x.shape))


_scatter.grad(input=_scatter_input, src=_scatter_src)


def _as_src(name: str, input: Any, src: Any, value: Any) -> Any:
    given = value if src is None else src
    if given is None:
        raise TypeError(f"{name}: one of 'src' and 'value' must be given")
    if isinstance(given, Tensor):
        if isinstance(input, Tensor) and given.dtype is not input.dtype:
            raise RuntimeError(
                f"{name}: Expected self.dtype to be equal to src.dtype, got {input.dtype} and "
                f"{given.dtype}; src.to({input.dtype}) makes them alike"
            )
        return given
    if isinstance(given, np.ndarray):
        return given
    kind = (input._data if isinstance(input, Tensor) else input).dtype
    return np.asarray(given, kind)


@composite(method="scatter", inplace=True, out=True)
def scatter(
    input: Any, dim: int, index: Any, src: Any = None, *, value: Any = None, reduce: Any = None
) -> Any:
    """A copy of `input` with elements of `src` (or one `value`) put where `index` says along `dim`.

    >>> tn.scatter(tn.zeros(2, 3), 1, tn.tensor([[2], [0]]), 1.0)
    tensor([[0., 0., 1.],
            [1., 0., 0.]])
    """
    src = _as_src("scatter", input, src, value)
    if reduce is None:
        return _scatter(input, dim, index, src)
    if reduce == "add":
        return scatter_add(input, dim, index, _full_src(src, index))
    if reduce == "multiply":
        return scatter_reduce(input, dim, index, _full_src(src, index), "prod")
    raise RuntimeError(f"scatter: reduce argument must be either add or multiply, got {reduce!r}.")


def _full_src(src: Any, index: Any) -> Any:
    shape = tuple(index.shape)
    return (
        src
        if src.ndim
        else np.broadcast_to(src, shape)
        if isinstance(src, np.ndarray)
        else src.expand(shape)
    )


@op(method="scatter_add", inplace=True, out=True)
def scatter_add(input: Arr, dim: int, index: Fixed, src: Arr) -> Arr:
    """A copy of `input` to which elements of `src` are added where `index` says along `dim`.

    >>> tn.scatter_add(tn.zeros(3), 0, tn.tensor([1, 1]), tn.tensor([1.0, 2.0]))
    tensor([0., 3., 0.])
    """
    axis = check_dim("scatter_add", dim, input.ndim)
    _check_scatter("scatter_add", input, axis, index, src.shape)
    return _added_along(input, dim, index, src)


scatter_add.grad(
    input=lambda g: g,
    src=lambda g, dim, index, src_shape: _pad_to(gather(g, dim, index), src_shape),
)

_REDUCTIONS = ("sum", "prod", "mean", "amax", "amin")


@op(method="scatter_reduce", inplace=True, out=True, aux=("counts",))
def scatter_reduce(
    input: Arr, dim: int, index: Fixed, src: Arr, reduce: str, *, include_self: bool = True
) -> Arr:
    """Elements of `src` that meet at the same place reduced to one, with what stood there or without.

    >>> tn.scatter_reduce(tn.zeros(2), 0, tn.tensor([0, 0]), tn.tensor([1.0, 5.0]), "amax")
    tensor([5., 0.])
    """
    if reduce not in _REDUCTIONS:
        raise RuntimeError(
            f"scatter_reduce: reduce argument must be either sum, prod, mean, amax or amin, got {reduce!r}"
        )
    axis = check_dim("scatter_reduce", dim, input.ndim)
    _check_scatter("scatter_reduce", input, axis, index, src.shape)
    grid = _grid(index, axis)
    values = src[tuple(slice(0, n) for n in index.shape)] if index.ndim else src.reshape(-1)[0]
    counts = np.full(input.shape, int(include_self), np.int64)
    np.add.at(counts, grid, 1)
    result = input.copy()
    if not include_self:
        touched = counts > 0
        result[touched] = _neutral(reduce, input.dtype)
    if reduce in ("sum", "mean"):
        np.add.at(result, grid, values)
        if reduce == "mean":
            many = np.maximum(counts, 1)
            divided = (
                result // many
                if result.dtype.kind in "iu"
                else result / many.astype(result.real.dtype)
            )
            result = np.where(counts > 0, divided, result).astype(result.dtype)
    elif reduce == "prod":
        np.multiply.at(result, grid, values)
    elif reduce == "amax":
        np.maximum.at(result, grid, values)
    else:
        np.minimum.at(result, grid, values)
    return result, (counts,)


def _neutral(reduce: str, dtype: Any) -> Any:
    if reduce in ("sum", "mean"):
        return 0
    if reduce == "prod":
        return 1
    if dtype.kind in "iu":
        return np.iinfo(dtype).min if reduce == "amax" else np.iinfo(dtype).max
    return -np.inf if reduce == "amax" else np.inf


@scatter_reduce.reference
def _(input: Any, dim: int, index: Any, src: Any, reduce: str, *, include_self: bool = True) -> Any:
    axis = check_dim("scatter_reduce", dim, input.ndim)
    plain = index._data if isinstance(index, Tensor) else index
    kind = (input._data if isinstance(input, Tensor) else input).dtype
    shape = tuple(input.shape)
    values = _window(src, plain.shape)
    touched = np.zeros(shape, np.int64)
    np.add.at(touched, _grid(plain, axis), 1)
    keep = np.ones(shape, kind) if include_self else (touched == 0).astype(kind)
    if reduce in ("sum", "mean"):
        total = input * keep + scatter_into_zeros(values, shape, dim, plain)
        if reduce == "sum":
            return total
        return total / np.maximum(touched + int(include_self), 1).astype(kind)
    base = input._data if isinstance(input, Tensor) else input
    data = values._data if isinstance(values, Tensor) else values
    if reduce == "prod":
        return _scatter_product(input, values, axis, plain, keep, touched)
    found, _ = scatter_reduce.op.kernel(base, dim, plain, data, reduce, include_self=include_self)
    own = ((base == found) & (keep > 0)).astype(kind)
    theirs = (data == found[_grid(plain, axis)]).astype(kind)
    share = own.copy()
    np.add.at(share, _grid(plain, axis), theirs)
    share = np.maximum(share, 1)
    return input * (own / share) + scatter_into_zeros(
        values * (theirs / share[_grid(plain, axis)]), shape, dim, plain
    )


def _scatter_product(
    input: Any, values: Any, axis: int, index: Any, keep: Any, touched: Any
) -> Any:
    """The product form: one factor at a time, in order of arrival."""
    result = input * keep + (1 - keep)
    for k in range(index.shape[axis]):
        at = (slice(None),) * axis + (slice(k, k + 1),)
        part, place = values[at], index[at]
        factor = scatter_into_zeros(part - 1, tuple(input.shape), axis, place) + 1
        result = result * factor
    return result


@op(method="index_select", out=True)
def index_select(input: Arr, dim: int, index: Fixed) -> Arr:
    """The slices along `dim` that `index` names.

    >>> tn.index_select(tn.tensor([[1, 2], [3, 4]]), 1, tn.tensor([1]))
    tensor([[2],
            [4]])
    """
    axis = check_dim("index_select", dim, input.ndim)
    if index.ndim > 1:
        raise IndexError("index_select: Index is supposed to be a vector")
    check_index("index_select", index, input.shape[axis] if input.ndim else 1, axis)
    if input.ndim == 0:
        return input.copy()
    return input.take(index.reshape(-1), axis)


@op()
def add_slices(input: Arr, shape: tuple[int, ...], dim: int, index: Fixed) -> Arr:
    """Zeros to which the slices of `input` are added where `index` says: index_select's transpose.

    >>> from autotn.ops.gather import add_slices
    >>> add_slices(tn.tensor([1.0, 2.0]), (3,), 0, tn.tensor([1, 1]))
    tensor([0., 3., 0.])
    """
    result = np.zeros(shape, input.dtype)
    if result.ndim == 0:
        return result + input.reshape(())
    return scatter_kernels.index_add(
        result, check_dim("index_add", dim, len(shape)), index.reshape(-1), input
    )


add_slices.grad(
    input=lambda g, dim, index, input_shape: index_select(g, dim, index).reshape(input_shape)
)
index_select.grad(
    input=lambda g, input_shape, dim, index: add_slices(g, tuple(input_shape), dim, index)
)


def _check_index_source(name: str, input: Any, axis: int, index: Any, source_shape: Any) -> None:
    if index.ndim > 1:
        raise IndexError(f"{name}: Index is supposed to be a vector, but got dim: {index.ndim}")
    check_index(name, index, input.shape[axis] if input.ndim else 1, axis)
    expected = tuple(index.size if k == axis else n for k, n in enumerate(input.shape))
    if tuple(source_shape) != expected and input.ndim:
        raise ShapeError(
            f"{name}: expected source of shape {list(expected)} for {index.size} indices into dimension {axis} of "
            f"{list(input.shape)}, got {list(source_shape)}"
        )


@composite(method="index_add", inplace=True, out=True)
def index_add(input: Any, dim: int, index: Any, source: Any, *, alpha: Any = 1) -> Any:
    """A copy of `input` to whose slices named by `index` those of `source` are added.

    >>> tn.index_add(tn.zeros(3), 0, tn.tensor([1, 1]), tn.tensor([1.0, 2.0]))
    tensor([0., 3., 0.])
    """
    plain = index._data if isinstance(index, Tensor) else index
    axis = check_dim("index_add", dim, input.ndim)
    _check_index_source("index_add", input, axis, plain, source.shape)
    return input + add_slices(
        source if alpha == 1 else source * alpha, tuple(input.shape), axis, plain
    )


@op()
def _index_copy(input: Arr, dim: int, index: Fixed, source: Arr) -> Arr:
    """A copy of `input` whose slices named by `index` are those of `source`.

    >>> tn.index_copy(tn.zeros(3), 0, tn.tensor([2]), tn.tensor([5.0]))
    tensor([0., 0., 5.])
    """
    axis = check_dim("index_copy", dim, input.ndim)
    _check_index_source("index_copy", input, axis, index, source.shape)
    result = input.copy()
    if not input.ndim:
        return source.reshape(()).copy()
    result[(slice(None),) * axis + (index.reshape(-1),)] = source
    return result


def _index_copy_input(g: Any, dim: int, index: Any, source_shape: tuple[int, ...]) -> Any:
    zeros = (
        np.zeros(source_shape, g.dtype) if isinstance(g, np.ndarray) else g.new_zeros(source_shape)
    )
    return _index_copy(g, dim, index, zeros)


_index_copy.grad(
    input=_index_copy_input,
    source=lambda g, dim, index, source_shape: index_select(g, dim, index).reshape(source_shape),
)


@composite(method="index_copy", inplace=True, out=True)
def index_copy(input: Any, dim: int, index: Any, source: Any) -> Any:
    """A copy of `input` whose slices named by `index` are those of `source`.

    >>> tn.index_copy(tn.zeros(3), 0, tn.tensor([2]), tn.tensor([5.0]))
    tensor([0., 0., 5.])
    """
    return _index_copy(input, dim, index, source)


@composite(method="index_fill", inplace=True)
def index_fill(input: Any, dim: int, index: Any, value: Any) -> Any:
    """A copy of `input` whose slices named by `index` hold `value`.

    >>> tn.index_fill(tn.zeros(3), 0, tn.tensor([0, 2]), 7.0)
    tensor([7., 0., 7.])
    """
    axis = check_dim("index_fill", dim, input.ndim)
    plain = index._data if isinstance(index, Tensor) else index
    check_index("index_fill", plain, input.shape[axis] if input.ndim else 1, axis)
    shape = tuple(plain.size if k == axis else n for k, n in enumerate(input.shape))
    if isinstance(value, Tensor):
        filled = value.to(input.dtype).expand(shape)
    else:
        filled = np.full(shape, value, (input._data if isinstance(input, Tensor) else input).dtype)
    return _index_copy(input, axis, plain, filled)


@composite(method="index_reduce", inplace=True, out=True)
def index_reduce(
    input: Any, dim: int, index: Any, source: Any, reduce: str, *, include_self: bool = True
) -> Any:
    """`scatter_reduce` for whole slices; `reduce` is ``prod``, ``mean``, ``amax`` or ``amin``.

    >>> tn.index_reduce(tn.ones(2), 0, tn.tensor([0, 0]), tn.tensor([3.0, 4.0]), "prod")
    tensor([12.,  1.])
    """
    axis = check_dim("index_reduce", dim, input.ndim)
    plain = index._data if isinstance(index, Tensor) else index
    _check_index_source("index_reduce", input, axis, plain, source.shape)
    along = [1] * max(input.ndim, 1)
    along[axis] = plain.size
    full = np.broadcast_to(plain.reshape(along), tuple(source.shape))
    return scatter_reduce(input, axis, full, source, reduce, include_self=include_self)


@composite(method="take", out=True)
def take(input: Any, index: Any) -> Any:
    """The elements `index` names, counted through the flattened input.

    >>> tn.take(tn.tensor([[1, 2], [3, 4]]), tn.tensor([0, 3]))
    tensor([1, 4])
    """
    from autotn.ops.index import _getitem

    plain = index._data if isinstance(index, Tensor) else np.asarray(index)
    count = (input._data if isinstance(input, Tensor) else input).size
    if plain.size and (plain.min() < -count or plain.max() >= count):
        raise IndexError(f"take: index out of range for a tensor of {count} elements")
    return _getitem(input.reshape((count,)), plain)


@composite(method="take_along_dim", out=True, numpy=np.take_along_axis)
def take_along_dim(input: Any, indices: Any, dim: Any = None) -> Any:
    """`gather` with broadcasting; over the flattened input without `dim`.

    >>> tn.take_along_dim(tn.tensor([[3, 1, 2]]), tn.tensor([[1]]), dim=1)
    tensor([[1]])
    """
    plain = indices._data if isinstance(indices, Tensor) else np.asarray(indices)
    if dim is None:
        return gather(input.reshape((-1,)), 0, plain.reshape(-1))
    axis = check_dim("take_along_dim", dim, input.ndim)
    own, theirs = list(input.shape), list(plain.shape)
    if len(own) != len(theirs):
        raise ShapeError(
            f"take_along_dim: input and indices should have the same number of dimensions, but got {len(own)} "
            f"and {len(theirs)}"
        )
    own[axis] = theirs[axis] = 1
    common = list(np.broadcast_shapes(tuple(own), tuple(theirs)))
    full_input, full_index = list(common), list(common)
    full_input[axis], full_index[axis] = input.shape[axis], plain.shape[axis]
    stretched = (
        np.broadcast_to(input, full_input)
        if isinstance(input, np.ndarray)
        else input.expand(full_input)
    )
    return gather(stretched, axis, np.broadcast_to(plain, full_index))


acts(
    "linear",
    gather, scatter_into_zeros, _scatter, scatter_add, index_select, add_slices, _index_copy,
)  # fmt: skip
