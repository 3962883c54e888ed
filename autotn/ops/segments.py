"""Reductions of consecutive pieces of unequal lengths."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core.op import composite
from autotn.core.tensor import Tensor, check_dim, wrap
from autotn.errors import DTypeError, ShapeError
from autotn.ops.compare import where
from autotn.ops.create import full
from autotn.ops.gather import scatter_add, scatter_reduce

__all__ = ["segment_reduce"]

#: What each reduction begins with, which is the result of an empty segment, and PyTorch's second names.
_EMPTY = {
    "sum": 0.0,
    "mean": float("nan"),
    "prod": 1.0,
    "amax": -float("inf"),
    "amin": float("inf"),
}
_ALSO = {"max": "amax", "min": "amin"}


def _lengths(lengths: Any, offsets: Any, indices: Any) -> Any:
    """The length of each segment, and before it where the first one begins."""
    if lengths is None and offsets is None:
        if indices is not None:
            raise NotImplementedError(
                "segment_reduce: give lengths or offsets; indices is not taken"
            )
        raise RuntimeError("segment_reduce: either lengths or offsets must be given")
    given = offsets if lengths is None else lengths
    values = given._data if isinstance(given, Tensor) else np.asarray(given)
    if values.dtype.kind not in "iu":
        raise DTypeError(f"segment_reduce: lengths and offsets are integers, got {given.dtype}")
    if not values.ndim:
        raise ShapeError("segment_reduce: lengths and offsets have a number per segment, got one")
    if lengths is not None:
        return np.zeros((*values.shape[:-1], 1), np.int64), values.astype(np.int64)
    return values[..., :1].astype(np.int64), np.diff(values.astype(np.int64), axis=-1)


def _segments(shape: tuple[int, ...], axis: int, start: Any, lengths: Any, unsafe: bool) -> Any:
    """To which segment each place along `axis` belongs; one more takes what is in none."""
    if lengths.ndim != axis + 1 or lengths.shape[:-1] != shape[:axis]:
        raise ShapeError(
            f"segment_reduce: lengths along axis {axis} of data of shape {shape} have shape "
            f"{(*shape[:axis], 'segments')}, got {lengths.shape}"
        )
    size, count = shape[axis], lengths.shape[-1]
    if (lengths < 0).any():
        raise RuntimeError("segment_reduce: lengths contains a negative value")
    ends = start + np.cumsum(lengths, -1)
    total = ends[..., -1] if count else start[..., 0]
    if (
        (total > size).any()
        or (start < 0).any()
        or (not unsafe and (total - start[..., 0] != size).any())
    ):
        raise ShapeError(
            f"segment_reduce: the lengths must add up to data.size({axis}), which is {size}; "
            f"got {lengths.tolist()}"
        )
    place = np.arange(size)
    found = (place >= ends[..., None]).sum(-2) if count else np.zeros((*shape[:axis], size), int)
    return np.where(place < start, count, found)


@composite()
def segment_reduce(
    data: Any,
    reduce: str,
    *,
    lengths: Any = None,
    indices: Any = None,
    offsets: Any = None,
    axis: int = 0,
    unsafe: bool = False,
    initial: Any = None,
) -> Any:
    """Reduce consecutive segments of a dimension, each of a length of its own.

    Parameters
    ----------
    reduce : str
        ``"sum"``, ``"mean"``, ``"max"``, ``"min"`` or ``"prod"``.
    lengths, offsets : Tensor
        How long the segments are, or where they begin and the last one ends; for data of several dimensions
        before `axis`, for each index of those.
    unsafe : bool
        Segments need not cover everything.
    initial : number
        Takes part in every segment, and is the result of an empty one.

    >>> tn.segment_reduce(tn.tensor([1.0, 2.0, 5.0]), "sum", lengths=tn.tensor([2, 0, 1]))
    tensor([3., 0., 5.])
    """
    kind = _ALSO.get(reduce, reduce)
    if kind not in _EMPTY or reduce in _ALSO.values():
        raise RuntimeError(
            f"segment_reduce: reduce must be 'sum', 'mean', 'max', 'min' or 'prod', got {reduce!r}"
        )
    if not data.is_floating_point():
        raise DTypeError(f"segment_reduce: data must be floating-point, got {data.dtype}")
    start, sizes = _lengths(lengths, offsets, indices)
    axis = check_dim("segment_reduce", axis, data.ndim)
    shape = tuple(data.shape)
    segments = _segments(shape, axis, start, sizes, unsafe)
    rest = (1,) * (data.ndim - axis - 1)
    index = wrap(np.broadcast_to(segments.reshape(*segments.shape, *rest), shape))
    count = sizes.shape[-1]
    out = (*shape[:axis], count + 1, *shape[axis + 1 :])
    begin = _EMPTY[kind] if initial is None else initial
    if kind in ("sum", "mean"):
        first = 0.0 if initial is None else initial
        result = scatter_add(full(out, first, dtype=data.dtype), axis, index, data)
    else:
        base = full(out, begin if kind == "prod" else 0.0, dtype=data.dtype)
        result = scatter_reduce(base, axis, index, data, kind, include_self=kind == "prod")
    result = result.narrow(axis, 0, count)
    if kind in ("sum", "prod"):
        return result
    if kind == "mean":
        result = result / wrap(np.maximum(sizes, 1).reshape(*sizes.shape, *rest)).to(data.dtype)
    result = where(wrap(np.equal(sizes, 0).reshape(*sizes.shape, *rest)), begin, result)
    if kind == "mean" or initial is None:
        return result
    # A tie with `initial` leaves the whole gradient to the data.
    beaten = result < initial if kind == "amax" else result > initial
    return where(beaten, initial, result)
