"""Joining tensors: cat and stack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autotn.core.methods import attach_method
from autotn.core.node import named
from autotn.core.op import Arr, acts, alias, composite, op
from autotn.core.tensor import check_dim
from autotn.errors import ShapeError, blaming

__all__ = ["cat", "concat", "concatenate", "stack"]


def _legacy_empty(a: Any) -> bool:
    """A 1-d tensor without elements, which PyTorch lets join anything."""
    return tuple(a.shape) == (0,)


def _where_they_differ(first: Any, other: Any, axis: int) -> list[tuple[Any, int]]:
    """The sizes to blame: the first dimension in which two arrays to be joined differ."""
    if first.ndim != other.ndim:
        return []
    odd = [d for d in range(first.ndim) if first.shape[d] != other.shape[d] and d != axis]
    return [(x, odd[0]) for x in (first, other)]


def _how_they_differ(first: tuple[int, ...], other: tuple[int, ...], axis: int) -> str:
    """In words: where the shape of a tensor to be joined is not that of the first."""
    if len(first) != len(other):
        lacking = len(first) - len(other)
        if lacking > 0 and first[lacking:] == other:
            wide = ", ".join([*map(str, first[:lacking]), *["-1"] * len(other)])
            return f": expand({wide}) would give it the missing dimensions"
        return f": {len(first)} dimensions and {len(other)}"
    d = next(d for d, (m, n) in enumerate(zip(first, other)) if m != n and d != axis)
    return (
        f": they differ in dimension {d}, {first[d]} and {other[d]}; crop, pad or interpolate one"
    )


@op(out=True, numpy=np.concatenate, promote="promote")
def cat(tensors: Sequence[Arr], dim: int = 0) -> Arr:
    """The tensors one after the other along a dimension they have.

    >>> tn.cat([tn.tensor([1, 2]), tn.tensor([3])])
    tensor([1, 2, 3])
    """
    try:
        if dim.__class__ is int:
            return np.concatenate(tensors, dim)
    except ValueError:  # an error that says more, or tensors without elements, follows
        pass
    if not tensors:
        raise ShapeError("cat: expected a non-empty list of Tensors")
    full = [a for a in tensors if not _legacy_empty(a)] or list(tensors)
    for k, a in enumerate(full):
        if a.ndim == 0:
            raise RuntimeError(
                f"cat: zero-dimensional tensor (at position {k}) cannot be concatenated"
            )
    axis = check_dim("cat", dim, full[0].ndim)
    for k, a in enumerate(full):
        rest = [n for d, n in enumerate(a.shape) if d != axis]
        if a.ndim != full[0].ndim or rest != [n for d, n in enumerate(full[0].shape) if d != axis]:
            raise blaming(
                ShapeError(
                    f"cat: sizes of tensors must match except in dimension {axis}; tensor 0 has shape "
                    f"{full[0].shape}, tensor {k} {a.shape}{_how_they_differ(full[0].shape, a.shape, axis)}"
                ),
                *_where_they_differ(full[0], a, axis),
            )
    return np.concatenate(full, axis)


@cat.grad
def _(g: Any, tensors_shape: Any, dim: int) -> Any:
    parts: list[Any] = []
    start = 0
    axis = check_dim("cat", dim, g.ndim)
    for shape in tensors_shape:
        if shape == (0,) and g.ndim != 1:
            parts.append(None)
            continue
        index = (slice(None),) * axis + (slice(start, start + shape[axis]),)
        parts.append(g[index])
        start += shape[axis]
    return (parts,)


concat = alias(cat, "concat", method=False)
concatenate = alias(cat, "concatenate", method=False)


@composite(out=True, numpy=np.stack)
def stack(tensors: Any, dim: int = 0) -> Any:
    """The tensors, all of one shape, along a new dimension.

    >>> tn.stack([tn.tensor([1, 2]), tn.tensor([3, 4])])
    tensor([[1, 2],
            [3, 4]])
    """
    tensors = list(tensors)
    if not tensors:
        raise ShapeError("stack: expected a non-empty list of Tensors")
    first = tuple(tensors[0].shape)
    for k, t in enumerate(tensors):
        if tuple(t.shape) != first:
            raise ShapeError(
                f"stack: expects each tensor to be equal size, but got {list(first)} at entry 0 and "
                f"{list(t.shape)} at entry {k}; nn.utils.rnn.pad_sequence stacks sequences of different "
                "lengths, cat joins along a dimension there is"
            )
    axis = check_dim("stack", dim, len(first) + 1)
    lifted = [t.reshape((*first[:axis], 1, *first[axis:])) for t in tensors]
    return named(cat(lifted, axis), "StackBackward0")


@attach_method("_stack_with")
def _stack_with(self: Any, others: Any) -> Any:
    """This tensor and others along a new first dimension: what the engine needs of stacking."""
    return stack([self, *others])


acts("linear", cat)
