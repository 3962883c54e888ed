"""Exponentials, logarithms, the logistic function and its inverse, the error function."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotn.core.callpath import SMALL
from autotn.core.op import Arr, acts, op, to_arrays
from autotn.kernels.blocks import in_blocks
from autotn.kernels.erf import erf as quick_erf
from autotn.kernels.onednn import arithmetic as large, elementwise as onednn

__all__ = [
    "erf", "erfc", "erfinv", "exp", "exp2", "expm1", "log", "log10", "log1p", "log2", "logaddexp",
    "logaddexp2", "logit", "sigmoid",
]  # fmt: skip


# -- exponentials ----------------------------------------------------------------------------------


@op(method="exp", inplace=True, out=True, numpy=np.exp, promote="float")
def exp(input: Arr) -> Arr:
    r"""Exponential: :math:`e^x`.

    >>> tn.exp(tn.tensor([0.0, 1.0]))
    tensor([1.0000, 2.7183])
    """


exp.grad(input=lambda g, out: g * out)
exp.large(large.exp, input=lambda g, out: large.multiply(g, out))


@op(method="exp2", inplace=True, out=True, numpy=np.exp2, promote="float")
def exp2(input: Arr) -> Arr:
    r"""Power of two: :math:`2^x`.

    >>> tn.exp2(tn.tensor([0.0, 3.0]))
    tensor([1., 8.])
    """
    if input.dtype.kind == "c":
        return np.exp(input * math.log(2))
    return np.exp2(input)


exp2.grad(input=lambda g, out: g * (out * math.log(2)))


@op(method="expm1", inplace=True, out=True, numpy=np.expm1, promote="float")
def expm1(input: Arr) -> Arr:
    r"""Exponential less one, exact near 0: :math:`e^x - 1`.

    >>> tn.expm1(tn.tensor([0.0]))
    tensor([0.])
    """


expm1.grad(input=lambda g, out: g * (out + 1))


# -- logarithms ------------------------------------------------------------------------------------


@op(method="log", inplace=True, out=True, numpy=np.log, promote="float")
def log(input: Arr) -> Arr:
    r"""Natural logarithm: :math:`\ln x`.

    >>> tn.log(tn.tensor([1.0, 0.0]))
    tensor([0., -inf])
    """


log.grad(input=lambda g, input: g / input)
log.large(input=lambda g, input: large.divide(g, input))


@op(method="log2", inplace=True, out=True, numpy=np.log2, promote="float")
def log2(input: Arr) -> Arr:
    r"""Logarithm to base 2: :math:`\log_2 x`.

    >>> tn.log2(tn.tensor([8.0]))
    tensor([3.])
    """


log2.grad(input=lambda g, input: g / (input * math.log(2)))


@op(method="log10", inplace=True, out=True, numpy=np.log10, promote="float")
def log10(input: Arr) -> Arr:
    r"""Logarithm to base 10: :math:`\log_{10} x`.

    >>> tn.log10(tn.tensor([1.0, 10.0]))
    tensor([0., 1.])
    """


log10.grad(input=lambda g, input: g / (input * math.log(10)))


@op(method="log1p", inplace=True, out=True, numpy=np.log1p, promote="float")
def log1p(input: Arr) -> Arr:
    r"""Logarithm of one more, exact near 0: :math:`\ln(1 + x)`.

    >>> tn.log1p(tn.tensor([0.0]))
    tensor([0.])
    """


log1p.grad(input=lambda g, input: g / (input + 1))


@op(method="logaddexp", out=True, numpy=np.logaddexp, broadcasts=True)
def logaddexp(input: Arr, other: Arr) -> Arr:
    r"""Logarithm of a sum of exponentials, without overflow: :math:`\ln(e^x + e^y)`.

    >>> tn.logaddexp(tn.tensor([1000.0]), tn.tensor([1000.0]))
    tensor([1000.6932])
    """
    if input.dtype.kind != "c":
        return _logaddexp_large(input, other) if input.size > SMALL else np.logaddexp(input, other)
    swap = input.real < other.real
    low: Any = np.where(swap, input, other)
    high: Any = np.where(swap, other, input)
    return np.where(np.isneginf(high.real), high, high + np.log1p(np.exp(low - high)))


logaddexp.takes("fc")


def _logaddexp_large(x: Any, y: Any) -> Any:
    """The larger, and ``log1p(exp(-|x - y|))``: for large arrays a tenth of NumPy's time."""
    high, gap = np.maximum(x, y), np.subtract(x, y)
    endless = np.isinf(high)
    np.absolute(gap, out=gap)
    np.negative(gap, out=gap)
    np.exp(gap, out=gap)
    np.log1p(gap, out=gap)
    gap += high
    if endless.any():
        np.copyto(gap, high, where=endless)
    return gap


@op(method="logaddexp2", out=True, numpy=np.logaddexp2, broadcasts=True)
def logaddexp2(input: Arr, other: Arr) -> Arr:
    r"""The same to base 2: :math:`\log_2(2^x + 2^y)`.

    >>> tn.logaddexp2(tn.tensor([3.0]), tn.tensor([3.0]))
    tensor([4.])
    """


logaddexp2.takes("f")


# -- the logistic function -------------------------------------------------------------------------


#: The number 1 as NumPy takes it fastest.
_ONES = {np.dtype(kind): np.asarray(1, kind) for kind in (np.float32, np.float64)}


