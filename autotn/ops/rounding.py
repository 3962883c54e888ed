"""Rounding, whole quotients, and the remainders they leave."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core.methods import stand_for
from autotn.core.op import Arr, acts, alias, composite, op, to_arrays
from autotn.ops.arithmetic import zeros_of
from autotn.ops.compare import masked

__all__ = [
    "ceil", "fix", "floor", "floor_divide", "fmod", "frac", "nextafter", "remainder", "round",
    "trunc",
]  # fmt: skip


# -- to whole numbers ------------------------------------------------------------------------------


@op(method="floor", inplace=True, out=True, numpy=np.floor)
def floor(input: Arr) -> Arr:
    """The next whole number below.

    >>> tn.floor(tn.tensor([1.7, -1.2]))
    tensor([ 1., -2.])
    """


@op(method="ceil", inplace=True, out=True, numpy=np.ceil)
def ceil(input: Arr) -> Arr:
    """The next whole number above.

    >>> tn.ceil(tn.tensor([1.2, -1.7]))
    tensor([ 2., -1.])
    """


@op(method="trunc", inplace=True, out=True, numpy=(np.trunc, np.fix))
def trunc(input: Arr) -> Arr:
    """The next whole number towards 0.

    >>> tn.trunc(tn.tensor([1.7, -1.7]))
    tensor([ 1., -1.])
    """
    return np.trunc(input)


fix = alias(trunc, "fix")


@op(method="frac", inplace=True, out=True)
def frac(input: Arr) -> Arr:
    r"""What `trunc` cuts off.

    >>> tn.frac(tn.tensor([1.5, -1.5]))
    tensor([ 0.5000, -0.5000])
    """
    return input - np.trunc(input)


@op(inplace=True, method="", numpy=np.rint)
def _round(input: Arr) -> Arr:
    """The nearest whole number, halves to the even one.

    >>> tn.round(tn.tensor([0.5, 1.5]))
    tensor([0., 2.])
    """
    return np.rint(input) if input.dtype.kind in "fV" else input.copy()


@op()
def _round_decimals(input: Arr, decimals: int) -> Arr:
    """Rounded to some decimals.

    >>> tn.round(tn.tensor([1.234]), decimals=2)
    tensor([1.2300])
    """
    ten = 10.0 ** (decimals if decimals > 0 else -decimals)
    return np.rint(input * ten) / ten if decimals > 0 else np.rint(input / ten) * ten


@composite(method="round", inplace=True, out=True)
def round(input: Any, *, decimals: int = 0) -> Any:
    """The nearest whole number, halves to the even one; or the nearest with some decimals.

    >>> tn.round(tn.tensor([0.5, 1.5, 2.345]))
    tensor([0., 2., 2.])
    >>> tn.round(tn.tensor([1.234, 56.78]), decimals=1)
    tensor([ 1.2000, 56.8000])
    """
    return _round(input) if decimals == 0 else _round_decimals(input, decimals)


stand_for((np.round, np.around), lambda a, decimals=0: round(a, decimals=decimals))

for _step in (floor, ceil, trunc, _round, _round_decimals):
    _step.grad(input=zeros_of)
frac.grad(input=lambda g: g)
for _step in (floor, ceil, trunc, _round):
    _step.takes("if")
for _step in (frac, _round_decimals):
    _step.takes("f")


# -- whole quotients and remainders ----------------------------------------------------------------


def _refuse_zero(input: Any, other: Any) -> None:
    """Integers have no infinity to answer a division by 0 with."""
    if not np.all(other) and np.size(input):
        raise RuntimeError("ZeroDivisionError: integer division by zero")


@op(
    method="floor_divide __floordiv__ __rfloordiv__",
    inplace=True,
    out=True,
    numpy=np.floor_divide,
    broadcasts=True,
)
def floor_divide(input: Arr, other: Arr) -> Arr:
    r"""Quotient rounded down: :math:`\lfloor x / y \rfloor`, as the operator ``//``.

    >>> tn.tensor([7.0, -7.0]) // 2
    tensor([ 3., -4.])
    """
    if input.dtype.kind in "biu":
        _refuse_zero(input, other)
    return np.floor_divide(input, other)


@op(broadcasts=True)
def divide_to_zero(input: Arr, other: Arr) -> Arr:
    """Quotient rounded to zero: ``div`` with ``rounding_mode="trunc"``.

    >>> tn.div(tn.tensor([7, -7]), 2, rounding_mode="trunc")
    tensor([ 3, -3])
    """
    if input.dtype.kind in "fV":
        return np.trunc(input / other)
    _refuse_zero(input, other)
    down = np.floor_divide(input, other)
    return down + ((down < 0) & (down * other != input)).astype(down.dtype)


@op(
    method="remainder __mod__ __rmod__",
    inplace=True,
    out=True,
    numpy=np.remainder,
    broadcasts=True,
)
def remainder(input: Arr, other: Arr) -> Arr:
    r"""What `floor_divide` leaves, with the sign of the divisor: the operator ``%``.

    >>> tn.tensor([7.0, -7.0]) % 3
    tensor([1., 2.])
    """
    if input.dtype.kind in "biu":
        _refuse_zero(input, other)
    return np.remainder(input, other)


@op(method="fmod", inplace=True, out=True, numpy=np.fmod, broadcasts=True)
def fmod(input: Arr, other: Arr) -> Arr:
    """What the quotient rounded to zero leaves, with the sign of `input`.

    >>> tn.fmod(tn.tensor([7.0, -7.0]), 3)
    tensor([ 1., -1.])
    """
    if input.dtype.kind in "biu":
        _refuse_zero(input, other)
    return np.fmod(input, other)


for _quotient in (floor_divide, divide_to_zero):
    _quotient.grad(input=zeros_of, other=zeros_of)
remainder.grad(input=lambda g: g, other=lambda g, input, other: -g * floor_divide(input, other))
fmod.grad(input=lambda g: g, other=lambda g, input, other: -g * divide_to_zero(input, other))
for _quotient in (floor_divide, divide_to_zero, remainder, fmod):
    _quotient.takes("if")


@op(method="nextafter", inplace=True, out=True, numpy=np.nextafter, broadcasts=True)
def nextafter(input: Arr, other: Arr) -> Arr:
    """The next floating-point number from one towards another.

    >>> tn.nextafter(tn.tensor([1.0]), tn.tensor([2.0])) > 1
    tensor([True])
    """


nextafter.grad(
    input=lambda g, input, other: masked(g, to_arrays(input) != to_arrays(other)),
    other=zeros_of,
)
nextafter.takes("f")

acts("elementwise", floor, ceil, trunc, frac, _round, _round_decimals)
