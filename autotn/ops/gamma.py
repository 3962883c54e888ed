"""The gamma function's family, entropies, and the normal distribution.

The values come from SciPy, which is imported when the first of them is asked for. Bessel
functions stand in `bessel`, orthogonal polynomials in `polynomials`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotn.core.op import Arr, acts, composite, op, to_arrays
from autotn.errors import DTypeError, NotDifferentiable
from autotn.ops.compare import masked

__all__ = ["digamma", "igamma", "igammac", "lgamma", "mvlgamma", "polygamma", "xlogy"]


def scipy_values(name: str, *arrays: Any) -> Any:
    """SciPy's function of this name, in the dtype of the arrays; half by way of single."""
    import scipy.special

    dtype = next(a.dtype for a in arrays if hasattr(a, "dtype"))
    if dtype.itemsize == 2:
        arrays = tuple(np.asarray(a, np.float32) for a in arrays)
    return np.asarray(getattr(scipy.special, name)(*arrays)).astype(dtype, copy=False)


# -- gamma -----------------------------------------------------------------------------------------


@op(method="lgamma", inplace=True, out=True, promote="float")
def lgamma(input: Arr) -> Arr:
    r"""Logarithm of the gamma function: :math:`\ln |\Gamma(x)|`.

    >>> tn.lgamma(tn.tensor([1.0, 5.0]))
    tensor([0.0000, 3.1781])
    """
    values = scipy_values("gammaln", input)
    return np.where(np.isneginf(input), np.inf, values).astype(input.dtype)


@op(method="digamma", inplace=True, out=True, promote="float")
def digamma(input: Arr) -> Arr:
    r"""Slope of `lgamma`: :math:`\psi(x) = \Gamma'(x) / \Gamma(x)`.

    >>> tn.digamma(tn.tensor([1.0, 2.0]))
    tensor([-0.5772,  0.4228])
    """
    values = scipy_values("psi", input)
    return np.where(input == 0, np.copysign(np.inf, -input), values).astype(input.dtype)


@op(method="polygamma", inplace=True, promote="float")
def _polygamma(input: Arr, n: int) -> Arr:
    """The n-th derivative of digamma.

    >>> tn.tensor([1.0]).polygamma(1)
    tensor([1.6449])
    """
    if n < 0:
        raise RuntimeError(f"polygamma(n, x) does not support negative n, got {n}")
    if n == 0:
        return digamma(input)
    order = np.asarray(n, input.dtype)
    sign = 1.0 if n % 2 else -1.0
    factor = sign * math.factorial(n) if n < 150 else sign * math.inf
    return scipy_values("zeta", order + 1, input) * input.dtype.type(factor)


@composite(out=True)
def polygamma(n: int, input: Any) -> Any:
    r"""The n-th derivative of `digamma`: :math:`\psi^{(n)}(x)`.

    >>> tn.polygamma(1, tn.tensor([1.0, 2.0]))
    tensor([1.6449, 0.6449])
    """
    return _polygamma(input, n)


lgamma.grad(input=lambda g, input: g * digamma(input))
digamma.grad(input=lambda g, input: g * _polygamma(input, 1))
_polygamma.grad(input=lambda g, input, n: g * _polygamma(input, n + 1))


@composite(method="mvlgamma", inplace=True, out=True)
def mvlgamma(input: Any, p: int) -> Any:
    r"""Logarithm of the p-dimensional gamma function.

    :math:`\frac{p(p-1)}{4} \ln\pi + \sum_{k=1}^{p} \ln\Gamma(x - \frac{k-1}{2})`.

    >>> tn.mvlgamma(tn.tensor([3.0]), 2)
    tensor([1.5502])
    """
    if p < 1:
        raise RuntimeError(f"mvlgamma: p has to be greater than or equal to 1, got {p}")
    if input.dtype == np.bool_:
        raise DTypeError("mvlgamma: the input tensor may not be a boolean tensor")
    constant = p * (p - 1) / 4 * math.log(math.pi)
    shifts = [k / 2 for k in range(p)]
    total = lgamma(input)
    for shift in shifts[1:]:
        total = total + lgamma(input - shift)
    return total + constant


def _no_rule(name: str) -> Any:
    """The rule of a first argument whose derivative nobody needs and SciPy does not have."""

    def refuse(g: Any) -> Any:
        raise NotDifferentiable(f"{name}: the derivative by 'input' is not implemented")

    return refuse


@op(method="igamma", inplace=True, out=True, broadcasts=True)
def igamma(input: Arr, other: Arr) -> Arr:
    r"""Lower incomplete gamma function: :math:`\frac{1}{\Gamma(a)} \int_0^x t^{a-1} e^{-t} dt`.

    >>> tn.igamma(tn.tensor([1.0]), tn.tensor([1.0]))
    tensor([0.6321])
    """
    return scipy_values("gammainc", input, other)


@op(method="igammac", inplace=True, out=True, broadcasts=True)
def igammac(input: Arr, other: Arr) -> Arr:
    r"""Upper incomplete gamma function: one less `igamma`.

    >>> tn.igammac(tn.tensor([1.0]), tn.tensor([1.0]))
    tensor([0.3679])
    """
    return scipy_values("gammaincc", input, other)


def _gamma_density(input: Any, other: Any) -> Any:
    return np.exp((input - 1) * np.log(other) - other - lgamma(input))


igamma.grad(
    input=_no_rule("igamma"), other=lambda g, input, other: g * _gamma_density(input, other)
)
igammac.grad(
    input=_no_rule("igammac"), other=lambda g, input, other: g * -_gamma_density(input, other)
)