@op(method="sigmoid", inplace=True, out=True, promote="float")
def sigmoid(input: Arr) -> Arr:
    r"""Logistic function: :math:`1 / (1 + e^{-x})`.

    >>> tn.sigmoid(tn.tensor([0.0, 1000.0, -1000.0]))
    tensor([0.5000, 1.0000, 0.0000])
    """
    if input.ndim == 0 or input.dtype.itemsize == 2:
        wide = input.astype(np.float32) if input.dtype.itemsize == 2 else input
        return (1 / (1 + np.exp(-wide))).astype(input.dtype)
    if input.size >= onednn.LEAST:
        found = onednn.applied("sigmoid", input)
        if found is not None:
            return found
    # e^-x may overflow to inf, and 1/inf is the right 0.
    one = _ONES.get(input.dtype, 1)
    y = np.negative(input)
    np.exp(y, out=y)
    np.add(y, one, out=y)
    return np.divide(one, y, out=y)


def _sigmoid_rule(g: Any, out: Any) -> Any:
    if g.__class__ is np.ndarray and g.size >= onednn.LEAST:
        found = onednn.pulled("sigmoid", g, out)
        if found is not None:
            return found
    if g.__class__ is np.ndarray and g.size > SMALL:
        return in_blocks(_sigmoid_slope, g, out)
    # g y (1 - y), without the number 1: a Python number costs NumPy as much as a product.
    part = g * out
    return part - part * out


def _sigmoid_slope(g: Any, y: Any, out: Any, work: Any) -> None:
    np.multiply(g, y, out)
    np.multiply(out, y, work)
    np.subtract(out, work, out)


sigmoid.grad(input=_sigmoid_rule)


def _gap(mine: Any, theirs: Any) -> Any:
    """How far this one is ahead; two equal infinities are level."""
    a, b = to_arrays(mine), to_arrays(theirs)
    level = (a == b) & np.isinf(a)
    return np.where(level, 0, mine - theirs) if level.any() else mine - theirs


# To each its share of the sum.
logaddexp.grad(
    input=lambda g, input, other: g * sigmoid(_gap(input, other)),
    other=lambda g, input, other: g * sigmoid(_gap(other, input)),
)
logaddexp2.grad(
    input=lambda g, input, other: g * sigmoid(_gap(input, other) * math.log(2)),
    other=lambda g, input, other: g * sigmoid(_gap(other, input) * math.log(2)),
)


@op(method="logit", inplace=True, out=True, promote="float")
def logit(input: Arr, eps: float | None = None) -> Arr:
    r"""Inverse of the logistic function: :math:`\ln \frac{x}{1 - x}`, `x` held in [eps, 1-eps].

    >>> tn.logit(tn.tensor([0.5, 0.9]))
    tensor([0.0000, 2.1972])
    """
    x = input if eps is None else np.clip(input, eps, 1 - eps)
    return np.log(x / (1 - x))


def _logit_rule(g: Any, input: Any, eps: float | None) -> Any:
    low, high = (0.0, 1.0) if eps is None else (eps, 1 - eps)
    x = to_arrays(input)
    outside = (x < low) | (x > high)
    if not outside.any():
        return g / (input * (1 - input))
    inside = np.where(outside, 0.5, input)
    return np.where(outside, math.nan if eps is None else 0.0, g / (inside * (1 - inside)))


logit.grad(input=_logit_rule)
logit.takes("f")


# -- the error function ----------------------------------------------------------------------------


@op(method="erf", inplace=True, out=True, promote="float")
def erf(input: Arr) -> Arr:
    r"""Error function: :math:`\frac{2}{\sqrt\pi} \int_0^x e^{-t^2} dt`.

    >>> tn.erf(tn.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8427])
    """
    return quick_erf(input)


@op(method="erfc", inplace=True, out=True, promote="float")
def erfc(input: Arr) -> Arr:
    r"""Complement of the error function: :math:`1 - \mathrm{erf}(x)`.

    >>> tn.erfc(tn.tensor([0.0]))
    tensor([1.])
    """
    from scipy.special import erfc as values

    return _in_single(values, input)


@op(method="erfinv", inplace=True, out=True, promote="float")
def erfinv(input: Arr) -> Arr:
    r"""Inverse of the error function.

    >>> tn.erfinv(tn.tensor([0.0, 0.5]))
    tensor([0.0000, 0.4769])
    """
    from scipy.special import erfinv as values

    return _in_single(values, input)


def _in_single(function: Any, x: Any) -> Any:
    """`function` of half precision by way of single, else of `x` as it is."""
    if x.dtype.itemsize > 2:
        return function(x)
    return np.asarray(function(x.astype(np.float32))).astype(x.dtype)


_TWO_OVER_ROOT_PI = 2 / math.sqrt(math.pi)
erf.grad(input=lambda g, input: g * (np.exp(-(input * input)) * _TWO_OVER_ROOT_PI))
erfc.grad(input=lambda g, input: g * (np.exp(-(input * input)) * -_TWO_OVER_ROOT_PI))
erfinv.grad(input=lambda g, out: g * (np.exp(out * out) * (1 / _TWO_OVER_ROOT_PI)))
for _function in (erf, erfc, erfinv):
    _function.takes("f")

acts("elementwise", exp, exp2, expm1, log, log2, log10, log1p, sigmoid, logit, erf, erfc, erfinv)
