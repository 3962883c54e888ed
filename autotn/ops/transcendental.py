"""Exponentials, logarithms, trigonometric and hyperbolic functions, the sigmoid and the error function."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotn.core.op import Arr, alias, op

__all__ = [
    "acos", "acosh", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "asin", "asinh",
    "atan", "atan2", "atanh", "cos", "cosh", "erf", "erfc", "exp", "exp2", "expm1", "log", "log10", "log1p", "log2",
    "rsqrt", "sigmoid", "sin", "sinh", "sqrt", "square", "tan", "tanh",
]  # fmt: skip


@op(method="exp", inplace=True, out=True, numpy=np.exp, promote="float")
def exp(input: Arr) -> Arr:
    r"""Exponential: :math:`e^x`.

    >>> tn.exp(tn.tensor([0.0, 1.0]))
    tensor([1.0000, 2.7183])
    """


exp.grad(input=lambda g, out: g * out)


@op(method="exp2", inplace=True, out=True, numpy=np.exp2, promote="float")
def exp2(input: Arr) -> Arr:
    r"""Power of two: :math:`2^x`.

    >>> tn.exp2(tn.tensor([0.0, 3.0]))
    tensor([1., 8.])
    """


exp2.grad(input=lambda g, out: g * (out * math.log(2)))


@op(method="expm1", inplace=True, out=True, numpy=np.expm1, promote="float")
def expm1(input: Arr) -> Arr:
    r"""Exponential less one, exact near 0: :math:`e^x - 1`.

    >>> tn.expm1(tn.tensor([0.0]))
    tensor([0.])
    """


expm1.grad(input=lambda g, out: g * (out + 1))


@op(method="log", inplace=True, out=True, numpy=np.log, promote="float")
def log(input: Arr) -> Arr:
    r"""Natural logarithm: :math:`\ln x`.

    >>> tn.log(tn.tensor([1.0]))
    tensor([0.])
    """


log.grad(input=lambda g, input: g / input)


@op(method="log2", inplace=True, out=True, numpy=np.log2, promote="float")
def log2(input: Arr) -> Arr:
    r"""Logarithm to base 2.

    >>> tn.log2(tn.tensor([8.0]))
    tensor([3.])
    """


log2.grad(input=lambda g, input: g / (input * math.log(2)))


@op(method="log10", inplace=True, out=True, numpy=np.log10, promote="float")
def log10(input: Arr) -> Arr:
    r"""Logarithm to base 10.

    >>> tn.log10(tn.tensor([100.0]))
    tensor([2.])
    """


log10.grad(input=lambda g, input: g / (input * math.log(10)))


@op(method="log1p", inplace=True, out=True, numpy=np.log1p, promote="float")
def log1p(input: Arr) -> Arr:
    r"""Logarithm of one more, exact near 0: :math:`\ln(1 + x)`.

    >>> tn.log1p(tn.tensor([0.0]))
    tensor([0.])
    """


log1p.grad(input=lambda g, input: g / (input + 1))


@op(method="sqrt", inplace=True, out=True, numpy=np.sqrt, promote="float")
def sqrt(input: Arr) -> Arr:
    r"""Square root: :math:`\sqrt x`.

    >>> tn.sqrt(tn.tensor([4.0]))
    tensor([2.])
    """


sqrt.grad(input=lambda g, out: g / (out * 2))


@op(method="rsqrt", inplace=True, out=True, promote="float")
def rsqrt(input: Arr) -> Arr:
    r"""Reciprocal of the square root: :math:`1/\sqrt x`.

    >>> tn.rsqrt(tn.tensor([4.0]))
    tensor([0.5000])
    """
    return 1 / np.sqrt(input)


rsqrt.grad(input=lambda g, out: g * (out * out * out * -0.5))


@op(method="square", inplace=True, out=True, numpy=np.square)
def square(input: Arr) -> Arr:
    r"""Square: :math:`x^2`.

    >>> tn.square(tn.tensor([3.0]))
    tensor([9.])
    """


square.grad(input=lambda g, input: g * (input * 2))


@op(method="sin", inplace=True, out=True, numpy=np.sin, promote="float")
def sin(input: Arr) -> Arr:
    r"""Sine.

    >>> tn.sin(tn.tensor([0.0]))
    tensor([0.])
    """


sin.grad(input=lambda g, input: g * np.cos(input))


@op(method="cos", inplace=True, out=True, numpy=np.cos, promote="float")
def cos(input: Arr) -> Arr:
    r"""Cosine.

    >>> tn.cos(tn.tensor([0.0]))
    tensor([1.])
    """


cos.grad(input=lambda g, input: -(g * np.sin(input)))


@op(method="tan", inplace=True, out=True, numpy=np.tan, promote="float")
def tan(input: Arr) -> Arr:
    r"""Tangent.

    >>> tn.tan(tn.tensor([0.0]))
    tensor([0.])
    """


tan.grad(input=lambda g, out: g * (out * out + 1))


@op(method="asin", inplace=True, out=True, numpy=np.arcsin, promote="float")
def asin(input: Arr) -> Arr:
    r"""Angle of a sine.

    >>> tn.asin(tn.tensor([1.0]))
    tensor([1.5708])
    """


asin.grad(input=lambda g, input: g / np.sqrt(1 - input * input))


@op(method="acos", inplace=True, out=True, numpy=np.arccos, promote="float")
def acos(input: Arr) -> Arr:
    r"""Angle of a cosine.

    >>> tn.acos(tn.tensor([1.0]))
    tensor([0.])
    """


acos.grad(input=lambda g, input: -g / np.sqrt(1 - input * input))


@op(method="atan", inplace=True, out=True, numpy=np.arctan, promote="float")
def atan(input: Arr) -> Arr:
    r"""Angle of a tangent.

    >>> tn.atan(tn.tensor([1.0]))
    tensor([0.7854])
    """


atan.grad(input=lambda g, input: g / (input * input + 1))


@op(method="atan2", inplace=True, out=True, numpy=np.arctan2, broadcasts=True, promote="float")
def atan2(input: Arr, other: Arr) -> Arr:
    r"""Angle of the point (`other`, `input`) in its quadrant.

    >>> tn.atan2(tn.tensor([1.0]), tn.tensor([-1.0]))
    tensor([2.3562])
    """


atan2.grad(
    input=lambda g, input, other: g * (other / (input * input + other * other)),
    other=lambda g, input, other: g * (-input / (input * input + other * other)),
)


@op(method="sinh", inplace=True, out=True, numpy=np.sinh, promote="float")
def sinh(input: Arr) -> Arr:
    r"""Hyperbolic sine.

    >>> tn.sinh(tn.tensor([0.0]))
    tensor([0.])
    """


sinh.grad(input=lambda g, input: g * np.cosh(input))


@op(method="cosh", inplace=True, out=True, numpy=np.cosh, promote="float")
def cosh(input: Arr) -> Arr:
    r"""Hyperbolic cosine.

    >>> tn.cosh(tn.tensor([0.0]))
    tensor([1.])
    """


cosh.grad(input=lambda g, input: g * np.sinh(input))


@op(method="tanh", inplace=True, out=True, numpy=np.tanh, promote="float")
def tanh(input: Arr) -> Arr:
    r"""Hyperbolic tangent.

    >>> tn.tanh(tn.tensor([0.0]))
    tensor([0.])
    """


# g (1 - y²), without the number 1: NumPy takes longer over a Python number than over the product.
tanh.grad(input=lambda g, out: g - (g * out) * out)


@op(method="asinh", inplace=True, out=True, numpy=np.arcsinh, promote="float")
def asinh(input: Arr) -> Arr:
    r"""Inverse of the hyperbolic sine.

    >>> tn.asinh(tn.tensor([0.0]))
    tensor([0.])
    """


asinh.grad(input=lambda g, input: g / np.sqrt(input * input + 1))


@op(method="acosh", inplace=True, out=True, numpy=np.arccosh, promote="float")
def acosh(input: Arr) -> Arr:
    r"""Inverse of the hyperbolic cosine.

    >>> tn.acosh(tn.tensor([1.0]))
    tensor([0.])
    """


acosh.grad(input=lambda g, input: g / np.sqrt(input * input - 1))


@op(method="atanh", inplace=True, out=True, numpy=np.arctanh, promote="float")
def atanh(input: Arr) -> Arr:
    r"""Inverse of the hyperbolic tangent.

    >>> tn.atanh(tn.tensor([0.0]))
    tensor([0.])
    """


atanh.grad(input=lambda g, input: g / (1 - input * input))

arcsin, arccos, arctan = alias(asin, "arcsin"), alias(acos, "arccos"), alias(atan, "arctan")
arcsinh, arccosh, arctanh = alias(asinh, "arcsinh"), alias(acosh, "arccosh"), alias(atanh, "arctanh")
arctan2 = alias(atan2, "arctan2")


@op(method="sigmoid", inplace=True, out=True, promote="float")
def sigmoid(input: Arr) -> Arr:
    r"""Logistic function: :math:`1 / (1 + e^{-x})`.

    >>> tn.sigmoid(tn.tensor([0.0]))
    tensor([0.5000])
    """
    return 1 / (1 + np.exp(-input))


def _sigmoid_rule(g: Any, out: Any) -> Any:
    part = g * out  # g y (1 - y), without the number 1
    return part - part * out


sigmoid.grad(input=_sigmoid_rule)


@op(method="erf", inplace=True, out=True, promote="float")
def erf(input: Arr) -> Arr:
    r"""Error function: :math:`\frac{2}{\sqrt\pi} \int_0^x e^{-t^2} dt`.

    >>> tn.erf(tn.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8427])
    """
    from scipy.special import erf as values

    return values(input)


erf.grad(input=lambda g, input: g * (np.exp(-(input * input)) * (2 / math.sqrt(math.pi))))


@op(method="erfc", inplace=True, out=True, promote="float")
def erfc(input: Arr) -> Arr:
    r"""Complement of the error function: :math:`1 - \mathrm{erf}(x)`.

    >>> tn.erfc(tn.tensor([0.0]))
    tensor([1.])
    """
    from scipy.special import erfc as values

    return values(input)


erfc.grad(input=lambda g, input: g * (np.exp(-(input * input)) * (-2 / math.sqrt(math.pi))))