@op(out=True, broadcasts=True, promote="float")
def special_zeta(input: Arr, other: Arr) -> Arr:
    r"""Hurwitz's zeta function: :math:`\sum_{k \ge 0} (k + q)^{-x}`.

    >>> tn.special.zeta(tn.tensor([2.0]), 1)
    tensor([1.6449])
    """
    return scipy_values("zeta", input, other)


special_zeta.grad(
    input=_no_rule("zeta"),
    other=lambda g, input, other: g * (-input * special_zeta(input + 1, other)),
)


# -- entropies -------------------------------------------------------------------------------------


@op(out=True, promote="float")
def special_entr(input: Arr) -> Arr:
    r"""Entropy of one probability: :math:`-x \ln x`, 0 at 0, and minus infinity below.

    >>> tn.special.entr(tn.tensor([0.0, 0.5, 1.0]))
    tensor([0.0000, 0.3466, -0.0000])
    """
    values = -input * np.log(np.where(input > 0, input, 1))
    return np.where(input < 0, -np.inf, np.where(input == 0, 0, values)).astype(input.dtype)


special_entr.grad(input=lambda g, input: g * (-np.log(input) - 1))


@op(method="xlogy", inplace=True, out=True, broadcasts=True, promote="float")
def xlogy(input: Arr, other: Arr) -> Arr:
    r"""Product with a logarithm, :math:`x \ln y`; 0 where x is 0, whatever y is.

    >>> tn.xlogy(tn.tensor([0.0, 2.0]), tn.tensor([0.0, 3.0]))
    tensor([0.0000, 2.1972])
    """
    return _times(input, other, np.log)


@op(out=True, broadcasts=True, promote="float")
def special_xlog1py(input: Arr, other: Arr) -> Arr:
    r"""Product with a logarithm, :math:`x \ln(1 + y)`; 0 where x is 0, whatever y is.

    >>> tn.special.xlog1py(tn.tensor([0.0, 2.0]), tn.tensor([-1.0, 2.0]))
    tensor([0.0000, 2.1972])
    """
    return _times(input, other, np.log1p)


def _times(x: Any, y: Any, log: Any) -> Any:
    nothing = (x == 0) & ~np.isnan(y)
    return np.where(nothing, 0, x * log(y)).astype(x.dtype)


def _log_part(g: Any, input: Any, other: Any, end: float, log: Any) -> Any:
    """``g log y``, and 0 where the product is 0 because x is."""
    nothing = (to_arrays(other) <= end) & ((to_arrays(input) == 0) | (to_arrays(g) == 0))
    if not nothing.any():
        return g * log(other)
    return masked(g * log(np.where(nothing, end + 1, other)), ~nothing)


xlogy.grad(
    input=lambda g, input, other: _log_part(g, input, other, 0.0, np.log),
    other=lambda g, input, other: g * (input / other),
)
special_xlog1py.grad(
    input=lambda g, input, other: _log_part(g, input, other, -1.0, np.log1p),
    other=lambda g, input, other: g * (input / (other + 1)),
)


# -- the normal distribution -----------------------------------------------------------------------


@op(out=True, promote="float")
def special_erfcx(input: Arr) -> Arr:
    r"""Scaled complement of the error function: :math:`e^{x^2} \mathrm{erfc}(x)`.

    >>> tn.special.erfcx(tn.tensor([0.0, 100.0]))
    tensor([1.0000, 0.0056])
    """
    return scipy_values("erfcx", input)


special_erfcx.grad(input=lambda g, input, out: g * (input * out * 2 - 2 / math.sqrt(math.pi)))


@op(out=True, promote="float")
def special_ndtr(input: Arr) -> Arr:
    r"""Area below the normal density up to x: :math:`\Phi(x)`.

    >>> tn.special.ndtr(tn.tensor([-1.0, 0.0, 1.0]))
    tensor([0.1587, 0.5000, 0.8413])
    """
    return scipy_values("ndtr", input)


@op(out=True, promote="float")
def special_ndtri(input: Arr) -> Arr:
    r"""Inverse of `ndtr`: the point up to which the area is x.

    >>> tn.special.ndtri(tn.tensor([0.5, 0.8413447]))
    tensor([0.0000, 1.0000])
    """
    return scipy_values("ndtri", input)


@op(out=True, promote="float")
def special_log_ndtr(input: Arr) -> Arr:
    r"""Logarithm of `ndtr`, exact where that rounds to 0: :math:`\ln \Phi(x)`.

    >>> tn.special.log_ndtr(tn.tensor([-5.0, 0.0]))
    tensor([-15.0650,  -0.6931])
    """
    return scipy_values("log_ndtr", input)


_ROOT_TWO_PI = math.sqrt(2 * math.pi)
special_ndtr.grad(input=lambda g, input: g * (np.exp(input * input * -0.5) * (1 / _ROOT_TWO_PI)))
special_ndtri.grad(input=lambda g, out: g * (np.exp(out * out * 0.5) * _ROOT_TWO_PI))
special_log_ndtr.grad(
    input=lambda g, input: g / special_erfcx(input * -math.sqrt(0.5)) * math.sqrt(2 / math.pi)
)

for _function in (
    lgamma, digamma, _polygamma, special_entr, special_erfcx, special_ndtr,
    special_ndtri, special_log_ndtr,
):  # fmt: skip
    _function.takes("f")
for _pair in (igamma, igammac, special_zeta, xlogy, special_xlog1py):
    _pair.takes("f")

acts(
    "elementwise",
    lgamma, digamma, _polygamma, special_entr, special_erfcx, special_ndtr, special_ndtri,
    special_log_ndtr,
)  # fmt: skip
