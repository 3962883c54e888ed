"""Sums, products, quotients, powers: the elementwise arithmetic.

The operators call the bare ops ``_add`` and ``_sub``; `add` and `sub` give them PyTorch's `alpha`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core.op import Arr, alias, composite, op

__all__ = [
    "absolute", "abs", "add", "div", "divide", "mul", "multiply", "neg", "negative", "pow", "sub",
    "subtract", "true_divide",
]  # fmt: skip


@op(method="__add__ __radd__", inplace=True, numpy=np.add, broadcasts=True)
def _add(input: Arr, other: Arr) -> Arr:
    """Sum of two, as the operator ``+``.

    >>> tn.tensor([1.0, 2.0]) + 10
    tensor([11., 12.])
    """


_add.grad(input=lambda g: g, other=lambda g: g)


@composite(method="add", inplace=True, out=True)
def add(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    r"""Sum: :math:`x + \alpha y`.

    >>> tn.add(tn.tensor([1.0, 2.0]), tn.tensor([1.0, 1.0]), alpha=10)
    tensor([11., 12.])
    """
    return _add(input, other if alpha == 1 else mul(other, alpha))


@op(method="__sub__ __rsub__", inplace=True, numpy=np.subtract, broadcasts=True)
def _sub(input: Arr, other: Arr) -> Arr:
    """Difference of two, as the operator ``-``.

    >>> 3 - tn.tensor([1.0, 2.0])
    tensor([2., 1.])
    """


_sub.grad(input=lambda g: g, other=lambda g: -g)


@composite(method="sub", inplace=True, out=True)
def sub(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    r"""Difference: :math:`x - \alpha y`.

    >>> tn.sub(tn.tensor([1.0, 2.0]), 1, alpha=2)
    tensor([-1.,  0.])
    """
    return _sub(input, other if alpha == 1 else mul(other, alpha))


subtract = alias(sub, "subtract")


@op(method="mul __mul__ __rmul__", inplace=True, out=True, numpy=np.multiply, broadcasts=True)
def mul(input: Arr, other: Arr) -> Arr:
    r"""Product: :math:`x y`.

    >>> tn.mul(tn.tensor([1.0, 2.0]), 3)
    tensor([3., 6.])
    """


mul.grad(input=lambda g, other: g * other, other=lambda g, input: g * input)
multiply = alias(mul, "multiply")


@op(
    method="__truediv__ __rtruediv__",
    inplace=True,
    numpy=np.divide,
    broadcasts=True,
    promote="float",
)
def _div(input: Arr, other: Arr) -> Arr:
    """Quotient of two, as the operator ``/``.

    >>> tn.tensor([1, 2]) / 2
    tensor([0.5000, 1.0000])
    """


_div.grad(
    input=lambda g, other: g / other,
    other=lambda g, input, other: -g * ((input / other) / other),
)


@composite(method="div", inplace=True, out=True)
def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Any:
    r"""Quotient: :math:`x / y`, rounded down with ``rounding_mode="floor"``, to zero with ``"trunc"``.

    >>> tn.div(tn.tensor([7.0, -7.0]), 2)
    tensor([ 3.5000, -3.5000])
    """
    if rounding_mode is None:
        return _div(input, other)
    raise ValueError(f"div: rounding_mode={rounding_mode!r}; expected None, 'trunc' or 'floor'")


divide = alias(div, "divide")
true_divide = alias(div, "true_divide")


@op(method="neg __neg__", inplace=True, out=True, numpy=np.negative)
def neg(input: Arr) -> Arr:
    r"""Negation: :math:`-x`.

    >>> tn.neg(tn.tensor([1.0, -2.0]))
    tensor([-1.,  2.])
    """


neg.grad(input=lambda g: -g)
negative = alias(neg, "negative")


@op(method="pow __pow__ __rpow__", inplace=True, out=True, numpy=np.power, broadcasts=True)
def pow(input: Arr, other: Arr) -> Arr:  # noqa: A001 - PyTorch's name
    r"""Power: :math:`x^y`.

    >>> tn.pow(tn.tensor([1.0, 2.0, 3.0]), 2)
    tensor([1., 4., 9.])
    """
    if np.ndim(other) == 0:
        # Small whole powers as products: NumPy's power is some thirty times slower.
        if other == 2:
            return input * input
        if other == 3:
            return input * input * input
        if other == 1:
            return np.array(input)
        if other == 0.5 and input.dtype.kind == "f":
            return np.sqrt(input)
    return np.power(input, other)


def _pow_exponent_rule(g: Any, input: Any, out: Any) -> Any:
    """``x^y log x``, and 0 where the base is 0 and the power is therefore 0 (or infinite)."""
    return g * np.where(input == 0, 0, out * np.log(np.where(input == 0, 1, input)))


pow.grad(
    input=lambda g, input, other: g * (other * input ** (other - 1)),
    other=_pow_exponent_rule,
)


@op(method="abs __abs__", inplace=True, out=True, numpy=np.absolute)
def abs(input: Arr) -> Arr:  # noqa: A001 - PyTorch's name
    r"""Absolute value: :math:`|x|`.

    >>> tn.abs(tn.tensor([-1.0, 2.0]))
    tensor([1., 2.])
    """


abs.grad(input=lambda g, input: g * np.sign(input))
absolute = alias(abs, "absolute")
