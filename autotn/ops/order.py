"""Order: sorting, the k largest, medians and quantiles, unique elements, searching in sorted ones."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from autotn.core.op import Arr, Fixed, acts, composite, op
from autotn.core.tensor import Tensor, check_dim, wrap
from autotn.core.traced import is_traced
from autotn.errors import DTypeError
from autotn.kernels.sorting import stable_order
from autotn.ops.extremes import picked, put_back, shared

__all__ = [
    "argsort", "bucketize", "isin", "kthvalue", "median", "mode", "msort", "nanmedian", "nanquantile", "quantile",
    "searchsorted", "sort", "topk", "unique", "unique_consecutive",
]  # fmt: skip


class SortResult(NamedTuple):
    """The results of `sort`."""

    values: Any
    indices: Any


class TopkResult(NamedTuple):
    """The results of `topk`."""

    values: Any
    indices: Any


class KthvalueResult(NamedTuple):
    """The results of `kthvalue`."""

    values: Any
    indices: Any


class MedianResult(NamedTuple):
    """The results of ``median(dim)``."""

    values: Any
    indices: Any


class ModeResult(NamedTuple):
    """The results of `mode`."""

    values: Any
    indices: Any


@op(aux=("indices",))
def _sort(input: Arr, dim: int, descending: bool) -> tuple[Arr, Arr]:
    """Each line in order, and where its elements came from.

    >>> tn.sort(tn.tensor([3.0, 1.0])).values
    tensor([1., 3.])
    """
    axis = check_dim("sort", dim, input.ndim)
    if input.ndim == 0:
        return SortResult(input.copy(), np.zeros((), np.int64)), (np.zeros((), np.int64),)
    indices = stable_order(input, axis, descending)
    return SortResult(np.take_along_axis(input, indices, axis), indices), (indices,)


_sort.grad(
    input=lambda g, indices, input_shape, dim: put_back(g, indices, input_shape, dim, keepdim=True)
)
_sort.tangent(input=lambda t, indices, dim: picked(t, indices, dim, keepdim=True))


@composite(method="sort", out=True)
def sort(input: Any, dim: Any = -1, descending: bool = False, stable: bool = False) -> Any:
    """Each line along `dim` in order (equal elements keep theirs), and where its elements came from.

    >>> tn.sort(tn.tensor([3.0, 1.0, 2.0]), descending=True).indices
    tensor([0, 2, 1])
    """
    if isinstance(dim, bool):
        dim, descending = -1, dim
    return _sort(input, dim, bool(descending))


@composite(method="argsort", numpy=np.argsort)
def argsort(input: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    """Where the elements of each line, put in order, come from.

    >>> tn.argsort(tn.tensor([3.0, 1.0, 2.0]))
    tensor([1, 2, 0])
    """
    return _sort(input.detach() if isinstance(input, Tensor) else input, dim, bool(descending))[1]


@composite(method="msort", out=True, numpy=np.sort)
def msort(input: Any) -> Any:
    """The elements in order along the first dimension.

    >>> tn.msort(tn.tensor([3.0, 1.0]))
    tensor([1., 3.])
    """
    return _sort(input, 0, False)[0]


def _leading(x: Any, k: int, axis: int, largest: bool) -> Any:
    """Where the k largest of each line stand, in order: of few, only they are sorted."""
    size = x.shape[axis]
    before = (slice(None),) * axis
    if 4 * k > size or size < 64:
        return stable_order(x, axis, largest)[(*before, slice(0, k))]
    cut = size - k if largest else k
    chosen = np.argpartition(x, cut if largest else cut - 1, axis)
    chosen = chosen[(*before, slice(cut, None) if largest else slice(0, cut))]
    chosen = np.sort(chosen, axis)  # so that equal elements stay in order
    order = stable_order(np.take_along_axis(x, chosen, axis), axis, largest)
    return np.take_along_axis(chosen, order, axis)


@op(aux=("indices",))
def _topk(input: Arr, k: int, dim: int, largest: bool) -> tuple[Arr, Arr]:
    """The k largest of each line, and where they stand.

    >>> tn.topk(tn.tensor([1.0, 3.0, 2.0]), 2).values
    tensor([3., 2.])
    """
    axis = check_dim("topk", dim, input.ndim)
    if not 0 <= k <= (input.shape[axis] if input.ndim else 1):
        raise RuntimeError("topk: selected index k out of range")
    if input.ndim == 0:
        return TopkResult(input.copy(), np.zeros((), np.int64)), (np.zeros((), np.int64),)
    indices = _leading(input, k, axis, largest)
    return TopkResult(np.take_along_axis(input, indices, axis), indices), (indices,)


_topk.grad(
    input=lambda g, indices, input_shape, dim: put_back(g, indices, input_shape, dim, keepdim=True)
)
_topk.tangent(input=lambda t, indices, dim: picked(t, indices, dim, keepdim=True))


@composite(method="topk", out=True)
def topk(input: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    """The `k` largest (or smallest) elements of each line, in order, and where they stand.

    >>> tn.topk(tn.tensor([1.0, 3.0, 2.0]), 2)
    TopkResult(values=tensor([3., 2.]), indices=tensor([1, 2]))
    """
    return _topk(input, int(k), dim, bool(largest))


@op(aux=("indices",))
def _kth(input: Arr, k: int, dim: int, keepdim: bool, what: str) -> tuple[Arr, Arr]:
    """The element number k of each line put in order, counted from 1.

    >>> tn.kthvalue(tn.tensor([3.0, 1.0, 2.0]), 2).values
    tensor(2.)
    """
    kind: Any = {"kthvalue": KthvalueResult}.get(what, MedianResult)
    axis = check_dim(what, dim, input.ndim)
    if input.ndim == 0:
        if what == "kthvalue" and k != 1:
            raise RuntimeError("kthvalue: selected number k out of range for dimension 0")
        return kind(input.copy(), np.zeros((), np.int64)), (np.zeros((), np.int64),)
    size = input.shape[axis]
    if size == 0:
        raise IndexError(f"{what}: Expected reduction dim {axis} to have non-zero size.")
    values = _ranked(input, axis, k, what)
    hit = input == values
    if input.dtype.kind in "fV":
        hit |= np.isnan(input) & np.isnan(values)
    indices = hit.argmax(axis, keepdims=True)
    if not keepdim:
        values, indices = values.squeeze(axis), indices.squeeze(axis)
    return kind(values, indices), (indices,)


def _ranked(input: Any, axis: int, k: int, what: str) -> Any:
    """The element that counts of each line; a median is NaN where a NaN is, except for nanmedian."""
    size = input.shape[axis]
    if what == "kthvalue" and not 1 <= k <= size:
        raise RuntimeError(f"kthvalue: selected number k out of range for dimension {axis}")
    rank = k - 1 if what == "kthvalue" else (size - 1) // 2
    nans = np.isnan(input) if what != "kthvalue" and input.dtype.kind in "fV" else None
    if nans is None or not nans.any():
        return np.take(np.partition(input, rank, axis), [rank], axis)
    if what == "median":
        values = np.take(np.partition(input, rank, axis), [rank], axis)
        np.copyto(values, np.nan, where=nans.any(axis, keepdims=True))
        return values
    # Each line has a middle of its own: NaN is sorted behind everything.
    counts = size - nans.sum(axis, keepdims=True)
    return np.take_along_axis(np.sort(input, axis), np.maximum((counts - 1) // 2, 0), axis)


_kth.grad(
    input=lambda g, indices, input_shape, dim, keepdim: put_back(
        g, indices, input_shape, dim, keepdim
    )
)


@composite(method="kthvalue", out=True)
def kthvalue(input: Any, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    """The `k`-th smallest element of each line, and where it stands.

    >>> tn.kthvalue(tn.tensor([3.0, 1.0, 2.0]), 2).values
    tensor(2.)
    """
    return _kth(input, int(k), dim, keepdim, "kthvalue")


@op()
def _middle(input: Arr, what: str, dim: Any = None, keepdim: bool = False) -> Arr:
    """The median of all; equal ones share the gradient.

    >>> tn.median(tn.tensor([3.0, 1.0, 2.0]))
    tensor(2.)
    """
    return _ranked(input, 0, 0, what)[0]


_middle.grad(input=shared)
acts("reducing", _middle)


def _median(name: str, input: Any, dim: Any, keepdim: bool) -> Any:
    if dim is None:
        if not (input._data if isinstance(input, Tensor) else input).size:
            return input.reshape((-1,)).sum() * float("nan")
        return _middle(input.reshape((-1,)), name)
    return _kth(input, 0, dim, keepdim, name)


@composite(method="median", out=True)
def median(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The middle element (the lower one of two), of all or of each line.

    >>> tn.median(tn.tensor([3.0, 1.0, 2.0, 5.0]))
    tensor(2.)
    """
    return _median("median", input, dim, keepdim)


