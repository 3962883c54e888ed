"""Copies of what views show, and the checks-free names of splitting: PyTorch's ``…_copy`` and ``unsafe_…``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autotn.core import views
from autotn.core.methods import attach_method
from autotn.core.tensor import Tensor
from autotn.ops import arrange, shape
from autotn.ops.complex import view_as_complex, view_as_real
from autotn.ops.diagonal import diagonal

__all__ = [
    "alias_copy", "as_strided_copy", "detach", "detach_", "detach_copy", "diagonal_copy",
    "expand_copy", "fill",
    "narrow_copy", "permute_copy", "select_copy", "slice_copy", "split_copy",
    "split_with_sizes_copy", "squeeze_copy", "t_copy", "transpose_copy", "unbind_copy",
    "unfold_copy", "unsafe_chunk", "unsafe_split", "unsafe_split_with_sizes", "unsqueeze_copy",
    "view_as_complex_copy", "view_as_real_copy", "view_copy",
]  # fmt: skip


def _copied(name: str, view: Callable[..., Any]) -> Any:
    def copy(input: Any, *args: Any, **kwargs: Any) -> Any:
        found = view(input, *args, **kwargs)
        return (
            tuple(x.clone() for x in found) if isinstance(found, (tuple, list)) else found.clone()
        )

    copy.__name__ = copy.__qualname__ = name
    copy.__doc__ = f"A copy of what `{name.removesuffix('_copy')}` shows."
    return copy


def _slice(input: Any, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Any:
    from autotn.core.tensor import check_dim

    axis = check_dim("slice_copy", dim, input.ndim)
    return input[(*(slice(None),) * axis, slice(start, end, step))]


alias_copy = _copied("alias_copy", views.alias)
as_strided_copy = _copied("as_strided_copy", arrange.as_strided)
detach_copy = _copied("detach_copy", lambda input: input.detach())
diagonal_copy = _copied("diagonal_copy", diagonal)
expand_copy = _copied("expand_copy", shape.expand)
narrow_copy = _copied("narrow_copy", shape.narrow)
permute_copy = _copied("permute_copy", shape.permute)
select_copy = _copied("select_copy", shape.select)
slice_copy = _copied("slice_copy", _slice)
split_copy = _copied("split_copy", shape.split)
split_with_sizes_copy = _copied("split_with_sizes_copy", shape.split_with_sizes)
squeeze_copy = _copied("squeeze_copy", shape.squeeze)
t_copy = _copied("t_copy", shape.t)
transpose_copy = _copied("transpose_copy", shape.transpose)
unbind_copy = _copied("unbind_copy", shape.unbind)
unfold_copy = _copied("unfold_copy", lambda input, *a, **k: input.unfold(*a, **k))
unsqueeze_copy = _copied("unsqueeze_copy", shape.unsqueeze)
view_as_complex_copy = _copied("view_as_complex_copy", view_as_complex)
view_as_real_copy = _copied("view_as_real_copy", view_as_real)
view_copy = _copied("view_copy", lambda input, *size: input.view(*size))

unsafe_chunk, unsafe_split_with_sizes = shape.chunk, shape.split_with_sizes


def unsafe_split(input: Any, split_size: Any, dim: int = 0) -> Any:
    """`split`: parts may be written to in place here anyway.

    >>> [p.tolist() for p in tn.unsafe_split(tn.tensor([1, 2, 3]), split_size=2)]
    [[1, 2], [3]]
    """
    return shape.split(input, split_size, dim)


for _name in ("narrow_copy", "unsafe_chunk", "unsafe_split", "unsafe_split_with_sizes"):
    attach_method(_name)(globals()[_name])


def detach(input: Tensor) -> Tensor:
    """The same memory, cut off from the tape.

    >>> tn.detach(tn.ones(2, requires_grad=True)).requires_grad
    False
    """
    return input.detach()


def detach_(input: Tensor) -> Tensor:
    """Cut a tensor off from the tape, in place."""
    return input.detach_()


def fill(input: Tensor, value: Any) -> Tensor:
    """A copy of `input` whose elements all have one value.

    >>> tn.fill(tn.zeros(2), 3)
    tensor([3., 3.])
    """
    return input.clone().fill_(value)
