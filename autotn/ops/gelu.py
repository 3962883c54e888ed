"""The Gaussian error linear unit, exact and by its tanh approximation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotn.core.op import Arr, acts, composite, op
from autotn.kernels.blocks import BLOCK, in_blocks
from autotn.kernels.erf import gelu as kernel, normal_cdf
from autotn.kernels.onednn import elementwise as onednn
from autotn.ops.transcendental import erf

__all__: list[str] = []

FUNCTIONAL = ("gelu",)


def _gelu_inner_tanh(input: Any) -> Any:
    t = np.asarray(input * input)
    t *= 0.044715
    t += 1
    t *= input
    t *= math.sqrt(2 / math.pi)
    return np.tanh(t, out=t)


@op(aux=("t",), promote="float")
def _gelu_tanh(input: Arr) -> Arr:
    """GELU by its tanh approximation (Hendrycks & Gimpel 2016, section 2).

    >>> F.gelu(tn.tensor([1.0]), approximate="tanh")
    tensor([0.8412])
    """
    found = onednn.applied("gelu_tanh", input)
    if found is not None:
        return found, (None,)
    t = _gelu_inner_tanh(input)
    result = np.asarray(t + 1)
    result *= input
    result *= 0.5
    return result, (t,)


@_gelu_tanh.grad
def _(g: Any, input: Any, t: Any) -> Any:
    found = onednn.pulled("gelu_tanh", g, input)
    if found is not None:
        return found
    if t is None:
        t = _gelu_inner_tanh(input)
    slope = np.asarray(input * input)
    slope *= 3 * 0.044715
    slope += 1
    slope *= math.sqrt(2 / math.pi)
    slope *= input
    slope *= 1 - t * t
    slope += t
    slope += 1
    slope *= 0.5
    slope *= g
    return slope


@_gelu_tanh.reference
def _(input: Any) -> Any:
    inner = (input + 0.044715 * (input * input * input)) * math.sqrt(2 / math.pi)
    return 0.5 * input * (1 + np.tanh(inner))


@composite()
def gelu(input: Any, approximate: str = "none") -> Any:
    r"""Gaussian error linear unit: :math:`x \Phi(x)`, or its tanh approximation (Hendrycks & Gimpel 2016).

    >>> F.gelu(tn.tensor([1.0]))
    tensor([0.8413])
    """
    if approximate == "tanh":
        return _gelu_tanh(input)
    if approximate != "none":
        raise RuntimeError(
            f"gelu: approximate argument must be either none or tanh, got {approximate!r}"
        )
    return _gelu_erf(input)


@op(aux=("cdf",), promote="float")
def _gelu_erf(input: Arr) -> Arr:
    """GELU by the error function.

    >>> F.gelu(tn.tensor([1.0]))
    tensor([0.8413])
    """
    found = onednn.applied("gelu_erf", input)
    if found is not None:
        return found, (None,)
    product, cdf = kernel(np.asarray(input))
    return product, (cdf,)


@_gelu_erf.grad
def _(g: Any, input: Any, cdf: Any) -> Any:
    found = onednn.pulled("gelu_erf", g, input)
    if found is not None:
        return found
    if cdf is None:
        cdf = normal_cdf(np.asarray(input))
    if input.size > BLOCK:
        return in_blocks(_pulled_by_gelu, input, g, cdf)
    out = np.empty(input.shape, input.dtype)
    _pulled_by_gelu(input, g, cdf, out)
    return out


def _pulled_by_gelu(input: Any, g: Any, cdf: Any, out: Any, work: Any = None) -> None:
    np.multiply(input, input, out=out)
    out *= -0.5
    np.exp(out, out=out)
    out *= 1 / math.sqrt(2 * math.pi)
    out *= input
    out += cdf
    out *= g


@_gelu_erf.reference
def _(input: Any) -> Any:
    return input * (erf(input * math.sqrt(0.5)) * 0.5 + 0.5)


for _smooth in (_gelu_tanh, _gelu_erf):
    _smooth.takes("f", "Integers have no slope; use .float()", promoted=False)

acts("elementwise", _gelu_tanh, _gelu_erf)
