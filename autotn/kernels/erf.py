r"""The error function and the normal distribution's in single precision, as the tanh of a polynomial.

:math:`\mathrm{erf}(x / \sqrt 2) \approx \tanh(x\, Q(x^2))`. The seven coefficients are a minimax fit (Lawson's
reweighted least squares) of :math:`\mathrm{artanh}`, weighted by what of its error :math:`\tanh` lets through: relative
error 1e-7, and evaluated in float32 within 2e-7; with six it would be 6e-7. Beyond where the result rounds to ±1, the
polynomial goes on growing, if need be to infinity. NumPy's tanh takes as long as four passes of arithmetic; SciPy's
error function takes ten times as long as all of it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotn.kernels.blocks import in_blocks

_Q = (
    0.7978846366549822, 0.036334347709986066, -3.391047039761998e-05, -5.478219908399788e-05,
    3.873175432318252e-06, -1.2526928969289127e-07, 1.567726338741946e-09,
)  # fmt: skip
#: The same for the normal distribution, as it stands, and for the error function: arrays, as NumPy has to make
#: an array of a number at each call.
_NORMAL = [np.array(q, np.float32) for q in _Q]
_ERROR = [np.array(q * math.sqrt(2) ** (2 * k + 1), np.float32) for k, q in enumerate(_Q)]
_HALF = np.array(0.5, np.float32)

#: Below this many elements SciPy's own loop is quicker than two dozen calls of NumPy.
_FEW = 3000


def erf(x: Any) -> Any:
    """The error function of each element; the dtype of `x` is kept."""
    if x.dtype != np.float32 or x.size < _FEW:
        from scipy.special import erf as exact

        if x.dtype.itemsize == 2:
            return np.asarray(exact(x.astype(np.float32))).astype(x.dtype)
        return exact(x)
    with np.errstate(over="ignore"):
        return in_blocks(_error, np.ascontiguousarray(x))


def normal_cdf(x: Any) -> Any:
    """How much of the normal distribution lies below each element; the dtype of `x` is kept."""
    if x.dtype == np.float32 and x.size >= _FEW:
        with np.errstate(over="ignore"):
            return in_blocks(_cdf, np.ascontiguousarray(x))
    cdf = erf(x * math.sqrt(0.5))
    cdf *= 0.5
    cdf += 0.5
    return cdf


def gelu(x: Any) -> tuple[Any, Any]:
    """Each element times its `normal_cdf`, and that."""
    if x.dtype != np.float32 or x.size < _FEW:
        cdf = normal_cdf(x)
        return x * cdf, cdf
    x = np.ascontiguousarray(x)
    product = np.empty(x.shape, np.float32)
    with np.errstate(over="ignore"):
        return product, in_blocks(_cdf_and_product, x, product)


def _error(x: Any, out: Any, work: Any) -> None:
    """The error function in `out`."""
    _tanh_of_polynomial(x, out, work, _ERROR)


def _cdf(x: Any, out: Any, work: Any) -> None:
    """The distribution function in `out`."""
    _tanh_of_polynomial(x, out, work, _NORMAL)
    out *= _HALF
    out += _HALF


def _cdf_and_product(x: Any, product: Any, out: Any, work: Any) -> None:
    """The same, and the product with it while both are in the cache."""
    _cdf(x, out, work)
    np.multiply(x, out, out=product)


def _tanh_of_polynomial(x: Any, p: Any, t: Any, coefficients: list[Any]) -> None:
    """``tanh(x Q(x²))`` in `p`; `t` is room for the squares."""
    np.multiply(x, x, out=t)
    np.multiply(t, coefficients[-1], out=p)
    for c in coefficients[-2:0:-1]:
        p += c
        p *= t
    p += coefficients[0]
    p *= x
    np.tanh(p, out=p)
