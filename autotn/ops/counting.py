"""Counting: how often each integer occurs, and how many numbers fall between given edges."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from autotn.core.op import Arr, Fixed, composite, op
from autotn.core.tensor import Tensor, wrap
from autotn.errors import DTypeError, ShapeError

__all__ = ["bincount", "histc", "histogram", "histogramdd"]


@op(method="bincount", promote="free")
def bincount(input: Fixed, weights: Fixed = None, minlength: int = 0) -> Arr:
    """How often each of 0, 1, 2 … occurs, or the sum of the `weights` where it does.

    >>> tn.bincount(tn.tensor([1, 3, 1]))
    tensor([0, 2, 0, 1])
    """
    if input.ndim != 1 or (input.size and input.dtype.kind in "biu" and input.min() < 0):
        raise ShapeError("bincount only supports 1-d non-negative integral inputs.")
    if input.dtype.kind not in "iu":
        raise DTypeError(f"bincount: not implemented for {input.dtype}; it counts integers")
    if minlength < 0:
        raise RuntimeError(f"bincount: minlength should be >= 0, got {minlength}")
    if weights is None:
        return np.bincount(input, minlength=minlength).astype(np.int64)
    if weights.shape != input.shape:
        raise ShapeError("bincount: weights should be 1-d and have the same length as input")
    if not input.size:
        return np.zeros(minlength, np.int64)
    kind = np.dtype(np.float32 if weights.dtype == np.float32 else np.float64)
    return np.bincount(input, weights, minlength).astype(kind)


def _range(name: str, x: Any, low: float, high: float) -> tuple[float, float]:
    """The given ends, or those of the data; a width of 0 is widened on both sides."""
    if low == high and x.size:
        low, high = float(x.min()), float(x.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise RuntimeError(f"{name}: range of [{low}, {high}] is not finite")
    if low > high:
        raise RuntimeError(f"{name}: max must be larger than min, got min={low} and max={high}")
    return (low - 1.0, high + 1.0) if low == high else (low, high)


@op(method="histc", out=True)
def histc(input: Arr, bins: int = 100, min: float = 0, max: float = 0) -> Arr:
    """How many elements fall into each of `bins` equal parts of the range; others are left out.

    >>> tn.histc(tn.tensor([1.0, 2.0, 1.0]), bins=4, min=0, max=3)
    tensor([0., 2., 1., 0.])
    """
    if bins <= 0:
        raise RuntimeError(f"histc: bins must be > 0, got {bins}")
    if input.dtype.kind != "f":
        raise DTypeError(
            f"histc: not implemented for {input.dtype}; it takes floating-point tensors"
        )
    low, high = _range("histc", input, float(min), float(max))
    return np.histogram(input[~np.isnan(input)], bins, (low, high))[0].astype(input.dtype)


class HistogramResult(NamedTuple):
    """The results of `histogram`."""

    hist: Any
    bin_edges: Any


class HistogramddResult(NamedTuple):
    """The results of `histogramdd`."""

    hist: Any
    bin_edges: Any


def _plain(x: Any) -> Any:
    return x._data if isinstance(x, Tensor) else x


def _weights(name: str, weight: Any, shape: tuple[int, ...]) -> Any:
    if weight is None:
        return None
    if tuple(weight.shape) != shape:
        raise ShapeError(
            f"{name}: if weight tensor is provided it should have the same shape as the input tensor "
            f"excluding its innermost dimension: {list(weight.shape)} and {list(shape)}"
        )
    return _plain(weight).reshape(-1)


@composite(method="histogram", out=True)
def histogram(
    input: Any, bins: Any, *, range: Any = None, weight: Any = None, density: bool = False
) -> Any:
    """How many elements fall between neighbouring edges: `bins` equal parts, or the edges given.

    >>> tn.histogram(tn.tensor([1.0, 2.0, 1.0]), bins=4, range=(0.0, 3.0)).hist
    tensor([0., 2., 1., 0.])
    """
    x = _plain(input)
    if x.dtype.kind != "f":
        raise DTypeError(
            f"histogram: not implemented for {x.dtype}; it takes floating-point tensors"
        )
    weights = _weights("histogram", weight, tuple(x.shape))
    if isinstance(bins, int):
        if bins <= 0:
            raise RuntimeError(f"histogram: bins must be > 0, got {bins}")
        ends = _range("histogram", x, *(range if range is not None else (0.0, 0.0)))
        edges = np.linspace(*ends, bins + 1, dtype=x.dtype)
    else:
        edges = _plain(bins)
        if not isinstance(edges, np.ndarray):
            raise TypeError(f"histogram: bins must be an int or a Tensor, got {bins!r}")
        if edges.ndim != 1:
            raise ShapeError(f"histogram: bins must be 1-d, got {edges.ndim} dimensions")
    with np.errstate(invalid="ignore"):  # the density of nothing is NaN
        counts = np.histogram(x.reshape(-1), edges, weights=weights, density=density)[0]
    return HistogramResult(wrap(counts.astype(x.dtype)), wrap(edges))


@composite()
def histogramdd(
    input: Any, bins: Any, *, range: Any = None, weight: Any = None, density: bool = False
) -> Any:
    """`histogram` of points: `input` has their coordinates in its last dimension.

    >>> tn.histogramdd(tn.tensor([[0.0, 1.0], [1.0, 0.0]]), bins=2).hist
    tensor([[0., 1.],
            [1., 0.]])
    """
    x = _plain(input)
    if x.ndim < 2:
        raise ShapeError(f"histogramdd: input must have at least 2 dimensions, got {x.ndim}")
    if x.dtype.kind != "f":
        raise DTypeError(
            f"histogramdd: not implemented for {x.dtype}; it takes floating-point tensors"
        )
    points = x.reshape(-1, x.shape[-1])
    weights = _weights("histogramdd", weight, tuple(x.shape[:-1]))
    counted = [bins] * points.shape[1] if isinstance(bins, int) else list(bins)
    if len(counted) != points.shape[1]:
        raise ShapeError(
            f"histogramdd: the size of bins must be equal to the innermost dimension of the input, "
            f"got {len(counted)} and {points.shape[1]}"
        )
    ends = (
        [(0.0, 0.0)] * points.shape[1]
        if range is None
        else list(zip(range[::2], range[1::2], strict=True))
    )
    for n in counted:
        if isinstance(n, int) and n <= 0:
            raise RuntimeError(f"histogramdd: bins must be > 0, got {n}")
    edges = [
        np.linspace(*_range("histogramdd", line, *pair), n + 1, dtype=x.dtype)
        if isinstance(n, int) else _plain(n)
        for n, line, pair in zip(counted, points.T, ends, strict=True)
    ]  # fmt: skip
    with np.errstate(invalid="ignore"):
        counts = np.histogramdd(points, edges, weights=weights, density=density)[0]
    return HistogramddResult(wrap(counts.astype(x.dtype)), tuple(wrap(e) for e in edges))
