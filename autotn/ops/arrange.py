"""Rearranging elements: flipping, rolling, repeating, stacking by name, grids, windows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotn.core.methods import attach_method
from autotn.core.op import Arr, acts, composite, op
from autotn.core.tensor import Tensor, check_dim
from autotn.ops.shape import ints

__all__ = [
    "as_strided",
    "block_diag",
    "cartesian_prod",
    "column_stack",
    "combinations",
    "diff",
    "dstack",
    "flip",
    "fliplr",
    "flipud",
    "hstack",
    "meshgrid",
    "repeat_interleave",
    "roll",
    "rot90",
    "row_stack",
    "tile",
    "vstack",
]


# -- flipping, rolling, repeating ------------------------------------------------------------------------


@op()
def _flip(input: Arr, dims: tuple[int, ...]) -> Arr:
    """The order along some dimensions reversed.

    >>> tn.flip(tn.tensor([1, 2, 3]), (0,))
    tensor([3, 2, 1])
    """
    return np.flip(input, dims).copy()


_flip.grad(input=lambda g, dims: _flip(g, dims))


@composite(numpy=np.flip)
def flip(input: Any, dims: Any) -> Any:
    """The order along `dims` reversed.

    >>> tn.flip(tn.tensor([[1, 2], [3, 4]]), [0, 1])
    tensor([[4, 3],
            [2, 1]])
    """
    axes = tuple(check_dim("flip", d, input.ndim) for d in ints("flip", (dims,)))
    if len(set(axes)) != len(axes):
        raise RuntimeError(f"flip: dim {list(axes)} appears multiple times in the list of dims")
    return _flip(input, axes if input.ndim else ())


attach_method("flip")(lambda self, *axes, dims=None: flip(self, ints("flip", axes, dims)))


@composite(method="fliplr")
def fliplr(input: Any) -> Any:
    """The columns in reverse order.

    >>> tn.fliplr(tn.tensor([[1, 2]]))
    tensor([[2, 1]])
    """
    if input.ndim < 2:
        raise RuntimeError("fliplr: Input must be >= 2-d.")
    return flip(input, (1,))


@composite(method="flipud")
def flipud(input: Any) -> Any:
    """The rows in reverse order.

    >>> tn.flipud(tn.tensor([1, 2]))
    tensor([2, 1])
    """
    if input.ndim < 1:
        raise RuntimeError("flipud: Input must be >= 1-d.")
    return flip(input, (0,))


@op()
def _roll(input: Arr, shifts: Any, dims: Any) -> Arr:
    """Elements moved along, those that fall off coming back at the other end.

    >>> tn.roll(tn.tensor([1, 2, 3]), 1)
    tensor([3, 1, 2])
    """
    return np.roll(input, shifts, dims)


def _roll_back(g: Any, shifts: Any, dims: Any) -> Any:
    return _roll(g, tuple(-s for s in shifts) if isinstance(shifts, tuple) else -shifts, dims)


_roll.grad(input=_roll_back)


@composite(method="roll", numpy=np.roll)
def roll(input: Any, shifts: Any, dims: Any = None) -> Any:
    """Elements moved along `dims` (through all of them flattened, if left out), round the corner.

    >>> tn.roll(tn.tensor([1, 2, 3]), 1)
    tensor([3, 1, 2])
    """
    steps = ints("roll", (shifts,))
    if dims is None or dims == ():
        if len(steps) != 1:
            raise RuntimeError(
                f"roll: shifts and dimensions must align. shifts: {len(steps)}, dims:0"
            )
        return _roll(input, steps[0], None)
    axes = tuple(check_dim("roll", d, input.ndim) for d in ints("roll", (dims,)))
    if len(steps) != len(axes):
        raise RuntimeError(
            f"roll: shifts and dimensions must align. shifts: {len(steps)}, dims:{len(axes)}"
        )
    return _roll(input, steps, axes)


@composite(method="rot90", numpy=np.rot90)
def rot90(input: Any, k: int = 1, dims: Any = (0, 1)) -> Any:
    """The plane of two dimensions turned by `k` right angles.

    >>> tn.rot90(tn.tensor([[1, 2], [3, 4]]))
    tensor([[2, 4],
            [1, 3]])
    """
    from autotn.ops.shape import transpose

    if len(dims) != 2:
        raise RuntimeError(f"rot90: expected total rotation dims == 2, but got dims = {len(dims)}")
    first, second = (check_dim("rot90", d, input.ndim) for d in dims)
    if first == second:
        raise RuntimeError(f"rot90: expected rotation dims to be different, but got dim0 = {first}")
    turn = k % 4
    if turn == 0:
        return input.clone() if isinstance(input, Tensor) else input.copy()
    if turn == 2:
        return flip(input, (first, second))
    if turn == 1:
        return transpose(flip(input, (second,)), first, second)
    return flip(transpose(input, first, second), (second,))


@op()
def _tile(input: Arr, reps: tuple[int, ...]) -> Arr:
    """The tensor repeated along each dimension.

    >>> tn.tile(tn.tensor([1, 2]), (2,))
    tensor([1, 2, 1, 2])
    """
    return np.tile(input, reps)


def _tile_rule(g: Any, input_shape: tuple[int, ...], reps: tuple[int, ...]) -> Any:
    shape = (1,) * (len(reps) - len(input_shape)) + tuple(input_shape)
    split = tuple(n for pair in zip(reps, shape, strict=True) for n in pair)
    if not split:
        return g
    return g.reshape(split).sum(tuple(range(0, len(split), 2))).reshape(input_shape)


_tile.grad(input=_tile_rule)


@composite(numpy=np.tile)
def tile(input: Any, dims: Any) -> Any:
    """The tensor repeated `dims` times along the last dimensions.

    >>> tn.tile(tn.tensor([1, 2]), (2,))
    tensor([1, 2, 1, 2])
    """
    reps = ints("tile", (dims,))
    return _tile(input, (1,) * (input.ndim - len(reps)) + reps)


attach_method("tile")(lambda self, *counts, dims=None: tile(self, ints("tile", counts, dims)))


@attach_method("repeat")
def repeat(self: Tensor, *counts: Any, repeats: Any = None) -> Tensor:
    """The tensor repeated along each dimension: ``x.repeat(2, 3)``."""
    reps = ints("repeat", counts, repeats)
    if len(reps) < self._data.ndim:
        raise RuntimeError(
            "repeat: Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor"
        )
    if any(n < 0 for n in reps):
        raise RuntimeError(
            f"repeat: Trying to create tensor with negative dimension in {list(reps)}"
        )
    return _tile(self, reps)


@composite(method="repeat_interleave", numpy=np.repeat)
def repeat_interleave(
    input: Any, repeats: Any = None, dim: Any = None, *, output_size: Any = None
) -> Any:
    """Each element (or slice along `dim`) repeated, copies side by side.

    >>> tn.repeat_interleave(tn.tensor([1, 2]), 2)
    tensor([1, 1, 2, 2])
    """
    from autotn.core.tensor import wrap
    from autotn.ops.gather import index_select

    if repeats is None:
        counts = input._data if isinstance(input, Tensor) else input
        return wrap(np.repeat(np.arange(counts.size), counts))
    counts = repeats._data if isinstance(repeats, Tensor) else np.asarray(repeats)
    if dim is None:
        input, dim = input.reshape((-1,)), 0
    axis = check_dim("repeat_interleave", dim, input.ndim)
    size = input.shape[axis] if input.ndim else 1
    if counts.size not in (1, size):
        raise RuntimeError(
            f"repeat_interleave: repeats must have the same size as input along dim, but got repeats.size(0) = "
            f"{counts.size} and input.size({axis}) = {size}"
        )
    if (counts < 0).any():
        raise RuntimeError("repeat_interleave: repeats can not be negative")
    each = np.broadcast_to(counts.reshape(-1), (size,)) if counts.size == 1 else counts
    return index_select(input, axis, np.repeat(np.arange(size), each))


# -- stacking by name, grids -----------------------------------------------------------------------------


@composite(out=True, numpy=np.hstack)
def hstack(tensors: Any) -> Any:
    """Tensors side by side: along the second dimension, vectors along their only one.

    >>> tn.hstack((tn.tensor([1]), tn.tensor([2])))
    tensor([1, 2])
    """
    from autotn.ops.join import cat
    from autotn.ops.shape import atleast_1d

    lifted = [atleast_1d(t) for t in tensors]
    return cat(lifted, 0 if lifted and lifted[0].ndim == 1 else 1)


@composite(out=True, numpy=np.vstack)
def vstack(tensors: Any) -> Any:
    """Tensors on top of each other: along the first dimension, vectors as rows.

    >>> tn.vstack((tn.tensor([1]), tn.tensor([2])))
    tensor([[1],
            [2]])
    """
    from autotn.ops.join import cat
    from autotn.ops.shape import atleast_2d

    return cat([atleast_2d(t) for t in tensors], 0)


row_stack = vstack


@composite(out=True, numpy=np.dstack)
def dstack(tensors: Any) -> Any:
    """Tensors behind each other: along the third dimension.

    >>> tn.dstack((tn.tensor([1]), tn.tensor([2]))).shape
    tn.Size([1, 1, 2])
    """
    from autotn.ops.join import cat
    from autotn.ops.shape import atleast_3d

    return cat([atleast_3d(t) for t in tensors], 2)


@composite(out=True, numpy=np.column_stack)
def column_stack(tensors: Any) -> Any:
    """Vectors as the columns of a matrix; matrices side by side.

    >>> tn.column_stack((tn.tensor([1, 2]), tn.tensor([3, 4])))
    tensor([[1, 3],
            [2, 4]])
    """
    return hstack([t.reshape((-1, 1)) if t.ndim <= 1 else t for t in tensors])


@composite()
def block_diag(*tensors: Any) -> Any:
    """The matrices along the diagonal of one matrix of zeros.

    >>> tn.block_diag(tn.tensor([[1]]), tn.tensor([2, 3]))
    tensor([[1, 0, 0],
            [0, 2, 3]])
    """
    from autotn.ops.join import cat
    from autotn.ops.shape import atleast_2d

    blocks = [atleast_2d(t) for t in tensors]
    for k, b in enumerate(blocks):
        if b.ndim != 2:
            raise RuntimeError(
                f"block_diag: Input tensors must have 2 or fewer dimensions. Input {k} has {b.ndim} dimensions"
            )
    width = sum(b.shape[1] for b in blocks)
    rows, left = [], 0
    for b in blocks:
        right = width - left - b.shape[1]
        parts = [b.new_zeros((b.shape[0], left)), b, b.new_zeros((b.shape[0], right))]
        rows.append(cat(parts, 1))
        left += b.shape[1]
    return cat(rows, 0)


@composite()
def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Any, ...]:
    """The coordinates of a grid whose axes the tensors give.

    >>> x, y = tn.meshgrid(tn.tensor([1, 2]), tn.tensor([3, 4]), indexing="ij"); y
    tensor([[3, 4],
            [3, 4]])
    """
    listed = (
        list(tensors[0])
        if len(tensors) == 1 and isinstance(tensors[0], (list, tuple))
        else list(tensors)
    )
    if indexing not in ("ij", "xy"):
        raise RuntimeError(
            f"meshgrid: indexing must be one of 'xy' or 'ij', but received: {indexing}"
        )
    for t in listed:
        if t.ndim > 1:
            raise RuntimeError(
                f"meshgrid: Expected 0D or 1D tensor in the tensor list but got: {t.ndim}D"
            )
    swap = indexing == "xy" and len(listed) > 1
    if swap:  # the rows are the second one's
        listed[0], listed[1] = listed[1], listed[0]
    shape = tuple(t.numel() for t in listed)
    grids = []
    for k, t in enumerate(listed):
        along = [1] * len(shape)
        along[k] = -1
        grids.append(t.reshape(along).expand(shape))
    if swap:
        grids[0], grids[1] = grids[1], grids[0]
    return tuple(grids)


@composite()
def cartesian_prod(*tensors: Any) -> Any:
    """All combinations of one element from each vector, one per row.

    >>> tn.cartesian_prod(tn.tensor([1, 2]), tn.tensor([3]))
    tensor([[1, 3],
            [2, 3]])
    """
    from autotn.ops.join import stack

    for t in tensors:
        if t.ndim != 1:
            raise RuntimeError(f"cartesian_prod: Expect a 1D vector, but got shape {list(t.shape)}")
    if len(tensors) == 1:
        return tensors[0]
    return stack([g.reshape((-1,)) for g in meshgrid(*tensors, indexing="ij")], 1)


@composite()
def combinations(input: Any, r: int = 2, with_replacement: bool = False) -> Any:
    """All choices of `r` elements, one per row.

    >>> tn.combinations(tn.tensor([1, 2, 3]))
    tensor([[1, 2],
            [1, 3],
            [2, 3]])
    """
    import itertools

    if input.ndim != 1:
        raise RuntimeError(f"combinations: Expect a 1D vector, but got shape {list(input.shape)}")
    if r < 0:
        raise RuntimeError(f"combinations: Expect a non-negative number, but got {r}")
    if r == 0:
        return input[:0]
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    index = np.array(list(choose(range(input.shape[0]), r)), np.int64).reshape(-1, r)
    return input[index]


@composite(method="diff", numpy=np.diff, out=True)
def diff(input: Any, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """Differences of neighbours along `dim`, `n` times; of two graphs, what differs (`autotn.viz.diff`).

    >>> tn.diff(tn.tensor([1, 4, 9]))
    tensor([3, 5])
    """
    from autotn.ops.join import cat

    if hasattr(input, "compared_with"):  # two graphs of runs: the name means both
        return input.compared_with(n)
    axis = check_dim("diff", dim, input.ndim)
    if not input.ndim:
        raise RuntimeError("diff: expects input to be at least one-dimensional")
    if n < 0:
        raise RuntimeError(f"diff: order must be non-negative but got {n}")
    parts = [p for p in (prepend, input, append) if p is not None]
    x = cat(parts, axis) if len(parts) > 1 else input
    kind = (x._data if isinstance(x, Tensor) else x).dtype
    for _ in range(n):
        size = x.shape[axis]
        if size < 2:
            return x[(*(slice(None),) * axis, slice(0, 0))]
        later = x[(*(slice(None),) * axis, slice(1, size))]
        earlier = x[(*(slice(None),) * axis, slice(0, size - 1))]
        x = later ^ earlier if kind == np.bool_ else later - earlier
    return x


# -- windows by strides ----------------------------------------------------------------------------------


@op(view=True)
def _as_strided(input: Arr, size: tuple[int, ...], stride: tuple[int, ...], offset: int) -> Arr:
    """Any window onto the memory, by sizes and strides.

    >>> tn.as_strided(tn.arange(4), (2, 2), (1, 1))
    tensor([[0, 1],
            [1, 2]])
    """
    steps = tuple(s * input.itemsize for s in stride)
    # In order first: an array that repeats one element has less memory than elements.
    flat = np.ascontiguousarray(input).reshape(-1)
    return np.lib.stride_tricks.as_strided(flat[offset:], size, steps)


def _as_strided_rule(
    g: Any, input_shape: tuple[int, ...], size: Any, stride: Any, offset: int
) -> Any:
    from autotn.ops.index import put_into_zeros

    places = np.full(size, offset, np.int64)
    for k, (n, s) in enumerate(zip(size, stride, strict=True)):
        along = [1] * len(size)
        along[k] = n
        places = places + (np.arange(n) * s).reshape(along)
    flat = put_into_zeros(g, (math.prod(input_shape),), places)
    return flat.reshape(input_shape)


_as_strided.grad(input=_as_strided_rule)


@composite(method="as_strided")
def as_strided(input: Any, size: Any, stride: Any, storage_offset: Any = None) -> Any:
    """Any window onto a contiguous tensor's elements, by sizes and strides counted in elements.

    >>> tn.as_strided(tn.arange(4), (2, 2), (1, 1))
    tensor([[0, 1],
            [1, 2]])
    """
    sizes, steps = ints("as_strided", (size,)), ints("as_strided", (stride,))
    if len(sizes) != len(steps):
        raise RuntimeError("as_strided: mismatch in length of strides and shape")
    offset = int(storage_offset or 0)
    count = (input._data if isinstance(input, Tensor) else input).size
    last = offset + sum((n - 1) * s for n, s in zip(sizes, steps, strict=True) if n)
    if min(sizes, default=1) and (last >= count or offset < 0 or any(s < 0 for s in steps)):
        raise RuntimeError(
            f"as_strided: sizes {list(sizes)}, strides {list(steps)} and offset {offset} reach outside a tensor of "
            f"{count} elements"
        )
    return _as_strided(input, sizes, steps, offset)


@op(method="unfold", view=True)
def unfold_dimension(input: Arr, dimension: int, size: int, step: int) -> Arr:
    """All windows of `size` along a dimension, `step` apart, as a new last dimension.

    >>> tn.arange(5).unfold(0, 2, 1).shape
    tn.Size([4, 2])
    """
    axis = check_dim("unfold", dimension, input.ndim)
    if step <= 0:
        raise RuntimeError(f"unfold: step is {step} but must be > 0")
    longest = input.shape[axis] if input.ndim else 1
    if not 0 <= size <= longest:
        raise RuntimeError(
            f"unfold: maximum size for tensor at dimension {axis} is {longest} but size is {size}"
        )
    if not input.ndim:
        return input.reshape(1)[:size]
    windows = np.lib.stride_tricks.sliding_window_view(
        input, size, axis, writeable=input.flags.writeable
    )
    return windows[(*(slice(None),) * axis, slice(None, None, step))]


def _unfold_rule(g: Any, input_shape: tuple[int, ...], dimension: int, size: int, step: int) -> Any:
    from autotn.ops.gather import add_slices
    from autotn.ops.shape import movedim

    if not input_shape:
        return g.reshape(())
    axis = check_dim("unfold", dimension, len(input_shape))
    count = g.shape[axis]
    places = (np.arange(count)[:, None] * step + np.arange(size)).reshape(-1)
    joined = movedim(g, -1, axis + 1)
    shape = (*joined.shape[:axis], count * size, *joined.shape[axis + 2 :])
    return add_slices(joined.reshape(shape), tuple(input_shape), axis, places)


unfold_dimension.grad(input=_unfold_rule)

acts("linear", _flip, _roll, _tile, unfold_dimension)
