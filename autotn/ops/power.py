"""Powers and roots, and the parts of a floating-point number."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from autotn.core import dtypes
from autotn.core.callpath import SMALL
from autotn.core.op import Arr, acts, composite, op, to_arrays
from autotn.core.tensor import Tensor
from autotn.core.traced import watched
from autotn.errors import DTypeError
from autotn.kernels.onednn import arithmetic as large
from autotn.ops.arithmetic import mul, zeros_of
from autotn.ops.convert import cast

__all__ = [
    "float_power", "frexp", "hypot", "ldexp", "pow", "reciprocal", "rsqrt", "sqrt", "square",
]  # fmt: skip


# -- powers ----------------------------------------------------------------------------------------


@op(method="pow __pow__ __rpow__", inplace=True, out=True, numpy=np.power, broadcasts=True)
def pow(input: Arr, exponent: Arr) -> Arr:
    r"""Power: :math:`x^y`.

    >>> tn.pow(tn.tensor([1.0, 2.0, 3.0]), 2)
    tensor([1., 4., 9.])
    """
    if np.ndim(exponent):
        return (
            _whole_power(input, exponent) if input.dtype.kind in "iu" else np.power(input, exponent)
        )
    # Small powers as products: NumPy's power is some thirty times slower.
    e = exponent if isinstance(exponent, (int, float, complex)) else exponent.item()
    if e == 2:
        return input * input
    if e == 3:
        return input * input * input
    if e == 1:
        return np.array(input)
    if input.dtype.kind in "fV":
        if e == 0.5:
            return np.sqrt(input)
        if e == -1:
            return np.divide(1, input)
        if e == -0.5:
            return np.divide(1, np.sqrt(input))
        if e == -2:
            return np.divide(1, input * input)
    return np.power(input, exponent)


pow.takes("ifc")


def _whole_power(input: Any, exponent: Any) -> Any:
    """Powers of integers; those to a negative exponent are 0, but for 1 and -1."""
    negative = exponent < 0
    if not negative.any():
        return np.power(input, exponent)
    powers = np.power(input, np.where(negative, 0, exponent))
    turned = np.where(exponent % 2 == 0, 1, input)
    small = np.where(input == 1, 1, np.where(input == -1, turned, 0))
    return np.where(negative, small, powers).astype(input.dtype)


def _plain_number(exponent: Any) -> Any:
    """The one number all elements are raised to, if it is a constant; else None."""
    if exponent.ndim or (isinstance(exponent, Tensor) and watched(exponent)):
        return None
    return exponent.item()


def _base_rule(g: Any, input: Any, exponent: Any) -> Any:
    """``y x^(y-1)``, and 0 where y is 0, also at x = 0."""
    e = _plain_number(exponent)
    if e == 2:
        return g * (input + input)
    if e == 0:
        return zeros_of(g)
    if e is not None:
        return g * (pow(input, e - 1) * e)
    none = to_arrays(exponent) == 0
    less = exponent - 1
    if none.any():
        less = np.where(none, 0, less)
    return g * (exponent * input**less)


def _exponent_rule(g: Any, input: Any, exponent: Any, out: Any) -> Any:
    """``x^y log x``, and 0 where x is 0 and y is not negative: there the power is constant."""
    flat = (to_arrays(input) == 0) & (to_arrays(exponent).real >= 0)
    if flat.any():
        return g * np.where(flat, 0, out * np.log(np.where(flat, 1, input)))
    return g * (out * np.log(input))


pow.grad(input=_base_rule, exponent=_exponent_rule)


@composite(method="float_power", inplace=True, out=True, numpy=np.float_power)
def float_power(input: Any, exponent: Any) -> Any:
    r"""Power in double precision: :math:`x^y`.

    >>> tn.float_power(tn.tensor([2, 3]), -1)
    tensor([0.5000, 0.3333], dtype=tn.float64)
    """
    given = [to_arrays(x) for x in (input, exponent)]
    is_complex = any(np.iscomplexobj(x) for x in given)
    kind = np.dtype(np.complex128 if is_complex else np.float64)
    base, power = (
        cast(x, kind) if isinstance(x, (Tensor, np.ndarray)) else kind.type(x)
        for x in (input, exponent)
    )
    return pow(base, power)


@op(method="square", inplace=True, out=True, numpy=np.square)
def square(input: Arr) -> Arr:
    r"""Square: :math:`x^2`.

    >>> tn.square(tn.tensor([3.0]))
    tensor([9.])
    """
    return np.square(input) if input.dtype.kind != "b" else input.astype(np.int64)


square.grad(input=lambda g, input: g * (input + input))
square.large(
    lambda input: large.multiply(input, input),
    input=lambda g, input: large.multiply_twice(g, input),
)


@op(method="reciprocal", inplace=True, out=True, numpy=np.reciprocal, promote="float")
def reciprocal(input: Arr) -> Arr:
    r"""Reciprocal: :math:`1/x`.

    >>> tn.reciprocal(tn.tensor([4.0]))
    tensor([0.2500])
    """
    return np.reciprocal(input) if input.size < SMALL else np.divide(1, input)


reciprocal.grad(input=lambda g, out: g * -(out * out))


# -- roots -----------------------------------------------------------------------------------------


@op(method="sqrt", inplace=True, out=True, numpy=np.sqrt, promote="float")
def sqrt(input: Arr) -> Arr:
    r"""Square root: :math:`\sqrt x`.

    >>> tn.sqrt(tn.tensor([4.0]))
    tensor([2.])
    """


sqrt.grad(input=lambda g, out: g / (out + out))
sqrt.large(large.sqrt, input=lambda g, out: large.divide_half(g, out))


@op(method="rsqrt", inplace=True, out=True, promote="float")
def rsqrt(input: Arr) -> Arr:
    r"""Reciprocal of the square root: :math:`1/\sqrt x`.

    >>> tn.rsqrt(tn.tensor([4.0]))
    tensor([0.5000])
    """
    return 1 / np.sqrt(input)


rsqrt.grad(input=lambda g, out: g * (out * out * out * -0.5))


@op(method="hypot", inplace=True, out=True, numpy=np.hypot, broadcasts=True)
def hypot(input: Arr, other: Arr) -> Arr:
    r"""Hypotenuse, without overflow on the way: :math:`\sqrt{x^2 + y^2}`.

    >>> tn.hypot(tn.tensor([3.0]), tn.tensor([4.0]))
    tensor([5.])
    """


hypot.grad(
    input=lambda g, input, out: g * (input / out), other=lambda g, other, out: g * (other / out)
)
hypot.takes("f")


# -- the parts of a floating-point number ----------------------------------------------------------


class FrexpResult(NamedTuple):
    """What `frexp` returns."""

    mantissa: Any
    exponent: Any


@op(method="frexp", out=True, numpy=np.frexp)
def frexp(input: Arr) -> tuple[Arr, ...]:
    r"""Mantissa and exponent: :math:`x = m\, 2^e` with :math:`\frac12 \le |m| < 1`.

    >>> tn.frexp(tn.tensor([8.0])).mantissa
    tensor([0.5000])
    """
    if input.dtype.kind not in "fV":
        raise DTypeError(f"frexp: only supports floating-point dtypes, got {input.dtype}")
    mantissa, exponent = np.frexp(input)
    return FrexpResult(mantissa, np.where(np.isfinite(input), exponent, np.int32(0)))


frexp.grad(input=lambda g, out: g[0] * 2.0 ** -cast(out[1], to_arrays(g[0]).dtype))


@composite(method="ldexp", inplace=True, out=True, numpy=np.ldexp)
def ldexp(input: Any, other: Any) -> Any:
    r"""Times a power of two: :math:`x\, 2^y`.

    >>> tn.ldexp(tn.tensor([1.0, 3.0]), tn.tensor([2, -1]))
    tensor([4.0000, 1.5000])
    """
    if isinstance(other, (bool, int, float)):
        return mul(input, 2.0**other)
    if to_arrays(other).dtype.kind in "biu":
        # 2^y in the precision of x, lest it overflows.
        given = to_arrays(input)
        kind = given.real.dtype if isinstance(given, np.ndarray) else np.asarray(given).dtype
        other = cast(other, kind if kind.kind in "fV" else dtypes.get_default_dtype().dtype)
    return mul(input, pow(2.0, other))


acts("elementwise", square, reciprocal, sqrt, rsqrt)
