"""Indexing: NumPy's and PyTorch's basic and advanced forms, for get and set."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core import dtypes
from autotn.core.methods import attach_method
from autotn.core.op import Arr, acts, op
from autotn.core.tensor import Tensor
from autotn.kernels import scatter as scatter_kernels

__all__: list[str] = []


def plain_index(index: Any) -> Any:
    """An index with Tensors as arrays, lists of numbers as arrays, 0-d integer arrays as ints."""
    if isinstance(index, tuple):
        return tuple(plain_index(i) for i in index)
    if isinstance(index, Tensor):
        index = index._data
    if isinstance(index, (list, range)):
        index = np.asarray([plain_index(i) if isinstance(i, (Tensor, list)) else i for i in index])
        if index.size == 0:
            index = index.astype(np.int64)
    if isinstance(index, np.ndarray):
        if index.dtype == np.uint8:
            index = index.astype(np.bool_)
        if index.dtype.kind not in "biu":
            raise IndexError(
                f"tensors used as indices must be long, int, byte or bool tensors, got {index.dtype}"
                + ("; give index.long()" if index.dtype.kind == "f" else "")
            )
        if index.ndim == 0 and index.dtype.kind in "iu" and type(index) is np.ndarray:
            return int(index)
    return index


def is_basic(index: Any) -> bool:
    """True when the result is a view: only ints, slices, None and ``...``."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(i is None or i is Ellipsis or (isinstance(i, (slice, int)) and not isinstance(i, bool))
               or isinstance(i, np.integer) for i in parts)  # fmt: skip


def _misfit(input: Any, index: Any) -> IndexError:
    """Why an index picks nothing: which of its parts does not fit which dimension."""
    parts = index if isinstance(index, tuple) else (index,)
    shape = input.shape
    wide = [p.ndim if isinstance(p, np.ndarray) and p.dtype == bool else int(p is not None)
            for p in parts if p is not Ellipsis]  # fmt: skip
    if not shape:
        return IndexError(
            "invalid index of a 0-dim tensor: it has one element and no dimensions; use tensor.item() "
            "for the Python number"
        )
    if sum(wide) > len(shape):
        return IndexError(
            f"too many indices for tensor of dimension {len(shape)}: got {sum(wide)} for shape {shape}"
        )
    missing = len(shape) - sum(wide)
    axis = 0
    for part in parts:
        if part is Ellipsis:
            axis += missing
            continue
        if part is None:
            continue
        if isinstance(part, np.ndarray) and part.dtype == bool:
            if part.shape != shape[axis : axis + part.ndim]:
                return IndexError(
                    f"The shape of the mask {list(part.shape)} does not match the shape of the indexed "
                    f"tensor {list(shape)} at dimension {axis}: a mask has one bool for each of its "
                    f"{shape[axis]} places"
                )
            axis += part.ndim
            continue
        n = shape[axis]
        numbers = np.asarray(0 if isinstance(part, slice) else part)
        bad = (numbers < -n) | (numbers >= n)
        if bad.any():
            where = tuple(int(k) for k in np.argwhere(bad)[0])
            at = f" (at position {where} of the index)" if where else ""
            return IndexError(
                f"index {int(numbers[where])}{at} is out of bounds for dimension {axis} with size {n}: "
                f"its places are 0 to {n - 1}, or -{n} to -1 from the end"
            )
        axis += 1
    return IndexError("shapes of the indices do not broadcast together")


@op(view=True)
def _getitem(input: Arr, index: Any) -> Arr:
    """The elements an index picks: a view for basic indices, a copy for arrays of indices.

    >>> tn.tensor([[1, 2], [3, 4]])[:, 0]
    tensor([1, 3])
    """
    try:
        found = input[index]
    except IndexError:
        raise _misfit(input, index) from None
    if not isinstance(found, np.ndarray):
        found = input[(*index, ...) if isinstance(index, tuple) else (index, ...)]
    if not found.flags.c_contiguous and not is_basic(index):
        return np.ascontiguousarray(found)  # NumPy lays out x[:, indices] column by column
    return found


def _getitem_rule(g: Any, input_shape: tuple[int, ...], index: Any) -> Any:
    return put_into_zeros(g, input_shape, index)


@op()
def put_into_zeros(input: Arr, shape: tuple[int, ...], index: Any) -> Arr:
    """`input` added into zeros of `shape` at `index`, repeated places included: getitem's transpose.

    >>> from autotn.ops.index import put_into_zeros
    >>> put_into_zeros(tn.tensor([1.0, 2.0]), (3,), np.array([1, 1]))
    tensor([0., 3., 0.])
    """
    result = np.zeros(shape, input.dtype)
    if is_basic(index):
        result[index] = input
    elif (
        isinstance(index, np.ndarray)
        and index.dtype.kind in "iu"
        and index.ndim == 1
        and len(shape) > 1
    ):
        # Whole rows: sorted and summed, several times quicker than one by one.
        return scatter_kernels.index_add(
            result, 0, index % shape[0], np.broadcast_to(input, (len(index), *shape[1:]))
        )
    else:
        np.add.at(result, index, input)
    return result


put_into_zeros.grad(input=lambda g, index: _getitem(g, index))
_getitem.grad(input=_getitem_rule)


@attach_method("__getitem__")
def getitem(self: Tensor, index: Any) -> Tensor:
    """``x[index]``."""
    return _getitem(self, plain_index(index))


@op(promote="free")
def _index_put(input: Arr, index: Any, value: Arr) -> Arr:
    """A copy of `input` that holds `value` at `index`: what ``input[index] = value`` leaves.

    >>> x = tn.zeros(3)
    >>> x[[0, 2]] = tn.tensor([1.0, 2.0]); x
    tensor([1., 0., 2.])
    """
    result = input.copy()
    result[index] = value
    return result


def _index_put_input(g: Any, index: Any, value_shape: tuple[int, ...]) -> Any:
    return _index_put(g, index, g.dtype.type(0) if isinstance(g, np.ndarray) else g.new_zeros(()))


def _index_put_value(g: Any, index: Any, value_shape: tuple[int, ...]) -> Any:
    from autotn.core.call import sum_to

    return sum_to(_getitem(g, index), value_shape)


_index_put.grad(input=_index_put_input, value=_index_put_value)


@attach_method("__setitem__")
def setitem(self: Tensor, index: Any, value: Any) -> None:
    """``x[index] = value``."""
    from autotn.core import inplace
    from autotn.core.call import cast
    from autotn.core.tensor import wrap

    index = plain_index(index)
    inplace.check_writable("setitem", self)
    if isinstance(value, (bool, int, float, complex)):
        value = wrap(dtypes.number(value, self._data.dtype))
    elif not isinstance(value, Tensor):
        value = wrap(np.asarray(value, self._data.dtype))
    elif value._data.dtype != self._data.dtype:
        value = cast(value, self.dtype)
    if is_basic(index):
        part = _getitem(self, index)
        part.copy_(_without_leading_ones(value, part._data.ndim))
        return
    if value._data.ndim > 1 and value._data.shape[0] == 1:
        value = _without_leading_ones(value, self._data[index].ndim)
    old = self._alias()
    old._node = self._node
    inplace.write("setitem", self, _index_put(old, index, value))


def _without_leading_ones(value: Any, ndim: int) -> Any:
    """`value` without dimensions of size 1 at the front that the place it goes to does not have."""
    while value._data.ndim > ndim and value._data.shape[0] == 1:
        value = value.reshape(value._data.shape[1:])
    return value


acts("linear", _getitem, put_into_zeros, _index_put)
