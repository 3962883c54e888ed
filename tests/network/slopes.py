"""Slopes by finite differences, and small networks to take them of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import autotn as tn
from autotn.autograd import gradcheck
from autotn.nn.utils.stateless import functional_call

Array = np.ndarray[Any, Any]


def place(*shape: int) -> tn.Instance:
    """An input of this shape."""
    return tn.Input(shape)()


def network(*layers: Callable[[Any], Any], shape: tuple[int, ...]) -> tn.System:
    """A chain of structures."""
    first = last = place(*shape)
    for layer in layers:
        last = layer(last)
    return tn.System([first], [last])


def assert_right_gradients(module: Any, *shapes: tuple[int, ...]) -> None:
    """Of the inputs and of all parameters, for a batch of two."""
    module = module.double()
    inputs = tuple(tn.randn(2, *shape, dtype=tn.float64).requires_grad_() for shape in shapes)
    assert gradcheck(module, inputs)
    named = dict(module.named_parameters())
    if named:
        fixed = tuple(x.detach() for x in inputs)

        def of_weights(*weights: Any) -> Any:
            return functional_call(module, dict(zip(named, weights)), fixed)

        assert gradcheck(of_weights, tuple(named.values()))


def half_squared_error(system: tn.System, inputs: list[Array], truth: Array) -> float:
    return float(0.5 * ((system.guess(inputs)[0] - truth) ** 2).sum())


def slope_of(system: tn.System, parameter: Any, loss: Callable[[], float]) -> Array:
    """The derivatives of a number by every element of a parameter, by central differences."""
    values, step = parameter._data, 1e-5
    slope = np.zeros_like(values)
    for index in np.ndindex(values.shape):
        before = values[index]
        values[index] = before + step
        above = loss()
        values[index] = before - step
        below = loss()
        values[index] = before
        slope[index] = (above - below) / (2 * step)
    return slope


def learned(system: tn.System, inputs: list[Any], truths: list[Any], **kwargs: Any) -> set[str]:
    """The names of the parameters that one step changed."""
    before = {name: p.detach().clone() for name, p in system.named_parameters()}
    _, state = system.guess(inputs, return_state=True)
    system.learn(state, truths, **kwargs)
    return {n for n, p in system.named_parameters() if not np.array_equal(p._data, before[n]._data)}
