"""Draws of the gamma distribution that let gradients through to its shape parameter."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core.function import Function
from autotn.core.random import numpy_generator
from autotn.core.tensor import Tensor, wrap

__all__ = ["log_standard_gamma", "standard_gamma", "standard_gamma_slope"]


def standard_gamma_slope(alpha: Any, x: Any) -> Any:
    r"""How a gamma draw moves with its shape parameter: :math:`-\partial_\alpha F / \partial_x F`.

    Implicit reparametrisation (Figurnov, Mohamed & Mnih 2018): the draw keeps its place in the
    distribution F. The derivative of log F by α is a central difference in the tail that is the
    smaller one; near 0 the first term of F's series, :math:`x^\alpha / \Gamma(\alpha + 1)`, is all.
    """
    import scipy.special

    alpha, x = (np.asarray(a, np.float64) for a in (alpha, x))
    h = 1e-4 * np.minimum(alpha, np.sqrt(alpha))
    lower, upper = scipy.special.gammainc(alpha, x), scipy.special.gammaincc(alpha, x)
    low = (scipy.special.gammainc(alpha + h, x) - scipy.special.gammainc(alpha - h, x)) / (2 * h)
    high = (scipy.special.gammaincc(alpha - h, x) - scipy.special.gammaincc(alpha + h, x)) / (2 * h)
    by_alpha = np.where(lower < upper, low, high)
    log_density = (alpha - 1) * np.log(x) - x - scipy.special.gammaln(alpha)
    slope = -by_alpha / np.exp(log_density)
    at_zero = x * (scipy.special.psi(alpha + 1) - np.log(x)) / alpha
    return np.where(x < 1e-7 * (alpha + 1), at_zero, slope)


class _StandardGamma(Function):
    """A draw of rate 1 for every shape parameter in `alpha`."""

    @staticmethod
    def forward(ctx: Any, alpha: Tensor) -> Tensor:
        a = alpha._data
        drawn = np.asarray(numpy_generator(None).standard_gamma(a.astype(np.float64)))
        # 0 is outside the support; small shape parameters underflow to it.
        out = wrap(np.maximum(drawn.astype(a.dtype), np.finfo(a.dtype).tiny))
        ctx.save_for_backward(alpha, out)
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        alpha, out = ctx.saved_tensors
        slope = standard_gamma_slope(alpha._data, out._data)
        return grad * wrap(slope.astype(out._data.dtype))


def standard_gamma(alpha: Tensor) -> Tensor:
    """Gamma draws of rate 1, differentiable once by `alpha`."""
    return _StandardGamma.apply(alpha)


class _LogStandardGamma(Function):
    r"""Logarithms of gamma draws: they do not underflow where the shape parameter is tiny.

    A draw of α is one of α + 1 times :math:`U^{1/\alpha}`, U uniform (Marsaglia & Tsang 2000, section 6).
    """

    @staticmethod
    def forward(ctx: Any, alpha: Tensor) -> Tensor:
        a = alpha._data.astype(np.float64)
        rng = numpy_generator(None)
        shrink = np.log1p(-rng.random(a.shape)) / a
        drawn = np.asarray(np.log(rng.standard_gamma(a + 1)) + shrink)
        out = wrap(drawn.astype(alpha._data.dtype))
        ctx.save_for_backward(alpha, out)
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        import scipy.special

        alpha, out = (t._data.astype(np.float64) for t in ctx.saved_tensors)
        x = np.exp(out)
        usual = standard_gamma_slope(alpha, np.maximum(x, 1e-300)) / np.maximum(x, 1e-300)
        at_zero = (scipy.special.psi(alpha + 1) - out) / alpha
        slope = np.where(x < 1e-7 * (alpha + 1), at_zero, usual)
        return grad * wrap(slope.astype(grad._data.dtype))


def log_standard_gamma(alpha: Tensor) -> Tensor:
    """Logarithms of gamma draws of rate 1, differentiable once by `alpha`."""
    return _LogStandardGamma.apply(alpha)
