r"""The error function and the normal distribution's in single precision, as the tanh of a polynomial.

:math:`\mathrm{erf}(x / \sqrt 2) \approx \tanh(x\, Q(x^2))`. The seven coefficients are a minimax fit (Lawson's
reweighted least squares) of :math:`\mathrm{artanh}`, weighted by what of its error :math:`\tanh` lets through: relative
error 1e-7, and evaluated in float32 within 2e-7. Where the result rounds to ±1, the argument is clipped.
NumPy's tanh takes as long as four passes of arithmetic; SciPy's error function takes ten times as long as all of it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

_Q = (
    0.7978846366549822, 0.036334347709986066, -3.391047039761998e-05, -5.478219908399788e-05,
    3.873175432318252e-06, -1.2526928969289127e-07, 1.567726338741946e-09,
)  # fmt: skip
#: The same for the normal distribution, as it stands, and for the error function.
_NORMAL = [np.float32(q) for q in _Q]
_ERROR = [np.float32(q * math.sqrt(2) ** (2 * power + 1)) for power, q in enumerate(_Q)]
#: Beyond this the result is ±1, for the error function and for the normal distribution.
_END_ERROR, _END_NORMAL = np.float32(4.3), np.float32(6.0)

#: Elements worked on at a time, so that the arrays stay in the cache.
_BLOCK = 32768
#: Below this many elements SciPy's own loop is quicker than two dozen calls of NumPy.
_FEW = 3000


def erf(x: Any) -> Any:
    """The error function of each element; the dtype of `x` is kept."""
    if x.dtype != np.float32 or x.size < _FEW:
        from scipy.special import erf as exact

        if x.dtype.itemsize == 2:
            return np.asarray(exact(x.astype(np.float32))).astype(x.dtype)
        return exact(x)
    return _tanh_of_polynomial(x, _ERROR, _END_ERROR)


def normal_cdf(x: Any) -> Any:
    """How much of the normal distribution lies below each element; the dtype of `x` is kept."""
    if x.dtype == np.float32 and x.size >= _FEW:
        return _tanh_of_polynomial(x, _NORMAL, _END_NORMAL, halved=True)
    cdf = erf(x * math.sqrt(0.5))
    cdf *= 0.5
    cdf += 0.5
    return cdf


def _tanh_of_polynomial(x: Any, coefficients: list[Any], end: Any, halved: bool = False) -> Any:
    """``tanh(x Q(x²))``, and moved from -1 … 1 to 0 … 1 where it is to be halved."""
    out = np.empty(x.shape, np.float32)
    source, target = np.ascontiguousarray(x).reshape(-1), out.reshape(-1)
    work = np.empty((2, min(_BLOCK, source.size)), np.float32)
    for start in range(0, source.size, _BLOCK):
        part = source[start : start + _BLOCK]
        p, (z, t) = target[start : start + _BLOCK], work[:, : len(part)]
        np.clip(part, -end, end, out=z)
        np.multiply(z, z, out=t)
        np.multiply(t, coefficients[-1], out=p)
        for c in coefficients[-2:0:-1]:
            p += c
            p *= t
        p += coefficients[0]
        p *= z
        np.tanh(p, out=p)
        if halved:
            p *= 0.5
            p += 0.5
    return out
