"""Structures without weights that give values another shape, or bring several together."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

from autotn.errors import ShapeError
from autotn.layers import Module
from autotn.network.structure import Instance, ManyInputs, OneInput
from autotn.ops import cat, stack
from autotn.ops.shape import unbind


class Compute(Module):
    """A function of batches as a module without weights."""

    def __init__(self, function: Callable[..., Any], *options: Any) -> None:
        super().__init__()
        self.function = function
        self.__dict__["options"] = options

    def forward(self, *inputs: Any) -> Any:
        """What the function gives."""
        return self.function(*self.options, *inputs)

    def extra_repr(self) -> str:
        """The function's name."""
        return self.function.__name__


def flat(input: Any) -> Any:
    """All of each example in one row."""
    return input.reshape(input.shape[0], math.prod(input.shape[1:]))


def joined(*inputs: Any) -> Any:
    """One after the other along the first axis."""
    return cat(inputs, 1)


def joined_flat(*inputs: Any) -> Any:
    """One row after the other."""
    return cat([flat(x) for x in inputs], 1)


def stacked(*inputs: Any) -> Any:
    """Side by side along a new first axis."""
    return stack(inputs, 1)


def together(*inputs: Any) -> Any:
    """All of them, each in a slot."""
    return inputs


def slices(axis: int, input: Any) -> Any:
    """The slices along an axis, each in a slot."""
    return unbind(input, axis + 1 if axis >= 0 else axis)


class Flatten(OneInput):
    """All elements in one row.

    >>> print(tn.Flatten()(tn.Input((2, 3))()))
    Flatten :: [(2, 3)] -> [(6,)]
    """

    def build(self, in_shape: Any) -> Module:
        """The change of shape."""
        return Compute(flat)


class Concatenate(ManyInputs):
    """Inputs one after the other along their first axis; their other axes are equal.

    >>> print(tn.Concatenate()([tn.Input((2, 3))(), tn.Input((4, 3))()]))
    Concatenate :: [(2, 3), (4, 3)] -> [(6, 3)]
    """

    def build(self, *in_shapes: Any) -> Module:
        """The joint."""
        return Compute(joined)


class FlatConcat(ManyInputs):
    """The elements of inputs of any shapes in one row.

    >>> print(tn.FlatConcat()([tn.Input((2, 3))(), tn.Input((4,))()]))
    FlatConcat :: [(2, 3), (4,)] -> [(10,)]
    """

    def build(self, *in_shapes: Any) -> Module:
        """The joint."""
        return Compute(joined_flat)


class Split(OneInput):
    """The slices of an input along an axis, each in an output slot.

    >>> print(tn.Split()(tn.Input((2, 3))()))
    Split :: [(2, 3)] -> [(3,), (3,)]
    """

    axis = 0

    def __call__(  # type: ignore[override]
        self, input_inst: Instance, input_index: int = 0, axis: int = 0
    ) -> Instance:
        """Stand behind slot `input_index` of `input_inst`, cutting along `axis`."""
        along = copy.copy(self)
        along.axis = axis
        return along.place([input_inst], [input_index], input_index=input_index, axis=axis)

    def build(self, in_shape: Any) -> Module:
        """The cuts."""
        if not -len(in_shape) <= self.axis < len(in_shape):
            raise ShapeError(f"Split: axis {self.axis} is none of the axes of shape {in_shape}")
        return Compute(slices, self.axis)


class Join(ManyInputs):
    """Inputs of one shape side by side along a new first axis.

    >>> print(tn.Join()([tn.Input((3,))(), tn.Input((3,))()]))
    Join :: [(3,), (3,)] -> [(2, 3)]
    """

    def build(self, *in_shapes: Any) -> Module:
        """The joint."""
        return Compute(stacked)


class Combine(ManyInputs):
    """Several instances as one with as many output slots.

    >>> print(tn.Combine()([tn.Input((3,))(), tn.Input((4,))()]))
    Combine :: [(3,), (4,)] -> [(3,), (4,)]
    """

    def build(self, *in_shapes: Any) -> Module:
        """The bundle."""
        return Compute(together)


class Pointwise(ManyInputs):
    """Base of what is done element by element; a subclass writes ``oper(*inputs)`` alone.

    >>> class Mean(tn.Pointwise):
    ...     def oper(self, x, y):
    ...         return (x + y) / 2
    >>> print(Mean()([tn.Input((3,))(), tn.Input((3,))()]))
    Mean :: [(3,), (3,)] -> [(3,)]
    """

    def oper(self, *inputs: Any) -> Any:
        """The result for inputs of one shape, with ops or NumPy functions."""
        raise NotImplementedError(f"{self.name} must define oper(self, *inputs)")

    def build(self, *in_shapes: Any) -> Module:
        """The function."""
        for shape in in_shapes:
            if shape != in_shapes[0]:
                raise ShapeError(
                    f"{self.name}: inputs must have one shape, got {', '.join(map(str, in_shapes))}"
                )
        return Compute(self.oper)


class Add(Pointwise):
    """The sum of the inputs.

    >>> print(tn.Add()([tn.Input((3,))(), tn.Input((3,))()]))
    Add :: [(3,), (3,)] -> [(3,)]
    """

    def oper(self, *inputs: Any) -> Any:
        """The sum."""
        total = inputs[0]
        for x in inputs[1:]:
            total = total + x
        return total


class Mul(Pointwise):
    """The product of the inputs.

    >>> print(tn.Mul()([tn.Input((3,))(), tn.Input((3,))()]))
    Mul :: [(3,), (3,)] -> [(3,)]
    """

    def oper(self, *inputs: Any) -> Any:
        """The product."""
        product = inputs[0]
        for x in inputs[1:]:
            product = product * x
        return product
