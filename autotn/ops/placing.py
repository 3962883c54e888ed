"""Writing at places named by index: `put` counts through the flattened tensor, `index_put` by dimension."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core.op import composite
from autotn.core.tensor import Tensor, wrap
from autotn.errors import DTypeError, ShapeError
from autotn.ops.gather import _scatter, scatter_add
from autotn.ops.index import _getitem, _index_put, plain_index, put_into_zeros

__all__ = ["index_put", "put"]


def _same_dtype(name: str, what: str, input: Any, values: Any) -> None:
    if input.dtype != values.dtype:
        raise DTypeError(
            f"{name}: expected input and {what} to have the same dtype, got {input.dtype} and "
            f"{values.dtype}"
        )


@composite(method="put", inplace=True)
def put(input: Any, index: Any, source: Any, accumulate: bool = False) -> Any:
    """A copy of `input` that holds `source` where `index` says, counted through the flattened input.

    >>> tn.put(tn.zeros(2, 2), tn.tensor([1, 3]), tn.tensor([5.0, 7.0]))
    tensor([[0., 5.],
            [0., 7.]])
    """
    _same_dtype("put", "source", input, source)
    at = index._data if isinstance(index, Tensor) else np.asarray(index)
    if at.dtype.kind not in "iu":
        raise DTypeError(f"put: Expected a long tensor for index, but got {at.dtype}")
    shape = tuple(input.shape)
    count = int(np.prod(shape))
    values = source.reshape((-1,))
    if at.size != values.shape[0]:
        raise ShapeError(
            f"put: Expected source and index to have the same number of elements, but got "
            f"{values.shape[0]} and {at.size}"
        )
    if at.size and (at.min() < -count or at.max() >= count):
        raise IndexError(f"put: out of range: tried to access an index of {count} elements")
    places = at.reshape(-1) % max(count, 1)
    write = scatter_add if accumulate else _scatter
    return write(input.reshape((count,)), 0, places, values).reshape(shape)


@composite(method="index_put", inplace=True)
def index_put(input: Any, indices: Any, values: Any, accumulate: bool = False) -> Any:
    """A copy of `input` that holds `values` at ``input[indices]``, or has them added there.

    >>> tn.index_put(tn.zeros(3), (tn.tensor([2, 0]),), tn.tensor([5.0, 7.0]))
    tensor([7., 0., 5.])
    """
    _same_dtype("index_put", "values", input, values)
    index = tuple(slice(None) if i is None else plain_index(i) for i in indices)
    if not accumulate:
        return _index_put(input, index, values)
    picked = tuple(_getitem(input, index).shape)
    if isinstance(values, Tensor):
        spread = values.expand(picked)
    else:
        spread = np.broadcast_to(values, picked)
    added = put_into_zeros(spread, tuple(input.shape), index)
    return input + (
        added if isinstance(added, Tensor) or not isinstance(input, Tensor) else wrap(added)
    )
