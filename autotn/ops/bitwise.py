"""Integers and bools bit by bit, shifts, and common divisors."""

from __future__ import annotations

import numpy as np

from autotn.core.op import Arr, op

__all__ = [
    "bitwise_and", "bitwise_left_shift", "bitwise_not", "bitwise_or", "bitwise_right_shift",
    "bitwise_xor", "gcd", "lcm",
]  # fmt: skip


@op(
    method="bitwise_and __and__ __rand__",
    inplace=True,
    out=True,
    numpy=np.bitwise_and,
    broadcasts=True,
)
def bitwise_and(input: Arr, other: Arr) -> Arr:
    """Bits set in both, as the operator ``&``.

    >>> tn.tensor([12, 10]) & 6
    tensor([4, 2])
    """


@op(
    method="bitwise_or __or__ __ror__", inplace=True, out=True, numpy=np.bitwise_or, broadcasts=True
)
def bitwise_or(input: Arr, other: Arr) -> Arr:
    """Bits set in either, as the operator ``|``.

    >>> tn.tensor([True, False]) | tn.tensor([False, False])
    tensor([ True, False])
    """


@op(
    method="bitwise_xor __xor__ __rxor__",
    inplace=True,
    out=True,
    numpy=np.bitwise_xor,
    broadcasts=True,
)
def bitwise_xor(input: Arr, other: Arr) -> Arr:
    """Bits set in one of the two, as the operator ``^``.

    >>> tn.tensor([12, 10]) ^ 6
    tensor([10, 12])
    """


@op(method="bitwise_not __invert__", inplace=True, out=True, numpy=np.invert)
def bitwise_not(input: Arr) -> Arr:
    """Every bit turned, as the operator ``~``.

    >>> ~tn.tensor([True, False])
    tensor([False,  True])
    """


def _wide_shift(input: Arr, other: Arr) -> Arr:
    """True where all bits are shifted out; NumPy leaves such shifts to the processor."""
    return (other < 0) | (other >= input.dtype.itemsize * 8)


@op(
    method="bitwise_left_shift __lshift__ __rlshift__",
    inplace=True,
    out=True,
    numpy=np.left_shift,
    broadcasts=True,
)
def bitwise_left_shift(input: Arr, other: Arr) -> Arr:
    """Bits moved up, as the operator ``<<``.

    >>> tn.tensor([1, 3]) << 2
    tensor([ 4, 12])
    """
    wide = _wide_shift(input, other)
    return np.where(wide, input.dtype.type(0), np.left_shift(input, np.where(wide, 0, other)))


@op(
    method="bitwise_right_shift __rshift__ __rrshift__",
    inplace=True,
    out=True,
    numpy=np.right_shift,
    broadcasts=True,
)
def bitwise_right_shift(input: Arr, other: Arr) -> Arr:
    """Bits moved down, the sign kept, as the operator ``>>``.

    >>> tn.tensor([12, -12]) >> 2
    tensor([ 3, -3])
    """
    most = input.dtype.itemsize * 8 - 1
    return np.right_shift(
        input, np.where(_wide_shift(input, other), most, other).astype(other.dtype)
    )


@op(method="gcd", inplace=True, out=True, numpy=np.gcd, broadcasts=True)
def gcd(input: Arr, other: Arr) -> Arr:
    """Greatest common divisor.

    >>> tn.gcd(tn.tensor([12, 0]), tn.tensor([18, 5]))
    tensor([6, 5])
    """


@op(method="lcm", inplace=True, out=True, numpy=np.lcm, broadcasts=True)
def lcm(input: Arr, other: Arr) -> Arr:
    """Least common multiple.

    >>> tn.lcm(tn.tensor([4, 0]), tn.tensor([6, 5]))
    tensor([12,  0])
    """


for _bits in (bitwise_and, bitwise_or, bitwise_xor):
    _bits.takes("bi")
bitwise_not.takes("bi")
for _bits in (bitwise_left_shift, bitwise_right_shift, gcd, lcm):
    _bits.takes("i")
