"""One op call under vmap, as a batching rule sees it; and the table of rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autotn.core import call
from autotn.core.op import Op
from autotn.core.tensor import Tensor, wrap


class NoRule(Exception):
    """A rule has no answer for these arguments: loop over the batch instead."""


#: Op name -> how it runs over a batch. A rule returns tensors with the batch axis first.
RULES: dict[str, Callable[[BatchedCall], Any]] = {}


def rule(names: str) -> Any:
    """Register a batching rule for the ops of these names, separated by blanks."""

    def register(function: Any) -> Any:
        for name in names.split():
            RULES[name] = function
        return function

    return register


class BatchedCall:
    """A call of `op` whose arguments are tensors of the level below.

    Attributes
    ----------
    size : int
        How many examples the batch has.
    args : list
        The arguments; a batched tensor has the batch axis first.
    batched : list
        For each argument whether it is batched; a list for a list input; for other arguments whether
        something in it is.
    """

    def __init__(self, op: Op, size: int, args: list[Any], batched: list[Any]) -> None:
        self.op, self.size, self.args, self.batched = op, size, args, batched
        self.place = {name: k for k, name in enumerate(op.parameters)}

    def __getitem__(self, name: str) -> Any:
        """The argument of that name."""
        return self.args[self.place[name]]

    def is_batched(self, name: str) -> bool:
        """True when the argument of that name is batched."""
        return bool(self.batched[self.place[name]])

    def rank(self, name: str) -> int:
        """The number of dimensions that one example of the argument has."""
        k = self.place[name]
        return int(self.args[k].ndim) - bool(self.batched[k])

    def whole(self, name: str) -> Any:
        """The argument with a batch axis, given one if it has none."""
        k = self.place[name]
        return self.args[k] if self.batched[k] else expanded(self.args[k], self.size)

    def call(self, **changed: Any) -> Any:
        """The op on the level below, with some arguments changed."""
        args = list(self.args)
        for name, value in changed.items():
            args[self.place[name]] = value
        return call.call(self.op, tuple(args))

    def only(self, *names: str) -> None:
        """Leave by `NoRule` when other arguments than these are batched."""
        for name, flag in zip(self.op.parameters, self.batched, strict=True):
            some = any(flag) if isinstance(flag, list) else flag
            if some and name not in names:
                raise NoRule


def as_tensor(value: Any) -> Any:
    """An array as a Tensor."""
    if isinstance(value, Tensor):
        return value
    return wrap(value if isinstance(value, np.ndarray) else np.asarray(value))


def expanded(value: Any, size: int) -> Any:
    """A tensor repeated along a new first axis, without copies."""
    t = as_tensor(value)
    return t.expand((size, *t._data.shape))


def aligned(value: Any, batched: bool, rank: int) -> Any:
    """A tensor whose examples have `rank` dimensions, new ones of size 1 put after the batch axis."""
    if not batched:
        return value
    shape = value._data.shape
    if len(shape) - 1 >= rank:
        return value
    return value.reshape((shape[0], *(1,) * (rank - len(shape) + 1), *shape[1:]))


def each(result: Any, function: Callable[[Any], Any]) -> Any:
    """`function` of a result, or of each of several."""
    if isinstance(result, (tuple, list)):
        return [function(r) for r in result]
    return function(result)


def split_batch(t: Any, size: int, axis: int = 0) -> Any:
    """Axis ``size * n`` as two axes, the batch first of all."""
    shape = t._data.shape
    apart = t.reshape((*shape[:axis], size, shape[axis] // max(size, 1), *shape[axis + 1 :]))
    return apart if axis == 0 else apart.movedim(axis, 0)


def merge_batch(t: Any, axis: int = 0) -> Any:
    """The batch axis, which is first, merged with the example's axis number `axis`."""
    if axis:
        t = t.movedim(0, axis)
    shape = t._data.shape
    return t.reshape((*shape[:axis], shape[axis] * shape[axis + 1], *shape[axis + 2 :]))
