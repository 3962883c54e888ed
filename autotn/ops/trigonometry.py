"""Trigonometric and hyperbolic functions and their inverses; angles in degrees; sinc."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotn.core.callpath import SMALL
from autotn.core.op import Arr, acts, alias, op, to_arrays
from autotn.kernels.blocks import in_blocks
from autotn.kernels.onednn import arithmetic as large, elementwise as onednn

__all__ = [
    "acos", "acosh", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh",
    "asin", "asinh", "atan", "atan2", "atanh", "cos", "cosh", "deg2rad", "rad2deg", "sin",
    "sinc", "sinh", "tan", "tanh",
]  # fmt: skip


# -- trigonometric ---------------------------------------------------------------------------------


@op(method="sin", inplace=True, out=True, numpy=np.sin, promote="float")
def sin(input: Arr) -> Arr:
    r"""Sine: :math:`\sin x`.

    >>> tn.sin(tn.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8415])
    """


@op(method="cos", inplace=True, out=True, numpy=np.cos, promote="float")
def cos(input: Arr) -> Arr:
    r"""Cosine: :math:`\cos x`.

    >>> tn.cos(tn.tensor([0.0, 1.0]))
    tensor([1.0000, 0.5403])
    """


@op(method="tan", inplace=True, out=True, numpy=np.tan, promote="float")
def tan(input: Arr) -> Arr:
    r"""Tangent: :math:`\tan x`.

    >>> tn.tan(tn.tensor([0.0, 1.0]))
    tensor([0.0000, 1.5574])
    """


sin.grad(input=lambda g, input: g * np.cos(input))
cos.grad(input=lambda g, input: g * -np.sin(input))
tan.grad(input=lambda g, out: g * (out * out + 1))


@op(method="asin", inplace=True, out=True, numpy=np.arcsin, promote="float")
def asin(input: Arr) -> Arr:
    r"""Inverse of the sine: :math:`\arcsin x`.

    >>> tn.asin(tn.tensor([0.0, 1.0]))
    tensor([0.0000, 1.5708])
    """


@op(method="acos", inplace=True, out=True, numpy=np.arccos, promote="float")
def acos(input: Arr) -> Arr:
    r"""Inverse of the cosine: :math:`\arccos x`.

    >>> tn.acos(tn.tensor([1.0, 0.0]))
    tensor([0.0000, 1.5708])
    """


@op(method="atan", inplace=True, out=True, numpy=np.arctan, promote="float")
def atan(input: Arr) -> Arr:
    r"""Inverse of the tangent: :math:`\arctan x`.

    >>> tn.atan(tn.tensor([0.0, 1.0]))
    tensor([0.0000, 0.7854])
    """


asin.grad(input=lambda g, input: g / np.sqrt(1 - input * input))
acos.grad(input=lambda g, input: g / -np.sqrt(1 - input * input))
atan.grad(input=lambda g, input: g / (input * input + 1))


@op(method="atan2", inplace=True, out=True, numpy=np.arctan2, broadcasts=True, promote="float")
def atan2(input: Arr, other: Arr) -> Arr:
    r"""Angle of the point (other, input), in all four quadrants.

    >>> tn.atan2(tn.tensor([1.0, -1.0]), tn.tensor([-1.0, -1.0]))
    tensor([ 2.3562, -2.3562])
    """


def _over_square(g: Any, input: Any, other: Any) -> Any:
    """`g` over the squared distance from the origin, and 0 there."""
    size = input * input + other * other
    origin = to_arrays(size) == 0
    if not origin.any():
        return g / size
    return np.where(origin, 0, g / np.where(origin, 1, size))


atan2.grad(
    input=lambda g, input, other: _over_square(g, input, other) * other,
    other=lambda g, input, other: _over_square(g, input, other) * -input,
)
atan2.takes("f")


# -- hyperbolic ------------------------------------------------------------------------------------


@op(method="sinh", inplace=True, out=True, numpy=np.sinh, promote="float")
def sinh(input: Arr) -> Arr:
    r"""Hyperbolic sine: :math:`(e^x - e^{-x}) / 2`.

    >>> tn.sinh(tn.tensor([0.0, 1.0]))
    tensor([0.0000, 1.1752])
    """


@op(method="cosh", inplace=True, out=True, numpy=np.cosh, promote="float")
def cosh(input: Arr) -> Arr:
    r"""Hyperbolic cosine: :math:`(e^x + e^{-x}) / 2`.

    >>> tn.cosh(tn.tensor([0.0, 1.0]))
    tensor([1.0000, 1.5431])
    """


@op(method="tanh", inplace=True, out=True, numpy=np.tanh, promote="float")
def tanh(input: Arr) -> Arr:
    r"""Hyperbolic tangent: :math:`\sinh x / \cosh x`.

    >>> tn.tanh(tn.tensor([0.0, 1.0]))
    tensor([0.0000, 0.7616])
    """


def _tanh_rule(g: Any, out: Any) -> Any:
    if g.__class__ is np.ndarray and g.size >= onednn.LEAST:
        found = onednn.pulled("tanh", g, out)
        if found is not None:
            return found
    if g.__class__ is np.ndarray and g.size > SMALL:
        return in_blocks(_tanh_slope, g, out)
    # g (1 - y²), without the number 1: a Python number costs NumPy as much as a product.
    return g - g * out * out


def _tanh_slope(g: Any, y: Any, out: Any, work: Any) -> None:
    np.multiply(g, y, out)
    np.multiply(out, y, out)
    np.subtract(g, out, out)


sinh.grad(input=lambda g, input: g * np.cosh(input))
cosh.grad(input=lambda g, input: g * np.sinh(input))
tanh.grad(input=_tanh_rule)
tanh.large(large.tanh)


@op(method="asinh", inplace=True, out=True, numpy=np.arcsinh, promote="float")
def asinh(input: Arr) -> Arr:
    r"""Inverse of the hyperbolic sine: :math:`\ln(x + \sqrt{x^2 + 1})`.

    >>> tn.asinh(tn.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8814])
    """


@op(method="acosh", inplace=True, out=True, numpy=np.arccosh, promote="float")
def acosh(input: Arr) -> Arr:
    r"""Inverse of the hyperbolic cosine: :math:`\ln(x + \sqrt{x^2 - 1})`.

    >>> tn.acosh(tn.tensor([1.0, 2.0]))
    tensor([0.0000, 1.3170])
    """


@op(method="atanh", inplace=True, out=True, numpy=np.arctanh, promote="float")
def atanh(input: Arr) -> Arr:
    r"""Inverse of the hyperbolic tangent: :math:`\frac12 \ln \frac{1 + x}{1 - x}`.

    >>> tn.atanh(tn.tensor([0.0, 0.5]))
    tensor([0.0000, 0.5493])
    """


asinh.grad(input=lambda g, input: g / np.sqrt(input * input + 1))
acosh.grad(input=lambda g, input: g / np.sqrt(input * input - 1))
# For complex numbers two roots, so that the branch is that of the function.
acosh.wirtinger(input=lambda g, input: g / np.conj(np.sqrt(input - 1) * np.sqrt(input + 1)))
atanh.grad(input=lambda g, input: g / (1 - input * input))

arcsin, arccos, arctan = alias(asin, "arcsin"), alias(acos, "arccos"), alias(atan, "arctan")
arcsinh, arccosh, arctanh = (
    alias(asinh, "arcsinh"),
    alias(acosh, "arccosh"),
    alias(atanh, "arctanh"),
)
arctan2 = alias(atan2, "arctan2")


# -- degrees and sinc ------------------------------------------------------------------------------


@op(method="deg2rad", inplace=True, out=True, numpy=(np.deg2rad, np.radians), promote="float")
def deg2rad(input: Arr) -> Arr:
    r"""Degrees to radians: :math:`\pi x / 180`.

    >>> tn.deg2rad(tn.tensor([180.0]))
    tensor([3.1416])
    """
    return (input * (math.pi / 180)).astype(input.dtype, copy=False)


@op(method="rad2deg", inplace=True, out=True, numpy=(np.rad2deg, np.degrees), promote="float")
def rad2deg(input: Arr) -> Arr:
    r"""Radians to degrees: :math:`180 x / \pi`.

    >>> tn.rad2deg(tn.tensor([3.14159265]))
    tensor([180.])
    """
    return (input * (180 / math.pi)).astype(input.dtype, copy=False)


deg2rad.grad(input=lambda g: g * (math.pi / 180))
rad2deg.grad(input=lambda g: g * (180 / math.pi))
for _function in (deg2rad, rad2deg):
    _function.takes("f")


@op(method="sinc", inplace=True, out=True, numpy=np.sinc, promote="float")
def sinc(input: Arr) -> Arr:
    r"""Cardinal sine: :math:`\sin(\pi x) / (\pi x)`, 1 at 0.

    >>> tn.sinc(tn.tensor([0.0, 0.5]))
    tensor([1.0000, 0.6366])
    """
    x = input * math.pi
    return np.where(input == 0, 1, np.sin(x) / np.where(input == 0, 1, x)).astype(input.dtype)


#: Below this |x| the quotients for the slope lose more digits than the series has terms left out.
_SERIES_BELOW = 0.03


def sinc_rule(g: Any, input: Any) -> Any:
    """The slope of `sinc`, by its series near 0."""
    near = np.absolute(to_arrays(input)) < _SERIES_BELOW
    x = np.where(near, 1, input) * math.pi
    far_slope = (np.cos(x) - np.sin(x) / x) / x * math.pi
    if not near.any():
        return g * far_slope
    x = np.where(near, input, 0) * math.pi
    xx = x * x
    series = x * (-1 / 3 + xx * (1 / 30 + xx * (-1 / 840 + xx * (1 / 45360)))) * math.pi
    return g * np.where(near, series, far_slope)


sinc.grad(input=sinc_rule)

acts("elementwise", sin, cos, tan, asin, acos, atan, sinh, cosh, tanh, asinh, acosh, atanh, sinc)
acts("linear", deg2rad, rad2deg)
