"""Bessel's and Airy's functions: what ``tn.special`` offers of them, by SciPy's values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotn.core.op import Arr, acts, composite, op, to_arrays
from autotn.ops.arithmetic import sign
from autotn.ops.gamma import scipy_values
from autotn.ops.trigonometry import sinc_rule

__all__ = ["i0"]


def _quotient(value: Any, x: Any, at_zero: float) -> Any:
    """``value / x``, and at x = 0 its limit."""
    zero = to_arrays(x) == 0
    if not zero.any():
        return value / x
    return np.where(zero, at_zero, value / np.where(zero, 1, x))


# -- modified, first kind --------------------------------------------------------------------------


@op(method="i0", inplace=True, out=True, promote="float")
def i0(input: Arr) -> Arr:
    r"""Modified Bessel function of the first kind, order 0: :math:`I_0(x)`.

    >>> tn.i0(tn.tensor([0.0, 1.0]))
    tensor([1.0000, 1.2661])
    """
    return scipy_values("i0", input)


@op(out=True, promote="float")
def special_i0e(input: Arr) -> Arr:
    r"""`i0`, scaled: :math:`e^{-|x|} I_0(x)`.

    >>> tn.special.i0e(tn.tensor([0.0, 1.0]))
    tensor([1.0000, 0.4658])
    """
    return scipy_values("i0e", input)


@op(out=True, promote="float")
def special_i1(input: Arr) -> Arr:
    r"""Modified Bessel function of the first kind, order 1: :math:`I_1(x)`.

    >>> tn.special.i1(tn.tensor([0.0, 1.0]))
    tensor([0.0000, 0.5652])
    """
    return scipy_values("i1", input)


@op(out=True, promote="float")
def special_i1e(input: Arr) -> Arr:
    r"""`i1`, scaled: :math:`e^{-|x|} I_1(x)`.

    >>> tn.special.i1e(tn.tensor([0.0, 1.0]))
    tensor([0.0000, 0.2079])
    """
    return scipy_values("i1e", input)


i0.grad(input=lambda g, input: g * special_i1(input))
special_i0e.grad(input=lambda g, input, out: g * (special_i1e(input) - sign(input) * out))
special_i1.grad(input=lambda g, input, out: g * (i0(input) - _quotient(out, input, 0.5)))
special_i1e.grad(
    input=lambda g, input, out: (
        g * (special_i0e(input) - sign(input) * out - _quotient(out, input, 0.5))
    )
)


@composite(out=True)
def special_modified_bessel_i0(input: Any) -> Any:
    r"""Modified Bessel function of the first kind, order 0: :math:`I_0(x)`.

    >>> tn.special.modified_bessel_i0(tn.tensor([1.0]))
    tensor([1.2661])
    """
    return i0(input)


@composite(out=True)
def special_modified_bessel_i1(input: Any) -> Any:
    r"""Modified Bessel function of the first kind, order 1: :math:`I_1(x)`.

    >>> tn.special.modified_bessel_i1(tn.tensor([1.0]))
    tensor([0.5652])
    """
    return special_i1(input)


# -- modified, second kind -------------------------------------------------------------------------


@op(out=True, promote="float")
def special_modified_bessel_k0(input: Arr) -> Arr:
    r"""Modified Bessel function of the second kind, order 0: :math:`K_0(x)`.

    >>> tn.special.modified_bessel_k0(tn.tensor([1.0]))
    tensor([0.4210])
    """
    return scipy_values("k0", input)


@op(out=True, promote="float")
def special_modified_bessel_k1(input: Arr) -> Arr:
    r"""Modified Bessel function of the second kind, order 1: :math:`K_1(x)`.

    >>> tn.special.modified_bessel_k1(tn.tensor([1.0]))
    tensor([0.6019])
    """
    return scipy_values("k1", input)


@op(out=True, promote="float")
def special_scaled_modified_bessel_k0(x: Arr) -> Arr:
    r"""`modified_bessel_k0`, scaled: :math:`e^x K_0(x)`.

    >>> tn.special.scaled_modified_bessel_k0(tn.tensor([1.0]))
    tensor([1.1445])
    """
    return scipy_values("k0e", x)


@op(out=True, promote="float")
def special_scaled_modified_bessel_k1(x: Arr) -> Arr:
    r"""`modified_bessel_k1`, scaled: :math:`e^x K_1(x)`.

    >>> tn.special.scaled_modified_bessel_k1(tn.tensor([1.0]))
    tensor([1.6362])
    """
    return scipy_values("k1e", x)


special_modified_bessel_k0.grad(input=lambda g, input: g * -special_modified_bessel_k1(input))
special_modified_bessel_k1.grad(
    input=lambda g, input, out: g * (-special_modified_bessel_k0(input) - out / input)
)
special_scaled_modified_bessel_k0.grad(
    x=lambda g, x, out: g * (out - special_scaled_modified_bessel_k1(x))
)
special_scaled_modified_bessel_k1.grad(
    x=lambda g, x, out: g * (out - special_scaled_modified_bessel_k0(x) - out / x)
)


# -- ordinary --------------------------------------------------------------------------------------


@op(out=True, promote="float")
def special_bessel_j0(input: Arr) -> Arr:
    r"""Bessel function of the first kind, order 0: :math:`J_0(x)`.

    >>> tn.special.bessel_j0(tn.tensor([0.0, 1.0]))
    tensor([1.0000, 0.7652])
    """
    return scipy_values("j0", input)


@op(out=True, promote="float")
def special_bessel_j1(input: Arr) -> Arr:
    r"""Bessel function of the first kind, order 1: :math:`J_1(x)`.

    >>> tn.special.bessel_j1(tn.tensor([0.0, 1.0]))
    tensor([0.0000, 0.4401])
    """
    return scipy_values("j1", input)


@op(out=True, promote="float")
def special_bessel_y0(input: Arr) -> Arr:
    r"""Bessel function of the second kind, order 0: :math:`Y_0(x)`.

    >>> tn.special.bessel_y0(tn.tensor([1.0]))
    tensor([0.0883])
    """
    return scipy_values("y0", input)


@op(out=True, promote="float")
def special_bessel_y1(input: Arr) -> Arr:
    r"""Bessel function of the second kind, order 1: :math:`Y_1(x)`.

    >>> tn.special.bessel_y1(tn.tensor([1.0]))
    tensor([-0.7812])
    """
    return scipy_values("y1", input)


special_bessel_j0.grad(input=lambda g, input: g * -special_bessel_j1(input))
special_bessel_j1.grad(
    input=lambda g, input, out: g * (special_bessel_j0(input) - _quotient(out, input, 0.5))
)
special_bessel_y0.grad(input=lambda g, input: g * -special_bessel_y1(input))
special_bessel_y1.grad(input=lambda g, input, out: g * (special_bessel_y0(input) - out / input))


@op(out=True, promote="float")
def special_spherical_bessel_j0(x: Arr) -> Arr:
    r"""Spherical Bessel function of the first kind, order 0: :math:`\sin(x) / x`.

    >>> tn.special.spherical_bessel_j0(tn.tensor([0.0, 1.0]))
    tensor([1.0000, 0.8415])
    """
    ends = np.isinf(x)
    found = np.sinc(np.where(ends, x.dtype.type(0), x) / math.pi)
    return np.where(ends, x.dtype.type(0), found)


special_spherical_bessel_j0.grad(x=lambda g, x: sinc_rule(g * (1 / math.pi), x * (1 / math.pi)))


# -- Airy ------------------------------------------------------------------------------------------


@op(out=True, promote="float")
def special_airy_ai(x: Arr) -> Arr:
    r"""Airy function: the solution of :math:`y'' = x y` that vanishes at infinity.

    >>> tn.special.airy_ai(tn.tensor([0.0, 1.0]))
    tensor([0.3550, 0.1353])
    """
    return _airy(x, 0)


@op(promote="float")
def _airy_slope(input: Arr) -> Arr:
    """The derivative of Airy's function.

    >>> x = tn.tensor([1.0], requires_grad=True)
    >>> tn.special.airy_ai(x).backward(); x.grad
    tensor([-0.1591])
    """
    return _airy(input, 1)


def _airy(x: Any, which: int) -> Any:
    from scipy.special import airy

    wide = x.astype(np.float32) if x.dtype.itemsize == 2 else x
    return np.asarray(airy(wide)[which]).astype(x.dtype, copy=False)


special_airy_ai.grad(x=lambda g, x: g * _airy_slope(x))
_airy_slope.grad(input=lambda g, input: g * (input * special_airy_ai(input)))

for _function in (
    i0, special_i0e, special_i1, special_i1e, special_modified_bessel_k0,
    special_modified_bessel_k1, special_scaled_modified_bessel_k0,
    special_scaled_modified_bessel_k1,
    special_bessel_j0, special_bessel_j1, special_bessel_y0, special_bessel_y1, special_airy_ai,
    special_spherical_bessel_j0,
):  # fmt: skip
    _function.takes("f")

acts(
    "elementwise",
    i0, special_i0e, special_i1, special_i1e, special_modified_bessel_k0,
    special_modified_bessel_k1, special_scaled_modified_bessel_k0,
    special_scaled_modified_bessel_k1, special_bessel_j0, special_bessel_j1, special_bessel_y0,
    special_bessel_y1, special_spherical_bessel_j0, special_airy_ai, _airy_slope,
)  # fmt: skip
