"""Choosing by masks, and copies with a part written anew."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core.modes import state
from autotn.core.op import Arr, Fixed, acts, composite, op
from autotn.core.tensor import Tensor, check_dim, wrap
from autotn.core.views import assign_view
from autotn.errors import ShapeError
from autotn.ops.compare import masked
from autotn.ops.diagonal import diagonal

__all__ = [
    "diagonal_scatter",
    "masked_fill",
    "masked_scatter",
    "masked_select",
    "nonzero",
    "argwhere",
    "nonzero_static",
    "select_scatter",
    "slice_scatter",
]


# -- writing parts of a copy -----------------------------------------------------------------------------


def _written(input: Any, part: Any, src: Any, name: str) -> Any:
    copy = input.clone()
    window = part(copy)
    if tuple(window.shape) != tuple(src.shape):
        raise RuntimeError(
            f"{name}: expected src to have a size equal to the slice of self. src size = {list(src.shape)}, slice "
            f"size = {list(window.shape)}"
        )
    if state.transforms and window._view is not None and window._view.base is copy:
        return assign_view(input, src.to(input.dtype), window._view.steps)
    window.copy_(src)
    return copy


@composite(method="select_scatter")
def select_scatter(input: Any, src: Any, dim: int, index: int) -> Any:
    """A copy of `input` whose slice number `index` along `dim` is `src`.

    >>> tn.select_scatter(tn.zeros(2, 2), tn.ones(2), 0, 1)
    tensor([[0., 0.],
            [1., 1.]])
    """
    return _written(input, lambda x: x.select(dim, index), src, "select_scatter")


@composite(method="slice_scatter", out=True)
def slice_scatter(
    input: Any, src: Any, dim: int = 0, start: Any = None, end: Any = None, step: int = 1
) -> Any:
    """A copy of `input` whose slices ``start:end:step`` along `dim` are `src`.

    >>> tn.slice_scatter(tn.zeros(3), tn.ones(2), 0, 1)
    tensor([0., 1., 1.])
    """
    axis = check_dim("slice_scatter", dim, input.ndim)
    index = (*(slice(None),) * axis, slice(start, end, step))
    return _written(input, lambda x: x[index], src, "slice_scatter")


@composite(method="diagonal_scatter")
def diagonal_scatter(input: Any, src: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """A copy of `input` whose diagonal is `src`.

    >>> tn.diagonal_scatter(tn.zeros(2, 2), tn.ones(2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    return _written(input, lambda x: diagonal(x, offset, dim1, dim2), src, "diagonal_scatter")


# -- masks -----------------------------------------------------------------------------------------------


@op(inplace=True)
def _masked_fill(input: Arr, mask: Fixed, value: Arr) -> Arr:
    """The input, with one value where the mask is true.

    >>> tn.masked_fill(tn.tensor([1.0, 2.0]), tn.tensor([True, False]), 0.0)
    tensor([0., 2.])
    """
    return np.where(mask, value, input)


def _masked_fill_input(g: Any, mask: Any, input_shape: tuple[int, ...]) -> Any:
    from autotn.core.call import sum_to

    return sum_to(masked(g, ~mask), tuple(input_shape))


def _masked_fill_value(g: Any, mask: Any) -> Any:
    return masked(g, mask).sum()


_masked_fill.grad(input=_masked_fill_input, value=_masked_fill_value)


def _check_mask(name: str, mask: Any) -> Any:
    values = mask._data if isinstance(mask, Tensor) else np.asarray(mask)
    if values.dtype != np.bool_:
        raise RuntimeError(
            f"{name}: only supports boolean masks, but got mask with dtype {values.dtype}"
        )
    return values


@composite(method="masked_fill", inplace=True)
def masked_fill(input: Any, mask: Any, value: Any) -> Any:
    """The input, with `value` where `mask` is true.

    >>> tn.masked_fill(tn.tensor([1.0, 2.0]), tn.tensor([True, False]), 0.0)
    tensor([0., 2.])
    """
    values = _check_mask("masked_fill", mask)
    kind = (input._data if isinstance(input, Tensor) else input).dtype
    if isinstance(value, Tensor):
        if value._data.ndim:
            raise RuntimeError(
                f"masked_fill: only supports a 0-dimensional value tensor, but got tensor with {value._data.ndim} "
                "dimension(s)."
            )
        value = value.to(input.dtype)
    else:
        if kind.kind in "iu":
            most = np.iinfo(kind).max  # a negative number wraps round in an unsigned dtype
            if not -most - 1 <= value <= most:
                raise RuntimeError(
                    f"masked_fill: value {value} cannot be converted to type {kind} without overflow"
                )
            value = int(value)
        value = np.asarray(value).astype(kind)
    return _masked_fill(input, values, value)


def _common_shape(name: str, input: Any, mask: Any) -> tuple[int, ...]:
    try:
        return np.broadcast_shapes(tuple(input.shape), mask.shape)
    except ValueError:
        raise ShapeError(
            f"{name}: a mask of shape {mask.shape} and an input of shape {tuple(input.shape)} do not broadcast"
        ) from None


@composite(method="masked_select", out=True)
def masked_select(input: Any, mask: Any) -> Any:
    """The elements where `mask` is true, in one dimension.

    >>> tn.masked_select(tn.tensor([1, 2, 3]), tn.tensor([True, False, True]))
    tensor([1, 3])
    """
    from autotn.ops.index import _getitem

    values = _check_mask("masked_select", mask)
    shape = _common_shape("masked_select", input, values)
    stretched = (
        np.broadcast_to(input, shape) if isinstance(input, np.ndarray) else input.expand(shape)
    )
    if not shape:
        stretched, values = stretched.reshape((1,)), values.reshape(1)
        shape = (1,)
    return _getitem(stretched, np.broadcast_to(values, shape))


@composite(method="masked_scatter", inplace=True)
def masked_scatter(input: Any, mask: Any, source: Any) -> Any:
    """The input, with successive elements of `source` where `mask` is true.

    >>> tn.masked_scatter(tn.zeros(3), tn.tensor([True, False, True]), tn.tensor([1.0, 2.0]))
    tensor([1., 0., 2.])
    """
    from autotn.ops.index import _index_put

    values = _check_mask("masked_scatter", mask)
    shape = _common_shape("masked_scatter", input, values)
    if tuple(input.shape) != shape:
        input = (
            np.broadcast_to(input, shape) if isinstance(input, np.ndarray) else input.expand(shape)
        )
    full = np.broadcast_to(values, shape)
    count = int(full.sum())
    flat = source.reshape((-1,))
    if flat.shape[0] < count:
        raise RuntimeError(
            f"masked_scatter: expected self and source to have same dtypes and source to have at least {count} "
            f"elements, got {flat.shape[0]}"
        )
    return _index_put(input, full, flat[:count])


@composite(method="nonzero", out=True)
def nonzero(input: Any, *, as_tuple: bool = False) -> Any:
    """Where the elements are not zero: one row of indices each, or one tensor per dimension.

    >>> tn.nonzero(tn.tensor([0, 3, 4]))
    tensor([[1],
            [2]])
    """
    from autotn.core.tensor import wrap

    values = input._data if isinstance(input, Tensor) else input
    if as_tuple:
        found = np.nonzero(np.atleast_1d(values))
        return tuple(wrap(k) for k in found)
    return wrap(np.argwhere(values).astype(np.int64))


@composite(method="argwhere", numpy=np.argwhere)
def argwhere(input: Any) -> Any:
    """Where the elements are not zero, one row of indices each.

    >>> tn.argwhere(tn.tensor([0, 3]))
    tensor([[1]])
    """
    return nonzero(input)


@composite(method="nonzero_static", out=True)
def nonzero_static(input: Any, *, size: int, fill_value: int = -1) -> Any:
    """The first `size` rows of `nonzero`; where there are fewer, rows of `fill_value`.

    >>> tn.nonzero_static(tn.tensor([0, 5, 7]), size=3)
    tensor([[ 1],
            [ 2],
            [-1]])
    """
    if size < 0:
        raise RuntimeError(f"nonzero_static: 'size' must be an non-negative integer, got {size}")
    places = np.argwhere(input._data if isinstance(input, Tensor) else input)[:size]
    found = np.full((size, input.ndim), fill_value, np.int64)
    found[: len(places)] = places
    return wrap(found) if isinstance(input, Tensor) else found


acts("linear", _masked_fill)
