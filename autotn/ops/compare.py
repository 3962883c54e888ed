"""Choices between values: by a condition, the larger or smaller, within bounds."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core import dtypes
from autotn.core.call import sum_to
from autotn.core.callpath import SMALL
from autotn.core.methods import attach_method, stand_for
from autotn.core.node import warn_here
from autotn.core.op import Arr, Fixed, acts, alias, composite, op, to_arrays
from autotn.core.tensor import Tensor
from autotn.errors import DTypeError, NotDifferentiable
from autotn.kernels.select import choose, masked as kept
from autotn.ops.convert import cast

__all__ = [
    "clamp", "clamp_max", "clamp_min", "clip", "fmax", "fmin", "heaviside", "maximum", "minimum",
    "nan_to_num", "where",
]  # fmt: skip


# -- by a condition --------------------------------------------------------------------------------


@op(broadcasts=True)
def _where(input: Arr, other: Arr, condition: Fixed) -> Arr:
    """One or the other, as the condition says.

    >>> tn.where(tn.tensor([True, False]), 1.0, 2.0)
    tensor([1., 2.])
    """
    return choose(condition, input, other)


def masked(g: Any, mask: Any) -> Any:
    """`g` where the mask (an array) is true, exactly 0 elsewhere; an array or a Tensor."""
    return kept(g, mask) if isinstance(g, np.ndarray) else _where(g, 0, mask)


def _chosen(g: Any, condition: Any, shape: tuple[int, ...]) -> Any:
    """What of `g` belongs to the input of this shape; the condition may have stretched it."""
    part = masked(g, condition)
    return part if part.shape == shape else sum_to(part, shape)


_where.grad(
    input=lambda g, condition, input_shape: _chosen(g, condition, input_shape),
    other=lambda g, condition, other_shape: _chosen(g, ~condition, other_shape),
)


@composite(out=True, numpy=np.where)
def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """`input` where the condition is true, else `other`; the condition alone: where it is true.

    The gradient of what is not chosen is 0, but an infinite derivative of its own still spoils it:
    ``where(x > 0, sqrt(x), 0)`` is safe as ``where(x > 0, sqrt(where(x > 0, x, 1)), 0)``.

    >>> tn.where(tn.tensor([True, False]), tn.tensor([1.0, 2.0]), 0.0)
    tensor([1., 0.])
    >>> tn.where(tn.tensor([True, False, True]))
    (tensor([0, 2]),)
    """
    if not isinstance(condition, (Tensor, np.ndarray, np.bool_)):
        raise TypeError(
            f"where: argument 'condition' must be a Tensor, got {type(condition).__name__}"
        )
    if input is None and other is None:
        from autotn.ops.masks import nonzero

        return nonzero(condition, as_tuple=True)
    if input is None or other is None:
        raise TypeError("where: give both 'input' and 'other', or neither")
    kind = to_arrays(condition).dtype
    if kind == np.uint8:
        warn_here("where received a uint8 condition tensor; use a boolean condition instead.")
        condition = condition != 0
    elif kind != np.bool_:
        raise DTypeError(
            "where expected condition to be a boolean tensor, but got a tensor with dtype "
            f"{dtypes.of_numpy(kind)}; condition.bool() or a comparison makes one"
        )
    if any(isinstance(x, Tensor) for x in (condition, input, other)):
        return _where(input, other, condition)
    return np.where(condition, input, other)


@attach_method("where")
def _where_method(self: Tensor, condition: Any, other: Any) -> Tensor:
    """This tensor where the condition is true, else `other`.

    >>> tn.tensor([1.0, 2.0]).where(tn.tensor([True, False]), 0.0)
    tensor([1., 0.])
    """
    return where(condition, self, other)


# -- the larger and the smaller --------------------------------------------------------------------


@op(method="maximum", out=True, numpy=np.maximum, broadcasts=True)
def maximum(input: Arr, other: Arr) -> Arr:
    """The larger of two, NaN if either is; equal ones share the gradient.

    >>> tn.maximum(tn.tensor([1.0, 4.0]), tn.tensor([3.0, 2.0]))
    tensor([3., 4.])
    """


@op(method="minimum", out=True, numpy=np.minimum, broadcasts=True)
def minimum(input: Arr, other: Arr) -> Arr:
    """The smaller of two, NaN if either is; equal ones share the gradient.

    >>> tn.minimum(tn.tensor([1.0, 4.0]), tn.tensor([3.0, 2.0]))
    tensor([1., 2.])
    """


def _share(g: Any, mine: Any, theirs: Any, loses: Any) -> Any:
    """All of `g` unless this one loses, half of it where the two are equal."""
    a, b = to_arrays(mine), to_arrays(theirs)
    half = np.equal(a, b)
    if not half.any():
        return masked(g, ~loses(a, b))
    return masked(g, ~loses(a, b)) * np.where(half, a.dtype.type(0.5), a.dtype.type(1))


maximum.grad(
    input=lambda g, input, other: _share(g, input, other, np.less),
    other=lambda g, input, other: _share(g, other, input, np.less),
)
minimum.grad(
    input=lambda g, input, other: _share(g, input, other, np.greater),
    other=lambda g, input, other: _share(g, other, input, np.greater),
)


@op(method="fmax", out=True, numpy=np.fmax, broadcasts=True)
def fmax(input: Arr, other: Arr) -> Arr:
    """The larger of two, NaN only if both are.

    >>> tn.fmax(tn.tensor([1.0, float("nan")]), tn.tensor([3.0, 2.0]))
    tensor([3., 2.])
    """


@op(method="fmin", out=True, numpy=np.fmin, broadcasts=True)
def fmin(input: Arr, other: Arr) -> Arr:
    """The smaller of two, NaN only if both are.

    >>> tn.fmin(tn.tensor([1.0, float("nan")]), tn.tensor([3.0, 2.0]))
    tensor([1., 2.])
    """


def _first_wins(g: Any, input: Any, other: Any, wins: Any, first: bool) -> Any:
    """`g` where this one is taken; of equal ones the first is."""
    a, b = to_arrays(input), to_arrays(other)
    taken = wins(a, b) | np.isnan(b)
    return masked(g, taken if first else ~taken)


fmax.grad(
    input=lambda g, input, other: _first_wins(g, input, other, np.greater_equal, True),
    other=lambda g, input, other: _first_wins(g, input, other, np.greater_equal, False),
)
fmin.grad(
    input=lambda g, input, other: _first_wins(g, input, other, np.less_equal, True),
    other=lambda g, input, other: _first_wins(g, input, other, np.less_equal, False),
)
for _choice in (maximum, minimum, fmax, fmin):
    _choice.takes("bif", "Complex numbers have no order")


# -- within bounds ---------------------------------------------------------------------------------


@op(method="clamp_min", inplace=True, out=True, broadcasts=True)
def clamp_min(input: Arr, min: Arr) -> Arr:
    """The input, but at least `min`.

    >>> tn.clamp_min(tn.tensor([-1.0, 2.0]), 0)
    tensor([0., 2.])
    """
    if _large(input, min):
        return np.clip(input, min, np.inf)
    return np.maximum(input, min)


@op(method="clamp_max", inplace=True, out=True, broadcasts=True)
def clamp_max(input: Arr, max: Arr) -> Arr:
    """The input, but at most `max`.

    >>> tn.clamp_max(tn.tensor([-1.0, 2.0]), 0)
    tensor([-1.,  0.])
    """
    if _large(input, max):
        return np.clip(input, -np.inf, max)
    return np.minimum(input, max)


def _large(input: Any, bound: Any) -> bool:
    """True where np.clip between a number and infinity beats np.maximum with a number."""
    return input.size > SMALL and input.dtype.kind in "fV" and np.ndim(bound) == 0


clamp_min.grad(
    input=lambda g, input, min: masked(g, to_arrays(input) >= to_arrays(min)),
    min=lambda g, input, min: masked(g, to_arrays(input) < to_arrays(min)),
)
clamp_max.grad(
    input=lambda g, input, max: masked(g, to_arrays(input) <= to_arrays(max)),
    max=lambda g, input, max: masked(g, to_arrays(input) > to_arrays(max)),
)


@op()
def _clamp_between(input: Arr, min: float, max: float) -> Arr:
    """The input held between two numbers.

    >>> tn.clamp(tn.tensor([-1.0, 0.5, 2.0]), 0, 1)
    tensor([0.0000, 0.5000, 1.0000])
    """
    number = input.dtype.type
    if input.size > SMALL:
        return np.clip(input, number(min), number(max))
    return np.minimum(np.maximum(input, number(min)), number(max))


def _within(g: Any, input: Any, min: Any, max: Any) -> Any:
    x = to_arrays(input)
    return masked(g, (x >= to_arrays(min)) & (x <= to_arrays(max)))


_clamp_between.grad(input=_within)


@op(broadcasts=True)
def _clamp_both(input: Arr, min: Arr, max: Arr) -> Arr:
    """The input held between bounds for each element.

    >>> tn.clamp(tn.tensor([-1.0, 2.0]), tn.tensor([0.0, 0.0]), tn.tensor([1.0, 1.0]))
    tensor([0., 1.])
    """
    return np.minimum(np.maximum(input, min), max)


def _below(g: Any, input: Any, min: Any, max: Any) -> Any:
    low, high = to_arrays(min), to_arrays(max)
    return masked(g, (low < high) & (to_arrays(input) < low))


def _above(g: Any, input: Any, min: Any, max: Any) -> Any:
    low, high = to_arrays(min), to_arrays(max)
    return masked(g, (to_arrays(input) > high) | (high < low))


_clamp_both.grad(input=_within, min=_below, max=_above)
for _bounded in (clamp_min, clamp_max, _clamp_between, _clamp_both):
    _bounded.takes("bif", "Complex numbers have no order")


@composite(method="clamp", inplace=True, out=True, numpy=np.clip)
def clamp(input: Any, min: Any = None, max: Any = None) -> Any:
    r"""The input held between `min` and `max`, numbers or Tensors: :math:`\min(\max(x, a), b)`.

    Where the bounds cross, the result is `max`.

    >>> tn.clamp(tn.tensor([-1.0, 0.5, 2.0]), 0, 1)
    tensor([0.0000, 0.5000, 1.0000])
    """
    if max is None:
        if min is None:
            raise RuntimeError("clamp: At least one of 'min' or 'max' must not be None")
        return clamp_min(input, min)
    if min is None:
        return clamp_max(input, max)
    if isinstance(min, (int, float)) and isinstance(max, (int, float)):
        return _clamp_numbers(input, min, max)
    return _clamp_both(input, min, max)


def _clamp_numbers(input: Any, min: Any, max: Any) -> Any:
    """Between two numbers, in the dtype that the three have in common."""
    if not isinstance(input, (Tensor, np.ndarray)):
        raise TypeError(f"clamp: argument 'input' must be a Tensor, got {type(input).__name__}")
    kind = to_arrays(input).dtype
    if kind.kind in "biu":
        if isinstance(min, float) or isinstance(max, float):
            input = cast(input, dtypes.get_default_dtype().dtype)
        elif kind.kind == "b":
            input = cast(input, np.dtype(np.int64))
        else:
            limits = np.iinfo(kind)
            for bound in (min, max):
                if not limits.min <= bound <= limits.max:
                    raise RuntimeError(
                        f"clamp: the bound {bound} cannot be converted to {kind} without overflow"
                    )
    return _clamp_between(input, min, max)


clip = alias(clamp, "clip")


# -- odd values ------------------------------------------------------------------------------------


@composite(method="nan_to_num", inplace=True, out=True)
def nan_to_num(
    input: Any, nan: float | None = None, posinf: float | None = None, neginf: float | None = None
) -> Any:
    """NaN as 0, infinities as the largest and smallest finite numbers, or as the numbers given.

    >>> tn.nan_to_num(tn.tensor([float("nan"), 1.0, float("inf")]), posinf=9.0)
    tensor([0., 1., 9.])
    """
    low, high = neginf, posinf
    if (low is None or high is None) and isinstance(input, (Tensor, np.ndarray)):
        kind = to_arrays(input).dtype
        if kind.kind in "fcV":
            limits = dtypes.finfo(kind)
            low, high = limits.min if low is None else low, limits.max if high is None else high
    return _nan_to_num(input, 0.0 if nan is None else nan, high, low)


@op()
def _nan_to_num(input: Arr, nan: float, posinf: float | None, neginf: float | None) -> Arr:
    """What is no finite number replaced by one.

    >>> tn.nan_to_num(tn.tensor([float("nan"), 1.0]))
    tensor([0., 1.])
    """
    if input.dtype.kind in "biu":
        return input.copy()
    return np.nan_to_num(input, nan=nan, posinf=posinf, neginf=neginf)


stand_for(np.nan_to_num, lambda x, copy=True, **values: nan_to_num(x, **values))
_nan_to_num.grad(input=lambda g, input: masked(g, np.isfinite(to_arrays(input))))


@op(method="heaviside", inplace=True, out=True, numpy=np.heaviside, broadcasts=True, promote="same")
def heaviside(input: Arr, values: Arr) -> Arr:
    """0 below 0, 1 above, and at 0 what `values` says.

    >>> tn.heaviside(tn.tensor([-1.0, 0.0, 2.0]), tn.tensor([0.5]))
    tensor([0.0000, 0.5000, 1.0000])
    """
    return np.where(input == 0, values, input > 0).astype(input.dtype)


def _no_slope(g: Any) -> Any:
    raise NotDifferentiable("heaviside: the derivative is not implemented")


heaviside.grad(input=_no_slope, values=_no_slope)
heaviside.takes("bif")

acts("elementwise", _clamp_between, _nan_to_num)
acts("linear", _where)
