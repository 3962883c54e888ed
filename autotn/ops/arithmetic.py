"""Sums, products, quotients, signs and blends: the elementwise arithmetic.

The operators call the bare ops ``_add`` and ``_sub``; `add` and `sub` give them PyTorch's `alpha`.
Powers stand in `power`, whole quotients and remainders in `rounding`.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from autotn.core.call import cast, common_dtype
from autotn.core.op import Arr, acts, alias, composite, op, to_arrays
from autotn.core.tensor import Tensor, wrap
from autotn.errors import DTypeError
from autotn.kernels.onednn import arithmetic as large

__all__ = [
    "abs", "absolute", "add", "addcdiv", "addcmul", "copysign", "div", "divide", "lerp", "mul",
    "multiply", "neg", "negative", "positive", "rsub", "sgn", "sign", "sub", "subtract",
    "true_divide",
]  # fmt: skip


def zeros_of(g: Any) -> Any:
    """Zeros like `g`, an array or a Tensor: the gradient of steps and signs."""
    return np.zeros_like(g) if isinstance(g, np.ndarray) else wrap(np.zeros_like(g._data))


def _moved(name: str, given: Any, tensors: tuple[Any, ...]) -> None:
    """Warn of the argument order of PyTorch before 1.5, where the number came first."""
    warnings.warn(
        f"This overload of {name} is deprecated: "
        f"{name}(number, {', '.join(['tensor'] * len(tensors))}). "
        f"Give the number {given!r} last and by keyword instead.",
        UserWarning,
        stacklevel=3,
    )


# -- sums ------------------------------------------------------------------------------------------


@op(method="__add__ __radd__", inplace=True, numpy=np.add, broadcasts=True)
def _add(input: Arr, other: Arr) -> Arr:
    """Sum of two, as the operator ``+``.

    >>> tn.tensor([1.0, 2.0]) + 10
    tensor([11., 12.])
    """


_add.grad(input=lambda g: g, other=lambda g: g)
_add.large(large.add)


@op(method="__sub__ __rsub__", inplace=True, numpy=np.subtract, broadcasts=True)
def _sub(input: Arr, other: Arr) -> Arr:
    """Difference of two, as the operator ``-``.

    >>> 3 - tn.tensor([1.0, 2.0])
    tensor([2., 1.])
    """


_sub.grad(input=lambda g: g, other=lambda g: -g)
_sub.large(large.subtract, other=large.negative)
_sub.takes(
    "ifc", "For masks use `^` or logical_xor(); `~` or logical_not() inverts one", promoted=False
)


def _is_one(alpha: Any) -> bool:
    return alpha == 1 and alpha is not True


def _scaled(name: str, input: Any, other: Any, alpha: Any) -> Any:
    """`other` times `alpha`, in the dtype of the result."""
    if not isinstance(input, Tensor) and not isinstance(other, Tensor):
        return other * alpha
    operands = [wrap(np.asarray(x)) if isinstance(x, np.ndarray) else x for x in (input, other)]
    target = common_dtype(_add.op, operands)
    assert target is not None
    if isinstance(alpha, bool):
        if target.name != "bool":
            raise DTypeError(f"{name}: Boolean alpha only supported for Boolean results.")
    elif isinstance(alpha, complex):
        if not target.is_complex:
            raise DTypeError(
                f"{name}: For non-complex input tensors, argument alpha must not be complex."
            )
    elif isinstance(alpha, float) and target.category < 2:
        raise DTypeError(
            f"{name}: For integral input tensors, argument alpha must not be floating-point."
        )
    if target.name == "bool":
        alpha = bool(alpha)
    return mul(cast(operands[1], target), alpha)


@composite(method="add", inplace=True, out=True)
def add(input: Any, other: Any, *number_first: Any, alpha: Any = 1) -> Any:
    r"""Sum: :math:`x + \alpha y`.

    >>> tn.add(tn.tensor([1.0, 2.0]), tn.tensor([1.0, 1.0]), alpha=10)
    tensor([11., 12.])
    """
    if number_first:
        _moved("add", other, number_first)
        alpha, (other,) = other, number_first
    return _add(input, other if _is_one(alpha) else _scaled("add", input, other, alpha))


@composite(method="sub", inplace=True, out=True)
def sub(input: Any, other: Any, *number_first: Any, alpha: Any = 1) -> Any:
    r"""Difference: :math:`x - \alpha y`.

    >>> tn.sub(tn.tensor([1.0, 2.0]), 1, alpha=2)
    tensor([-1.,  0.])
    """
    if number_first:
        _moved("sub", other, number_first)
        alpha, (other,) = other, number_first
    return _sub(input, other if _is_one(alpha) else _scaled("sub", input, other, alpha))


subtract = alias(sub, "subtract")


@composite(out=True)
def rsub(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    r"""Difference the other way round: :math:`y - \alpha x`.

    >>> tn.rsub(tn.tensor([1.0, 2.0]), 3)
    tensor([2., 1.])
    """
    return sub(other, input, alpha=alpha)


# -- products and quotients ------------------------------------------------------------------------


@op(method="mul __mul__ __rmul__", inplace=True, out=True, numpy=np.multiply, broadcasts=True)
def mul(input: Arr, other: Arr) -> Arr:
    r"""Product: :math:`x y`.

    >>> tn.mul(tn.tensor([1.0, 2.0]), 3)
    tensor([3., 6.])
    """


mul.grad(input=lambda g, other: g * other, other=lambda g, input: g * input)
mul.large(
    large.multiply,
    input=lambda g, other: large.multiply(g, other),
    other=lambda g, input: large.multiply(g, input),
    square=lambda g, input: large.multiply_twice(g, input),
)
multiply = alias(mul, "multiply")


@op(
    method="__truediv__ __rtruediv__",
    inplace=True,
    numpy=np.divide,
    broadcasts=True,
    promote="float",
)
def _div(input: Arr, other: Arr) -> Arr:
    """Quotient of two, as the operator ``/``.

    >>> tn.tensor([1, 2]) / 2
    tensor([0.5000, 1.0000])
    """


_div.grad(
    input=lambda g, other: g / other,
    other=lambda g, input, other: -g * ((input / other) / other),
)
_div.large(
    large.divide,
    input=lambda g, other: large.divide(g, other),
    other=lambda g, input, other: large.slope_by_divisor(g, input, other),
)


@composite(method="div", inplace=True, out=True)
def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Any:
    r"""Quotient: :math:`x / y`, with ``rounding_mode="floor"`` rounded down, with ``"trunc"`` to 0.

    >>> tn.div(tn.tensor([7.0, -7.0]), 2)
    tensor([ 3.5000, -3.5000])
    >>> tn.div(tn.tensor([7.0, -7.0]), 2, rounding_mode="trunc")
    tensor([ 3., -3.])
    """
    if rounding_mode is None:
        return _div(input, other)
    from autotn.ops.rounding import divide_to_zero, floor_divide

    if rounding_mode == "floor":
        return floor_divide(input, other)
    if rounding_mode == "trunc":
        return divide_to_zero(input, other)
    raise RuntimeError(
        "div: expected rounding_mode to be one of None, 'trunc', or 'floor' but found "
        f"{rounding_mode!r}"
    )


divide = alias(div, "divide")
true_divide = alias(div, "true_divide")


@op(method="neg __neg__", inplace=True, out=True, numpy=np.negative)
def neg(input: Arr) -> Arr:
    r"""Negation: :math:`-x`.

    >>> tn.neg(tn.tensor([1.0, -2.0]))
    tensor([-1.,  2.])
    """


neg.grad(input=lambda g: -g)
neg.large(large.negative, input=large.negative)
neg.takes("ifc", "To invert a mask use the `~` operator or logical_not()")
negative = alias(neg, "negative")


@composite(method="positive __pos__", numpy=np.positive)
def positive(input: Any) -> Any:
    """The input itself, as the operator ``+`` before a tensor.

    >>> +tn.tensor([1.0, -2.0])
    tensor([ 1., -2.])
    """
    if not isinstance(input, (Tensor, np.ndarray)):
        raise TypeError(f"positive: argument 'input' must be a Tensor, got {type(input).__name__}")
    if to_arrays(input).dtype == np.bool_:
        raise DTypeError("positive: the `+` operator is not supported on a bool tensor")
    return input


# -- signs -----------------------------------------------------------------------------------------


@op(method="abs __abs__", inplace=True, out=True, numpy=np.absolute)
def abs(input: Arr) -> Arr:
    r"""Absolute value: :math:`|x|`; its gradient at 0 is 0.

    >>> tn.abs(tn.tensor([-1.0, 2.0]))
    tensor([1., 2.])
    """


abs.takes("ifc")
abs.large(large.absolute)
absolute = alias(abs, "absolute")


@op(method="sign", inplace=True, out=True, numpy=np.sign)
def sign(input: Arr) -> Arr:
    """-1, 0 or 1: the sign of each element.

    >>> tn.sign(tn.tensor([-3.0, 0.0, 2.0]))
    tensor([-1.,  0.,  1.])
    """
    if input.dtype.kind == "b":
        return input.copy()
    # By two comparisons in bytes: quicker than np.sign, and 0 for NaN as in PyTorch.
    above, below = np.greater(input, 0), np.less(input, 0)
    return np.subtract(above, below, dtype=np.int8).astype(input.dtype)


sign.grad(input=zeros_of)
sign.takes("bif", "For complex numbers use sgn()")


@op(method="sgn", inplace=True, out=True)
def sgn(input: Arr) -> Arr:
    r"""The sign, and for complex numbers the direction: :math:`z / |z|`, 0 at 0.

    >>> tn.sgn(tn.tensor([3.0 + 4.0j, 0.0]))
    tensor([0.6000+0.8000j, 0.0000+0.0000j])
    """
    return np.sign(input) if input.dtype.kind == "c" else sign(input)


def _direction_rule(g: Any, input: Any, out: Any) -> Any:
    # Only a turn of z moves z/|z|, along i z/|z|: the part of g in that direction, over |z|.
    size = np.absolute(input)
    across = (g * np.conj(out)).imag / np.where(size == 0, 1, size)
    return out * 1j * across


abs.grad(input=lambda g, input: g * sign(input))
abs.wirtinger(input=lambda g, input: g * sgn(input))
sgn.grad(input=zeros_of)
sgn.wirtinger(input=_direction_rule)


@op(method="copysign", inplace=True, out=True, numpy=np.copysign, broadcasts=True, promote="float")
def copysign(input: Arr, other: Arr) -> Arr:
    """The size of one with the sign of the other.

    >>> tn.copysign(tn.tensor([1.0, -2.0]), tn.tensor([-3.0, 0.0]))
    tensor([-1.,  2.])
    """


copysign.grad(input=lambda g, input, out: g * _turned(input, out), other=zeros_of)
copysign.takes("f")


def _turned(input: Any, out: Any) -> Any:
    """-1 where the sign was turned, 1 where it was kept, 0 at 0: a constant for the tape."""
    before, after = to_arrays(input), to_arrays(out)
    return np.sign(before) * np.sign(after)


# -- blends ----------------------------------------------------------------------------------------


@op(broadcasts=True)
def _addcmul(input: Arr, tensor1: Arr, tensor2: Arr, value: Any) -> Arr:
    """`input` plus a scaled product.

    >>> tn.addcmul(tn.tensor([1.0]), tn.tensor([2.0]), tn.tensor([3.0]))
    tensor([7.])
    """
    if value != 1:
        tensor1 = tensor1 * np.asarray(value).astype(tensor1.dtype)
    return input + tensor1 * tensor2


_addcmul.grad(
    input=lambda g: g,
    tensor1=lambda g, tensor2, value: g * (tensor2 if value == 1 else tensor2 * value),
    tensor2=lambda g, tensor1, value: g * (tensor1 if value == 1 else tensor1 * value),
)


_addcmul.takes("ifc")


@composite(method="addcmul", inplace=True, out=True)
def addcmul(input: Any, tensor1: Any, tensor2: Any, *number_first: Any, value: Any = 1) -> Any:
    r"""A product added: :math:`x + v\, y z`.

    >>> tn.addcmul(tn.tensor([1.0]), tn.tensor([2.0]), tn.tensor([3.0]), value=10)
    tensor([61.])
    """
    if number_first:
        _moved("addcmul", tensor1, (tensor2, *number_first))
        value, tensor1, (tensor2,) = tensor1, tensor2, number_first
    return _addcmul(input, tensor1, tensor2, value)


@op(broadcasts=True)
def _addcdiv(input: Arr, tensor1: Arr, tensor2: Arr, value: Any) -> Arr:
    """`input` plus a scaled quotient.

    >>> tn.addcdiv(tn.tensor([1.0]), tn.tensor([6.0]), tn.tensor([3.0]))
    tensor([3.])
    """
    return input + (tensor1 if value == 1 else tensor1 * value) / tensor2


_addcdiv.grad(
    input=lambda g: g,
    tensor1=lambda g, tensor2, value: g * (value / tensor2),
    tensor2=lambda g, tensor1, tensor2, value: -g * ((tensor1 * value / tensor2) / tensor2),
)


@composite(method="addcdiv", inplace=True, out=True)
def addcdiv(input: Any, tensor1: Any, tensor2: Any, *number_first: Any, value: Any = 1) -> Any:
    r"""A quotient added: :math:`x + v\, y / z`.

    >>> tn.addcdiv(tn.tensor([1.0]), tn.tensor([6.0]), tn.tensor([3.0]), value=10)
    tensor([21.])
    """
    if number_first:
        _moved("addcdiv", tensor1, (tensor2, *number_first))
        value, tensor1, (tensor2,) = tensor1, tensor2, number_first
    kinds = {to_arrays(x).dtype.kind for x in (tensor1, tensor2) if hasattr(x, "dtype")}
    if kinds and kinds <= set("biu"):
        raise DTypeError(
            "addcdiv: Integer division with addcdiv is no longer supported; use input + value * "
            "tn.div(tensor1, tensor2), with rounding_mode='trunc' for whole quotients"
        )
    return _addcdiv(input, tensor1, tensor2, value)


@op(broadcasts=True, promote="same")
def _lerp_by(input: Arr, end: Arr, weight: Any) -> Arr:
    """From one to the other, by a number.

    >>> tn.lerp(tn.tensor([0.0]), tn.tensor([10.0]), 0.3)
    tensor([3.])
    """
    # From the nearer side, so that weight 1 gives exactly `end`.
    way = end - input
    if np.absolute(weight) < 0.5:
        return input + weight * way
    return end - way * (1 - weight)


_lerp_by.grad(
    input=lambda g, weight: g * (1 - weight),
    end=lambda g, weight: g * weight,
)
_lerp_by.takes("fc")


@op(broadcasts=True, promote="same")
def _lerp(input: Arr, end: Arr, weight: Arr) -> Arr:
    """From one to the other, by a weight for each element.

    >>> tn.lerp(tn.tensor([0.0]), tn.tensor([10.0]), tn.tensor([0.3]))
    tensor([3.])
    """
    way = end - input
    return np.where(np.absolute(weight) < 0.5, input + weight * way, end - way * (1 - weight))


_lerp.grad(
    input=lambda g, weight: g * (1 - weight),
    end=lambda g, weight: g * weight,
    weight=lambda g, input, end: g * (end - input),
)
_lerp.takes("fc")


@composite(method="lerp", inplace=True, out=True)
def lerp(input: Any, end: Any, weight: Any) -> Any:
    r"""Linear interpolation: :math:`x + w\,(y - x)`.

    >>> tn.lerp(tn.tensor([0.0, 1.0]), tn.tensor([10.0, 1.0]), 0.3)
    tensor([3., 1.])
    """
    if isinstance(weight, (Tensor, np.ndarray)):
        return _lerp(input, end, weight)
    return _lerp_by(input, end, weight)


acts("elementwise", neg, abs, sign, sgn)
