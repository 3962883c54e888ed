"""Questions answered by True and False: comparisons, tests of elements, logic."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core.op import Arr, alias, composite, op, to_arrays
from autotn.core.tensor import Tensor

__all__ = [
    "allclose", "eq", "equal", "ge", "greater", "greater_equal", "gt", "is_nonzero", "isclose",
    "isfinite", "isinf", "isnan", "isneginf", "isposinf", "isreal", "le", "less", "less_equal",
    "logical_and", "logical_not", "logical_or", "logical_xor", "lt", "ne", "not_equal", "signbit",
]  # fmt: skip


# -- comparisons -----------------------------------------------------------------------------------


@op(method="eq __eq__", inplace=True, out=True, numpy=np.equal, broadcasts=True)
def eq(input: Arr, other: Arr) -> Arr:
    """True where the two are equal.

    >>> tn.eq(tn.tensor([1, 2]), 2)
    tensor([False,  True])
    """


@op(method="ne __ne__", inplace=True, out=True, numpy=np.not_equal, broadcasts=True)
def ne(input: Arr, other: Arr) -> Arr:
    """True where the two differ.

    >>> tn.ne(tn.tensor([1, 2]), 2)
    tensor([ True, False])
    """


@op(method="lt __lt__", inplace=True, out=True, numpy=np.less, broadcasts=True)
def lt(input: Arr, other: Arr) -> Arr:
    """True where `input` is less.

    >>> tn.lt(tn.tensor([1, 2]), 2)
    tensor([ True, False])
    """


@op(method="le __le__", inplace=True, out=True, numpy=np.less_equal, broadcasts=True)
def le(input: Arr, other: Arr) -> Arr:
    """True where `input` is less or equal.

    >>> tn.le(tn.tensor([1, 3]), 2)
    tensor([ True, False])
    """


@op(method="gt __gt__", inplace=True, out=True, numpy=np.greater, broadcasts=True)
def gt(input: Arr, other: Arr) -> Arr:
    """True where `input` is greater.

    >>> tn.gt(tn.tensor([1, 3]), 2)
    tensor([False,  True])
    """


@op(method="ge __ge__", inplace=True, out=True, numpy=np.greater_equal, broadcasts=True)
def ge(input: Arr, other: Arr) -> Arr:
    """True where `input` is greater or equal.

    >>> tn.ge(tn.tensor([1, 2]), 2)
    tensor([False,  True])
    """


for _ordered in (lt, le, gt, ge):
    _ordered.takes("bif", "Complex numbers have no order")

not_equal, less, less_equal = alias(ne, "not_equal"), alias(lt, "less"), alias(le, "less_equal")
greater, greater_equal = alias(gt, "greater"), alias(ge, "greater_equal")


@op(method="isclose", numpy=np.isclose, broadcasts=True, promote="same")
def isclose(
    input: Arr, other: Arr, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> Arr:
    r"""True where two are nearly equal: :math:`|x - y| \le \mathrm{atol} + \mathrm{rtol}\,|y|`.

    >>> tn.isclose(tn.tensor([1.0, 2.0]), tn.tensor([1.0 + 1e-7, 2.1]))
    tensor([ True, False])
    """
    for name, value in (("rtol", rtol), ("atol", atol)):
        if value < 0:
            raise RuntimeError(
                f"isclose: {name} must be greater than or equal to zero, but got {value}"
            )
    close = input == other
    if equal_nan and input.dtype.kind in "fc":
        close |= (input != input) & (other != other)
    if not rtol and not atol:
        return close
    if input.dtype.kind in "biu":
        gap = (
            np.where(input > other, input - other, other - input)
            if input.dtype.kind != "b"
            else input ^ other
        )
        return close | (gap <= atol + np.absolute(rtol * other))
    gap = np.absolute(input - other)
    return close | (np.isfinite(gap) & (gap <= atol + np.absolute(rtol * other)))


@composite(method="allclose", numpy=np.allclose)
def allclose(
    input: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> bool:
    """True when all elements of two are nearly equal: see `isclose`.

    >>> tn.allclose(tn.tensor([1.0]), tn.tensor([1.0 + 1e-7]))
    True
    """
    return bool(isclose(input, other, rtol, atol, equal_nan).all())


@composite(method="equal", numpy=np.array_equal)
def equal(input: Any, other: Any) -> bool:
    """True when the shapes are equal and all elements are.

    >>> tn.equal(tn.tensor([1, 2]), tn.tensor([1, 2]))
    True
    """
    for name, x in (("input", input), ("other", other)):
        if not isinstance(x, (Tensor, np.ndarray)):
            raise TypeError(f"equal: argument {name!r} must be a Tensor, got {type(x).__name__}")
    a, b = to_arrays(input), to_arrays(other)
    return a.shape == b.shape and bool(eq(input, other).all())


# -- tests of each element -------------------------------------------------------------------------


@op(method="isnan", numpy=np.isnan)
def isnan(input: Arr) -> Arr:
    """True where an element is not a number.

    >>> tn.isnan(tn.tensor([1.0, float("nan")]))
    tensor([False,  True])
    """


@op(method="isinf", numpy=np.isinf)
def isinf(input: Arr) -> Arr:
    """True where an element is infinite.

    >>> tn.isinf(tn.tensor([1.0, -float("inf")]))
    tensor([False,  True])
    """


@op(method="isfinite", numpy=np.isfinite)
def isfinite(input: Arr) -> Arr:
    """True where an element is neither infinite nor NaN.

    >>> tn.isfinite(tn.tensor([1.0, float("inf")]))
    tensor([ True, False])
    """


@op(method="isposinf", out=True, numpy=np.isposinf)
def isposinf(input: Arr) -> Arr:
    """True where an element is plus infinity.

    >>> tn.isposinf(tn.tensor([float("inf"), -float("inf")]))
    tensor([ True, False])
    """
    return np.isposinf(input) if input.dtype.kind in "fV" else np.zeros(input.shape, np.bool_)


@op(method="isneginf", out=True, numpy=np.isneginf)
def isneginf(input: Arr) -> Arr:
    """True where an element is minus infinity.

    >>> tn.isneginf(tn.tensor([float("inf"), -float("inf")]))
    tensor([False,  True])
    """
    return np.isneginf(input) if input.dtype.kind in "fV" else np.zeros(input.shape, np.bool_)


@op(method="isreal", numpy=np.isreal)
def isreal(input: Arr) -> Arr:
    """True where the imaginary part is 0.

    >>> tn.isreal(tn.tensor([1.0 + 0j, 1j]))
    tensor([ True, False])
    """
    return np.isreal(input)


@op(method="signbit", out=True, numpy=np.signbit)
def signbit(input: Arr) -> Arr:
    """True where the sign is minus, that of -0.0 too.

    >>> tn.signbit(tn.tensor([-1.0, 0.0, -0.0]))
    tensor([ True, False,  True])
    """
    return np.signbit(input) if input.dtype.kind in "fV" else input < 0


for _test in (isposinf, isneginf, signbit):
    _test.takes("bif")


@composite(method="is_nonzero")
def is_nonzero(input: Any) -> bool:
    """True when the only element is not 0.

    >>> tn.is_nonzero(tn.tensor([0.0]))
    False
    """
    if not isinstance(input, Tensor):
        raise TypeError(
            f"is_nonzero: argument 'input' must be a Tensor, got {type(input).__name__}"
        )
    return bool(input)


# -- logic -----------------------------------------------------------------------------------------


@op(method="logical_not", inplace=True, out=True, numpy=np.logical_not)
def logical_not(input: Arr) -> Arr:
    """True where an element is 0.

    >>> tn.logical_not(tn.tensor([0, 3]))
    tensor([ True, False])
    """


@op(
    method="logical_and",
    inplace=True,
    out=True,
    numpy=np.logical_and,
    broadcasts=True,
    promote="free",
)
def logical_and(input: Arr, other: Arr) -> Arr:
    """True where both are not 0.

    >>> tn.logical_and(tn.tensor([0, 3]), tn.tensor([1, 1]))
    tensor([False,  True])
    """


@op(
    method="logical_or",
    inplace=True,
    out=True,
    numpy=np.logical_or,
    broadcasts=True,
    promote="free",
)
def logical_or(input: Arr, other: Arr) -> Arr:
    """True where either is not 0.

    >>> tn.logical_or(tn.tensor([0, 0]), tn.tensor([0, 1]))
    tensor([False,  True])
    """


@op(
    method="logical_xor",
    inplace=True,
    out=True,
    numpy=np.logical_xor,
    broadcasts=True,
    promote="free",
)
def logical_xor(input: Arr, other: Arr) -> Arr:
    """True where one is 0 and the other is not.

    >>> tn.logical_xor(tn.tensor([0, 1]), tn.tensor([1, 1]))
    tensor([ True, False])
    """
