"""Shapes and views: the same elements, seen otherwise. All of these share memory where NumPy can."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from autotn.core.methods import attach_method
from autotn.core.node import named
from autotn.core.op import Arr, acts, alias, composite, op
from autotn.core.tensor import Tensor, check_dim
from autotn.errors import ShapeError
from autotn.kernels.parts import whole_of
from autotn.ops.sizes import complete_shape, left_out, stretched

__all__ = [
    "adjoint", "atleast_1d", "atleast_2d", "atleast_3d", "broadcast_tensors", "broadcast_to", "chunk",
    "flatten", "movedim", "moveaxis", "narrow", "permute", "ravel", "reshape", "select",
    "split", "split_with_sizes", "squeeze", "swapaxes", "swapdims", "t", "transpose",
    "unbind", "unflatten", "unsqueeze",
]  # fmt: skip


def ints(name: str, given: Sequence[Any], by_keyword: Any = None) -> tuple[int, ...]:
    """Sizes given as ``2, 3``, as one sequence or by keyword, as a tuple of ints."""
    given = given if by_keyword is None else (*given, by_keyword)
    if len(given) == 1 and isinstance(given[0], (tuple, list, Tensor, np.ndarray)):
        only = given[0]
        if not (isinstance(only, Tensor) and only.ndim == 0):
            given = tuple(only)
    try:
        return tuple(map(operator.index, given))
    except TypeError:
        raise TypeError(f"{name}: expected sizes as ints, got {given!r}") from None


# -- reshape and its kin -------------------------------------------------------------------------------


@op(view=True)
def _reshape(input: Arr, shape: tuple[int, ...]) -> Arr:
    """The elements in another shape, as a view where strides allow.

    >>> tn.tensor([1, 2, 3, 4]).reshape(2, 2)
    tensor([[1, 2],
            [3, 4]])
    """
    return input.reshape(shape)


_reshape.grad(input=lambda g, input_shape: g.reshape(input_shape))


def size_of(input: Any) -> int:
    """The number of elements of an array or a Tensor."""
    return input._data.size if isinstance(input, Tensor) else input.size


@composite(numpy=np.reshape)
def reshape(input: Any, shape: Any) -> Any:
    """The elements in another shape; -1 stands for what is left.

    >>> tn.reshape(tn.tensor([1, 2, 3, 4]), (-1, 2)).shape
    tn.Size([2, 2])
    """
    return _reshape(input, complete_shape("reshape", ints("reshape", (shape,)), size_of(input)))


@attach_method("reshape")
def reshape_method(self: Tensor, *sizes: Any, shape: Any = None) -> Tensor:
    """The elements in another shape: ``x.reshape(2, -1)``."""
    return _reshape(self, complete_shape("reshape", ints("reshape", sizes, shape), self._data.size))


@attach_method("view")
def view(self: Tensor, *shape: Any, size: Any = None, dtype: Any = None) -> Tensor:
    """The elements in another shape, never copied; or the same bytes in another dtype."""
    from autotn.core import dtypes

    if len(shape) == 1 and not isinstance(shape[0], (int, np.integer, tuple, list, Tensor)):
        (dtype,) = shape
    if dtype is not None:
        return view_dtype(self, dtypes.as_numpy(dtype))
    wanted = complete_shape("view", ints("view", shape, size), self._data.size)
    data = self._data
    owner = data.reshape(wanted).base
    if owner is not data and (owner is None or owner is not data.base):  # it had to be copied
        raise RuntimeError(
            f"view: size {list(wanted)} is not compatible with input tensor's size {list(data.shape)} and "
            "stride (at least one dimension spans across two contiguous subspaces). Use .reshape(...) "
            f"instead{_of_which_view(self)}."
        )
    return _reshape(self, wanted)


def _of_which_view(tensor: Tensor) -> str:
    """By which calls a view came from its base, in words."""
    if tensor._view is None:
        return ""
    steps = ", ".join(
        f"{f.__name__.strip('_')}{arguments}" for f, arguments, _ in tensor._view.steps
    )
    return f", which copies: the tensor is a view of one of size {list(tensor._view.base.shape)} by {steps}"


@op(view=True)
def view_dtype(input: Arr, dtype: Any) -> Arr:
    """The same bytes read as another dtype.

    >>> tn.tensor([1.0]).view(tn.int32)
    tensor([1065353216], dtype=tn.int32)
    """
    return input.view(dtype)


@attach_method("view_as")
def view_as(self: Tensor, other: Tensor) -> Tensor:
    """This tensor viewed in the shape of `other`."""
    return view(self, other.shape)


@attach_method("reshape_as")
def reshape_as(self: Tensor, other: Tensor) -> Tensor:
    """This tensor reshaped to the shape of `other`."""
    return reshape_method(self, other.shape)


@composite(method="flatten")
def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    """Dimensions from `start_dim` to `end_dim` made one.

    >>> tn.flatten(tn.zeros(2, 3, 4), 1).shape
    tn.Size([2, 12])
    """
    shape = tuple(input.shape)
    first = check_dim("flatten", start_dim, len(shape))
    last = check_dim("flatten", end_dim, len(shape))
    if first > last:
        raise RuntimeError("flatten: start_dim cannot come after end_dim")
    if not shape:
        return _reshape(input, (1,))
    if first == last:
        return input
    middle = math.prod(shape[first : last + 1])
    return _reshape(input, (*shape[:first], middle, *shape[last + 1 :]))


@composite(method="ravel", numpy=np.ravel)
def ravel(input: Any) -> Any:
    """All elements in one dimension.

    >>> tn.ravel(tn.tensor([[1, 2], [3, 4]]))
    tensor([1, 2, 3, 4])
    """
    return _reshape(input, (size_of(input),))


@composite(method="unflatten")
def unflatten(input: Any, dim: int, sizes: Any) -> Any:
    """One dimension split into several.

    >>> tn.unflatten(tn.zeros(2, 6), 1, (2, -1)).shape
    tn.Size([2, 2, 3])
    """
    shape = tuple(input.shape)
    axis = check_dim("unflatten", dim, len(shape))
    sizes = ints("unflatten", (sizes,))
    if not sizes:
        raise RuntimeError("unflatten: sizes must be non-empty")
    inner = complete_shape(f"unflatten: sizes of dimension {axis}", sizes, shape[axis])
    return _reshape(input, (*shape[:axis], *inner, *shape[axis + 1 :]))


@composite(method="squeeze", inplace=False, numpy=np.squeeze)
def squeeze(input: Any, dim: Any = None) -> Any:
    """Dimensions of size 1 taken away: all, or those in `dim`.

    >>> tn.squeeze(tn.zeros(1, 3, 1)).shape
    tn.Size([3])
    """
    shape = tuple(input.shape)
    if dim is None:
        return named(_reshape(input, tuple(n for n in shape if n != 1)), "SqueezeBackward0")
    dims = dim if isinstance(dim, (tuple, list)) else (dim,)
    gone = {check_dim("squeeze", d, len(shape)) for d in dims}
    found = _reshape(input, tuple(n for k, n in enumerate(shape) if not (k in gone and n == 1)))
    return named(found, "SqueezeBackward2" if dims is dim else "SqueezeBackward1")


@composite(method="unsqueeze", numpy=np.expand_dims)
def unsqueeze(input: Any, dim: int) -> Any:
    """A new dimension of size 1 at `dim`.

    >>> tn.unsqueeze(tn.zeros(3), 0).shape
    tn.Size([1, 3])
    """
    shape = tuple(input.shape)
    axis = check_dim("unsqueeze", dim, len(shape) + 1)
    return named(_reshape(input, (*shape[:axis], 1, *shape[axis:])), "UnsqueezeBackward0")


# -- permutations --------------------------------------------------------------------------------------


@op(method="transpose", view=True)
def transpose(input: Arr, dim0: int, dim1: int) -> Arr:
    """Two dimensions swapped, as a view.

    >>> tn.transpose(tn.tensor([[1, 2], [3, 4]]), 0, 1)
    tensor([[1, 3],
            [2, 4]])
    """
    first = check_dim("transpose", dim0, input.ndim)
    second = check_dim("transpose", dim1, input.ndim)
    return input.swapaxes(first, second) if input.ndim else input.view()


transpose.grad(input=lambda g, dim0, dim1: transpose(g, dim0, dim1))
swapdims = alias(transpose, "swapdims")


@composite(method="swapaxes")
def swapaxes(input: Any, axis0: int, axis1: int) -> Any:
    """`transpose` in NumPy's words.

    >>> tn.swapaxes(tn.zeros(2, 3), axis0=0, axis1=1).shape
    tn.Size([3, 2])
    """
    return transpose(input, axis0, axis1)


@op(view=True)
def _permute(input: Arr, dims: tuple[int, ...]) -> Arr:
    """The dimensions in another order, as a view.

    >>> tn.permute(tn.zeros(2, 3, 4), (2, 0, 1)).shape
    tn.Size([4, 2, 3])
    """
    return input.transpose(dims)


_permute.grad(input=lambda g, dims: _permute(g, inverse_order(dims)))


def inverse_order(dims: tuple[int, ...]) -> tuple[int, ...]:
    """The permutation that undoes `dims`."""
    back = [0] * len(dims)
    for k, d in enumerate(dims):
        back[d] = k
    return tuple(back)


@composite(numpy=np.transpose)
def permute(input: Any, dims: Any = None) -> Any:
    """The dimensions in another order.

    >>> tn.permute(tn.zeros(2, 3, 4), (2, 0, 1)).shape
    tn.Size([4, 2, 3])
    """
    ndim = input.ndim
    if dims is None:
        return _permute(input, tuple(range(ndim))[::-1])
    order = ints("permute", (dims,))
    if len(order) != ndim:
        raise RuntimeError(
            f"permute: number of dimensions in the tensor input does not match the length of the desired "
            f"ordering of dimensions i.e. input.dim() = {ndim} is not equal to len(dims) = {len(order)}; "
            f"input has shape {tuple(input.shape)}{left_out(order, ndim)}"
        )
    axes = tuple(check_dim("permute", d, ndim) for d in order)
    if len(set(axes)) != ndim:
        raise RuntimeError(f"permute: duplicate dims are not allowed, got {list(order)}")
    return _permute(input, axes)


@attach_method("permute")
def permute_method(self: Tensor, *order: Any, dims: Any = None) -> Tensor:
    """The dimensions in another order: ``x.permute(2, 0, 1)``."""
    return permute(self, ints("permute", order, dims))


@composite(method="t")
def t(input: Any) -> Any:
    """The transpose of a matrix (a vector stays as it is).

    >>> tn.t(tn.tensor([[1, 2]]))
    tensor([[1],
            [2]])
    """
    if input.ndim > 2:
        raise RuntimeError(f"t: expects a tensor with <= 2 dimensions, but self is {input.ndim}D")
    return named(transpose(input, 0, 1), "TBackward0") if input.ndim == 2 else input


@composite(method="movedim", numpy=np.moveaxis)
def movedim(input: Any, source: Any, destination: Any) -> Any:
    """Dimensions moved to other places; the others keep their order.

    >>> tn.movedim(tn.zeros(2, 3, 4), 0, -1).shape
    tn.Size([3, 4, 2])
    """
    ndim = input.ndim
    origin = source if isinstance(source, (tuple, list)) else (source,)
    target = destination if isinstance(destination, (tuple, list)) else (destination,)
    if len(origin) != len(target):
        raise RuntimeError(
            f"movedim: Invalid source or destination dims: source ({list(origin)} dims) should contain "
            f"the same number of dims as destination ({list(target)} dims)"
        )
    first = [check_dim("movedim", d, ndim) for d in origin]
    last = [check_dim("movedim", d, ndim) for d in target]
    if len(set(first)) != len(first) or len(set(last)) != len(last):
        raise RuntimeError("movedim: repeated dim in `source` or `destination`")
    order = [k for k in range(ndim) if k not in first]
    for goal, come in sorted(zip(last, first, strict=True)):
        order.insert(goal, come)
    return _permute(input, tuple(order[:ndim]))


moveaxis = alias(movedim, "moveaxis")


@composite(method="adjoint")
def adjoint(input: Any) -> Any:
    """The last two dimensions swapped, and conjugated when complex.

    >>> tn.adjoint(tn.tensor([[1, 2]])).shape
    tn.Size([2, 1])
    """
    if input.ndim == 1:
        raise RuntimeError(
            "adjoint: tensor.adjoint() is only supported on matrices or batches of matrices"
        )
    turned = transpose(input, -2, -1) if input.ndim else input
    kind = (input._data if isinstance(input, Tensor) else input).dtype.kind
    return turned.conj() if kind == "c" else turned


def _matrix_property(name: str, function: Any, doc: str) -> None:
    attach_method(name)(property(function, doc=doc))


def _all_reversed(self: Tensor) -> Tensor:
    return _permute(self, tuple(range(self._data.ndim))[::-1])


def _matrix_transposed(self: Tensor) -> Tensor:
    if self._data.ndim < 2:
        raise RuntimeError(
            f"tensor.mT is only supported on matrices or batches of matrices. Got {self._data.ndim}-D tensor."
        )
    return transpose(self, -2, -1)


def _hermitian(self: Tensor) -> Tensor:
    if self._data.ndim not in (0, 2):
        raise RuntimeError(
            f"tensor.H is only supported on matrices (2-D tensors). Got {self._data.ndim}-D tensor."
        )
    return adjoint(self)


_matrix_property("T", _all_reversed, "The dimensions in reverse order.")
_matrix_property("mT", _matrix_transposed, "The last two dimensions swapped.")
_matrix_property("H", _hermitian, "The conjugate transpose of a matrix.")
_matrix_property(
    "mH", lambda self: adjoint(self), "The conjugate transpose of the last two dimensions."
)


# -- stretching ----------------------------------------------------------------------------------------


@op(view=True)
def _expand(input: Arr, shape: tuple[int, ...]) -> Arr:
    """Dimensions of size 1 stretched, as a view without copies.

    >>> tn.tensor([[1], [2]]).expand(2, 3)
    tensor([[1, 1, 1],
            [2, 2, 2]])
    """
    if math.prod(shape) == input.size:  # nothing is repeated, so the view may be written to
        return input.reshape(shape)
    return stretched(input, shape)


def _expand_rule(g: Any, input_shape: tuple[int, ...]) -> Any:
    from autotn.core.call import sum_to

    return sum_to(g, input_shape)


_expand.grad(input=_expand_rule)


def expand(input: Any, *sizes: Any, size: Any = None) -> Any:
    """Dimensions of size 1 stretched to `sizes`; -1 keeps a size.

    >>> tn.tensor([[1], [2]]).expand(-1, 2)
    tensor([[1, 1],
            [2, 2]])
    """
    wanted = ints("expand", sizes, size)
    have = tuple(input.shape)
    lead = len(wanted) - len(have)
    if lead < 0:
        raise RuntimeError(
            f"expand: the number of sizes provided ({len(wanted)}) must be greater or equal to the number of "
            f"dimensions in the tensor ({len(have)})"
        )
    shape = []
    for k, n in enumerate(wanted):
        own = have[k - lead] if k >= lead else 1
        if n == -1 and k < lead:
            raise RuntimeError(
                f"expand: the expanded size of the tensor (-1) isn't allowed in a leading, non-existing "
                f"dimension {k}"
            )
        if n != -1 and own not in (1, n):
            raise ShapeError(
                f"expand: the expanded size of the tensor ({n}) must match the existing size ({own}) at "
                f"non-singleton dimension {k}. Target sizes: {list(wanted)}. Tensor sizes: {list(have)}"
                + ("; repeat() copies what is there several times" if n % max(own, 1) == 0 else "")
            )
        shape.append(own if n == -1 else n)
    return _expand(input, tuple(shape))


attach_method("expand")(expand)


@attach_method("expand_as")
def expand_as(self: Tensor, other: Tensor) -> Tensor:
    """This tensor stretched to the shape of `other`."""
    return expand(self, other.shape)


@composite(method="broadcast_to", numpy=np.broadcast_to)
def broadcast_to(input: Any, *sizes: Any, size: Any = None) -> Any:
    """Dimensions of size 1 stretched to `size`.

    >>> tn.broadcast_to(tn.tensor([1, 2]), (2, 2))
    tensor([[1, 2],
            [1, 2]])
    """
    return expand(input, *sizes, size=size)


@composite()
def broadcast_tensors(*tensors: Any) -> tuple[Any, ...]:
    """All tensors stretched to their common shape.

    >>> a, b = tn.broadcast_tensors(tn.zeros(2, 1), tn.zeros(3)); b.shape
    tn.Size([2, 3])
    """
    listed = (
        tuple(tensors[0]) if len(tensors) == 1 and not isinstance(tensors[0], Tensor) else tensors
    )
    try:
        shape = np.broadcast_shapes(*(tuple(x.shape) for x in listed))
    except ValueError:
        shapes = ", ".join(str(tuple(x.shape)) for x in listed)
        raise ShapeError(f"broadcast_tensors: shapes {shapes} do not broadcast together") from None
    return tuple(expand(x, shape) for x in listed)


def _at_least(ndim: int, place: Any) -> Any:
    def function(*tensors: Any) -> Any:
        several = len(tensors) != 1 or not isinstance(tensors[0], Tensor)
        listed = tuple(tensors[0]) if len(tensors) == 1 and several else tensors
        lifted = tuple(x if x.ndim >= ndim else _reshape(x, place(tuple(x.shape))) for x in listed)
        return lifted if several else lifted[0]

    function.__name__ = function.__qualname__ = f"atleast_{ndim}d"
    function.__doc__ = f"The tensor (or each of several) with at least {ndim} dimension(s)."
    return function


atleast_1d = _at_least(1, lambda s: (1,))
atleast_2d = _at_least(2, lambda s: (1, *s) if s else (1, 1))
atleast_3d = _at_least(3, lambda s: (1, 1, 1) if not s else (1, *s, 1) if len(s) == 1 else (*s, 1))


# -- parts ---------------------------------------------------------------------------------------------


@op(view=True)
def _parts(input: Arr, cuts: tuple[int, ...], dim: int) -> tuple[Arr, ...]:
    """The tensor cut along a dimension at given places, as views.

    >>> [p.tolist() for p in tn.split(tn.tensor([1, 2, 3]), 2)]
    [[1, 2], [3]]
    """
    before = (slice(None),) * dim
    ends = (*cuts, input.shape[dim])
    return tuple(input[(*before, slice(a, b))] for a, b in zip((0, *cuts), ends, strict=True))


@_parts.grad
def _(g: Any, dim: int, input_shape: tuple[int, ...]) -> Any:
    from autotn.ops.join import cat

    whole = whole_of(g, dim, input_shape)
    return cat(list(g), dim).reshape(input_shape) if whole is None else whole


@composite(method="split_with_sizes")
def split_with_sizes(input: Any, split_sizes: Any, dim: int = 0) -> Any:
    """The tensor cut into parts of given sizes.

    >>> [p.tolist() for p in tn.split_with_sizes(tn.tensor([1, 2, 3]), [1, 2])]
    [[1], [2, 3]]
    """
    axis = check_dim("split", dim, input.ndim)
    sizes = ints("split", (split_sizes,))
    if not input.ndim:
        raise RuntimeError("split: expects at least a 1-dimensional tensor")
    if any(n < 0 for n in sizes) or sum(sizes) != input.shape[axis]:
        raise RuntimeError(
            f"split: split_sizes {list(sizes)} must be non-negative and sum to the tensor's size at "
            f"dimension {axis}, {input.shape[axis]}, but sum to {sum(sizes)}"
        )
    cuts = tuple(int(c) for c in np.cumsum(sizes)[:-1])
    return _parts(input, cuts, axis)


@composite()
def split(tensor: Any, split_size_or_sections: Any, dim: int = 0) -> Any:
    """The tensor cut into parts of one size (the last may be smaller), or of given sizes.

    >>> [p.tolist() for p in tn.split(tn.tensor([1, 2, 3]), 2)]
    [[1, 2], [3]]
    """
    if isinstance(split_size_or_sections, (tuple, list)):
        return split_with_sizes(tensor, split_size_or_sections, dim)
    size = int(split_size_or_sections)
    if not tensor.ndim:
        raise RuntimeError("split: expects at least a 1-dimensional tensor")
    axis = check_dim("split", dim, tensor.ndim)
    length = tensor.shape[axis]
    if size < 0 or (size == 0 and length):
        raise RuntimeError(f"split: split_size must be positive, got {size}")
    return _parts(tensor, tuple(range(size, length, size)) if size else (), axis)


attach_method("split")(lambda self, split_size, dim=0: split(self, split_size, dim))


@composite(method="chunk")
def chunk(input: Any, chunks: int, dim: int = 0) -> Any:
    """The tensor cut into at most `chunks` parts of equal size (the last may be smaller).

    >>> [p.tolist() for p in tn.chunk(tn.tensor([1, 2, 3, 4, 5]), 3)]
    [[1, 2], [3, 4], [5]]
    """
    if chunks <= 0:
        raise RuntimeError(f"chunk: expects `chunks` to be greater than 0, got: {chunks}")
    if not input.ndim:
        raise RuntimeError("chunk: expects at least a 1-dimensional tensor")
    axis = check_dim("chunk", dim, input.ndim)
    length = input.shape[axis]
    if length == 0:
        return _parts(input, (0,) * (chunks - 1), axis)
    return split(input, -(-length // chunks), axis)


@op(method="unbind", view=True)
def unbind(input: Arr, dim: int = 0) -> tuple[Arr, ...]:
    """The slices along a dimension, which is taken away, as views.

    >>> tn.unbind(tn.tensor([[1, 2], [3, 4]]))
    (tensor([1, 2]), tensor([3, 4]))
    """
    if not input.ndim:
        raise RuntimeError("unbind: Dimension specified as 0 but tensor has no dimensions")
    moved = np.moveaxis(input, check_dim("unbind", dim, input.ndim), 0)
    return tuple(moved[k, ...] for k in range(len(moved)))


@unbind.grad
def _(g: Any, dim: int, input_shape: tuple[int, ...]) -> Any:
    from autotn.ops.join import stack

    return stack(list(g), dim).reshape(input_shape)


@composite(method="narrow")
def narrow(input: Any, dim: int, start: Any, length: int) -> Any:
    """The `length` slices from `start` on along a dimension, as a view.

    >>> tn.narrow(tn.tensor([1, 2, 3]), 0, 1, 2)
    tensor([2, 3])
    """
    axis = check_dim("narrow", dim, input.ndim)
    if not input.ndim:
        raise RuntimeError("narrow: cannot be applied to a 0-dim tensor.")
    size, begin = input.shape[axis], int(start)
    if length < 0:
        raise RuntimeError("narrow: length must be non-negative.")
    if not -size <= begin <= size:
        raise IndexError(
            f"narrow: start out of range (expected to be in range of [{-size}, {size}], but got {begin})"
        )
    begin += size if begin < 0 else 0
    if begin + length > size:
        raise RuntimeError(
            f"narrow: start ({begin}) + length ({length}) exceeds dimension size ({size})."
        )
    from autotn.ops.index import _getitem

    return named(
        _getitem(input, (*(slice(None),) * axis, slice(begin, begin + length))), "SliceBackward0"
    )


@composite(method="select")
def select(input: Any, dim: int, index: int) -> Any:
    """One slice along a dimension, which is taken away, as a view.

    >>> tn.select(tn.tensor([[1, 2], [3, 4]]), 1, 0)
    tensor([1, 3])
    """
    if not input.ndim:
        raise IndexError("select: cannot be applied to a 0-dim tensor.")
    axis = check_dim("select", dim, input.ndim)
    size = input.shape[axis]
    if not -size <= index < size:
        raise IndexError(
            f"select: index {index} out of range for tensor of size {list(input.shape)} at dimension {axis}"
        )
    from autotn.ops.index import _getitem

    return named(
        _getitem(input, (*(slice(None),) * axis, operator.index(index))), "SelectBackward0"
    )


acts("linear", _reshape, transpose, _permute, _expand, _parts, unbind)
