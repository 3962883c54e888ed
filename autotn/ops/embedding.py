"""Embedding: rows of a table by number."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core.inplace import mark_written
from autotn.core.node import here
from autotn.core.op import Arr, Fixed, acts, composite, op
from autotn.core.tensor import Tensor, wrap
from autotn.core.traced import is_traced
from autotn.errors import DTypeError, ShapeError
from autotn.kernels.scatter import sum_rows
from autotn.ops.gather import add_slices, gather

__all__ = ["embedding", "embedding_bag"]

FUNCTIONAL = ("one_hot",)


def _check_rows(name: str, indices: Any, count: int) -> None:
    if indices.dtype.kind not in "iu":
        raise DTypeError(
            f"{name}: expected indices of an integer dtype, got {indices.dtype}; use .long()"
        )
    if indices.size and (indices.min() < 0 or indices.max() >= count):
        where = tuple(int(k) for k in np.argwhere((indices < 0) | (indices >= count))[0])
        raise IndexError(
            f"{name}: index out of range: index {int(indices[where])} at position {where}, but the "
            "table has "
            f"{count} rows, numbered 0 to {count - 1}"
        )


@op()
def _embedding(weight: Arr, input: Fixed, padding_idx: int) -> Arr:
    """The rows of a table that the indices name.

    >>> F.embedding(tn.tensor([1]), tn.tensor([[1.0], [2.0]]))
    tensor([[2.]])
    """
    _check_rows("embedding", input, weight.shape[0])
    return weight.take(input, 0)


def _embedding_rule(g: Any, input: Any, padding_idx: int, weight_shape: tuple[int, ...]) -> Any:
    flat, rows = input.reshape(-1), g.reshape((-1, *weight_shape[1:]))
    if padding_idx >= 0:
        keep = (flat != padding_idx).reshape((-1,) + (1,) * (len(weight_shape) - 1))
        rows = rows * keep.astype((g._data if isinstance(g, Tensor) else g).dtype)
    if rows.__class__ is np.ndarray:
        return sum_rows(flat, rows, weight_shape[0])
    return add_slices(rows, tuple(weight_shape), 0, flat)


_embedding.grad(weight=_embedding_rule)


def _renormalise(weight: Any, indices: Any, max_norm: float, norm_type: float) -> None:
    """Shrink the rows in use to a norm of at most `max_norm`, in place and unrecorded."""
    table = weight._data if isinstance(weight, Tensor) else weight
    used = np.unique(indices)
    norms = np.linalg.norm(table[used], norm_type, axis=1)
    long = norms > max_norm
    if long.any():
        factor = (max_norm / (norms[long] + 1e-7)).astype(table.dtype)
        table[used[long]] *= factor[:, None]
        if isinstance(weight, Tensor):
            mark_written(weight, here())


def _padding(name: str, padding_idx: Any, rows: int) -> int:
    if padding_idx is None:
        return -1
    if not -rows <= padding_idx < rows:
        raise AssertionError(
            f"{name}: Padding_idx must be within num_embeddings ({rows}), got {padding_idx}"
        )
    return int(padding_idx) % rows


@composite()
def embedding(
    input: Any,
    weight: Any,
    padding_idx: Any = None,
    max_norm: Any = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Any:
    """The rows of the table `weight` that the indices `input` name.

    >>> F.embedding(tn.tensor([1, 0]), tn.tensor([[1.0], [2.0]]))
    tensor([[2.],
            [1.]])
    """
    if weight.ndim != 2:
        raise ShapeError(f"embedding: 'weight' must be 2-D, got shape {tuple(weight.shape)}")
    pad = _padding("embedding", padding_idx, weight.shape[0])
    plain = input._data if isinstance(input, Tensor) else np.asarray(input)
    if max_norm is not None:
        _check_rows("embedding", plain, weight.shape[0])
        _renormalise(weight, plain, max_norm, norm_type)
    if scale_grad_by_freq:
        counts = np.bincount(plain.reshape(-1), minlength=weight.shape[0])
        scale = 1 / np.maximum(counts, 1)
        weight = _scale_rows(weight, scale)
    return _embedding(weight, plain if isinstance(weight, np.ndarray) else input, pad)


@op()
def _scale_rows(weight: Arr, scale: Fixed) -> Arr:
    """The table itself, whose gradient is scaled row by row.

    >>> F.embedding(tn.tensor([0]), tn.ones(1, 2), scale_grad_by_freq=True)
    tensor([[1., 1.]])
    """
    return weight.view()


_scale_rows.grad(
    weight=lambda g, scale: (
        g * scale[:, None].astype((g._data if isinstance(g, Tensor) else g).dtype)
    )
)


@composite()
def embedding_bag(
    input: Any,
    weight: Any,
    offsets: Any = None,
    max_norm: Any = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Any = None,
    include_last_offset: bool = False,
    padding_idx: Any = None,
) -> Any:
    """Sums, means or maxima of groups of rows: one group per row of `input`, or cut by `offsets`.

    >>> F.embedding_bag(tn.tensor([[0, 1]]), tn.tensor([[1.0], [3.0]]), mode="sum")
    tensor([[4.]])
    """
    if mode not in ("sum", "mean", "max"):
        raise ValueError(f"embedding_bag: mode has to be one of sum, mean or max, got {mode!r}")
    if weight.ndim != 2:
        raise ShapeError(f"embedding_bag: 'weight' must be 2-D, got shape {tuple(weight.shape)}")
    if _plain(weight).dtype.kind not in "fV":
        raise DTypeError(f"embedding_bag: 'weight' must be floating-point, got {weight.dtype}")
    if mode == "max" and scale_grad_by_freq:
        raise ValueError(
            "embedding_bag: max mode does not support scaling the gradient by the frequency"
        )
    if per_sample_weights is not None:
        if mode != "sum":
            raise NotImplementedError(
                f"embedding_bag: per_sample_weights needs mode='sum', got mode={mode!r}"
            )
        if tuple(per_sample_weights.shape) != tuple(input.shape):
            raise ShapeError(
                f"embedding_bag: per_sample_weights {list(per_sample_weights.shape)} must have the "
                "same shape as the "
                f"input {list(input.shape)}"
            )
        per_sample_weights = per_sample_weights.reshape((-1, 1))
    flat, group, bags = _groups(_plain(input), offsets, include_last_offset)
    pad = _padding("embedding_bag", padding_idx, weight.shape[0])
    rows = embedding(flat, weight, None, max_norm, norm_type, scale_grad_by_freq)
    if per_sample_weights is not None:
        rows = rows * per_sample_weights[: len(flat)]
    if padding_idx is not None:
        keep = np.flatnonzero(flat != pad)
        rows, group = rows[keep], group[keep]
    shape = (bags, weight.shape[1])
    if mode == "max":
        found, first = np.unique(group, return_index=True)
        winners = _first_maxima(_plain(rows), first)
        return add_slices(gather(rows, 0, winners) if len(found) else rows, shape, 0, found)
    total = add_slices(rows, shape, 0, group)
    if mode == "sum":
        return total
    counts = np.maximum(np.bincount(group, minlength=bags), 1)[:, None]
    return total * (1 / counts).astype(_plain(total).dtype)


def _plain(x: Any) -> Any:
    return x._data if isinstance(x, Tensor) else np.asarray(x)


def _groups(indices: Any, offsets: Any, include_last_offset: bool) -> tuple[Any, Any, int]:
    """All indices in one row, the bag of each, and how many bags there are."""
    if indices.ndim == 2:
        if offsets is not None:
            raise ValueError(
                "embedding_bag: if input is 2D, then offsets has to be None, as input is treated "
                "as a mini-batch of fixed length sequences"
            )
        bags, length = indices.shape
        return indices.reshape(-1), np.repeat(np.arange(bags), length), bags
    if indices.ndim != 1:
        raise ValueError(
            "embedding_bag: input has to be 1D or 2D Tensor, but got Tensor of dimension "
            f"{indices.ndim}"
        )
    if offsets is None:
        raise ValueError("embedding_bag: offsets has to be a 1D Tensor but got None")
    starts = _plain(offsets)
    if starts.ndim != 1:
        raise ValueError(
            f"embedding_bag: offsets has to be a 1D Tensor, got {starts.ndim} dimensions"
        )
    if len(starts) and (starts[0] != 0 or (np.diff(starts) < 0).any()):
        raise ShapeError(
            "embedding_bag: offsets[0] has to be 0, i.e., the first sequence in the mini-batch "
            "has to start from "
            f"position 0, and offsets must not decrease; got {starts.tolist()}"
        )
    if len(starts) and starts[-1] > len(indices):
        raise ShapeError(
            f"embedding_bag: offsets[-1] can not be greater than input's length {len(indices)} but "
            "got offsets[-1] of "
            f"{starts[-1]}"
        )
    if include_last_offset:
        if not len(starts):
            raise ShapeError(
                "embedding_bag: include_last_offset needs at least one offset, got none"
            )
        indices, starts = indices[: starts[-1]], starts[:-1]
    group = np.searchsorted(starts, np.arange(len(indices)), side="right") - 1
    return indices, group, len(starts)


def _first_maxima(rows: Any, starts: Any) -> Any:
    """For each stretch of rows and each column, the row of the first maximum."""
    if not len(starts):
        return np.zeros((0, rows.shape[1]), np.int64)
    lengths = np.diff(starts, append=len(rows))
    top = np.repeat(np.maximum.reduceat(rows, starts), lengths, 0)
    places = np.where(rows == top, np.arange(len(rows))[:, None], len(rows) - 1)
    return np.minimum.reduceat(places, starts)


@composite()
def one_hot(input: Any, num_classes: int = -1) -> Tensor:
    """Class numbers as rows with a single 1.

    >>> F.one_hot(tn.tensor([1, 0]), 3)
    tensor([[0, 1, 0],
            [1, 0, 0]])
    """
    plain = input._data if isinstance(input, Tensor) else np.asarray(input)
    if plain.dtype != np.int64:
        raise RuntimeError(
            f"one_hot: is only applicable to index tensor of type LongTensor, got {plain.dtype}"
        )
    if plain.size == 0 and num_classes <= 0:
        raise RuntimeError("one_hot: Can not infer total number of classes from empty tensor.")
    if plain.size and plain.min() < 0:
        raise RuntimeError("one_hot: Class values must be non-negative.")
    count = int(plain.max()) + 1 if num_classes == -1 else num_classes
    if count < 1:
        raise RuntimeError("one_hot: num_classes should be positive")
    if plain.size and plain.max() >= count:
        raise RuntimeError(
            f"one_hot: Class values must be smaller than num_classes, got {int(plain.max())} (at "
            f"position {tuple(int(k) for k in np.argwhere(plain >= count)[0])}) for {count} classes, "
            f"numbered 0 to {count - 1}"
        )
    if is_traced(plain):
        places = wrap(plain[..., None])
        return (places == wrap(np.arange(count))).to(np.int64)
    result = np.zeros((*plain.shape, count), np.int64)
    np.put_along_axis(result, plain[..., None], 1, -1)
    return wrap(result)


acts("linear", _embedding, _scale_rows)
