"""What changes a tensor's shape or memory itself: resizing, strides, diagonals, Python per element."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autotn.core.inplace import check_writable, mark_written, reshape_in_place
from autotn.core.methods import attach_method
from autotn.core.node import here
from autotn.core.op import composite
from autotn.core.tensor import Size, Tensor, check_dim
from autotn.errors import AutogradError, ShapeError
from autotn.ops.arrange import as_strided
from autotn.ops.shape import ints

__all__ = [
    "as_strided_",
    "as_strided_scatter",
    "broadcast_shapes",
    "renorm",
    "resize_as_",
    "unravel_index",
]


def broadcast_shapes(*shapes: Any) -> Size:
    """The shape that tensors of the given shapes broadcast to.

    >>> tn.broadcast_shapes((2, 1), (3,))
    tn.Size([2, 3])
    """
    try:
        return Size(np.broadcast_shapes(*shapes))
    except ValueError:
        raise ShapeError(
            f"broadcast_shapes: Shape mismatch: objects of shapes {shapes} cannot be broadcast to a "
            "single shape"
        ) from None


@composite()
def unravel_index(indices: Any, shape: Any) -> Any:
    """The coordinates, one tensor for each dimension, of positions counted through a shape.

    >>> tn.unravel_index(tn.tensor([1, 5]), (2, 3))
    (tensor([0, 1]), tensor([1, 2]))
    """
    sizes = ints("unravel_index", (shape,))
    if any(n < 0 for n in sizes):
        raise ValueError(f"unravel_index: shape cannot have negative values, got {tuple(sizes)}")
    data = indices._data if isinstance(indices, Tensor) else indices
    if data.dtype.kind not in "iu":
        raise ValueError(
            f"unravel_index: expect 'indices' to be integer dtype, but got {data.dtype}"
        )
    found = []
    for n, step in zip(sizes, _steps(sizes), strict=True):
        found.append(indices // step % max(n, 1))
    return tuple(found)


def _steps(sizes: tuple[int, ...]) -> tuple[int, ...]:
    """How many elements lie between neighbours along each dimension of a tensor in order."""
    return tuple(max(math.prod(sizes[k + 1 :]), 1) for k in range(len(sizes)))


# -- strides ---------------------------------------------------------------------------------------------


@attach_method("as_strided_")
def as_strided_(input: Tensor, size: Any, stride: Any, storage_offset: Any = None) -> Tensor:
    """`as_strided`, and the tensor itself takes that form.

    >>> tn.as_strided_(tn.arange(4), (2,), (2,))
    tensor([0, 2])
    """
    shaped = as_strided(input, size, stride, storage_offset)
    return reshape_in_place(
        "as_strided_", input, shaped, as_strided, (size, stride, storage_offset)
    )


@composite(method="as_strided_scatter")
def as_strided_scatter(
    input: Any, src: Any, size: Any, stride: Any, storage_offset: Any = None
) -> Any:
    """A copy of `input` that holds `src` where `as_strided` would look.

    >>> tn.as_strided_scatter(tn.zeros(4), tn.ones(2), (2,), (2,))
    tensor([1., 0., 1., 0.])
    """
    copied = input.clone()
    part = as_strided(copied, size, stride, storage_offset)
    if part.shape != src.shape:
        raise ShapeError(
            f"as_strided_scatter: expected src to have a size equal to the slice of self. src size = "
            f"{list(src.shape)}, slice size = {list(part.shape)}"
        )
    part.copy_(src)
    return copied


# -- resizing --------------------------------------------------------------------------------------------


@attach_method("resize_")
def resize_(self: Tensor, *sizes: Any, size: Any = None, memory_format: Any = None) -> Tensor:
    """Let the tensor have another shape: its elements in order, more of them uninitialised."""
    if self.requires_grad:
        raise AutogradError("resize_: cannot resize variables that require grad")
    shape = ints("resize_", sizes, size)
    count = math.prod(shape)
    flat = self._data.reshape(-1)
    if count > flat.size:
        grown = np.empty(count, flat.dtype)
        grown[: flat.size] = flat
        flat = grown
    mark_written(self, here())
    self._data = flat[:count].reshape(shape)
    return self


@attach_method("resize")
def resize(self: Tensor, *sizes: Any) -> Tensor:
    """A view in another shape with as many elements: the old name of `reshape`."""
    shape = ints("resize", sizes)
    if math.prod(shape) != self._data.size:
        raise ShapeError(
            f"resize: requested resize to {'x'.join(map(str, shape))} ({math.prod(shape)} elements in total), "
            f"but the given tensor has a size of {'x'.join(map(str, self._data.shape))} ({self._data.size} "
            "elements). autograd's resize can only change the shape of a given tensor, while preserving the "
            "number of elements."
        )
    return self.reshape(shape)


@attach_method("resize_as")
def resize_as(self: Tensor, tensor: Tensor) -> Tensor:
    """`resize` to the shape of another tensor."""
    return resize(self, tuple(tensor.shape))


@attach_method("resize_as_")
def resize_as_(input: Tensor, the_template: Tensor, *, memory_format: Any = None) -> Tensor:
    """`Tensor.resize_` to the shape of another tensor.

    >>> tn.resize_as_(tn.arange(4), tn.zeros(2))
    tensor([0, 1])
    """
    return resize_(input, tuple(the_template.shape))


@attach_method("set_")
def set_(self: Tensor, source: Any = None) -> Tensor:
    """Let the tensor stand for the memory of another one (none: let it be empty)."""
    if self.requires_grad:
        raise AutogradError("set_: a tensor that requires grad keeps its memory; use copy_()")
    if source is None:
        source = self.new_empty((0,))
    if not isinstance(source, Tensor) or source.dtype != self.dtype:
        raise RuntimeError(f"set_: expected a Tensor of dtype {self.dtype}, got {source!r:.60}")
    mark_written(self, here())
    self._data = source._data
    return self


# -- diagonals, slices, elements -------------------------------------------------------------------------


@attach_method("fill_diagonal_")
def fill_diagonal_(self: Tensor, fill_value: Any, wrap: bool = False) -> Tensor:
    """Set the main diagonal to one value; with `wrap` it begins anew below in tall matrices."""
    shape = self._data.shape
    if len(shape) < 2:
        raise ShapeError("fill_diagonal_: dimensions must larger than 1")
    if len(shape) > 2 and len(set(shape)) > 1:
        raise ShapeError("fill_diagonal_: all dimensions of input must be of equal length")
    check_writable("fill_diagonal_", self)
    along = np.arange(min(shape))
    index: tuple[Any, ...] = (along,) * len(shape)
    if wrap and len(shape) == 2 and shape[0] > shape[1]:
        rows = np.arange(shape[0])
        rows = rows[rows % (shape[1] + 1) < shape[1]]
        index = (rows, rows % (shape[1] + 1))
    self[index] = fill_value
    return self


@composite(method="renorm", inplace=True, out=True)
def renorm(input: Any, p: float, dim: int, maxnorm: float) -> Any:
    """Slices along `dim` whose p-norm is above `maxnorm` scaled down to it.

    >>> tn.renorm(tn.tensor([[3.0, 4.0], [0.3, 0.4]]), 2, 0, 1.0)
    tensor([[0.6000, 0.8000],
            [0.3000, 0.4000]])
    """
    from autotn.ops.compare import where
    from autotn.ops.products import norm

    if input.ndim < 2:
        raise ShapeError(f"renorm: input needs at least 2 dimensions, got {input.ndim} dimensions")
    if p <= 0:
        raise RuntimeError("renorm: non-positive-norm not supported")
    if maxnorm < 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm}")
    axis = check_dim("renorm", dim, input.ndim)
    sizes = norm(input, float(p), tuple(k for k in range(input.ndim) if k != axis), True)
    above = sizes > maxnorm
    scale = where(above, maxnorm / (where(above, sizes, sizes * 0 + 1) + 1e-7), sizes * 0 + 1)
    return input * scale


def _each(name: str, function: Callable[..., Any], *tensors: Tensor) -> Tensor:
    first = tensors[0]
    if first.requires_grad:
        raise AutogradError(f"{name}: a Python function per element has no gradient")
    check_writable(name, first)
    spread = np.broadcast_arrays(*(t._data for t in tensors))
    if spread[0].shape != first._data.shape:
        raise ShapeError(f"{name}: the others must broadcast to shape {tuple(first._data.shape)}")
    values = [function(*one) for one in zip(*(a.ravel().tolist() for a in spread), strict=True)]
    first._data[...] = np.array(values, first._data.dtype).reshape(first._data.shape)
    mark_written(first, here())
    return first


@attach_method("apply_")
def apply_(self: Tensor, callable: Callable[..., Any]) -> Tensor:
    """Replace each element by what a Python function makes of it (slow)."""
    return _each("apply_", callable, self)


@attach_method("map_")
def map_(self: Tensor, tensor: Tensor, callable: Callable[..., Any]) -> Tensor:
    """Replace each element by what a Python function makes of it and another tensor's (slow)."""
    return _each("map_", callable, self, tensor)


@attach_method("map2_")
def map2_(self: Tensor, x: Tensor, y: Tensor, callable: Callable[..., Any]) -> Tensor:
    """`map_` with two other tensors."""
    return _each("map2_", callable, self, x, y)
