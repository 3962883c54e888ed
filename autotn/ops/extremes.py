"""Largest and smallest elements, and where they stand.

Where several elements are equally large, ``max(dim)`` and ``argmax`` name the first, and ``amax`` shares the gradient
among all of them, as PyTorch does. NaN counts as larger and as smaller than everything.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from autotn.core.node import named
from autotn.core.op import Arr, acts, composite, op
from autotn.core.tensor import Tensor, check_dim
from autotn.kernels.running import running_extreme
from autotn.ops.reduce import add_reduce, axes_of, kept, maximum_reduce, minimum_reduce

__all__ = ["amax", "amin", "aminmax", "argmax", "argmin", "cummax", "cummin", "max", "min"]


class MaxResult(NamedTuple):
    """The results of ``max(dim)``."""

    values: Any
    indices: Any


class MinResult(NamedTuple):
    """The results of ``min(dim)``."""

    values: Any
    indices: Any


def _refuse_empty(name: str, input: Any, axes: Any) -> None:
    sizes = input.shape if axes is None else [input.shape[k] for k in axes]
    if 0 in sizes:
        raise IndexError(
            f"{name}: Expected reduction dim to have non-zero size, got input of shape {list(input.shape)}"
        )


@op(method="amax", out=True, numpy=np.amax)
def amax(input: Arr, dim: Any = None, keepdim: bool = False) -> Arr:
    """The largest element, of all or along `dim`; equal ones share the gradient.

    >>> tn.amax(tn.tensor([[1.0, 3.0], [2.0, 0.0]]), dim=1)
    tensor([3., 2.])
    """
    axes = axes_of("amax", dim, input.ndim)
    _refuse_empty("amax", input, axes)
    return maximum_reduce(input, axes, keepdims=keepdim)


@op(method="amin", out=True, numpy=np.amin)
def amin(input: Arr, dim: Any = None, keepdim: bool = False) -> Arr:
    """The smallest element, of all or along `dim`; equal ones share the gradient.

    >>> tn.amin(tn.tensor([[1.0, 3.0], [2.0, 0.0]]), dim=1)
    tensor([1., 0.])
    """
    axes = axes_of("amin", dim, input.ndim)
    _refuse_empty("amin", input, axes)
    return minimum_reduce(input, axes, keepdims=keepdim)


def shared(g: Any, input: Any, out: Any, dim: Any, keepdim: bool) -> Any:
    """The gradient divided equally among the elements that are the extreme."""
    from autotn.ops.compare import masked

    values = input._data if isinstance(input, Tensor) else input
    best = kept(out._data if isinstance(out, Tensor) else out, values.shape, dim, keepdim)
    hit = values == best
    many = add_reduce(hit, axes_of("amax", dim, values.ndim), keepdims=True, dtype=values.dtype)
    if not many.all():  # NaN is largest and smallest, and equals nothing
        hit = hit | (many == 0)
        many = np.where(many == 0, values.dtype.type(np.nan), many)
    return masked(kept(g, values.shape, dim, keepdim) / many, hit)


amax.grad(input=shared)
amin.grad(input=shared)
acts("reducing", amax, amin)


def _arg(name: str, find: Any, input: Any, dim: Any, keepdim: bool) -> Any:
    if dim is None:
        if not input.size:
            raise IndexError(
                f"{name}: Expected reduction dim to be specified for input.numel() == 0."
            )
        found = np.asarray(find(input))
        return found.reshape((1,) * input.ndim) if keepdim else found
    axis = check_dim(name, dim, input.ndim)
    if input.ndim == 0:
        return np.zeros((), np.int64)
    _refuse_empty(name, input, (axis,))
    return find(input, axis, keepdims=keepdim)


@op(method="argmax", out=True, numpy=np.argmax)
def argmax(input: Arr, dim: Any = None, keepdim: bool = False) -> Arr:
    """Where the largest element stands (the first, if several), of all or along `dim`.

    >>> tn.argmax(tn.tensor([1.0, 3.0, 3.0]))
    tensor(1)
    """
    return _arg("argmax", np.argmax, input, dim, keepdim)


@op(method="argmin", out=True, numpy=np.argmin)
def argmin(input: Arr, dim: Any = None, keepdim: bool = False) -> Arr:
    """Where the smallest element stands (the first, if several), of all or along `dim`.

    >>> tn.argmin(tn.tensor([1.0, 0.0, 3.0]))
    tensor(1)
    """
    return _arg("argmin", np.argmin, input, dim, keepdim)


def _with_indices(name: str, find: Any, kind: Any, input: Any, dim: int, keepdim: bool) -> Any:
    axis = check_dim(name, dim, input.ndim)
    if input.ndim == 0:
        return kind(input.copy(), np.zeros((), np.int64))
    _refuse_empty(name, input, (axis,))
    indices = find(input, axis, keepdims=True)
    values = np.take_along_axis(input, indices, axis)
    if not keepdim:
        values, indices = values.squeeze(axis), indices.squeeze(axis)
    return kind(values, indices)


@op(aux=("indices",))
def _max_along(input: Arr, dim: int, keepdim: bool) -> tuple[Arr, Arr]:
    """The largest element of each line, and where it stands.

    >>> tn.max(tn.tensor([[1.0, 3.0]]), dim=1).indices
    tensor([1])
    """
    found = _with_indices("max", np.argmax, MaxResult, input, dim, keepdim)
    return found, (found.indices,)


@op(aux=("indices",))
def _min_along(input: Arr, dim: int, keepdim: bool) -> tuple[Arr, Arr]:
    """The smallest element of each line, and where it stands.

    >>> tn.min(tn.tensor([[1.0, 3.0]]), dim=1).indices
    tensor([0])
    """
    found = _with_indices("min", np.argmin, MinResult, input, dim, keepdim)
    return found, (found.indices,)


def put_back(g: Any, indices: Any, shape: tuple[int, ...], dim: int, keepdim: bool) -> Any:
    """The gradient of picked elements, at the places they were picked from."""
    from autotn.ops.gather import scatter_into_zeros

    axis = check_dim("max", dim, len(shape))
    g, at = g[0], indices
    if not shape:
        return g
    if not keepdim:
        lifted = (*g.shape[:axis], 1, *g.shape[axis:])
        g, at = g.reshape(lifted), at.reshape(lifted)
    return scatter_into_zeros(g, tuple(shape), axis, at)


def picked(t: Any, indices: Any, dim: int, keepdim: bool) -> Any:
    """The tangents of picked elements and of their places, which do not move."""
    from autotn.ops.gather import gather

    if not t.ndim:
        return t, None
    axis = check_dim("max", dim, t.ndim)
    if keepdim:
        return gather(t, axis, indices), None
    shape = tuple(indices.shape)
    found = gather(t, axis, indices.reshape((*shape[:axis], 1, *shape[axis:])))
    return found.reshape(shape), None


for _extreme in (_max_along, _min_along):
    _extreme.tangent(input=lambda t, indices, dim, keepdim: picked(t, indices, dim, keepdim))
    _extreme.grad(
        input=lambda g, indices, input_shape, dim, keepdim: put_back(
            g, indices, input_shape, dim, keepdim
        )
    )


def _extreme_of(
    name: str, whole: Any, along: Any, input: Any, other: Any, dim: Any, keepdim: bool
) -> Any:
    from autotn.ops import compare

    if isinstance(other, Tensor) or isinstance(dim, Tensor):
        pair = compare.maximum if name == "max" else compare.minimum
        return pair(input, other if isinstance(other, Tensor) else dim)
    chosen = dim if other is None else other
    if chosen is None:
        size = (input._data if isinstance(input, Tensor) else input).size
        if not size:
            raise RuntimeError(
                f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction "
                "dim with the 'dim' argument."
            )
        return named(whole(input), f"{name.capitalize()}Backward1")
    if isinstance(chosen, (tuple, list)):  # NumPy's axis=(0, 1)
        return whole(input, chosen, keepdim)
    return along(input, chosen, keepdim)


@composite(method="max", out=True, numpy=np.max)
def max(input: Any, other: Any = None, keepdim: bool = False, *, dim: Any = None) -> Any:
    """The largest element of all; with `dim` those along it and where they stand; with a Tensor the pairwise larger.

    >>> tn.max(tn.tensor([[1.0, 3.0], [2.0, 0.0]]), dim=1).values
    tensor([3., 2.])
    """
    return _extreme_of("max", amax, _max_along, input, other, dim, keepdim)


@composite(method="min", out=True, numpy=np.min)
def min(input: Any, other: Any = None, keepdim: bool = False, *, dim: Any = None) -> Any:
    """The smallest element of all; with `dim` those along it and where they stand; with a Tensor the pairwise smaller.

    >>> tn.min(tn.tensor([[1.0, 3.0], [2.0, 0.0]]), dim=1).indices
    tensor([0, 1])
    """
    return _extreme_of("min", amin, _min_along, input, other, dim, keepdim)


class AminmaxResult(NamedTuple):
    """The results of `aminmax`."""

    min: Any
    max: Any


@composite(method="aminmax", out=True)
def aminmax(input: Any, *, dim: Any = None, keepdim: bool = False) -> Any:
    """The smallest and the largest element.

    >>> tn.aminmax(tn.tensor([1.0, 3.0]))
    AminmaxResult(min=tensor(1.), max=tensor(3.))
    """
    return AminmaxResult(amin(input, dim, keepdim), amax(input, dim, keepdim))


class CumResult(NamedTuple):
    """The results of `cummax` and `cummin`."""

    values: Any
    indices: Any


def _cumulative(name: str, step: Any, input: Any, dim: int) -> CumResult:
    axis = check_dim(name, dim, input.ndim)
    if input.ndim == 0:
        return CumResult(input.copy(), np.zeros((), np.int64))
    return CumResult(*running_extreme(step, input, axis))


@op(method="cummax", out=True, aux=("indices",))
def cummax(input: Arr, dim: int) -> tuple[Arr, Arr]:
    """The largest element so far along `dim`, and where it stands.

    >>> tn.cummax(tn.tensor([1.0, 3.0, 2.0]), 0).values
    tensor([1., 3., 3.])
    """
    found = _cumulative("cummax", np.maximum, input, dim)
    return found, (found.indices,)


@op(method="cummin", out=True, aux=("indices",))
def cummin(input: Arr, dim: int) -> tuple[Arr, Arr]:
    """The smallest element so far along `dim`, and where it stands.

    >>> tn.cummin(tn.tensor([3.0, 1.0, 2.0]), 0).values
    tensor([3., 1., 1.])
    """
    found = _cumulative("cummin", np.minimum, input, dim)
    return found, (found.indices,)


for _running in (cummax, cummin):
    _running.tangent(input=lambda t, indices, dim: picked(t, indices, dim, keepdim=True))
    _running.grad(
        input=lambda g, indices, input_shape, dim: put_back(
            g, indices, input_shape, dim, keepdim=True
        )
    )

for _ordered in (amax, amin, _max_along, _min_along, cummax, cummin):
    _ordered.takes("bif", "Complex numbers have no order")
for _place in (argmax, argmin):
    _place.takes("if", "Complex numbers have no order; of bools use .int()")
