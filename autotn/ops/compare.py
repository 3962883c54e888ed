"""Comparisons, choices and bounds."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core.op import Arr, Fixed, alias, composite, op
from autotn.core.tensor import Tensor

__all__ = [
    "allclose", "clamp", "clamp_max", "clamp_min", "clip", "eq", "equal", "ge", "greater", "greater_equal", "gt",
    "isclose", "isfinite", "isinf", "isnan", "le", "less", "less_equal", "logical_and", "logical_not", "logical_or",
    "logical_xor", "lt", "maximum", "minimum", "ne", "not_equal", "sign", "where",
]  # fmt: skip


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


not_equal, less, less_equal = alias(ne, "not_equal"), alias(lt, "less"), alias(le, "less_equal")
greater, greater_equal = alias(gt, "greater"), alias(ge, "greater_equal")


@op(method="isnan", numpy=np.isnan)
def isnan(input: Arr) -> Arr:
    """True where an element is not a number.

    >>> tn.isnan(tn.tensor([1.0, float("nan")]))
    tensor([False,  True])
    """


@op(method="isinf", numpy=np.isinf)
def isinf(input: Arr) -> Arr:
    """True where an element is infinite.

    >>> tn.isinf(tn.tensor([1.0, float("inf")]))
    tensor([False,  True])
    """


@op(method="isfinite", numpy=np.isfinite)
def isfinite(input: Arr) -> Arr:
    """True where an element is neither infinite nor NaN.

    >>> tn.isfinite(tn.tensor([1.0, float("inf")]))
    tensor([ True, False])
    """


@op(method="logical_not", inplace=True, out=True, numpy=np.logical_not)
def logical_not(input: Arr) -> Arr:
    """True where an element is zero.

    >>> tn.logical_not(tn.tensor([0, 3]))
    tensor([ True, False])
    """


@op(method="logical_and", inplace=True, out=True, numpy=np.logical_and, broadcasts=True)
def logical_and(input: Arr, other: Arr) -> Arr:
    """True where both are not zero.

    >>> tn.logical_and(tn.tensor([0, 3]), tn.tensor([1, 1]))
    tensor([False,  True])
    """


@op(method="logical_or", inplace=True, out=True, numpy=np.logical_or, broadcasts=True)
def logical_or(input: Arr, other: Arr) -> Arr:
    """True where either is not zero.

    >>> tn.logical_or(tn.tensor([0, 0]), tn.tensor([0, 1]))
    tensor([False,  True])
    """


@op(method="logical_xor", inplace=True, out=True, numpy=np.logical_xor, broadcasts=True)
def logical_xor(input: Arr, other: Arr) -> Arr:
    """True where one is zero and the other is not.

    >>> tn.logical_xor(tn.tensor([0, 1]), tn.tensor([1, 1]))
    tensor([ True, False])
    """


@op(method="sign", inplace=True, out=True, numpy=np.sign)
def sign(input: Arr) -> Arr:
    """-1, 0 or 1.

    >>> tn.sign(tn.tensor([-3.0, 0.0, 2.0]))
    tensor([-1.,  0.,  1.])
    """
    return np.sign(input) if input.dtype.kind != "b" else input.copy()


sign.grad(input=lambda g: g * 0)


@op(out=True, broadcasts=True)
def _where(condition: Fixed, input: Arr, other: Arr) -> Arr:
    """One or the other, as the condition says.

    >>> tn.where(tn.tensor([True, False]), 1.0, 2.0)
    tensor([1., 2.])
    """
    return np.where(condition, input, other)


_where.grad(
    input=lambda g, condition: g * condition.astype((g._data if isinstance(g, Tensor) else g).real.dtype),
    other=lambda g, condition: g * (~condition).astype((g._data if isinstance(g, Tensor) else g).real.dtype),
)


@composite(numpy=np.where, out=True)
def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """`input` where the condition is true, else `other`; the condition alone: where it is true.

    >>> tn.where(tn.tensor([True, False]), tn.tensor([1.0, 2.0]), 0.0)
    tensor([1., 0.])
    """
    if input is None and other is None:
        from autotn.ops.arrange import nonzero

        return nonzero(condition, as_tuple=True)
    values = condition._data if isinstance(condition, Tensor) else np.asarray(condition)
    if values.dtype == np.uint8:
        values = values.astype(np.bool_)
    if values.dtype != np.bool_:
        raise RuntimeError(f"where: expected condition to be a boolean tensor, but got a tensor with dtype {values.dtype}")
    if not isinstance(input, (Tensor, np.ndarray)) and not isinstance(other, (Tensor, np.ndarray)):
        from autotn.ops.create import tensor

        input = tensor(input)
    return _where(values, input, other)


Tensor.where = lambda self, condition, other: where(condition, self, other)  # type: ignore[attr-defined]


@op(method="maximum", out=True, numpy=np.maximum, broadcasts=True)
def maximum(input: Arr, other: Arr) -> Arr:
    """The larger of two, element by element; equal ones share the gradient.

    >>> tn.maximum(tn.tensor([1.0, 4.0]), tn.tensor([3.0, 2.0]))
    tensor([3., 4.])
    """


@op(method="minimum", out=True, numpy=np.minimum, broadcasts=True)
def minimum(input: Arr, other: Arr) -> Arr:
    """The smaller of two, element by element; equal ones share the gradient.

    >>> tn.minimum(tn.tensor([1.0, 4.0]), tn.tensor([3.0, 2.0]))
    tensor([1., 2.])
    """


def _share(g: Any, mine: Any, theirs: Any, wins: Any) -> Any:
    a, b = (x._data if isinstance(x, Tensor) else x for x in (mine, theirs))
    return g * (wins(a, b) + (a == b) * 0.5).astype(a.dtype)


maximum.grad(
    input=lambda g, input, other: _share(g, input, other, np.greater),
    other=lambda g, input, other: _share(g, other, input, np.greater),
)
minimum.grad(
    input=lambda g, input, other: _share(g, input, other, np.less),
    other=lambda g, input, other: _share(g, other, input, np.less),
)


@op(inplace=True)
def _clamp_numbers(input: Arr, low: Any, high: Any) -> Arr:
    """The input held between two numbers.

    >>> tn.clamp(tn.tensor([-1.0, 0.5, 2.0]), 0, 1)
    tensor([0.0000, 0.5000, 1.0000])
    """
    if low is not None:
        input = np.maximum(input, input.dtype.type(low))
    return input.copy() if high is None and low is None else input if high is None else np.minimum(input, input.dtype.type(high))


def _inside(g: Any, input: Any, low: Any, high: Any) -> Any:
    values = input._data if isinstance(input, Tensor) else input
    mask = np.ones(values.shape, np.bool_)
    if low is not None:
        mask &= values >= low
    if high is not None:
        mask &= values <= high
    return g * mask.astype(values.dtype)


_clamp_numbers.grad(input=_inside)


@composite(method="clamp", inplace=True, out=True, numpy=np.clip)
def clamp(input: Any, min: Any = None, max: Any = None) -> Any:  # noqa: A002 - PyTorch's names
    """The input held between `min` and `max`, numbers or Tensors.

    >>> tn.clamp(tn.tensor([-1.0, 0.5, 2.0]), 0, 1)
    tensor([0.0000, 0.5000, 1.0000])
    """
    if min is None and max is None:
        raise RuntimeError("clamp: At least one of 'min' or 'max' must not be None")
    if isinstance(min, Tensor) or isinstance(max, Tensor):
        if min is not None:
            input = maximum(input, min)
        return input if max is None else minimum(input, max)
    kind = (input._data if isinstance(input, Tensor) else input).dtype.kind
    if kind in "iub" and any(isinstance(b, float) for b in (min, max)):
        input = input.float() if isinstance(input, Tensor) else input.astype(np.float64)
    return _clamp_numbers(input, min, max)


clip = alias(clamp, "clip")


@composite(method="clamp_min", inplace=True, out=True)
def clamp_min(input: Any, min: Any) -> Any:  # noqa: A002 - PyTorch's names
    """The input, but at least `min`.

    >>> tn.clamp_min(tn.tensor([-1.0, 2.0]), 0)
    tensor([0., 2.])
    """
    return clamp(input, min=min)


@composite(method="clamp_max", inplace=True, out=True)
def clamp_max(input: Any, max: Any) -> Any:  # noqa: A002 - PyTorch's names
    """The input, but at most `max`.

    >>> tn.clamp_max(tn.tensor([-1.0, 2.0]), 0)
    tensor([-1.,  0.])
    """
    return clamp(input, max=max)


@op(method="isclose", broadcasts=True, numpy=np.isclose)
def isclose(input: Arr, other: Arr, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Arr:
    """True where two are nearly equal.

    >>> tn.isclose(tn.tensor([1.0]), tn.tensor([1.0 + 1e-7]))
    tensor([True])
    """
    return np.isclose(input, other, rtol, atol, equal_nan)


@composite(method="allclose", numpy=np.allclose)
def allclose(input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """True when all elements are nearly equal.

    >>> tn.allclose(tn.tensor([1.0]), tn.tensor([1.0]))
    True
    """
    return bool(isclose(input, other, rtol, atol, equal_nan).all())


@composite(method="equal", numpy=np.array_equal)
def equal(input: Any, other: Any) -> bool:
    """True when shapes and all elements are equal.

    >>> tn.equal(tn.tensor([1, 2]), tn.tensor([1, 2]))
    True
    """
    a, b = (x._data if isinstance(x, Tensor) else x for x in (input, other))
    return bool(np.array_equal(a, b))