@composite(method="nanmedian", out=True)
def nanmedian(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """`median` of the elements that are not NaN.

    >>> tn.nanmedian(tn.tensor([3.0, float("nan"), 1.0]))
    tensor(1.)
    """
    return _median("nanmedian", input, dim, keepdim)


@op(aux=("indices",))
def _mode(input: Arr, dim: int, keepdim: bool) -> tuple[Arr, Arr]:
    """The commonest element of each line (the smallest, if several), and where it last stands.

    >>> tn.mode(tn.tensor([1.0, 2.0, 2.0])).values
    tensor(2.)
    """
    axis = check_dim("mode", dim, input.ndim)
    if input.ndim == 0:
        return ModeResult(input.copy(), np.zeros((), np.int64)), (np.zeros((), np.int64),)
    lines = np.moveaxis(input, axis, -1)
    ordered = np.sort(lines, -1)
    places = np.arange(lines.shape[-1])
    new = np.ones(lines.shape, bool)
    new[..., 1:] = ordered[..., 1:] != ordered[..., :-1]
    # How many equal ones stand up to each place: the longest run ends where that is largest.
    counts = places - np.maximum.accumulate(np.where(new, places, 0), -1)
    best = np.take_along_axis(ordered, counts.argmax(-1, keepdims=True), -1)
    hit = lines == best
    if lines.dtype.kind in "fV":
        hit |= np.isnan(lines) & np.isnan(best)
    indices = lines.shape[-1] - 1 - np.flip(hit, -1).argmax(-1)
    values = np.take_along_axis(lines, indices[..., None], -1)[..., 0]
    if keepdim:
        values, indices = np.expand_dims(values, axis), np.expand_dims(indices, axis)
    return ModeResult(values, indices), (indices,)


_mode.grad(
    input=lambda g, indices, input_shape, dim, keepdim: put_back(
        g, indices, input_shape, dim, keepdim
    )
)

for _one in (_kth, _mode):
    _one.tangent(input=lambda t, indices, dim, keepdim: picked(t, indices, dim, keepdim))


@composite(method="mode", out=True)
def mode(input: Any, dim: int = -1, keepdim: bool = False) -> Any:
    """The commonest element of each line (the smallest, if several), and where it stands.

    >>> tn.mode(tn.tensor([1.0, 2.0, 2.0])).values
    tensor(2.)
    """
    return _mode(input, dim, keepdim)


def _quantile(
    name: str, input: Any, q: Any, dim: Any, keepdim: bool, interpolation: str, ignore_nan: bool
) -> Any:
    from autotn.ops.gather import gather
    from autotn.ops.shape import movedim

    methods = ("linear", "lower", "higher", "midpoint", "nearest")
    if interpolation not in methods:
        raise RuntimeError(
            f"{name}: interpolation must be one of {', '.join(methods)}, but got {interpolation}"
        )
    kind = (input._data if isinstance(input, Tensor) else input).dtype.kind
    if kind not in "fV":
        raise DTypeError(
            f"{name}: input tensor must be floating-point, got {input.dtype}; use .float()"
        )
    points = q._data if isinstance(q, Tensor) else np.asarray(q)
    if points.ndim > 1:
        raise RuntimeError(f"{name}: q must be a scalar or 1D tensor")
    if ((points < 0) | (points > 1)).any():
        raise RuntimeError(f"{name}: q values must be in the range [0, 1]")
    ndim = input.ndim
    if dim is None:
        flat = input.reshape((-1,))
        axis = 0
    else:
        axis = check_dim(name, dim, ndim)
        flat = movedim(input, axis, -1) if ndim else input.reshape((1,))
    ordered = _sort(flat, -1, False)[0]
    data = ordered._data if isinstance(ordered, Tensor) else ordered
    size = data.shape[-1]
    if not data.size:
        raise RuntimeError(f"{name}: input tensor must be non-empty")
    nans = np.isnan(data).sum(-1, keepdims=True)
    count = np.maximum(size - nans, 1) if ignore_nan else np.full_like(nans, size)
    rank = points.reshape(-1).astype(data.dtype) * (count - 1).astype(data.dtype)
    if not ignore_nan:
        rank = np.where(nans > 0, size - 1, rank)
    low, high = np.floor(rank).astype(np.int64), np.ceil(rank).astype(np.int64)
    exact: Any = rank
    if isinstance(q, Tensor):  # the interpolated value moves with q
        exact = q.reshape((-1,)) * wrap((count - 1).astype(data.dtype))
    if interpolation == "lower":
        found = gather(ordered, -1, low)
    elif interpolation == "higher":
        found = gather(ordered, -1, high)
    elif interpolation == "nearest":
        found = gather(ordered, -1, np.rint(rank).astype(np.int64))
    else:
        if interpolation == "linear":
            share = exact - low.astype(data.dtype)
        else:
            share = np.where(low == high, 0, 0.5).astype(data.dtype)
        below = gather(ordered, -1, low)
        found = below + (gather(ordered, -1, high) - below) * share
    found = movedim(found, -1, 0)
    if keepdim:
        if dim is None:
            found = found.reshape((len(found), *(1,) * ndim))
        elif ndim:
            shape = tuple(found.shape)
            found = found.reshape((shape[0], *shape[1 : axis + 1], 1, *shape[axis + 1 :]))
    if points.ndim == 0:
        found = found[0]
    return found


@composite(method="quantile", out=True)
def quantile(
    input: Any, q: Any, dim: Any = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> Any:
    """The value below which the fraction `q` of the elements lies.

    >>> tn.quantile(tn.tensor([1.0, 2.0, 3.0]), 0.5)
    tensor(2.)
    """
    return _quantile("quantile", input, q, dim, keepdim, interpolation, ignore_nan=False)


@composite(method="nanquantile", out=True)
def nanquantile(
    input: Any, q: Any, dim: Any = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> Any:
    """`quantile` of the elements that are not NaN.

    >>> tn.nanquantile(tn.tensor([1.0, float("nan"), 3.0]), 0.5)
    tensor(2.)
    """
    return _quantile("nanquantile", input, q, dim, keepdim, interpolation, ignore_nan=True)


# -- sets ------------------------------------------------------------------------------------------------


def _plain(x: Any) -> Any:
    return x._data if isinstance(x, Tensor) else np.asarray(x)


@composite(method="unique")
def unique(
    input: Any, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim: Any = None,
) -> Any:  # fmt: skip
    """The different elements, in order; where each input element is among them; how often each occurs.

    >>> tn.unique(tn.tensor([3, 1, 3]), return_counts=True)
    (tensor([1, 3]), tensor([1, 2]))
    """
    values = _plain(input)
    axis = None if dim is None else check_dim("unique", dim, values.ndim)
    found, inverse, counts = np.unique(
        values, return_inverse=True, return_counts=True, axis=axis, equal_nan=False
    )
    inverse = inverse.reshape(values.shape if axis is None else (values.shape[axis],))
    parts = [wrap(found)]
    if return_inverse:
        parts.append(wrap(inverse.astype(np.int64)))
    if return_counts:
        parts.append(wrap(counts.astype(np.int64)))
    return parts[0] if len(parts) == 1 else tuple(parts)


@composite(method="unique_consecutive")
def unique_consecutive(
    input: Any, return_inverse: bool = False, return_counts: bool = False, dim: Any = None
) -> Any:
    """The elements with repetitions side by side taken out.

    >>> tn.unique_consecutive(tn.tensor([1, 1, 2, 1]))
    tensor([1, 2, 1])
    """
    values = _plain(input)
    lines = (
        values.reshape(-1)
        if dim is None
        else np.moveaxis(values, check_dim("unique", dim, values.ndim), 0)
    )
    count = len(lines)
    fresh = np.ones(count, np.bool_)
    if count > 1:
        differs = lines[1:] != lines[:-1]
        fresh[1:] = differs.reshape(count - 1, -1).any(1)
    kept = lines[fresh]
    if dim is not None:
        kept = np.ascontiguousarray(np.moveaxis(kept, 0, check_dim("unique", dim, values.ndim)))
    parts = [wrap(kept)]
    group = np.cumsum(fresh) - 1
    if return_inverse:
        parts.append(
            wrap(group.reshape(values.shape if dim is None else (count,)).astype(np.int64))
        )
    if return_counts:
        parts.append(wrap(np.bincount(group, minlength=int(fresh.sum())).astype(np.int64)))
    return parts[0] if len(parts) == 1 else tuple(parts)


@composite(out=True)
def isin(
    elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False
) -> Tensor:
    """True where an element is among `test_elements`.

    >>> tn.isin(tn.tensor([1, 2, 3]), tn.tensor([2]))
    tensor([False,  True, False])
    """
    for x in (elements, test_elements):
        if isinstance(x, Tensor) and x._data.dtype.kind in "bc":
            raise DTypeError(f"isin: not implemented for {x.dtype}; it takes integers and floats")
    pair = _plain(elements), _plain(test_elements)
    if any(is_traced(x) for x in pair):
        found = (wrap(pair[0][..., None]) == wrap(pair[1].reshape(-1))).any(-1)
        return ~found if invert else found
    return wrap(np.asarray(np.isin(*pair, invert=invert)))


@op(method="", promote="free")
def _searchsorted(sorted_sequence: Fixed, input: Fixed, right: bool, as_int32: bool) -> Arr:
    """Where each value would be inserted to keep the order.

    >>> tn.searchsorted(tn.tensor([1, 3, 5]), tn.tensor([3]))
    tensor([1])
    """
    for x in (sorted_sequence, input):
        if x.dtype.kind == "c":
            raise DTypeError(
                f"searchsorted: not implemented for {x.dtype}; complex numbers have no order"
            )
    side: Any = "right" if right else "left"
    kind = np.int32 if as_int32 else np.int64
    if sorted_sequence.ndim == 1:
        return np.searchsorted(sorted_sequence, input, side).astype(kind)
    if sorted_sequence.shape[:-1] != input.shape[:-1]:
        raise RuntimeError(
            "searchsorted: boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor "
            f"and input value tensor must match, but we got {sorted_sequence.shape} and {input.shape}"
        )
    count = math.prod(input.shape[:-1])
    rows = sorted_sequence.reshape(count, sorted_sequence.shape[-1])
    values = input.reshape(count, input.shape[-1])
    found = [np.searchsorted(r, v, side) for r, v in zip(rows, values, strict=True)]
    return np.array(found, kind).reshape(input.shape)


@composite()
def searchsorted(
    sorted_sequence: Any, input: Any, *, out_int32: bool = False, right: bool = False, side: Any = None,
    sorter: Any = None, out: Any = None,
) -> Any:  # fmt: skip
    """Where each value would be inserted into a sorted sequence (or line by line) to keep the order.

    >>> tn.searchsorted(tn.tensor([1, 3, 5]), tn.tensor([3, 6]))
    tensor([1, 3])
    """
    if side is not None:
        if side not in ("left", "right"):
            raise RuntimeError(f"searchsorted: side can only be 'left' or 'right' but got {side}")
        right = side == "right"
    sequence = sorted_sequence
    if sorter is not None:
        sequence = wrap(np.take_along_axis(_plain(sequence), _plain(sorter), -1))
    if not isinstance(input, (Tensor, np.ndarray)):
        input = wrap(np.asarray(input))
    found = _searchsorted(sequence, input, right, out_int32)
    if out is None:
        return found
    from autotn.core.inplace import write_out

    return write_out("searchsorted", out, found, ())


@composite()
def bucketize(
    input: Any, boundaries: Any, *, out_int32: bool = False, right: bool = False, out: Any = None
) -> Any:
    """Which interval between `boundaries` each element falls into.

    >>> tn.bucketize(tn.tensor([2, 7]), tn.tensor([1, 3, 5]))
    tensor([1, 3])
    """
    return searchsorted(boundaries, input, out_int32=out_int32, right=right, out=out)


_NO_ORDER = "Complex numbers have no order"
_sort.takes("bif", _NO_ORDER)
for _ordered in (_topk, _kth, _middle):
    _ordered.takes("if", _NO_ORDER)
