"""Activations: the nonlinear end of a neuron, as modules without weights."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from autotn.core.modes import enable_grad
from autotn.core.tensor import Tensor, wrap
from autotn.layers import Module
from autotn.ops import relu, sigmoid, tanh
from autotn.ops.activation import leaky_relu


def array_of(values: Any, dtype: Any = np.float64) -> np.ndarray[Any, Any]:
    """The numbers of an array, Tensor or list; numbers without a dtype of their own get `dtype`."""
    if isinstance(values, Tensor):
        return values._data
    array = np.asarray(values)
    return array if array.dtype.kind == "f" else array.astype(dtype)


class Activation(Module):
    """Base of activations: a subclass writes ``a(z)`` alone, with ops or NumPy functions.

    >>> class Bump(tn.Activation):
    ...     def a(self, z):
    ...         return np.exp(-z * z)
    >>> Bump().da_dz(z=np.array([-1.0, 1.0])).round(4)
    array([ 0.7358, -0.7358])
    """

    def a(self, z: Any) -> Any:
        """The activation of `z`, an array or a Tensor: what you give is what you get."""
        raise NotImplementedError(f"{type(self).__name__} must define a(self, z)")

    def forward(self, input: Any) -> Any:
        """The activation."""
        return self.a(input)

    def da_dz(self, a: Any = None, *, z: Any = None) -> Any:
        """The slope, where the argument was `z`; or, if that is enough to know it, from `a` alone.

        The output of an activation that is not monotone has several possible slopes, so only the
        activations of this module can tell theirs from `a`.
        """
        if (a is None) == (z is None):
            raise TypeError(f"{type(self).__name__}.da_dz: give either the output a or z=")
        if z is None:
            return self._slope_from_output(array_of(a))
        point = wrap(array_of(z).copy()).requires_grad_()
        with enable_grad():
            self.a(point).sum().backward()
        slope = point.grad
        return np.zeros_like(point._data) if slope is None else slope._data

    def _slope_from_output(self, a: Any) -> Any:
        raise NotImplementedError(
            f"{type(self).__name__}.da_dz: the output does not tell the slope; give z="
        )


class Linear(Activation):
    """Nothing at all: :math:`a = z`.

    >>> tn.Linear()(tn.tensor([2.0]))
    tensor([2.])
    """

    def a(self, z: Any) -> Any:
        """The argument."""
        return z

    def _slope_from_output(self, a: Any) -> Any:
        return np.ones_like(a)


class Sigmoid(Activation):
    r"""From 0 to 1: :math:`a = 1 / (1 + e^{-z})`.

    >>> tn.Sigmoid()(tn.tensor([0.0, -1000.0]))
    tensor([0.5000, 0.0000])
    """

    def a(self, z: Any) -> Any:
        """The sigmoid."""
        return sigmoid(z)

    def _slope_from_output(self, a: Any) -> Any:
        return a * (1 - a)


class Tanh(Activation):
    r"""From -1 to 1: :math:`a = \tanh z`.

    >>> tn.Tanh()(tn.tensor([0.0, 1.0]))
    tensor([0.0000, 0.7616])
    """

    def a(self, z: Any) -> Any:
        """The hyperbolic tangent."""
        return tanh(z)

    def _slope_from_output(self, a: Any) -> Any:
        return 1 - a * a


class ReLU(Activation):
    r"""A ramp: :math:`z` above 0, :math:`\alpha z` below; leaky unless ``alpha=0``.

    >>> tn.ReLU()(tn.tensor([-1.0, 2.0]))
    tensor([-0.0100,  2.0000])
    """

    def __init__(self, alpha: float = 0.01) -> None:
        super().__init__()
        self.alpha = float(alpha)

    def a(self, z: Any) -> Any:
        """The ramp."""
        return leaky_relu(z, self.alpha) if self.alpha else relu(z)

    def _slope_from_output(self, a: Any) -> Any:
        if self.alpha < 0:
            raise ValueError(
                f"ReLU.da_dz: with alpha={self.alpha} an output belongs to two slopes; give z="
            )
        return np.where(a > 0, 1.0, self.alpha).astype(a.dtype)

    def extra_repr(self) -> str:
        """The slope below zero."""
        return f"alpha={self.alpha}"


class _Function(Activation):
    """A plain function as an activation."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        super().__init__()
        self.a = function  # type: ignore[method-assign, assignment]


def activation_of(activation: Any, default: type[Activation], who: str) -> Module:
    """What was given as an activation, as a Module; one with weights is copied for its new place.

    A class, most often a forgotten pair of brackets, is refused.
    """
    if activation is None:
        return default()
    if isinstance(activation, Module):
        learned = next(activation.parameters(), None) is not None
        return copy.deepcopy(activation) if learned else activation
    if isinstance(activation, type) or not callable(activation):
        hint = f"; write {activation.__name__}()" if isinstance(activation, type) else ""
        raise TypeError(
            f"{who}: activation must be an Activation, a Module or a function, "
            f"got {activation!r}{hint}"
        )
    return _Function(activation)
