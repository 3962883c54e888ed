"""Two ops the core itself needs: the identity, and writing into part of an array.

`assign_view` is the derivative side of "a write through a view": the base after the write, as a
function of the base before it and of the value written. It is linear, and its rule is made of
itself, so it can be differentiated to any order.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core.op import Arr, acts, op
from autotn.core.storage import Step, replay


@op(view=True)
def alias(input: Arr) -> Arr:
    """The same tensor again, sharing memory, as a new place on the tape.

    >>> tn.alias(tn.tensor([1.0, 2.0]))
    tensor([1., 2.])
    """
    return input.view()


alias.grad(input=lambda g: g)


@op()
def assign_view(input: Arr, value: Arr, steps: tuple[Step, ...]) -> Arr:
    """A copy of `input` in which the view reached by `steps` holds `value`.

    >>> x = tn.ones(2, requires_grad=True)
    >>> y = x * 1
    >>> y[0] = 5.0
    >>> y.grad_fn.name()
    'AssignViewBackward0'
    """
    result = input.copy()
    replay(steps, result)[...] = value
    return result


def _outside(g: Any, steps: tuple[Step, ...], value_shape: tuple[int, ...]) -> Any:
    if isinstance(g, np.ndarray):
        result = g.copy()
        replay(steps, result)[...] = 0
        return result
    return assign_view(g, g.new_zeros(value_shape), steps)


assign_view.grad(input=_outside, value=lambda g, steps: replay(steps, g))

acts("linear", alias, assign_view)
